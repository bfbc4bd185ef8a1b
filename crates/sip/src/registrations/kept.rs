//! Bindings in the form in which they are kept over a restart: texts, and times of day instead of those of one
//! process's clock. Of its own, so that the shape in memory may change and what was kept is still read.

use base::Time;
use serde::{Deserialize, Serialize};
use sip_core::registrar::Binding;
use sip_core::{Flow, Transport};
use std::net::SocketAddr;
use std::time::Duration;

/// The same moment on the process's clock and on that of the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// On the process's clock.
    pub now: Time,
    /// Milliseconds of UTC.
    pub utc_ms: u64,
}

impl Moment {
    /// When that is, in milliseconds of UTC.
    pub fn utc_ms_of(self, time: Time) -> u64 {
        let ahead = self.utc_ms.saturating_add(millis(time.since(self.now)));
        ahead.saturating_sub(millis(self.now.since(time)))
    }

    /// When that is on the process's clock; its zero for all that was before it.
    pub fn time_of(self, utc_ms: u64) -> Time {
        let ahead = Duration::from_millis(utc_ms.saturating_sub(self.utc_ms));
        let ago = Duration::from_millis(self.utc_ms.saturating_sub(utc_ms));
        Time::ZERO + (self.now + ahead).since(Time::ZERO + ago)
    }
}

/// A binding as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBinding {
    contact: String,
    transport: String,
    local: SocketAddr,
    remote: SocketAddr,
    /// Whether it was reached by a connection, which ends with the process.
    #[serde(default)]
    connected: bool,
    expires_at_ms: u64,
    call_id: String,
    cseq: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    q: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reg_id: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    path: Vec<String>,
    #[serde(default)]
    natted: bool,
}

const TRANSPORTS: [Transport; 5] = [
    Transport::Udp,
    Transport::Tcp,
    Transport::Tls,
    Transport::Ws,
    Transport::Wss,
];

impl KeptBinding {
    /// As it is to be kept.
    pub(super) fn of(binding: &Binding, at: Moment) -> KeptBinding {
        let owned = |text: &str| text.to_owned();
        KeptBinding {
            contact: binding.contact.to_string(),
            transport: binding.flow.transport.via_token().to_owned(),
            local: binding.flow.local,
            remote: binding.flow.remote,
            connected: binding.flow.connection != 0,
            expires_at_ms: at.utc_ms_of(binding.expires_at),
            call_id: owned(&binding.call_id),
            cseq: binding.cseq,
            user_agent: binding.user_agent.as_deref().map(owned),
            q: binding.q,
            instance: binding.instance.as_deref().map(owned),
            reg_id: binding.reg_id,
            path: binding.path.iter().map(|hop| owned(hop)).collect(),
            natted: binding.natted,
        }
    }

    /// When it ends, in milliseconds of UTC.
    pub(super) fn expires_at_ms(&self) -> u64 {
        self.expires_at_ms
    }

    /// As it was; none where it has ended meanwhile, only a connection led to it, or it can't be read.
    pub(super) fn restored(self, at: Moment) -> Option<Binding> {
        let left = self.expires_at_ms.checked_sub(at.utc_ms)?;
        let transport = TRANSPORTS
            .into_iter()
            .find(|known| known.via_token() == self.transport)?;
        let mut binding = Binding {
            contact: self.contact.parse().ok()?,
            flow: Flow {
                transport,
                local: self.local,
                remote: self.remote,
                connection: 0,
            },
            expires_at: at.now + Duration::from_millis(left),
            call_id: self.call_id.into(),
            cseq: self.cseq,
            user_agent: self.user_agent.map(Into::into),
            q: self.q,
            instance: self.instance.map(Into::into),
            reg_id: self.reg_id,
            path: self.path.into_iter().map(Into::into).collect(),
            natted: self.natted,
        };
        let is_reachable = !self.connected || binding.outlives_connection();
        (is_reachable && left > 0).then_some(binding)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(connection: u64, natted: bool) -> Binding {
        Binding {
            contact: "sip:anna@192.0.2.7:5070;x=1".parse().unwrap(),
            flow: Flow {
                transport: match connection {
                    0 => Transport::Udp,
                    _ => Transport::Tcp,
                },
                local: "[2001:db8::1]:5060".parse().unwrap(),
                remote: "[2001:db8::7]:40000".parse().unwrap(),
                connection,
            },
            expires_at: Time::from_millis(61_500),
            call_id: "c".into(),
            cseq: 7,
            user_agent: Some("phone".into()),
            q: 300,
            instance: Some("<urn:uuid:1>".into()),
            reg_id: None,
            path: ["<sip:edge@192.0.2.3;lr>".into()].into(),
            natted,
        }
    }

    const BEFORE: Moment = Moment {
        now: Time::from_millis(1_500),
        utc_ms: 1_000_000,
    };

    fn after(utc_ms: u64) -> Moment {
        Moment {
            now: Time::from_millis(20),
            utc_ms,
        }
    }

    #[test]
    fn a_binding_comes_back_as_it_was_with_what_is_left_of_its_time() {
        let kept = KeptBinding::of(&binding(0, true), BEFORE);
        assert_eq!(kept.expires_at_ms(), 1_060_000);
        let expected = Binding {
            expires_at: Time::from_millis(50_020),
            ..binding(0, true)
        };
        assert_eq!(kept.clone().restored(after(1_010_000)), Some(expected));
        assert_eq!(kept.clone().restored(after(1_060_000)), None);
        assert_eq!(kept.restored(after(2_000_000)), None);
    }

    #[test]
    fn what_only_a_connection_led_to_is_gone_with_the_process() {
        let restored = |natted, path: &[&str]| {
            let mut binding = binding(9, natted);
            binding.path = path.iter().map(|hop| (*hop).into()).collect();
            KeptBinding::of(&binding, BEFORE).restored(after(1_000_000))
        };
        assert_eq!(restored(true, &[]), None);
        let reached = restored(false, &[]).unwrap();
        assert_eq!(reached.way().remote, "192.0.2.7:5070".parse().unwrap());
        assert_eq!(reached.way().connection, 0);
    }
}
