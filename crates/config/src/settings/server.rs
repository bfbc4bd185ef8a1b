//! The settings of `kolapp.toml`.

use super::{DAY, HOUR, SECOND};
use crate::address::{DNS_SERVER, HOST, NETWORK, PortRange, REACHABLE_ADDRESS, SOCKET_ADDRESS};
use crate::database::{DATABASE_URL, DatabaseUrl};
use crate::kinds::{
    Boolean, Choice, List, Named, Own, PerSecond, Span, Text, Whole, Within, list, span, whole,
};
use crate::setting::{
    Optional, Required, Usually, UsuallyMany, heading, section, sections, setting,
};
use call::phone_kind;
use call::settings::{AnswerOptions, BanSettings, Limits, Network, ServiceRoute, SessionTimers};
use sip_core::Host;
use sip_core::registrar::Beyond;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Shard tasks and media threads at most: the number of virtual shards, beyond which a task owns nothing.
pub(crate) const THREADS_MAX: u32 = base::ShardId::COUNT as u32;

heading! {
    /// The file as a whole.
    server_file "kolapp.toml";
    DEFAULT_ORGANISATION: Optional<Text> = setting(
        "default_organisation",
        Text("organisation"),
        "Whose the requests are that name the server by its address (`sip:1000@192.0.2.10`) instead of an \
         organisation's domain. Without it they are refused.",
    );
    STATE_DIR: Usually<Text> = setting(
        "state_dir",
        Text("path"),
        "Folder of the control socket and of what is stored.",
    )
    .or(|| "../var".into())
    .restart();
    SHARD_TASKS: Optional<Whole> = setting(
        "shard_tasks",
        whole(1..=THREADS_MAX),
        "Tasks that share the signalling.",
    )
    .unset("one a core")
    .restart();
    DRAIN_LIMIT: Usually<Span> = setting(
        "drain_limit",
        span(Duration::ZERO..=HOUR),
        "How long a server that is told to stop waits for calls to end by themselves.",
    )
    .or(|| SECOND * 30)
    .restart();
    SIP: Optional<Within> = section("sip", &sip::HEADING);
    TLS: Optional<Within> = section("tls", &tls::HEADING);
    HTTP: Optional<Within> = section("http", &http::HEADING);
    RTP: Optional<Within> = section("rtp", &rtp::HEADING);
    REGISTRATIONS: Optional<Within> = section("registrations", &registrations::HEADING);
    LIMITS: Optional<Within> = section("limits", &limits::HEADING);
    BANS: Optional<Within> = section("bans", &bans::HEADING);
    PROMPTS: Optional<Within> = section("prompts", &prompts::HEADING);
    STORE: Optional<Within> = section("store", &store::HEADING);
    FACTS: Optional<Within> = section("facts", &facts::HEADING);
    RECORDS: Optional<Within> = section("records", &records::HEADING);
    AUDIT: Optional<Within> = section("audit", &audit::HEADING);
    OPERATORS: Optional<Named> = sections("operators", &operator::HEADING);
}

heading! {
    /// Those who run the server, and come in by HTTP.
    operator "[operators.<name>]";
    PASSWORD_HASH: Optional<Own<Box<str>>> = setting(
        "password_hash",
        crate::web_accounts::PASSWORD_HASH,
        "What he logs in with by HTTP, as Argon2id: `kolapp secret --web` asks for it and prints the line. An operator \
         sees and may do everything, in all organisations.",
    )
    .unset("");
    PASSWORD: Optional<Text> = setting(
        "password",
        Text("text"),
        "Instead of the hash, in a demo: one that begins with `demo-` and that everybody may know. While it is there the \
         server listens on this machine only.",
    )
    .unset("");
}

/// A year can be compared with the one before while its first weeks go by.
const FACTS_KEEP_DAYS_USUAL: u32 = 400;

/// The same for calls, and for what people had done.
const RECORDS_KEEP_DAYS_USUAL: u32 = 400;

/// A year of five thousand queued calls a day, at about 250 bytes a fact.
const FACTS_MOST_USUAL: u32 = 10_000_000;

