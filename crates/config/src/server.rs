//! `kolapp.toml`: what the process as a whole is told. Most of it is taken up at start only, see
//! [`ServerSettings::fixed_at_start`].

use crate::address;
use crate::environment::Overrides;
use crate::error::Spot;
use crate::limits;
use crate::problems::Problem;
use crate::section::{At, Context, Reading, Section};
use crate::sip::{self, ConnectionLimits};
use crate::source::{Place, Sources};
use crate::tls::{self, TlsSettings};
use crate::tree::{Node, Table};
use crate::value;
use call::settings::{AnswerOptions, BanSettings, Limits, ServiceRoute, SessionTimers};
use sip_core::Transport;
use sip_core::addresses::Addresses;
use sip_core::registrar::{Beyond, Rules};
use sip_core::transport::Listener as SipListener;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// Where the state folder is, seen from the server's file, if it names none.
pub const STATE_DIR_DEFAULT: &str = "../var";

/// Shard tasks and media threads at most: the number of virtual shards, beyond which a task owns nothing.
const THREADS_MAX: u32 = base::ShardId::COUNT as u32;

/// How long a stopping server waits for calls by default.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// RFC 3261 §10.3 lets a registrar refuse only what is shorter than an hour.
const EXPIRES_MIN_MOST: Duration = Duration::from_secs(3_600);

/// Contacts of one user that may be asked for: as many phones as anybody has, each of which is rung.
pub(crate) const CONTACTS_MAX_MOST: u32 = 32;

const SERVICE_ROUTES: [(&str, ServiceRoute); 2] = [
    ("none", ServiceRoute::Any),
    ("this-server", ServiceRoute::ThisServer),
];

const BEYOND: [(&str, Beyond); 2] = [
    ("replace-oldest", Beyond::ReplaceOldest),
    ("refuse", Beyond::Refuse),
];

/// What the process as a whole is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where SIP is listened for, and how it is carried there.
    pub sip: Vec<SipListener>,
    /// What SIP's connections may take.
    pub connections: ConnectionLimits,
    /// Who is asked for names; whom the system asks if it is empty.
    pub dns: Vec<SocketAddr>,
    /// Files of the certificate that we show.
    pub tls: Option<TlsSettings>,
    /// Where `/healthz` and `/metrics` are served.
    pub http: SocketAddr,
    /// Audio.
    pub rtp: RtpSettings,
    /// Folder of the control socket and, later, of what is stored.
    pub state_dir: PathBuf,
    /// How many tasks share the signalling shards.
    pub shard_tasks: usize,
    /// How long SIGTERM waits for calls to end by themselves.
    pub drain_limit: Duration,
    /// What the registrar grants.
    pub registrar: Rules,
    /// How long a digest nonce is taken.
    pub nonce_lifetime: Duration,
}

/// Where audio is sent from and received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpSettings {
    /// Local address, also the one that phones are told.
    pub address: IpAddr,
    /// Even ones carry RTP, the odd above each RTCP.
    pub ports: RangeInclusive<u16>,
    /// Threads that carry audio.
    pub threads: usize,
    /// The address that phones outside are told instead.
    pub external_address: Option<IpAddr>,
}

impl ServerSettings {
    /// Names and values of what a running server can't change, as they are called in the file.
    pub fn fixed_at_start(&self) -> Vec<(&'static str, String)> {
        let listeners = |transport| {
            let of_it = self.sip.iter().filter(|it| it.transport == transport);
            let of_it: Vec<SocketAddr> = of_it.map(|it| it.address).collect();
            addresses(&of_it)
        };
        let ports = format!("{}-{}", self.rtp.ports.start(), self.rtp.ports.end());
        let rules = &self.registrar;
        vec![
            ("sip.udp", listeners(Transport::Udp)),
            ("sip.tcp", listeners(Transport::Tcp)),
            ("sip.tls", listeners(Transport::Tls)),
            ("sip.ws", listeners(Transport::Ws)),
            ("sip.wss", listeners(Transport::Wss)),
            ("sip.connections_max", self.connections.in_all.to_string()),
            (
                "sip.connections_per_source",
                self.connections.per_source.to_string(),
            ),
            ("sip.dns", addresses(&self.dns)),
            ("sip.nonce_lifetime", value::spoken(self.nonce_lifetime)),
            ("http.listen", self.http.to_string()),
            ("rtp.address", self.rtp.address.to_string()),
            ("rtp.ports", ports),
            ("rtp.threads", self.rtp.threads.to_string()),
            ("state_dir", self.state_dir.display().to_string()),
            ("shard_tasks", self.shard_tasks.to_string()),
            ("drain_limit", value::spoken(self.drain_limit)),
            (
                "registrations.expires_min",
                value::spoken(rules.expires_min),
            ),
            (
                "registrations.expires_default",
                value::spoken(rules.expires_default),
            ),
            (
                "registrations.expires_max",
                value::spoken(rules.expires_max),
            ),
            ("registrations.contacts_max", rules.contacts_max.to_string()),
            (
                "registrations.contacts_beyond",
                value::word_of(&BEYOND, rules.beyond).to_owned(),
            ),
        ]
    }
}

