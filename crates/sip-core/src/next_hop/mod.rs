//! Where the next hop of a request is (RFC 3263): by which transports, at which addresses, in which order. Pure: what
//! the DNS knows is handed in, and while more of it is needed that is said. Who asks, waits and caches is the shell's.

mod srv;

pub use srv::Srv;

use crate::transport::{Listener, Transport};
use crate::uri::{Host, SipUri, Uri};
use rand_core::Rng;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Targets of one next hop that are worth trying: whoever waits has long hung up by then.
pub const TARGETS_MAX: usize = 16;

/// Records of one answer that are looked at. A domain has a few; more is somebody who wants us to ask much.
const RECORDS_MAX: usize = 16;

/// Something that the DNS is to be asked. Names stand without the final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Which services does this domain have?
    Naptr(Box<str>),
    /// Which servers has this service?
    Srv(Box<str>),
    /// Which addresses (A and AAAA) has this host?
    Addresses(Box<str>),
}

/// What it said; empty where there is no such record, or no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Naptr`].
    Naptr(Vec<Naptr>),
    /// To [`Question::Srv`].
    Srv(Vec<Srv>),
    /// To [`Question::Addresses`].
    Addresses(Vec<IpAddr>),
}

/// All that it has said so far.
pub type Answers = BTreeMap<Question, Answer>;

/// A NAPTR record (RFC 3403), as far as RFC 3263 uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Lower ones first.
    pub order: u16,
    /// Among equal orders, lower ones first.
    pub preference: u16,
    /// `s` where the replacement is to be asked for SRV.
    pub flags: Box<str>,
    /// `SIP+D2U` and its like.
    pub service: Box<str>,
    /// What to ask next.
    pub replacement: Box<str>,
}

/// A place where a request can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

/// How far the search has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask this, and come again with the answers.
    Ask(Vec<Question>),
    /// Where to send, best first; empty if nowhere.
    Found(Vec<Target>),
}

/// Where requests to `uri` go, by those transports and address families that we listen for. Ends after four rounds of
/// questions at most. The order of servers is drawn only by weight, so the same random bits give the same order.
pub fn locate(uri: &Uri, ours: &[Listener], answers: &Answers, random: &mut impl Rng) -> Step {
    let Some(sip) = uri.as_sip() else {
        return Step::Found(Vec::new());
    };
    let mut search = Search {
        ours,
        answers,
        open: Vec::new(),
        found: Vec::new(),
    };
    search.start(sip, random);
    if search.open.is_empty() {
        Step::Found(search.found)
    } else {
        Step::Ask(search.open)
    }
}

struct Search<'a> {
    ours: &'a [Listener],
    answers: &'a Answers,
    open: Vec<Question>,
    found: Vec<Target>,
}