heading! {
    /// How much of what queues and agents did is kept.
    facts "[facts]";
    KEEP_DAYS: Usually<Whole> = setting(
        "keep_days",
        whole(1..=3_660),
        "How many days facts are kept.",
    )
    .or(|| FACTS_KEEP_DAYS_USUAL);
    MOST: Usually<Whole> = setting(
        "most",
        whole(10_000..=1_000_000_000),
        "How many are kept at most; the oldest go first. A queued call makes about six, at some 250 bytes each.",
    )
    .or(|| FACTS_MOST_USUAL);
}

heading! {
    /// How long records of calls are kept.
    records "[records]";
    KEEP_DAYS: Usually<Whole> = setting(
        "keep_days",
        whole(1..=3_660),
        "How many days a call's record is kept, with the numbers in it.",
    )
    .or(|| RECORDS_KEEP_DAYS_USUAL);
}

heading! {
    /// How long it is kept what people had done.
    audit "[audit]";
    KEEP_DAYS: Usually<Whole> = setting(
        "keep_days",
        whole(1..=3_660),
        "How many days it is kept who had what done.",
    )
    .or(|| RECORDS_KEEP_DAYS_USUAL);
}

/// Listeners of one transport at most: a few addresses of one machine.
const LISTENERS_MAX: usize = 16;

/// Messages of lately that may be asked for, in MiB: a hundred thousand calls.
const LADDER_MIB_MOST: u32 = 4_096;

/// A call through a queue takes some 15 kB: two thousand calls, which are an hour of a large installation or a day of a small one.
const LADDER_MIB_USUAL: u32 = 32;

/// Connections that may be asked for: each takes a file descriptor and about 3 kB.
const CONNECTIONS_MAX_MOST: u32 = 1_000_000;

/// Ten thousand phones, and as many that come back while their old connections are not known to be dead.
const CONNECTIONS_MAX_USUAL: u32 = 20_000;

/// The phones of a large office behind one address.
const CONNECTIONS_PER_SOURCE_USUAL: u32 = 1_000;

/// RFC 4028 §5 allows no session of less than 90 s; less is for those who test phones and can't wait.
const SESSION_EXPIRES_LEAST: Duration = Duration::from_secs(4);

/// Servers of the DNS at most: more than two or three are never asked.
const DNS_SERVERS_MAX: usize = 8;

/// Proxies before the server, at most: a few machines, and what is before them.
const PROXIES_MAX: usize = 64;

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

fn private_networks() -> Vec<Network> {
    let parsed = |text: &&str| text.parse().expect("each is a network");
    PRIVATE_NETWORKS.iter().map(parsed).collect()
}

const ANSWER_OPTIONS_WORDS: [(&str, AnswerOptions); 2] = [
    ("everybody", AnswerOptions::Everybody),
    ("known", AnswerOptions::Known),
];

/// Addresses that one transport is listened for at.
type Listening = List<Own<SocketAddr>>;

const fn listening() -> Listening {
    list("list of address and port", LISTENERS_MAX, SOCKET_ADDRESS)
}

