//! A registration through an address translator: at which address the registrar sees us, and what keeps the way open by
//! which its calls come in.

use super::Around;
use base::Time;
use serde::{Deserialize, Serialize};
use sip_core::{Flow, Host, Response, Transport, Uri};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How often the way to a registrar is used, so that translators on it keep it open: many forget a way by UDP after 30 s,
/// and RFC 5626 §4.4.1 wants somewhat less. Connections have pings of their own.
const KEEP_OPEN_EVERY: Duration = Duration::from_secs(25);

/// What our Contact at a registrar says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContactShown {
    /// The address that the registrar says it sees us at, unless we are told our external one.
    #[default]
    AsSeen,
    /// The address that we have, or are told.
    Own,
}

/// What is known of translators on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Translated {
    /// Where the registrar sees us, if that is elsewhere than our Via said.
    seen_at: Option<SocketAddr>,
    /// The address that a Contact of ours had when the registrar refused it, so that it isn't tried again. Only of a
    /// registrar that took the Contact which we give ourselves: else it was refused for something else.
    rejected: Option<IpAddr>,
    /// The learnt address in the Contact that the registrar took last: what it refuses later is refused for something
    /// else, such as a limit on how often it is asked.
    taken: Option<IpAddr>,
    /// When the way is used next.
    keep_open_at: Option<Time>,
}

/// Whether a registrar sees us where it did before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sees {
    Same,
    /// For the first time at another address than ours.
    Translated,
    Moved,
}

/// What a registrar may have refused a Contact of ours for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// For the address that we learnt from it.
    Learnt,
    Other,
}

impl Translated {
    /// The registrar took us: `received` and `rport` of its answer say where it sees us (RFC 3581 §4). Only by UDP: where
    /// a connection comes from nobody can connect to.
    pub(super) fn heard(
        &mut self,
        around: &Around<'_>,
        shown: ContactShown,
        at: &Flow,
        response: &Response,
    ) -> Sees {
        self.keep_open_at = match at.transport {
            Transport::Udp => Some(around.now + KEEP_OPEN_EVERY),
            _ => None,
        };
        let may_learn = at.transport == Transport::Udp
            && shown == ContactShown::AsSeen
            && around.addresses.external.is_none();
        if let Some(learnt) = self.learnt(around, shown) {
            self.taken = Some(learnt.ip());
        }
        let seen = response.headers.via().ok().filter(|_| may_learn);
        let seen = seen.and_then(|via| {
            let ip = via.received().or(via.host.ip())?;
            let port = via.rport().flatten().or(via.port);
            Some(SocketAddr::new(
                ip,
                port.unwrap_or(at.transport.default_port()),
            ))
        });
        let seen = seen.filter(|seen| *seen != at.local && is_believed(seen, at));
        let seen = seen.filter(|seen| self.rejected != Some(seen.ip()));
        let before = std::mem::replace(&mut self.seen_at, seen);
        match (before, seen) {
            _ if before == seen => Sees::Same,
            (None, Some(_)) => Sees::Translated,
            _ => Sees::Moved,
        }
    }

    /// Our Contact, with the address that the registrar sees in place of ours.
    pub(super) fn contact(&self, around: &Around<'_>, shown: ContactShown, mut ours: Uri) -> Uri {
        if let (Some(seen), Uri::Sip(sip)) = (self.learnt(around, shown), &mut ours) {
            (sip.host, sip.port) = (Host::from(seen.ip()), Some(seen.port()));
        }
        ours
    }

    fn learnt(&self, around: &Around<'_>, shown: ContactShown) -> Option<SocketAddr> {
        let may_learn = shown == ContactShown::AsSeen && around.addresses.external.is_none();
        self.seen_at.filter(|_| may_learn)
    }

    /// The registrar refused our Contact. Some take none but the one that we give ourselves: whether that is to be
    /// tried now. Where it was tried already, or the registrar has taken what was learnt before, that is not to blame.
    pub(super) fn refused(&mut self, around: &Around<'_>, shown: ContactShown) -> Blame {
        let learnt = self.learnt(around, shown);
        if learnt.is_some_and(|seen| self.taken == Some(seen.ip())) {
            return Blame::Other;
        }
        self.seen_at = None;
        self.rejected = learnt.map(|seen| seen.ip());
        match learnt {
            Some(_) => Blame::Learnt,
            None => Blame::Other,
        }
    }

    /// Another server is asked: it sees us in its own way, and the way to this one may be forgotten.
    pub(super) fn forget(&mut self) {
        *self = Translated::default();
    }

    pub(super) fn deadline(&self) -> Time {
        self.keep_open_at.unwrap_or(Time::NEVER)
    }

    /// Whether the way is to be used now.
    pub(super) fn take_due(&mut self, now: Time) -> bool {
        let due = self.keep_open_at.is_some_and(|at| at <= now);
        if due {
            self.keep_open_at = Some(now + KEEP_OPEN_EVERY);
        }
        due
    }
}

/// Whether somebody may be told to call there, by whoever is asked there. Our own machine is where he sees us only if he
/// is on it himself.
fn is_believed(seen: &SocketAddr, asked: &Flow) -> bool {
    let ip = seen.ip();
    let is_an_address = !ip.is_unspecified() && !ip.is_multicast() && seen.port() != 0;
    is_an_address && (!ip.is_loopback() || asked.remote.ip().is_loopback())
}
