//! `kolapp.toml`: what the process as a whole is told. Most of it is taken up at start only, see
//! [`ServerSettings::fixed_at_start`].

use crate::SERVER_FILE;
use crate::database::{self, DatabaseUrl, StoreSection};
use crate::environment::Overrides;
use crate::error::Spot;
use crate::fixed::Fixed;
use crate::http::{self, HttpsSettings};
use crate::kinds::Text;
use crate::limits;
use crate::problems::Problem;
use crate::section::{At, Context, Section};
use crate::setting::{Declared, Usually};
use crate::settings::{
    BEYOND, THREADS_MAX, audit, facts, prompts, records, registrations, rtp, server_file,
};
use crate::sip::{self, ConnectionLimits};
use crate::source::Place;
use crate::tls::{self, TlsSettings};
use crate::tree::Table;
use crate::value;
use crate::web_accounts::{self, Operator};
use call::settings::{AnswerOptions, BanSettings, Limits, Network, ServiceRoute, SessionTimers};
use sip_core::Transport;
use sip_core::addresses::Addresses;
use sip_core::registrar::Rules;
use sip_core::transport::Listener as SipListener;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

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
    /// Where pages, API, `/healthz` and `/metrics` are served.
    pub http: SocketAddr,
    /// Files of the certificate that is shown there; plain HTTP without.
    pub https: Option<HttpsSettings>,
    /// Proxies before that, which say whom they have a request from.
    pub proxies: Vec<Network>,
    /// Audio.
    pub rtp: RtpSettings,
    /// Folder of the control socket and of what is stored.
    pub state_dir: PathBuf,
    /// The database that keeps what is stored, where it is not a file in the state folder.
    pub store: Option<DatabaseUrl>,
    /// How many tasks share the signalling shards.
    pub shard_tasks: usize,
    /// How long SIGTERM waits for calls to end by themselves.
    pub drain_limit: Duration,
    /// What the registrar grants.
    pub registrar: Rules,
    /// How long a digest nonce is taken.
    pub nonce_lifetime: Duration,
    /// Bytes of calls' SIP messages that are kept in memory.
    pub ladder_bytes: usize,
    /// How much of what queues and agents did is kept.
    pub facts: FactsSettings,
    /// How long records of calls are kept.
    pub records_keep: Duration,
    /// How long it is kept what people had done.
    pub audit_keep: Duration,
}

/// How much of what queues and agents did is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactsSettings {
    /// How long.
    pub keep: Duration,
    /// Facts at most.
    pub most: u64,
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
    /// What a running server can't change.
    pub fn fixed_at_start(&self) -> Vec<Fixed> {
        let listeners = |transport| {
            let of_it = self.sip.iter().filter(|it| it.transport == transport);
            let of_it: Vec<SocketAddr> = of_it.map(|it| it.address).collect();
            addresses(&of_it)
        };
        let ports = format!("{}-{}", self.rtp.ports.start(), self.rtp.ports.end());
        let rules = &self.registrar;
        let store = match &self.store {
            Some(url) => Fixed::with_secret("store.url", url.shown(), url.as_str()),
            None => Fixed::open("store.url", "a file in state_dir".into()),
        };
        let rest = [
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
            ("sip.ladder_mib", (self.ladder_bytes >> 20).to_string()),
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
        ];
        let open = |(name, shown)| Fixed::open(name, shown);
        rest.into_iter().map(open).chain([store]).collect()
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
    pub(crate) operators: Vec<Operator>,
    pub(crate) server_header: Option<Box<str>>,
    pub(crate) answer_options: AnswerOptions,
    pub(crate) service_route: ServiceRoute,
    pub(crate) store_at: Option<Spot>,
    pub(crate) softphones: Vec<Box<str>>,
}

pub(crate) fn read(
    file: usize,
    table: &Table,
    overrides: Overrides,
    context: &mut Context<'_>,
) -> ServerFile {
    let (start, end) = (0, 0);
    let start = Place { file, start, end };
    let mut top = Section::new(SERVER_FILE, start, table, &server_file::HEADING);
    let state_dir = path_or_usual(&mut top, &server_file::STATE_DIR, start, context);
    let tasks = top.take(&server_file::SHARD_TASKS, context);
    let drain_limit = top.value(&server_file::DRAIN_LIMIT, context);
    let default_organisation = top.take(&server_file::DEFAULT_ORGANISATION, context);
    let sip = sip::read(&mut top, start, overrides.sip_port, context);
    let tls = tls::read(&mut top, context);
    sip::require_certificate(&sip.listeners, tls.as_ref(), context);
    let http = http::read(&mut top, start, overrides.http_port, context);
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
    let registrations = read_registrations(&mut top, context);
    let limits = limits::read_limits(&mut top, context);
    let bans = limits::read_bans(&mut top, context);
    let facts = read_facts(&mut top, context);
    let records_keep = read_records(&mut top, context);
    let audit_keep = read_audit(&mut top, context);
    let prompts = read_prompts(&mut top, start, context);
    let StoreSection { url, at: store_at } = database::read(&mut top, overrides.store_url, context);
    let operators = top.named(&server_file::OPERATORS, context);
    let operators = operators
        .into_iter()
        .filter_map(|entry| web_accounts::read(entry, context))
        .collect();
    top.finish(context);

    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    ServerFile {
        settings: ServerSettings {
            sip: sip.listeners.iter().map(|at| at.value).collect(),
            connections: sip.connections,
            dns: sip.dns,
            tls,
            http: http.listen.value,
            https: http.https,
            proxies: http.proxies,
            rtp,
            state_dir: overrides.state_dir.unwrap_or(state_dir.value),
            store: url,
            shard_tasks: tasks
                .map_or_else(cores, |at| at.value as usize)
                .min(THREADS_MAX as usize),
            drain_limit,
            registrar: registrations.rules,
            nonce_lifetime: sip.nonce_lifetime,
            ladder_bytes: sip.ladder_bytes,
            facts,
            records_keep,
            audit_keep,
        },
        listeners: listeners(&sip.listeners, &http.listen, context),
        default_organisation,
        prompts,
        limits,
        bans,
        session_timers: sip.session_timers,
        server_header: sip.server_header,
        answer_options: sip.answer_options,
        store_at,
        service_route: registrations.service_route,
        softphones: registrations.softphones,
        addresses,
        operators,
    }
}

