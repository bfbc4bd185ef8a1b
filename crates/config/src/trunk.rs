//! `[trunks.<name>]`: where calls come in from, and where calls out are sent and as whom.

use crate::address;
use crate::inbound;
use crate::keep;
use crate::outward;
use crate::problems::Problem;
use crate::scope::{Scope, Shared, bad_name};
use crate::section::{At, Context, Section};
use crate::value;
use base::TrunkId;
use call::diverted::Told;
use call::identity::{CalledNumber, Identity, Trust};
use call::outward::NumberFormat;
use call::settings::{Network, Trunk};
use call::trunk::{Account, Outward};
use sip_core::{Host, Transport, Uri};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Addresses a trunk comes from, at most: a provider's blocks are few.
const SOURCES_MAX: usize = 64;

/// Priorities and weights, as SRV records have them (RFC 2782), and where a trunk names none.
const PRIORITIES: RangeInclusive<u32> = 0..=1_000;
const PRIORITY: u16 = 10;
const WEIGHTS: RangeInclusive<u32> = 0..=1_000;
const WEIGHT: u16 = 10;

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
const TRANSPORTS: [(&str, Transport); 3] = [
    ("udp", Transport::Udp),
    ("tcp", Transport::Tcp),
    ("tls", Transport::Tls),
];

pub(crate) fn read(
    top: &mut Section<'_>,
    scope: &Scope<'_>,
    shared: &Shared,
    context: &mut Context<'_>,
) -> BTreeMap<TrunkId, Trunk> {
    let mut trunks = BTreeMap::new();
    let mut taken = inbound::Taken::new();
    for (name, place, node) in top.named("trunks", context) {
        let id = TrunkId::new(scope.org, name)
            .map_err(|error| context.add(bad_name(place, "trunk", &error)))
            .ok();
        let Some(mut section) = context.told(Section::of(format!("trunk `{name}`"), node)) else {
            continue;
        };
        let sources = read_sources(name, &mut section, context);
        let identity = read_identity(&mut section, context);
        let outward = read_outward(&mut section, (scope, shared), context);
        let channels = section.take("channels", outward::most(), context);
        let inbound = inbound::read(name, &mut section, scope, &mut taken, context);
        let leads_somewhere = ["sources", "inbound", "address"]
            .iter()
            .any(|key| section.has(key));
        section.finish(context);
        if !leads_somewhere {
            let problem = format!("trunk `{name}` has neither `sources`, `inbound` nor `address`");
            let mend = "name where its calls come from: sources = [\"192.0.2.0/24\"], \
                        or where calls are sent: address = \"192.0.2.10\"";
            context.add(Problem::new(place, problem).mend(mend));
        }
        if let Some(id) = id {
            let channels = channels.map(|at| at.value);
            let trunk = Trunk {
                sources,
                outward,
                channels,
                identity,
                inbound,
            };
            trunks.insert(id, trunk);
        }
    }
    trunks
}

fn read_sources(name: &str, section: &mut Section<'_>, context: &mut Context<'_>) -> Vec<Network> {
    let reader = value::list(SOURCES_MAX, address::network);
    let Some(sources) = section.take("sources", reader, context) else {
        return Vec::new();
    };
    if sources.value.is_empty() {
        let problem = format!("trunk `{name}` has no address to come from");
        let mend = "name where its calls come from: sources = [\"192.0.2.0/24\"]";
        context.add(Problem::new(sources.place, problem).mend(mend));
    }
    for source in &sources.value {
        if source.value.to_string().ends_with("/0") {
            let problem = "calls from any address on the internet come in without credentials";
            let mend = "name the provider's own addresses";
            context.warn(Problem::new(source.place, problem).mend(mend));
        }
    }
    sources.value.into_iter().map(|at| at.value).collect()
}

/// Whether the provider is believed, and believes us.
fn read_identity(section: &mut Section<'_>, context: &mut Context<'_>) -> Identity {
    let trusted = section.take("trusted", value::boolean, context);
    let called_number = section.take("called_number", value::choice(&CALLED_NUMBERS), context);
    let diversion = section.take("diversion", value::choice(&DIVERSIONS), context);
    Identity {
        trust: match trusted.is_some_and(|at| at.value) {
            true => Trust::Yes,
            false => Trust::No,
        },
        called_number: called_number.map_or(CalledNumber::default(), |at| at.value),
        diversion: diversion.map_or(Told::default(), |at| at.value),
    }
}

