//! `[sip]` of `kolapp.toml`: where SIP is listened for and by which transport, and what its connections may
//! take.

use crate::kinds::Own;
use crate::problems::Problem;
use crate::section::{At, Context, Section};
use crate::setting::UsuallyMany;
use crate::settings::{server_file, sip};
use crate::source::Place;
use crate::tls::TlsSettings;
use crate::value;
use call::settings::{AnswerOptions, Network, SessionTimers};
use sip_core::transport::Listener;
use sip_core::{Host, Transport};
use std::net::SocketAddr;
use std::time::Duration;

/// The setting of each transport, and how far its port lies above `KOLAPP_SIP_PORT`. UDP and TCP share a
/// port, as in RFC 3261 §19.1.2.
type Listening = UsuallyMany<Own<SocketAddr>>;
const TRANSPORTS: [(Listening, Transport, u16); 5] = [
    (sip::UDP, Transport::Udp, 0),
    (sip::TCP, Transport::Tcp, 0),
    (sip::TLS, Transport::Tls, 1),
    (sip::WS, Transport::Ws, 2),
    (sip::WSS, Transport::Wss, 3),
];

/// How far the highest of them lies above `KOLAPP_SIP_PORT`.
pub(crate) const PORT_OFFSET_MAX: u16 = 3;

const MIB: usize = 1024 * 1024;

/// What SIP's connections may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at once.
    pub in_all: u32,
    /// Of them from one address (IPv6: from one /64).
    pub per_source: u32,
}

/// `[sip]`, read.
pub(crate) struct SipSection {
    pub(crate) listeners: Vec<At<Listener>>,
    pub(crate) connections: ConnectionLimits,
    pub(crate) ladder_bytes: usize,
    pub(crate) nonce_lifetime: Duration,
    pub(crate) external_address: Option<Host>,
    pub(crate) local_networks: Vec<Network>,
    pub(crate) session_timers: SessionTimers,
    pub(crate) dns: Vec<SocketAddr>,
    pub(crate) server_header: Option<Box<str>>,
    pub(crate) answer_options: AnswerOptions,
}

pub(crate) fn read(
    top: &mut Section<'_>,
    start: Place,
    port: Option<u16>,
    context: &mut Context<'_>,
) -> SipSection {
    let mut section = top.headed_or_empty(&server_file::SIP, context);
    let listeners = read_listeners(&mut section, start, port, context);
    let dns = section.take(&sip::DNS, context);
    let dns = dns.map(|servers| servers.value.into_iter().map(|at| at.value).collect());
    let external_address = section.take(&sip::EXTERNAL_ADDRESS, context);
    let server_header = section.take(&sip::SERVER_HEADER, context);
    let read = SipSection {
        listeners,
        connections: ConnectionLimits {
            in_all: section.value(&sip::CONNECTIONS_MAX, context),
            per_source: section.value(&sip::CONNECTIONS_PER_SOURCE, context),
        },
        ladder_bytes: section.value(&sip::LADDER_MIB, context) as usize * MIB,
        nonce_lifetime: section.value(&sip::NONCE_LIFETIME, context),
        external_address: external_address.map(|at| at.value),
        local_networks: section.values(&sip::LOCAL_NETWORKS, context),
        session_timers: read_session_timers(&mut section, context),
        dns: dns.unwrap_or_default(),
        server_header: server_header.map(|at| at.value.into()),
        answer_options: section.value(&sip::ANSWER_OPTIONS, context),
    };
    section.finish(context);
    refuse_doubles(&read.listeners, context);
    read
}

fn read_listeners(
    section: &mut Section<'_>,
    start: Place,
    port: Option<u16>,
    context: &mut Context<'_>,
) -> Vec<At<Listener>> {
    let mut listeners = Vec::new();
    let mut last = start;
    for (setting, transport, offset) in &TRANSPORTS {
        let addresses = match section.take(setting, context) {
            Some(written) => {
                last = written.place;
                written.value
            }
            None => {
                let usual = (setting.otherwise.0)().into_iter();
                let place = start;
                usual.map(|value| At { value, place }).collect()
            }
        };
        listeners.extend(addresses.into_iter().map(|at| At {
            value: listener(*transport, at.value, port.map(|port| port + offset)),
            place: at.place,
        }));
    }
    // Somewhere the server has to listen.
    if listeners.is_empty() {
        let problem = Problem::new(last, "the server would listen nowhere for SIP")
            .mend("name an address, such as udp = [\"127.0.0.1:5060\"]");
        context.add(problem);
    }
    listeners
}

fn read_session_timers(section: &mut Section<'_>, context: &mut Context<'_>) -> SessionTimers {
    let timers = SessionTimers {
        expires: section.value(&sip::SESSION_EXPIRES, context),
        expires_min: section.value(&sip::SESSION_EXPIRES_MIN, context),
    };
    if timers.expires < timers.expires_min {
        let (given, least) = (
            value::spoken(timers.expires),
            value::spoken(timers.expires_min),
        );
        let problem = format!(
            "expected session_expires of session_expires_min ({least}) or more, got {given}"
        );
        let place = section.place_of(&[&sip::SESSION_EXPIRES, &sip::SESSION_EXPIRES_MIN]);
        context.add(Problem::new(place, problem).mend("raise it, or lower session_expires_min"));
    }
    timers
}

fn listener(transport: Transport, mut address: SocketAddr, port: Option<u16>) -> Listener {
    if let Some(port) = port {
        address.set_port(port);
    }
    Listener { transport, address }
}

/// Whoever listens for TLS needs a certificate to show.
pub(crate) fn require_certificate(
    listeners: &[At<Listener>],
    tls: Option<&TlsSettings>,
    context: &mut Context<'_>,
) {
    let needs = |at: &&At<Listener>| {
        matches!(at.value.transport, Transport::Tls | Transport::Wss) && tls.is_none()
    };
    if let Some(at) = listeners.iter().find(needs) {
        let problem = Problem::new(at.place, "TLS needs a certificate, and none is named").mend(
            "name its files: [tls] with certificate = \"fullchain.pem\" and key = \"privkey.pem\"",
        );
        context.add(problem);
    }
}

/// Datagrams and connections have ports of their own; connections of all kinds share theirs.
fn refuse_doubles(listeners: &[At<Listener>], context: &mut Context<'_>) {
    for (index, listener) in listeners.iter().enumerate() {
        let same = |first: &&At<Listener>| {
            first.value.address == listener.value.address
                && first.value.transport.is_reliable() == listener.value.transport.is_reliable()
        };
        if let Some(first) = listeners[..index].iter().find(same) {
            let problem = format!("{} is listened at twice", listener.value.address);
            let problem = Problem::new(listener.place, problem)
                .mend("keep one of them (KOLAPP_SIP_PORT gives all of one transport the same port)")
                .see(first.place, "the first is here");
            context.add(problem);
        }
    }
}