fn addresses(all: &[SocketAddr]) -> String {
    let all: Vec<String> = all.iter().map(SocketAddr::to_string).collect();
    all.join(", ")
}

/// What the listener is called that no phone registers at.
pub(crate) const HTTP: &str = "HTTP";

/// A listener and where it was written, if it was.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) what: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) at: Option<Spot>,
}

/// `kolapp.toml`, read.
pub(crate) struct ServerFile {
    pub(crate) settings: ServerSettings,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) default_organisation: Option<At<String>>,
    pub(crate) prompts: At<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) bans: BanSettings,
    pub(crate) session_timers: SessionTimers,
    pub(crate) addresses: Addresses,
    pub(crate) server_header: Option<Box<str>>,
    pub(crate) answer_options: AnswerOptions,
    pub(crate) service_route: ServiceRoute,
}

pub(crate) fn read(
    file: usize,
    table: &Table,
    overrides: Overrides,
    context: &mut Context<'_>,
) -> ServerFile {
    let (start, end) = (0, 0);
    let start = Place { file, start, end };
    let sources = context.sources;
    let mut top = Section::new("kolapp.toml", start, table);
    let state_dir = top.take("state_dir", path_in(file, sources), context);
    let tasks = top.take("shard_tasks", value::whole(1..=THREADS_MAX), context);
    let drain_limits = Duration::ZERO..=Duration::from_secs(3_600);
    let drain_limit = top.take("drain_limit", value::duration(drain_limits), context);
    let default_organisation = top.take("default_organisation", value::text, context);
    let sip = sip::read(&mut top, start, overrides.sip_port, context);
    let tls = tls::read(&mut top, file, context);
    sip::require_certificate(&sip.listeners, tls.as_ref(), context);
    let http = read_http(&mut top, start, overrides.http_port, context);
    let rtp = read_rtp(
        &mut top,
        start,
        &sip.listeners,
        overrides.rtp_ports,
        context,
    );
    let addresses = Addresses {
        external: sip.external_address,
        external_media: rtp.external_address,
        local_networks: sip.local_networks,
    };
    let (registrar, service_route) = read_registrations(&mut top, context);
    let limits = limits::read_limits(&mut top, context);
    let bans = limits::read_bans(&mut top, context);
    let prompts = read_prompts(&mut top, start, context);
    top.finish(context);

    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let state_dir = overrides.state_dir.or(state_dir.map(|at| at.value));
    ServerFile {
        settings: ServerSettings {
            sip: sip.listeners.iter().map(|at| at.value).collect(),
            connections: sip.connections,
            dns: sip.dns,
            tls,
            http: http.value,
            rtp,
            state_dir: state_dir.unwrap_or_else(|| sources.resolve(file, STATE_DIR_DEFAULT)),
            shard_tasks: tasks
                .map_or_else(cores, |at| at.value as usize)
                .min(THREADS_MAX as usize),
            drain_limit: drain_limit.map_or(DRAIN_LIMIT, |at| at.value),
            registrar,
            nonce_lifetime: sip.nonce_lifetime,
        },
        listeners: listeners(&sip.listeners, &http, context),
        default_organisation,
        prompts,
        limits,
        bans,
        session_timers: sip.session_timers,
        server_header: sip.server_header,
        answer_options: sip.answer_options,
        service_route,
        addresses,
    }
}

/// Reads a path as relative to `file`.
pub(crate) fn path_in(file: usize, sources: &Sources) -> impl Fn(&Node) -> Reading<PathBuf> {
    move |node| Ok(sources.resolve(file, &value::text(node)?))
}

fn read_prompts(top: &mut Section<'_>, start: Place, context: &mut Context<'_>) -> At<PathBuf> {
    let mut folder = None;
    if let Some(mut prompts) = top.section("prompts", "[prompts]", context) {
        folder = prompts.take("folder", path_in(start.file, context.sources), context);
        prompts.finish(context);
    }
    folder.unwrap_or_else(|| At {
        value: context.sources.resolve(start.file, "../prompts"),
        place: start,
    })
}

