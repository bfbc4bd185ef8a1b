//! The settings of trunks.

use super::organisation::BOUND;
use crate::address::{DOMAIN, NETWORK, PEER, PUBLIC_NUMBER, Peer};
use crate::kinds::{
    Boolean, Choice, Hash, List, Own, Span, Text, Whole, Within, list, span, whole,
};
use crate::setting::{Optional, Required, Usually, heading, setting};
use call::diverted::Told;
use call::identity::CalledNumber;
use call::outward::NumberFormat;
use call::settings::Network;
use call::upkeep::ContactShown;
use sip_core::Transport;
use sip_core::digest::Algorithm;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Addresses a trunk comes from, at most: a provider's blocks are few.
const SOURCES_MAX: usize = 64;

/// Priorities and weights, as SRV records have them (RFC 2782), and where a trunk names none.
const PRIORITIES: RangeInclusive<u32> = 0..=1_000;
const PRIORITY_USUAL: u32 = 10;
const WEIGHTS: RangeInclusive<u32> = 0..=1_000;
const WEIGHT_USUAL: u32 = 10;

const NUMBER_FORMATS: [(&str, NumberFormat); 3] = [
    ("plus", NumberFormat::Plus),
    ("digits", NumberFormat::Digits),
    ("national", NumberFormat::National),
];

const DIVERSIONS: [(&str, Told); 4] = [
    ("none", Told::Not),
    ("diversion", Told::Diversion),
    ("history-info", Told::History),
    ("both", Told::Both),
];

const CALLED_NUMBERS: [(&str, CalledNumber); 3] = [
    ("request-uri", CalledNumber::RequestUri),
    ("to", CalledNumber::To),
    ("p-called-party-id", CalledNumber::CalledParty),
];

/// How a provider is reached, where that is said.
pub(crate) const TRANSPORTS: [(&str, Transport); 3] = [
    ("udp", Transport::Udp),
    ("tcp", Transport::Tcp),
    ("tls", Transport::Tls),
];

/// How often a trunk may be probed: a provider takes more often for an attack, and seldomer says too little.
const PROBE_EVERY: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(3_600);

heading! {
    trunk "[trunks.<name>]";
    SOURCES: Optional<List<Own<Network>>> = setting(
        "sources",
        list("list of addresses", SOURCES_MAX, NETWORK),
        "Calls to the organisation's public numbers come in from these without credentials: \
         `[\"192.0.2.0/24\", \"2001:db8::5\"]`.",
    );
    ADDRESS: Optional<Own<Peer>> = setting(
        "address",
        PEER,
        "Where calls out are sent, with a port if the provider names one: `\"192.0.2.10\"`, \
         `\"192.0.2.10:5070\"`, `\"sip.provider.example\"`. A name without a port is looked up by RFC 3263: \
         NAPTR, SRV and addresses, several in their order.",
    );
    TRANSPORT: Optional<Choice<Transport>> = setting(
        "transport",
        Choice(&TRANSPORTS),
        "How calls out are sent; `[sip]` has to listen for it.",
    )
    .unset("see below");
    DOMAIN: Optional<Own<Box<str>>> = setting(
        "domain",
        super::DOMAIN,
        "What stands in the addresses of requests, where the provider wants its name there.",
    )
    .unset("`address`");
    USERNAME: Optional<Text> = setting(
        "username",
        Text("text"),
        "Who we are to the provider.",
    );
    PASSWORD: Optional<Text> = setting(
        "password",
        Text("text"),
        "What its challenges are answered with, by MD5 or SHA-256.",
    );
    REALM: Optional<Text> = setting(
        "realm",
        Text("text"),
        "The only realm whose challenges are answered, whoever asks. One that is not is in the log, with the \
         realm that was named.",
    )
    .unset("`domain`");
    TRUSTED: Usually<Boolean> = setting(
        "trusted",
        Boolean,
        "Whether the provider's word on who calls is believed, and it is told ours: see [Who calls \
         whom](#who-calls-whom).",
    )
    .or(|| false);
    DIVERSION: Usually<Choice<Told>> = setting(
        "diversion",
        Choice(&DIVERSIONS),
        "How the provider is told from which number of yours a call was sent on to it: by `Diversion` (RFC \
         5806), by `History-Info` (RFC 7044), or both.",
    )
    .or(Told::default);
    CALLED_NUMBER: Usually<Choice<CalledNumber>> = setting(
        "called_number",
        Choice(&CALLED_NUMBERS),
        "Where the provider puts the number that was called. One that registers to an account often has the \
         account in the Request-URI. The number may be written in full, with or without its plus, or as it is \
         dialled within the country.",
    )
    .or(CalledNumber::default);
    NUMBER_FORMAT: Usually<Choice<NumberFormat>> = setting(
        "number_format",
        Choice(&NUMBER_FORMATS),
        "How the provider wants numbers: `+46701234567`, `46701234567`, or `0701234567` and `00…`.",
    )
    .or(NumberFormat::default);
    PRIORITY: Usually<Whole> = setting(
        "priority",
        whole(PRIORITIES),
        "Trunks are tried in this order, lowest first.",
    )
    .or(|| PRIORITY_USUAL);
    WEIGHT: Usually<Whole> = setting(
        "weight",
        whole(WEIGHTS),
        "Share of the calls among trunks of one priority.",
    )
    .or(|| WEIGHT_USUAL);
    CHANNELS: Optional<Whole> = setting(
        "channels",
        BOUND,
        "Calls at once over it, in and out together. A call out beyond them goes to the next trunk, or is \
         refused with 503; a caller beyond them is told busy (486).",
    );
    PROBE: Optional<Span> = setting(
        "probe",
        span(PROBE_EVERY),
        "How often `address` is asked by OPTIONS whether it is there. Any answer but 503 and 408 says so.",
    );
    REGISTER: Optional<Within> = setting(
        "register",
        Within(&register::HEADING),
        "The trunk registers, see below.",
    );
    INBOUND: Optional<Within> = setting(
        "inbound",
        Within(&inbound::HEADING),
        "Calls come in with credentials, see below.",
    );
}