impl Search<'_> {
    fn start(&mut self, sip: &SipUri, random: &mut impl Rng) {
        // §4: TARGET is maddr where there is one.
        let maddr: Option<Host> = sip.params.get("maddr").and_then(|text| text.parse().ok());
        let host = maddr.as_ref().unwrap_or(&sip.host);
        // §4.1: without a word on it, UDP for `sip:` and TLS for `sips:`.
        let default = match sip.secure {
            true => Transport::Tls,
            false => Transport::Udp,
        };
        let named = match sip.params.get("transport") {
            None => None,
            Some(token) => match named_transport(token, sip.secure) {
                Some(transport) => Some(transport),
                None => return,
            },
        };
        let name = match (host, host.ip()) {
            (_, Some(ip)) => {
                let transport = named.unwrap_or(default);
                let port = sip.port.unwrap_or(transport.default_port());
                return self.reach(transport, SocketAddr::new(ip, port));
            }
            (Host::Name(name), None) => name,
            (Host::V4(_) | Host::V6(_), None) => return,
        };
        match (named, sip.port) {
            (_, Some(port)) => self.host(named.unwrap_or(default), name, port),
            (Some(transport), None) => {
                let service = [(transport, service_name(transport, name))];
                self.services(&service, transport, name, random);
            }
            (None, None) => self.domain(name, sip, default, random),
        }
    }

    /// §4.1: the domain itself says which transports it has.
    fn domain(&mut self, name: &str, sip: &SipUri, default: Transport, random: &mut impl Rng) {
        let question = Question::Naptr(name.into());
        let records = match self.answers.get(&question) {
            None => return self.open.push(question),
            Some(Answer::Naptr(records)) => records.as_slice(),
            Some(_) => &[],
        };
        let mut usable: Vec<(&Naptr, Transport)> = records
            .iter()
            .take(RECORDS_MAX)
            .filter(|record| record.flags.eq_ignore_ascii_case("s"))
            .filter_map(|record| Some((record, service_transport(&record.service)?)))
            .filter(|(_, transport)| self.may(*transport, sip.secure))
            .collect();
        usable.sort_by_key(|(record, _)| (record.order, record.preference));
        let mut services: Vec<(Transport, Box<str>)> = usable
            .into_iter()
            .map(|(record, transport)| (transport, record.replacement.clone()))
            .collect();
        if services.is_empty() {
            // §4.1: no NAPTR of use: each service that we could use is asked for.
            services = [Transport::Udp, Transport::Tcp, Transport::Tls]
                .into_iter()
                .filter(|transport| self.may(*transport, sip.secure))
                .map(|transport| (transport, service_name(transport, name)))
                .collect();
        }
        self.services(&services, default, name, random);
    }

    /// §4.2: the servers of each service, and where there are none the host of that name.
    fn services(
        &mut self,
        services: &[(Transport, Box<str>)],
        default: Transport,
        name: &str,
        random: &mut impl Rng,
    ) {
        let mut any = false;
        for (transport, service) in services {
            let question = Question::Srv(service.clone());
            let records = match self.answers.get(&question) {
                None => {
                    any = true;
                    self.open.push(question);
                    continue;
                }
                Some(Answer::Srv(records)) => records.as_slice(),
                Some(_) => &[],
            };
            any |= !records.is_empty();
            let records = &records[..records.len().min(RECORDS_MAX)];
            for record in srv::in_order(records, random) {
                // RFC 2782: a lone dot says that there is no such service.
                if !matches!(&*record.target, "" | ".") {
                    self.host(*transport, &record.target, record.port);
                }
            }
        }
        if !any {
            self.host(default, name, default.default_port());
        }
    }

    fn host(&mut self, transport: Transport, name: &str, port: u16) {
        if !self.may(transport, transport == Transport::Tls) {
            return;
        }
        let question = Question::Addresses(name.into());
        match self.answers.get(&question) {
            None if self.open.contains(&question) || self.open.len() >= TARGETS_MAX => {}
            None => self.open.push(question),
            Some(Answer::Addresses(addresses)) => {
                for address in addresses.iter().take(RECORDS_MAX) {
                    self.reach(transport, SocketAddr::new(*address, port));
                }
            }
            Some(_) => {}
        }
    }

    fn reach(&mut self, transport: Transport, address: SocketAddr) {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let target = Target { transport, address };
        let reachable = self
            .ours
            .iter()
            .any(|listener| listener.can_reach(transport, address.ip()));
        if reachable && !self.found.contains(&target) && self.found.len() < TARGETS_MAX {
            self.found.push(target);
        }
    }

    /// Whether we have that transport, and it is as secure as it must be.
    fn may(&self, transport: Transport, secure: bool) -> bool {
        let have = |listener: &Listener| listener.transport == transport;
        (!secure || transport == Transport::Tls) && self.ours.iter().any(have)
    }
}

/// The transport that a URI names. Nobody can be connected to by WebSocket (RFC 7118 §5), and `sips:` is never sent
/// by UDP (RFC 3261 §26.2.2).
fn named_transport(token: &str, secure: bool) -> Option<Transport> {
    let is = |name: &str| token.eq_ignore_ascii_case(name);
    match secure {
        true if is("tcp") || is("tls") => Some(Transport::Tls),
        false if is("udp") => Some(Transport::Udp),
        false if is("tcp") => Some(Transport::Tcp),
        false if is("tls") => Some(Transport::Tls),
        _ => None,
    }
}

fn service_transport(service: &str) -> Option<Transport> {
    let is = |name: &str| service.eq_ignore_ascii_case(name);
    match () {
        () if is("SIP+D2U") => Some(Transport::Udp),
        () if is("SIP+D2T") => Some(Transport::Tcp),
        () if is("SIPS+D2T") => Some(Transport::Tls),
        () => None,
    }
}

fn service_name(transport: Transport, name: &str) -> Box<str> {
    let service = match transport {
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
        _ => "_sip._udp",
    };
    format!("{service}.{name}").into()
}

#[cfg(test)]
mod tests;