fn read_outward(
    section: &mut Section<'_>,
    (scope, shared): (&Scope<'_>, &Shared),
    context: &mut Context<'_>,
) -> Option<Outward> {
    let address = section.take("address", address::peer, context);
    let transport = section.take("transport", value::choice(&TRANSPORTS), context);
    let domain = section.take("domain", address::domain, context);
    let username = section.take("username", value::text, context);
    let password = section.take("password", value::text, context);
    let realm = section.take("realm", value::text, context);
    let number_format = section.take("number_format", value::choice(&NUMBER_FORMATS), context);
    let priority = section.take("priority", value::whole(PRIORITIES), context);
    let weight = section.take("weight", value::whole(WEIGHTS), context);
    let keep = keep::read(section, scope, context);
    if !section.has("address") {
        for only_outward in [
            "transport",
            "domain",
            "username",
            "priority",
            "weight",
            "number_format",
            "probe",
            "register",
        ] {
            if section.has(only_outward) {
                let problem = format!("{} has `{only_outward}` and no `address`", section.what());
                let mend = "name where calls are sent: address = \"192.0.2.10\"";
                context.add(Problem::new(section.place(), problem).mend(mend));
                break;
            }
        }
    }
    if let Some(at) = &transport {
        require_listener(at, shared, context);
    }
    let (host, port) = address?.value;
    let domain = match domain {
        Some(domain) => Host::Name(domain.value),
        None => host.clone(),
    };
    let account = read_account(section, &domain, (username, password, realm), context);
    let number = |at: Option<At<u32>>, default| {
        at.and_then(|at| u16::try_from(at.value).ok())
            .unwrap_or(default)
    };
    let next_hop = next_hop(host, port, transport.map(|at| at.value));
    let username = account.as_ref().map(|account| &*account.username);
    let keep = keep.meant(&next_hop, username, context);
    Some(Outward {
        next_hop,
        domain,
        account,
        number_format: number_format.map_or(NumberFormat::default(), |at| at.value),
        priority: number(priority, PRIORITY),
        weight: number(weight, WEIGHT),
        keep,
    })
}

/// The URI that says where and how; RFC 3263 §4.1 finds out how, where nobody says.
fn next_hop(host: Host, port: Option<u16>, transport: Option<Transport>) -> Uri {
    let mut uri = Uri::sip(None, host, port);
    if let (Uri::Sip(sip), Some(transport)) = (&mut uri, transport) {
        let token = transport.via_token().to_ascii_lowercase();
        sip.params.set("transport", &token);
    }
    uri
}

/// A provider could not come back where nobody listens.
fn require_listener(at: &At<Transport>, shared: &Shared, context: &mut Context<'_>) {
    if !shared.transports.contains(&at.value) {
        let token = value::word_of(&TRANSPORTS, at.value);
        let problem = format!("nothing listens for SIP over {}", at.value.via_token());
        let mend = format!(
            "add it to [sip] in kolapp.toml: {token} = [\"192.0.2.10:{}\"]",
            at.value.default_port()
        );
        context.add(Problem::new(at.place, problem).mend(mend));
    }
}

type Texts = (Option<At<String>>, Option<At<String>>, Option<At<String>>);

fn read_account(
    section: &Section<'_>,
    domain: &Host,
    (username, password, realm): Texts,
    context: &mut Context<'_>,
) -> Option<Account> {
    let missing = [
        ("username", "password"),
        ("password", "username"),
        ("realm", "username"),
    ]
    .into_iter()
    .find(|(has, wants)| section.has(has) && !section.has(wants));
    if let Some((has, wants)) = missing {
        let problem = format!("{} has `{has}` and no `{wants}`", section.what());
        let mend =
            "the provider's challenges are answered with both: username = \"…\", password = \"…\"";
        context.add(Problem::new(section.place(), problem).mend(mend));
    }
    let realm = realm.map_or_else(|| domain.to_string(), |at| at.value);
    Some(Account::new(&username?.value, &realm, &password?.value))
}