heading! {
    sip "[sip]";
    UDP: UsuallyMany<Own<SocketAddr>> = setting(
        "udp",
        listening(),
        "Where SIP over UDP is listened for, such as `\"192.0.2.10:5060\"` or `\"[2001:db8::10]:5060\"`.",
    )
    .or(|| vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 5060))])
    .restart();
    TCP: UsuallyMany<Own<SocketAddr>> = setting(
        "tcp",
        listening(),
        "The same over TCP.",
    )
    .or(Vec::new)
    .restart();
    TLS: UsuallyMany<Own<SocketAddr>> = setting(
        "tls",
        listening(),
        "The same over TLS, usually at port 5061; needs `[tls]`.",
    )
    .or(Vec::new)
    .restart();
    WS: UsuallyMany<Own<SocketAddr>> = setting(
        "ws",
        listening(),
        "The same over WebSocket (RFC 7118), for browsers behind a proxy that has the certificate, or on this \
         machine.",
    )
    .or(Vec::new)
    .restart();
    WSS: UsuallyMany<Own<SocketAddr>> = setting(
        "wss",
        listening(),
        "The same over WebSocket and TLS; needs `[tls]`.",
    )
    .or(Vec::new)
    .restart();
    EXTERNAL_ADDRESS: Optional<Own<Host>> = setting(
        "external_address",
        HOST,
        "Where the server is reached from outside by signalling, at the same ports, when an address \
         translator stands before it. Via and Contact then name it to whoever is outside.",
    );
    LOCAL_NETWORKS: UsuallyMany<Own<Network>> = setting(
        "local_networks",
        list("list of networks", LOCAL_NETWORKS_MAX, NETWORK),
        "Who is not outside, and is told the real address. By default loopback, private and link-local \
         addresses.",
    )
    .or(private_networks);
    CONNECTIONS_MAX: Usually<Whole> = setting(
        "connections_max",
        whole(1..=CONNECTIONS_MAX_MOST),
        "Connections at once; more are closed as soon as they come.",
    )
    .or(|| CONNECTIONS_MAX_USUAL)
    .restart();
    CONNECTIONS_PER_SOURCE: Usually<Whole> = setting(
        "connections_per_source",
        whole(1..=CONNECTIONS_MAX_MOST),
        "Of them from one address (IPv6: from one /64).",
    )
    .or(|| CONNECTIONS_PER_SOURCE_USUAL)
    .restart();
    LADDER_MIB: Usually<Whole> = setting(
        "ladder_mib",
        whole(0..=LADDER_MIB_MOST),
        "How many MiB of calls' SIP messages are kept in memory, the latest, for the ladder of a call in the pages and \
         `kolapp ctl ladder`; 0 keeps none. They are nowhere else, and gone after a day, when a number is erased, and with the process.",
    )
    .or(|| LADDER_MIB_USUAL)
    .restart();
    NONCE_LIFETIME: Usually<Span> = setting(
        "nonce_lifetime",
        span(Duration::from_secs(10)..=DAY),
        "How long a phone may go on answering one challenge before it is sent a fresh one.",
    )
    .or(|| SECOND * 300)
    .restart();
    DNS: Optional<List<Own<SocketAddr>>> = setting(
        "dns",
        list("list of addresses", DNS_SERVERS_MAX, DNS_SERVER),
        "Who is asked for names of providers and phones, such as `\"192.0.2.53\"` or `\"127.0.0.1:5353\"`; \
         whom `/etc/resolv.conf` names otherwise.",
    )
    .unset("the system's")
    .restart();
    SESSION_EXPIRES: Usually<Span> = setting(
        "session_expires",
        span(SESSION_EXPIRES_LEAST..=DAY),
        "How long a call stands without a sign of life from a phone (RFC 4028): the server asks each phone \
         half-way, so one that vanished keeps its call for half of this and 32 seconds.",
    )
    .or(|| SessionTimers::default().expires);
    SESSION_EXPIRES_MIN: Usually<Span> = setting(
        "session_expires_min",
        span(SESSION_EXPIRES_LEAST..=DAY),
        "The shortest such time that a phone or trunk may ask for; less gets 422. Less than 90s is against \
         RFC 4028, and for tests only.",
    )
    .or(|| SessionTimers::default().expires_min);
    ANSWER_OPTIONS: Usually<Choice<AnswerOptions>> = setting(
        "answer_options",
        Choice(&ANSWER_OPTIONS_WORDS),
        "Who gets an answer to OPTIONS outside of calls: whoever asks, or only who has proved who he is and \
         the addresses of trunks. Others then hear nothing, so that a scanner does not learn that there is a \
         server.",
    )
    .or(AnswerOptions::default);
    SERVER_HEADER: Optional<Text> = setting(
        "server_header",
        Text("text"),
        "What the `Server` of our answers and the `User-Agent` of our requests say. By default nothing, so \
         that nobody learns what to attack.",
    );
}

