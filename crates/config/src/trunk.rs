//! `[trunks.<name>]`: where calls come in from, and where calls out are sent and as whom.

use crate::inbound;
use crate::keep;
use crate::problems::Problem;
use crate::scope::{Scope, Shared, bad_name};
use crate::section::{At, Context, Section};
use crate::setting::Declared;
use crate::settings::{TRANSPORTS, organisation_files, trunk};
use crate::value;
use base::TrunkId;
use call::identity::{Identity, Trust};
use call::settings::{Network, Trunk};
use call::trunk::{Account, Outward};
use sip_core::{Host, Transport, Uri};
use std::collections::BTreeMap;

/// What says something of calls out alone.
const ONLY_OUTWARD: [&dyn Declared; 8] = [
    &trunk::TRANSPORT,
    &trunk::DOMAIN,
    &trunk::USERNAME,
    &trunk::PRIORITY,
    &trunk::WEIGHT,
    &trunk::NUMBER_FORMAT,
    &trunk::PROBE,
    &trunk::REGISTER,
];

pub(crate) fn read(
    top: &mut Section<'_>,
    scope: &Scope<'_>,
    shared: &Shared,
    context: &mut Context<'_>,
) -> BTreeMap<TrunkId, Trunk> {
    let mut trunks = BTreeMap::new();
    let mut taken = inbound::Taken::new();
    for (name, place, node) in top.named(&organisation_files::TRUNKS, context) {
        let id = TrunkId::new(scope.org, name)
            .map_err(|error| context.add(bad_name(place, "trunk", &error)))
            .ok();
        let section = Section::of(format!("trunk `{name}`"), node, &trunk::HEADING);
        let Some(mut section) = context.told(section) else {
            continue;
        };
        let sources = read_sources(name, &mut section, context);
        let identity = read_identity(&mut section, context);
        let outward = read_outward(&mut section, (scope, shared), context);
        let channels = section.take(&trunk::CHANNELS, context);
        let inbound = inbound::read(name, &mut section, scope, &mut taken, context);
        let ways: [&dyn Declared; 3] = [&trunk::SOURCES, &trunk::INBOUND, &trunk::ADDRESS];
        let leads_somewhere = ways.iter().any(|way| section.has(*way));
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
    let Some(sources) = section.take(&trunk::SOURCES, context) else {
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
    Identity {
        trust: match section.value(&trunk::TRUSTED, context) {
            true => Trust::Yes,
            false => Trust::No,
        },
        called_number: section.value(&trunk::CALLED_NUMBER, context),
        diversion: section.value(&trunk::DIVERSION, context),
    }
}

fn read_outward(
    section: &mut Section<'_>,
    (scope, shared): (&Scope<'_>, &Shared),
    context: &mut Context<'_>,
) -> Option<Outward> {
    let address = section.take(&trunk::ADDRESS, context);
    let transport = section.take(&trunk::TRANSPORT, context);
    let domain = section.take(&trunk::DOMAIN, context);
    let username = section.take(&trunk::USERNAME, context);
    let password = section.take(&trunk::PASSWORD, context);
    let realm = section.take(&trunk::REALM, context);
    let number_format = section.value(&trunk::NUMBER_FORMAT, context);
    let priority = section.value(&trunk::PRIORITY, context);
    let weight = section.value(&trunk::WEIGHT, context);
    let keep = keep::read(section, scope, context);
    if !section.has(&trunk::ADDRESS) {
        let only_outward = ONLY_OUTWARD.iter().find(|only| section.has(**only));
        if let Some(only) = only_outward {
            let problem = format!("{} has `{}` and no `address`", section.what(), only.key());
            let mend = "name where calls are sent: address = \"192.0.2.10\"";
            context.add(Problem::new(section.place(), problem).mend(mend));
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
    let number = |number| u16::try_from(number).unwrap_or(u16::MAX);
    let next_hop = next_hop(host, port, transport.map(|at| at.value));
    let username = account.as_ref().map(|account| &*account.username);
    let keep = keep.meant(&next_hop, username, context);
    Some(Outward {
        next_hop,
        domain,
        account,
        number_format,
        priority: number(priority),
        weight: number(weight),
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
    let pairs: [(&dyn Declared, &dyn Declared); 3] = [
        (&trunk::USERNAME, &trunk::PASSWORD),
        (&trunk::PASSWORD, &trunk::USERNAME),
        (&trunk::REALM, &trunk::USERNAME),
    ];
    let mut pairs = pairs.into_iter();
    if let Some((has, wants)) = pairs.find(|(has, wants)| section.has(*has) && !section.has(*wants))
    {
        let (has, wants) = (has.key(), wants.key());
        let problem = format!("{} has `{has}` and no `{wants}`", section.what());
        let mend =
            "the provider's challenges are answered with both: username = \"…\", password = \"…\"";
        context.add(Problem::new(section.place(), problem).mend(mend));
    }
    let realm = realm.map_or_else(|| domain.to_string(), |at| at.value);
    Some(Account::new(&username?.value, &realm, &password?.value))
}