heading! {
    inbound "[trunks.<name>.inbound]";
    USERNAME: Required<Text> = setting(
        "username",
        Text("text"),
        "The account's name: no user's, and no other trunk's.",
    )
    .needed("name the account that its calls come with: username = \"exchange\"");
    HA1_MD5: Required<Hash> = setting(
        "ha1_md5",
        Hash(Algorithm::Md5),
        "What `kolapp secret NAME@DOMAIN` prints for its password.",
    )
    .needed("run kolapp secret, and write the two lines that it prints here");
    HA1_SHA256: Required<Hash> = setting(
        "ha1_sha256",
        Hash(Algorithm::Sha256),
        "The same.",
    )
    .needed("run kolapp secret, and write the two lines that it prints here");
}

/// Registrars of one trunk at most: a provider has two, for its servers have many addresses each.
const REGISTRARS_MAX: usize = 4;

/// How long a registration may be asked to last.
const EXPIRES_RANGE: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(86_400);
const EXPIRES_USUAL: Duration = Duration::from_secs(600);

/// What our Contact at a registrar says, in words.
const CONTACTS: [(&str, ContactShown); 2] = [
    ("as-seen", ContactShown::AsSeen),
    ("own", ContactShown::Own),
];

heading! {
    register "[trunks.<name>.register]";
    REGISTRARS: Optional<List<Own<Peer>>> = setting(
        "registrars",
        list("list of addresses", REGISTRARS_MAX, PEER),
        "Where we register, at most 4: the next one when one says nothing for eight seconds, or 503, 500, \
         502, 504 or 408. The one that took us is kept until it fails.",
    )
    .unset("`address`");
    USER: Optional<Text> = setting(
        "user",
        Text("text"),
        "Whom we register, at `domain`.",
    )
    .unset("`username`");
    EXPIRES: Usually<Span> = setting(
        "expires",
        span(EXPIRES_RANGE),
        "How long we ask it to last. What the provider grants counts, and if it wants longer, so do we. It is \
         refreshed past the half.",
    )
    .or(|| EXPIRES_USUAL);
    CONTACT: Usually<Choice<ContactShown>> = setting(
        "contact",
        Choice(&CONTACTS),
        "What the provider is told our address is, over UDP: the one that it says it sees us at, where we are \
         behind an address translator and no `external_address` is set; or always our own.",
    )
    .or(ContactShown::default);
    NUMBER: Optional<Own<Box<str>>> = setting(
        "number",
        PUBLIC_NUMBER,
        "The organisation's number that calls are for where neither Request-URI nor To names one.",
    );
}