heading! {
    tls "[tls]";
    CERTIFICATE: Required<Text> = setting(
        "certificate",
        Text("path"),
        "Our certificate, and behind it those between it and its root, as `fullchain.pem` has them.",
    )
    .needed("name its file: certificate = \"fullchain.pem\"");
    KEY: Required<Text> = setting(
        "key",
        Text("path"),
        "Its key.",
    )
    .needed("name its file: key = \"privkey.pem\"");
    CA: Optional<Text> = setting(
        "ca",
        Text("path"),
        "Roots of the certificates that are believed where the server connects out by TLS. The peer's \
         certificate must name the host that is called; phones are known by their passwords instead.",
    )
    .unset("the system's");
}

heading! {
    store "[store]";
    URL: Optional<Own<DatabaseUrl>> = setting(
        "url",
        DATABASE_URL,
        "The PostgreSQL database that keeps what outlives the server, such as \
         `\"postgres://kolapp:password@db.example.com/kolapp\"`; with `?host=/run/postgresql` a Unix socket's, with \
         `?sslmode=verify-full` over TLS with a certificate that names the host.",
    )
    .unset("the file `kolapp.db` in `state_dir`")
    .restart();
}

heading! {
    http "[http]";
    LISTEN: Usually<Own<SocketAddr>> = setting(
        "listen",
        SOCKET_ADDRESS,
        "Where the pages, the API, `/healthz` and `/metrics` are served. Without a certificate that is plain HTTP, which \
         is for this machine alone, or for the `proxies` that are named.",
    )
    .or(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))
    .restart();
    CERTIFICATE: Optional<Text> = setting(
        "certificate",
        Text("path"),
        "Our certificate, and behind it those between it and its root, as `fullchain.pem` has them: with it HTTPS is \
         spoken there (TLS 1.2 and 1.3) and nothing else.",
    )
    .unset("plain HTTP");
    KEY: Optional<Text> = setting(
        "key",
        Text("path"),
        "Its key.",
    )
    .unset("");
    PROXIES: UsuallyMany<Own<Network>> = setting(
        "proxies",
        list("list of addresses and networks", PROXIES_MAX, NETWORK),
        "Proxies before the server, such as `\"127.0.0.1\"`: log-ins count by the address that the proxy writes last into \
         `X-Forwarded-For` (or into `Forwarded`, where there is no other), and what it says in `X-Forwarded-Proto` is so. \
         Nobody else is believed. Of other machines only they are answered without a certificate.",
    )
    .or(Vec::new);
}

heading! {
    rtp "[rtp]";
    ADDRESS: Usually<Own<IpAddr>> = setting(
        "address",
        REACHABLE_ADDRESS,
        "Where audio is received; phones are told this address, so it has to be one they can reach.",
    )
    .or(|| IpAddr::V4(Ipv4Addr::LOCALHOST))
    .restart();
    EXTERNAL_ADDRESS: Optional<Own<IpAddr>> = setting(
        "external_address",
        REACHABLE_ADDRESS,
        "The address that phones outside are told instead (see `local_networks`), with the same ports.",
    );
    PORTS: Usually<PortRange> = setting(
        "ports",
        PortRange,
        "Ports for audio, from 1024 up; each leg of a call takes two, and SIP's port may not lie among them.",
    )
    .or(|| 30_000..=39_999)
    .restart();
    THREADS: Usually<Whole> = setting(
        "threads",
        whole(1..=THREADS_MAX),
        "Threads that carry audio.",
    )
    .or(|| 1)
    .restart();
}

/// RFC 3261 §10.3 lets a registrar refuse only what is shorter than an hour.
const EXPIRES_MIN_MOST: Duration = HOUR;

/// Contacts of one user that may be asked for: as many phones as anybody has, each of which is rung.
pub(crate) const CONTACTS_MAX_MOST: u32 = 32;

const SERVICE_ROUTES: [(&str, ServiceRoute); 2] = [
    ("none", ServiceRoute::Any),
    ("this-server", ServiceRoute::ThisServer),
];

pub(crate) const BEYOND: [(&str, Beyond); 2] = [
    ("replace-oldest", Beyond::ReplaceOldest),
    ("refuse", Beyond::Refuse),
];