/// The path that a setting names, or the usual one, seen from the server's file.
fn path_or_usual(
    section: &mut Section<'_>,
    setting: &Usually<Text>,
    start: Place,
    context: &mut Context<'_>,
) -> At<PathBuf> {
    section.path(setting, context).unwrap_or_else(|| At {
        value: context
            .sources
            .resolve(start.file, &(setting.otherwise.0)()),
        place: start,
    })
}

fn read_facts(top: &mut Section<'_>, context: &mut Context<'_>) -> FactsSettings {
    let mut section = top.section_or_empty(&server_file::FACTS, "[facts]", context);
    let days = section.value(&facts::KEEP_DAYS, context);
    let most = section.value(&facts::MOST, context);
    section.finish(context);
    FactsSettings {
        keep: Duration::from_secs(u64::from(days) * 86_400),
        most: most.into(),
    }
}

fn read_records(top: &mut Section<'_>, context: &mut Context<'_>) -> Duration {
    let mut section = top.section_or_empty(&server_file::RECORDS, "[records]", context);
    let days = section.value(&records::KEEP_DAYS, context);
    section.finish(context);
    Duration::from_secs(u64::from(days) * 86_400)
}

fn read_audit(top: &mut Section<'_>, context: &mut Context<'_>) -> Duration {
    let mut section = top.section_or_empty(&server_file::AUDIT, "[audit]", context);
    let days = section.value(&audit::KEEP_DAYS, context);
    section.finish(context);
    Duration::from_secs(u64::from(days) * 86_400)
}

fn read_prompts(top: &mut Section<'_>, start: Place, context: &mut Context<'_>) -> At<PathBuf> {
    let mut section = top.headed_or_empty(&server_file::PROMPTS, context);
    let folder = path_or_usual(&mut section, &prompts::FOLDER, start, context);
    section.finish(context);
    folder
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

fn read_rtp(
    top: &mut Section<'_>,
    start: Place,
    sip: &[At<SipListener>],
    overridden: Option<RangeInclusive<u16>>,
    context: &mut Context<'_>,
) -> RtpSettings {
    let mut section = top.headed_or_empty(&server_file::RTP, context);
    let address = section.value(&rtp::ADDRESS, context);
    let external_address = section.take(&rtp::EXTERNAL_ADDRESS, context);
    let mut ports = section.placed(&rtp::PORTS, start, context);
    let threads = section.value(&rtp::THREADS, context);
    section.finish(context);
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
        address,
        ports: ports.value,
        threads: threads as usize,
        external_address: external_address.map(|at| at.value),
    }
}

/// What is set of phones that register.
struct Registrations {
    rules: Rules,
    service_route: ServiceRoute,
    softphones: Vec<Box<str>>,
}

fn read_registrations(top: &mut Section<'_>, context: &mut Context<'_>) -> Registrations {
    let mut section = top.headed_or_empty(&server_file::REGISTRATIONS, context);
    let rules = Rules {
        expires_min: section.value(&registrations::EXPIRES_MIN, context),
        expires_default: section.value(&registrations::EXPIRES_DEFAULT, context),
        expires_max: section.value(&registrations::EXPIRES_MAX, context),
        contacts_max: section.value(&registrations::CONTACTS_MAX, context) as usize,
        beyond: section.value(&registrations::CONTACTS_BEYOND, context),
    };
    let service_route = section.value(&registrations::SERVICE_ROUTE, context);
    let softphones = section.values(&registrations::SOFTPHONES, context);
    if !(rules.expires_min..=rules.expires_max).contains(&rules.expires_default) {
        let (least, most) = (
            value::spoken(rules.expires_min),
            value::spoken(rules.expires_max),
        );
        let given = value::spoken(rules.expires_default);
        let problem = format!(
            "expected expires_default from expires_min ({least}) to expires_max ({most}), got {given}"
        );
        let times: [&dyn Declared; 3] = [
            &registrations::EXPIRES_DEFAULT,
            &registrations::EXPIRES_MAX,
            &registrations::EXPIRES_MIN,
        ];
        let place = section.place_of(&times);
        context.add(Problem::new(place, problem).mend("set all three in that order"));
    }
    section.finish(context);
    let lower = |name: String| name.to_ascii_lowercase().into_boxed_str();
    Registrations {
        rules,
        service_route,
        softphones: softphones.into_iter().map(lower).collect(),
    }
}