fn listeners(
    sip: &[At<SipListener>],
    http: &At<SocketAddr>,
    context: &Context<'_>,
) -> Vec<Listener> {
    let sip = sip.iter().map(|at| Listener {
        what: "SIP",
        address: at.value.address,
        at: written(at, context),
    });
    let http = Listener {
        what: HTTP,
        address: http.value,
        at: written(http, context),
    };
    sip.chain([http]).collect()
}

/// Defaults stand at no stretch of the file.
fn written<T>(at: &At<T>, context: &Context<'_>) -> Option<Spot> {
    (at.place.start < at.place.end).then(|| context.sources.spot(at.place))
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn read_http(
    top: &mut Section<'_>,
    start: Place,
    port: Option<u16>,
    context: &mut Context<'_>,
) -> At<SocketAddr> {
    let mut listen = None;
    if let Some(mut http) = top.section("http", "[http]", context) {
        listen = http.take("listen", address::socket_address, context);
        http.finish(context);
    }
    let mut listen = listen.unwrap_or(At {
        value: loopback(8080),
        place: start,
    });
    if let Some(port) = port {
        listen.value.set_port(port);
    }
    listen
}

fn read_rtp(
    top: &mut Section<'_>,
    start: Place,
    sip: &[At<SipListener>],
    overridden: Option<RangeInclusive<u16>>,
    context: &mut Context<'_>,
) -> RtpSettings {
    let (mut address, mut ports, mut threads) = (None, None, None);
    let mut external_address = None;
    if let Some(mut rtp) = top.section("rtp", "[rtp]", context) {
        address = rtp.take("address", address::reachable_address, context);
        external_address = rtp.take("external_address", address::reachable_address, context);
        ports = rtp.take("ports", address::ports, context);
        threads = rtp.take("threads", value::whole(1..=THREADS_MAX), context);
        rtp.finish(context);
    }
    let mut ports = ports.unwrap_or(At {
        value: 30_000..=39_999,
        place: start,
    });
    if let Some(overridden) = overridden {
        ports.value = overridden;
    }
    let is_among_them = |sip: &&At<SipListener>| {
        sip.value.transport == Transport::Udp && ports.value.contains(&sip.value.address.port())
    };
    if let Some(inside) = sip.iter().find(is_among_them) {
        let problem = format!(
            "SIP's port {} lies among the ports for audio",
            inside.value.address.port()
        );
        let problem = Problem::new(ports.place, problem)
            .mend("move one of them")
            .see(inside.place, "SIP listens here");
        context.add(problem);
    }
    RtpSettings {
        address: address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |at| at.value),
        ports: ports.value,
        threads: threads.map_or(1, |at| at.value as usize),
        external_address: external_address.map(|at| at.value),
    }
}

fn read_registrations(top: &mut Section<'_>, context: &mut Context<'_>) -> (Rules, ServiceRoute) {
    let seconds = Duration::from_secs;
    let mut rules = Rules {
        expires_min: seconds(60),
        expires_default: seconds(3_600),
        expires_max: seconds(7_200),
        contacts_max: 10,
        beyond: Beyond::default(),
    };
    let Some(mut section) = top.section("registrations", "[registrations]", context) else {
        return (rules, ServiceRoute::default());
    };
    let times = |most| value::duration(seconds(1)..=most);
    let min = section.take("expires_min", times(EXPIRES_MIN_MOST), context);
    let default = section.take("expires_default", times(seconds(86_400)), context);
    let max = section.take("expires_max", times(seconds(86_400)), context);
    let contacts = section.take("contacts_max", value::whole(1..=CONTACTS_MAX_MOST), context);
    let beyond = section.take("contacts_beyond", value::choice(&BEYOND), context);
    let route = section.take("service_route", value::choice(&SERVICE_ROUTES), context);
    for (read, rule) in [
        (&min, &mut rules.expires_min),
        (&default, &mut rules.expires_default),
        (&max, &mut rules.expires_max),
    ] {
        if let Some(at) = read {
            *rule = at.value;
        }
    }
    if let Some(at) = contacts {
        rules.contacts_max = at.value as usize;
    }
    if let Some(at) = beyond {
        rules.beyond = at.value;
    }
    if !(rules.expires_min..=rules.expires_max).contains(&rules.expires_default) {
        let (least, most) = (
            value::spoken(rules.expires_min),
            value::spoken(rules.expires_max),
        );
        let given = value::spoken(rules.expires_default);
        let problem = format!(
            "expected expires_default from expires_min ({least}) to expires_max ({most}), got {given}"
        );
        let place = default
            .or(max)
            .or(min)
            .map_or(section.place(), |at| at.place);
        context.add(Problem::new(place, problem).mend("set all three in that order"));
    }
    section.finish(context);
    let route = route.map_or(ServiceRoute::default(), |at| at.value);
    (rules, route)
}