heading! {
    registrations "[registrations]";
    EXPIRES_MIN: Usually<Span> = setting(
        "expires_min",
        span(SECOND..=EXPIRES_MIN_MOST),
        "Shorter wishes are refused with 423.",
    )
    .or(|| SECOND * 60)
    .restart();
    EXPIRES_DEFAULT: Usually<Span> = setting(
        "expires_default",
        span(SECOND..=DAY),
        "For phones without a wish.",
    )
    .or(|| HOUR)
    .restart();
    EXPIRES_MAX: Usually<Span> = setting(
        "expires_max",
        span(SECOND..=DAY),
        "Longer wishes are shortened.",
    )
    .or(|| HOUR * 2)
    .restart();
    CONTACTS_MAX: Usually<Whole> = setting(
        "contacts_max",
        whole(1..=CONTACTS_MAX_MOST),
        "Devices of one user at once, unless he has a number of his own.",
    )
    .or(|| 10)
    .restart();
    CONTACTS_BEYOND: Usually<Choice<Beyond>> = setting(
        "contacts_beyond",
        Choice(&BEYOND),
        "What a device beyond them meets: the oldest gives way, or the new one is refused with 403. With \
         `contacts_max = 1` and `\"replace-oldest\"` a phone that lost its state and comes back on another \
         port replaces what it left behind.",
    )
    .or(Beyond::default)
    .restart();
    SERVICE_ROUTE: Usually<Choice<ServiceRoute>> = setting(
        "service_route",
        Choice(&SERVICE_ROUTES),
        "By which way phones are asked to send what else they have, once they are registered (Service-Route, \
         RFC 3608): as they are set up, or to the very address that they registered at. That keeps a phone at \
         one of several servers behind a name.",
    )
    .or(ServiceRoute::default);
    SOFTPHONES: UsuallyMany<Text> = setting(
        "softphones",
        list("list of texts", LIST_MAX, Text("text")),
        "What softphones call themselves in User-Agent, or a part of it; capitals don't matter. Agents may take calls on \
         their desk phones, their softphones or their browser alone (`device_desk_phone` and others of \
         `[feature_codes]`): what comes over a WebSocket is a browser, whatever else registers a desk phone.",
    )
    .or(softphones);
}

/// Calls at once that may be asked for: each takes two pairs of ports, of which an address has 32,000.
const CALLS_MAX_MOST: u32 = 1_000_000;

/// A bound on calls at once.
const CALLS: Whole = whole(1..=CALLS_MAX_MOST);

heading! {
    limits "[limits]";
    CALLS_MAX: Usually<Whole> = setting(
        "calls_max",
        CALLS,
        "Calls at once; beyond them a caller gets 503 with Retry-After.",
    )
    .or(|| Limits::default().calls_max);
    CALLS_PER_USER: Usually<Whole> = setting(
        "calls_per_user",
        CALLS,
        "Calls that a user may have started at once; beyond them he gets 503 with Retry-After.",
    )
    .or(|| Limits::default().calls_per_user);
    EARLY_CALLS_PER_USER: Usually<Whole> = setting(
        "early_calls_per_user",
        CALLS,
        "Of those, not answered yet.",
    )
    .or(|| Limits::default().early_calls_per_user);
    EARLY_CALLS_PER_TRUNK: Usually<Whole> = setting(
        "early_calls_per_trunk",
        CALLS,
        "Calls of a trunk that are not answered yet, those included that wait in a queue with `answer = \
         \"when-agent-answers\"`.",
    )
    .or(|| Limits::default().early_calls_per_trunk);
    REQUESTS_PER_SOURCE: Usually<PerSecond> = setting(
        "requests_per_source",
        PerSecond,
        "Messages a second from an address (of IPv6, its first 64 bits) that nobody has proven himself from. \
         What is beyond is dropped unread; over a connection it gets 503, and the connection ends.",
    )
    .or(|| Limits::default().requests_per_source);
    REQUESTS_PER_PEER: Usually<PerSecond> = setting(
        "requests_per_peer",
        PerSecond,
        "Messages a second from one address and port, a phone's or a carrier's, that has proven who it is: by \
         a password, as a trunk, or by answering us.",
    )
    .or(|| Limits::default().requests_per_peer);
    INVITES_PER_USER: Usually<PerSecond> = setting(
        "invites_per_user",
        PerSecond,
        "Calls a second that a user may start.",
    )
    .or(|| Limits::default().invites_per_user);
    REGISTERS_PER_USER: Usually<PerSecond> = setting(
        "registers_per_user",
        PerSecond,
        "Registrations a second of a user, all his devices together.",
    )
    .or(|| Limits::default().registers_per_user);
    SUBSCRIBES_PER_USER: Usually<PerSecond> = setting(
        "subscribes_per_user",
        PerSecond,
        "Subscriptions a second of a user: a phone sends one for each of its keys when it starts.",
    )
    .or(|| Limits::default().subscribes_per_user);
    MESSAGES_PER_USER: Usually<PerSecond> = setting(
        "messages_per_user",
        PerSecond,
        "Other requests a second of a user.",
    )
    .or(|| Limits::default().messages_per_user);
    INVITES_PER_TRUNK: Usually<PerSecond> = setting(
        "invites_per_trunk",
        PerSecond,
        "Calls a second that a trunk may start.",
    )
    .or(|| Limits::default().invites_per_trunk);
    LOOPBACK: Usually<Boolean> = setting(
        "loopback",
        Boolean,
        "Whether addresses of this machine itself (127.0.0.0/8, ::1) are held to `requests_per_source` and \
         `requests_per_peer` too.",
    )
    .or(|| false);
}

