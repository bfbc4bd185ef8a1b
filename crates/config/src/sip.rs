//! `[sip]` of `kolapp.toml`: where SIP is listened for and by which transport, and what its connections may
//! take.

use crate::address;
use crate::problems::Problem;
use crate::section::{At, Context, Section};
use crate::source::Place;
use crate::tls::TlsSettings;
use crate::value;
use call::settings::{AnswerOptions, Network, SessionTimers};
use sip_core::transport::Listener;
use sip_core::{Host, Transport};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Listeners of one transport at most: a few addresses of one machine.
const LISTENERS_MAX: usize = 16;

/// Connections that may be asked for: each takes a file descriptor and about 3 kB.
const CONNECTIONS_MAX_MOST: u32 = 1_000_000;

/// Ten thousand phones, and as many that come back while their old connections are not known to be dead.
const CONNECTIONS_MAX: u32 = 20_000;

/// The phones of a large office behind one address.
const CONNECTIONS_PER_SOURCE: u32 = 1_000;

/// RFC 4028 §5 allows no session of less than 90 s; less is for those who test phones and can't wait.
const SESSION_EXPIRES_LEAST: Duration = Duration::from_secs(4);

/// A phone that vanished holds its call for half of this.
const SESSION_EXPIRES_MOST: Duration = Duration::from_secs(86_400);

/// The setting of each transport, and how far its port lies above `KOLAPP_SIP_PORT`. UDP and TCP share a
/// port, as in RFC 3261 §19.1.2.
const TRANSPORTS: [(&str, Transport, u16); 5] = [
    ("udp", Transport::Udp, 0),
    ("tcp", Transport::Tcp, 0),
    ("tls", Transport::Tls, 1),
    ("ws", Transport::Ws, 2),
    ("wss", Transport::Wss, 3),
];

/// How far the highest of them lies above `KOLAPP_SIP_PORT`.
pub(crate) const PORT_OFFSET_MAX: u16 = 3;

/// Servers of the DNS at most: more than two or three are never asked.
const DNS_SERVERS_MAX: usize = 8;

/// Networks that are not outside, at most: the sites of a large organisation.
const LOCAL_NETWORKS_MAX: usize = 256;

/// What is never outside (RFC 1918, RFC 3927, RFC 4193, RFC 4291), where nobody says otherwise.
const PRIVATE_NETWORKS: [&str; 8] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

const ANSWER_OPTIONS: [(&str, AnswerOptions); 2] = [
    ("everybody", AnswerOptions::Everybody),
    ("known", AnswerOptions::Known),
];

fn private_networks() -> Vec<Network> {
    let parsed = |text: &&str| text.parse().expect("each is a network");
    PRIVATE_NETWORKS.iter().map(parsed).collect()
}

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
    let (mut in_all, mut per_source, mut nonce_lifetime) = (None, None, None);
    let (mut external_address, mut local_networks, mut dns) = (None, None, None);
    let mut session_timers = SessionTimers::default();
    let (mut server_header, mut answer_options) = (None, None);
    let mut written = Written::default();
    if let Some(mut sip) = top.section("sip", "[sip]", context) {
        written = read_listeners(&mut sip, port, context);
        let most = || value::whole(1..=CONNECTIONS_MAX_MOST);
        in_all = sip.take("connections_max", most(), context);
        per_source = sip.take("connections_per_source", most(), context);
        let lifetimes = Duration::from_secs(10)..=Duration::from_secs(86_400);
        nonce_lifetime = sip.take("nonce_lifetime", value::duration(lifetimes), context);
        external_address = sip.take("external_address", address::host, context);
        let networks = value::list(LOCAL_NETWORKS_MAX, address::network);
        local_networks = sip.take("local_networks", networks, context);
        session_timers = read_session_timers(&mut sip, context);
        let servers = value::list(DNS_SERVERS_MAX, address::dns_server);
        dns = sip.take("dns", servers, context);
        server_header = sip.take("server_header", value::text, context);
        let policies = value::choice(&ANSWER_OPTIONS);
        answer_options = sip.take("answer_options", policies, context);
        sip.finish(context);
    }
    let listeners = written.or_default(start, port, context);
    refuse_doubles(&listeners, context);
    SipSection {
        listeners,
        connections: ConnectionLimits {
            in_all: in_all.map_or(CONNECTIONS_MAX, |at| at.value),
            per_source: per_source.map_or(CONNECTIONS_PER_SOURCE, |at| at.value),
        },
        nonce_lifetime: nonce_lifetime.map_or(Duration::from_secs(300), |at| at.value),
        external_address: external_address.map(|at| at.value),
        local_networks: match local_networks {
            Some(networks) => networks.value.into_iter().map(|at| at.value).collect(),
            None => private_networks(),
        },
        session_timers,
        dns: dns.map_or_else(Vec::new, |servers| {
            servers.value.into_iter().map(|at| at.value).collect()
        }),
        server_header: server_header.map(|at| at.value.into()),
        answer_options: answer_options.map_or(AnswerOptions::default(), |at| at.value),
    }
}

/// The listeners that are written.
#[derive(Default)]
struct Written {
    listeners: Vec<At<Listener>>,
    /// Where the last list of them stands.
    last: Option<Place>,
    udp: bool,
}

impl Written {
    /// With UDP on this machine where nothing is said of it; somewhere the server has to listen.
    fn or_default(
        mut self,
        start: Place,
        port: Option<u16>,
        context: &mut Context<'_>,
    ) -> Vec<At<Listener>> {
        if !self.udp {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, Transport::Udp.default_port()));
            self.listeners.push(At {
                value: listener(Transport::Udp, address, port),
                place: start,
            });
        } else if let Some(place) = self.last.filter(|_| self.listeners.is_empty()) {
            let problem = Problem::new(place, "the server would listen nowhere for SIP")
                .mend("name an address, such as udp = [\"127.0.0.1:5060\"]");
            context.add(problem);
        }
        self.listeners
    }
}

fn read_listeners(sip: &mut Section<'_>, port: Option<u16>, context: &mut Context<'_>) -> Written {
    let mut written = Written::default();
    for (key, transport, offset) in TRANSPORTS {
        let addresses = value::list(LISTENERS_MAX, address::socket_address);
        let Some(read) = sip.take(key, addresses, context) else {
            continue;
        };
        written.udp |= transport == Transport::Udp;
        written.last = Some(read.place);
        let listeners = read.value.into_iter().map(|at| At {
            value: listener(transport, at.value, port.map(|port| port + offset)),
            place: at.place,
        });
        written.listeners.extend(listeners);
    }
    written
}

fn read_session_timers(sip: &mut Section<'_>, context: &mut Context<'_>) -> SessionTimers {
    let mut timers = SessionTimers::default();
    let span = || value::duration(SESSION_EXPIRES_LEAST..=SESSION_EXPIRES_MOST);
    let expires = sip.take("session_expires", span(), context);
    let min = sip.take("session_expires_min", span(), context);
    if let Some(at) = &expires {
        timers.expires = at.value;
    }
    if let Some(at) = &min {
        timers.expires_min = at.value;
    }
    if timers.expires < timers.expires_min {
        let (given, least) = (
            value::spoken(timers.expires),
            value::spoken(timers.expires_min),
        );
        let problem = format!(
            "expected session_expires of session_expires_min ({least}) or more, got {given}"
        );
        let place = expires.or(min).map_or(sip.place(), |at| at.place);
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
