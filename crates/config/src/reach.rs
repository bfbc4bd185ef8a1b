//! How an organisation is reached: public numbers, trunks and feature codes.

use crate::address;
use crate::destination;
use crate::graph::{Node, Places};
use crate::problems::{Problem, quoted};
use crate::scope::{Dialled, Scope, Shared, bad_name};
use crate::section::{Context, Section};
use crate::source::Place;
use crate::tree;
use crate::value;
use base::TrunkId;
use call::settings::{FeatureCode, FeaturePrompts, Number, Trunk};
use media_core::PromptId;
use std::collections::BTreeMap;

/// Addresses a trunk comes from, at most: a provider's blocks are few.
const SOURCES_MAX: usize = 64;

pub(crate) fn read_numbers(
    tables: Vec<(&str, Place, &tree::Node)>,
    scope: &Scope<'_>,
    shared: &mut Shared,
    places: &mut Places,
    context: &mut Context<'_>,
) -> BTreeMap<Box<str>, Number> {
    let mut numbers = BTreeMap::new();
    for (number, place, node) in tables {
        places.insert(Node::Number(number.into()), place);
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
        let what = format!("number {number}");
        if let Some(destination) = destination::read(&what, node, scope, context) {
            numbers.insert(number.into(), Number::from(destination));
        }
    }
    numbers
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