/// Addresses never banned and scanners' names at most: each is compared with in turn.
const LIST_MAX: usize = 256;

/// Most offences before a ban: more would let a scanner try a list of common passwords.
const OFFENCES_MOST: u32 = 1_000;

fn softphones() -> Vec<String> {
    phone_kind::SOFTPHONES.map(String::from).into()
}

fn scanners() -> Vec<String> {
    let usual = BanSettings::default().user_agents;
    usual.into_iter().map(String::from).collect()
}

heading! {
    bans "[bans]";
    OFFENCES: Usually<Whole> = setting(
        "offences",
        whole(1..=OFFENCES_MOST),
        "How many wrong answers or names lead to a ban. The same name counts once.",
    )
    .or(|| BanSettings::default().rules.offences);
    WITHIN: Usually<Span> = setting(
        "within",
        span(SECOND..=DAY),
        "In which time.",
    )
    .or(|| BanSettings::default().rules.within);
    FIRST: Usually<Span> = setting(
        "first",
        span(SECOND..=DAY),
        "How long the first ban lasts.",
    )
    .or(|| BanSettings::default().rules.first);
    LONGEST: Usually<Span> = setting(
        "longest",
        span(SECOND..=Duration::from_secs(30 * 86_400)),
        "How long one lasts at most. An address that behaves for that long starts at `first` again.",
    )
    .or(|| BanSettings::default().rules.longest);
    NEVER: UsuallyMany<Own<Network>> = setting(
        "never",
        list("list of addresses", LIST_MAX, NETWORK),
        "Who is never banned, such as `[\"192.0.2.0/24\", \"2001:db8::/32\"]`. Sources of trunks never are.",
    )
    .or(|| BanSettings::default().never);
    USER_AGENTS: UsuallyMany<Text> = setting(
        "user_agents",
        list("list of texts", LIST_MAX, Text("text")),
        "What scanners call themselves in User-Agent, or a part of it; capitals don't matter.",
    )
    .or(scanners);
    LOOPBACK: Usually<Boolean> = setting(
        "loopback",
        Boolean,
        "Whether addresses of this machine itself may be banned.",
    )
    .or(|| false);
}

heading! {
    prompts "[prompts]";
    FOLDER: Usually<Text> = setting(
        "folder",
        Text("path"),
        "Holds a folder for each language (`sv`, `en`) and `music`. `sv/queue-welcome.wav` in it is the \
         prompt `sv/queue-welcome`.",
    )
    .or(|| "../prompts".into());
}
