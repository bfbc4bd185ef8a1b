//! How an organisation is reached: public numbers, trunks and feature codes.

use crate::address;
use crate::problems::{Problem, quoted};
use crate::scope::{Dialled, Scope, Shared, bad_name, known};
use crate::section::{Context, Section};
use crate::source::Place;
use crate::tree::Node;
use crate::value;
use base::{QueueId, TrunkId, UserId};
use call::settings::{Destination, FeatureCode, FeaturePrompts, Trunk};
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};

/// Addresses a trunk comes from, at most: a provider's blocks are few.
const SOURCES_MAX: usize = 64;

pub(crate) fn read_numbers(
    top: &mut Section<'_>,
    scope: &Scope<'_>,
    shared: &mut Shared,
    context: &mut Context<'_>,
) -> BTreeMap<Box<str>, Destination> {
    let mut numbers = BTreeMap::new();
    for (number, place, node) in top.named("numbers", context) {
        if !address::is_public_number(number) {
            let problem = format!("expected a public number in full, got {}", quoted(number));
            let mend = "write plus, country code and number, in quotes: \"+46850001000\"";
            context.add(Problem::new(place, problem).mend(mend));
        } else if let Some(first) = shared.numbers.insert(number.into(), place) {
            let problem = format!("number {number} is another organisation's too");
            let problem = Problem::new(place, problem)
                .mend("a number leads to one place: remove one of them")
                .see(first, "the other is here");
            context.add(problem);
        }
        if let Some(destination) = read_destination(number, node, scope, context) {
            numbers.insert(number.into(), destination);
        }
    }
    numbers
}

fn read_destination(
    number: &str,
    node: &Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Destination> {
    let mend = format!("write \"{number}\" = {{ queue = \"…\" }} or {{ user = \"…\" }}");
    let Ok(mut section) = Section::of(format!("number {number}"), node) else {
        let problem = format!(
            "expected where number {number} leads, got {}",
            node.value.described()
        );
        context.add(Problem::new(node.place, problem).mend(mend));
        return None;
    };
    let queue = section.take("queue", value::text, context);
    let user = section.take("user", value::text, context);
    let place = section.place();
    let said = usize::from(section.has("queue")) + usize::from(section.has("user"));
    section.finish(context);
    if said != 1 {
        let problem = format!("number {number} should lead to one queue or one user");
        context.add(Problem::new(place, problem).mend(mend));
        return None;
    }
    if let Some(queue) = queue {
        let known = known(&queue, "queue", &scope.queues, context)?;
        return QueueId::new(scope.org, known).ok().map(Destination::Queue);
    }
    let user = user?;
    let known = known(&user, "user", &scope.users, context)?;
    UserId::new(scope.org, known).ok().map(Destination::User)
}

pub(crate) fn read_trunks(
    top: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<TrunkId, Trunk> {
    let mut trunks = BTreeMap::new();
    for (name, place, node) in top.named("trunks", context) {
        let id = TrunkId::new(scope.org, name)
            .map_err(|error| context.add(bad_name(place, "trunk", &error)))
            .ok();
        let Some(mut section) = context.told(Section::of(format!("trunk `{name}`"), node)) else {
            continue;
        };
        let mend = "name where its calls come from: sources = [\"192.0.2.0/24\"]";
        let reader = value::list(SOURCES_MAX, address::network);
        let sources = section.require("sources", mend, reader, context);
        section.finish(context);
        let (Some(id), Some(sources)) = (id, sources) else {
            continue;
        };
        if sources.value.is_empty() {
            let problem = format!("trunk `{name}` has no address to come from");
            context.add(Problem::new(sources.place, problem).mend(mend));
        }
        for source in &sources.value {
            if source.value.to_string().ends_with("/0") {
                let problem = "calls from any address on the internet come in without credentials";
                let mend = "name the provider's own addresses";
                context.warn(Problem::new(source.place, problem).mend(mend));
            }
        }
        let sources = sources.value.into_iter().map(|at| at.value).collect();
        trunks.insert(id, Trunk { sources });
    }
    trunks
}

/// Each feature code's setting, what it does, and what is said after it.
const FEATURES: [(&str, FeatureCode); 4] = [
    ("log_in", FeatureCode::LogIn),
    ("log_out", FeatureCode::LogOut),
    ("pause", FeatureCode::Pause),
    ("resume", FeatureCode::Resume),
];

pub(crate) fn read_feature_codes(
    top: &mut Section<'_>,
    start: Place,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> (BTreeMap<Box<str>, FeatureCode>, FeaturePrompts) {
    let mut codes = BTreeMap::new();
    let section = top.section("feature_codes", "[feature_codes]", context);
    let place = section.as_ref().map_or(start, Section::place);
    if let Some(mut section) = section {
        for (key, feature) in FEATURES {
            if let Some(code) = section.take(key, address::feature_code, context) {
                dialled.take(&code, &format!("feature code `{key}`"), context);
                codes.insert(code.value, feature);
            }
        }
        section.finish(context);
    }
    // What a code says is only needed where there is one; otherwise the name stands unheard.
    let mut prompt = |name: &str| match scope.prompt_at(name, scope.language, place) {
        Ok(id) => id,
        Err(problem) => {
            if !codes.is_empty() {
                context.add(problem);
            }
            PromptId::new(&format!("{}/{name}", scope.language.folder()))
        }
    };
    let prompts = FeaturePrompts {
        logged_in: prompt("agent-logged-in"),
        logged_out: prompt("agent-logged-out"),
        paused: prompt("agent-paused"),
        resumed: prompt("agent-resumed"),
        refused: prompt("agent-refused"),
    };
    (codes, prompts)
}

pub(crate) fn warn_of_unreachable(
    places: &BTreeMap<QueueId, Place>,
    extensions: &BTreeMap<Box<str>, Destination>,
    numbers: &BTreeMap<Box<str>, Destination>,
    context: &mut Context<'_>,
) {
    let reached: BTreeSet<&QueueId> = extensions
        .values()
        .chain(numbers.values())
        .filter_map(|destination| match destination {
            Destination::Queue(queue) => Some(queue),
            Destination::User(_) => None,
        })
        .collect();
    for (queue, place) in places.iter().filter(|(queue, _)| !reached.contains(queue)) {
        let problem = format!(
            "nobody can call queue `{}`: it has neither extension nor number",
            queue.name()
        );
        let mend = format!(
            "give it an `extension`, or a number under [numbers]: {{ queue = \"{}\" }}",
            queue.name()
        );
        context.warn(Problem::new(*place, problem).mend(mend));
    }
}
