//! How an organisation is reached: public numbers and feature codes.

use crate::address;
use crate::destination;
use crate::graph::{Node, Places};
use crate::kinds::{Own, form};
use crate::problems::{Problem, quoted};
use crate::scope::{Dialled, Scope, Shared, known};
use crate::section::{Context, Reading, Section};
use crate::setting::{Declared, Optional};
use crate::settings::{feature_codes, number, organisation_files, route};
use crate::source::Place;
use crate::tree;
use crate::value;
use base::HoursId;
use call::settings::{
    AgentPrompts, CallerPattern, FeatureCode, FeaturePrompts, ListPrompts, Number, Route,
};
use media_core::PromptId;
use std::collections::BTreeMap;

/// Says that a caller shows no number.
const WITHHELD: &str = "withheld";

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
        if let Some(read) = read_number(number, node, scope, context) {
            numbers.insert(number.into(), read);
        }
    }
    numbers
}

fn read_number(
    number: &str,
    node: &tree::Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Number> {
    let what = format!("number {number}");
    let Ok(mut section) = Section::of(&*what, node, &number::HEADING) else {
        let problem = format!(
            "expected where {what} leads, got {}",
            node.value.described()
        );
        context.add(Problem::new(node.place, problem).mend(destination::MEND));
        return None;
    };
    let routes = section.node(&number::ROUTES);
    let otherwise = destination::among(&mut section, scope, context);
    section.finish(context);
    let routes = routes.map_or(Vec::new(), |node| read_routes(&what, node, scope, context));
    otherwise.map(|otherwise| Number { routes, otherwise })
}

fn read_routes(
    what: &str,
    node: &tree::Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Vec<Route> {
    let mend = "write routes = [{ closed = \"office\", message = \"closed\" }]";
    let items = match &node.value {
        tree::Value::List(items) if items.len() <= number::ROUTES.kind.max => items,
        tree::Value::List(items) => {
            let max = number::ROUTES.kind.max;
            let problem = format!("expected at most {max} routes, got {}", items.len());
            context
                .add(Problem::new(node.place, problem).mend("put several callers in one `from`"));
            return Vec::new();
        }
        other => {
            let problem = format!("expected a list of routes, got {}", other.described());
            context.add(Problem::new(node.place, problem).mend(mend));
            return Vec::new();
        }
    };
    let read = |item| read_route(format!("a route of {what}"), item, scope, context);
    items.iter().filter_map(read).collect()
}

fn read_route(
    what: String,
    node: &tree::Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Route> {
    let mut section = context.told(Section::of(what, node, &route::HEADING))?;
    let mut hours = |setting| {
        let name = section.take(setting, context)?;
        let known = known(&name, "hours", &scope.hours, context)?;
        HoursId::new(scope.org, known).ok()
    };
    let (open, closed) = (hours(&route::OPEN), hours(&route::CLOSED));
    let from = section.take(&route::FROM, context);
    let conditions: [&dyn Declared; 3] = [&route::OPEN, &route::CLOSED, &route::FROM];
    if !conditions.iter().any(|it| section.has(*it)) {
        let problem = format!("{} says nothing of when it holds", section.what());
        let mend =
            "write `open`, `closed` or `from` in it; what always holds stands beside `routes`";
        context.add(Problem::new(section.place(), problem).mend(mend));
    }
    let to = destination::among(&mut section, scope, context);
    section.finish(context);
    let from = from.map_or(Vec::new(), |at| at.value);
    Some(Route {
        open,
        closed,
        from: from.into_iter().map(|at| at.value).collect(),
        to: to?,
    })
}

/// Callers that a route is for.
pub(crate) const CALLER: Own<CallerPattern> = Own {
    words: "caller",
    schema: || form(&format!(r"^(\+?[0-9]{{1,15}}\*?|{WITHHELD})$")),
    read: caller,
};

/// A number, the start of one with `*` behind it, or `withheld`.
fn caller(node: &tree::Node) -> Reading<CallerPattern> {
    let expected = "a caller, such as \"+46701234567\", \"+4670*\" or \"withheld\"";
    let text = value::str_of(node, expected, "+46701234567")?;
    if text == WITHHELD {
        return Ok(CallerPattern::Withheld);
    }
    let (digits, is_prefix) = match text.strip_suffix('*') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let bare = digits.strip_prefix('+').unwrap_or(digits);
    let fine = (1..=15).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit());
    if !fine {
        return value::wrong(node, expected, "write digits, with plus and country code");
    }
    Ok(match is_prefix {
        true => CallerPattern::Prefix(digits.into()),
        false => CallerPattern::Number(digits.into()),
    })
}

/// Each feature code's setting, what it does, and what is said after it.
const FEATURES: [(Optional<Own<Box<str>>>, FeatureCode); 28] = [
    (feature_codes::LOG_IN, FeatureCode::LogIn),
    (feature_codes::LOG_OUT, FeatureCode::LogOut),
    (feature_codes::PAUSE, FeatureCode::Pause),
    (feature_codes::RESUME, FeatureCode::Resume),
    (
        feature_codes::DO_NOT_DISTURB_ON,
        FeatureCode::DoNotDisturbOn,
    ),
    (
        feature_codes::DO_NOT_DISTURB_OFF,
        FeatureCode::DoNotDisturbOff,
    ),
    (feature_codes::FORWARD_ALWAYS, FeatureCode::ForwardAlways),
    (feature_codes::FORWARD_BUSY, FeatureCode::ForwardBusy),
    (
        feature_codes::FORWARD_NO_ANSWER,
        FeatureCode::ForwardNoAnswer,
    ),
    (
        feature_codes::FORWARD_UNREACHABLE,
        FeatureCode::ForwardUnreachable,
    ),
    (feature_codes::FORWARD_OFF, FeatureCode::ForwardOff),
    (feature_codes::PICK_UP, FeatureCode::PickUp),
    (feature_codes::INTERCOM, FeatureCode::Intercom),
    (feature_codes::WRAP_UP_END, FeatureCode::EndWrapUp),
    (feature_codes::WRAP_UP_EXTEND, FeatureCode::ExtendWrapUp),
    (feature_codes::AGENT_STATUS, FeatureCode::AgentStatus),
    (feature_codes::DEVICE_PHONE, FeatureCode::DevicePhone),
    (feature_codes::DEVICE_MOBILE, FeatureCode::DeviceMobile),
    (feature_codes::DEVICE_BOTH, FeatureCode::DeviceBoth),
    (
        feature_codes::DEVICE_DESK_PHONE,
        FeatureCode::DeviceDeskPhone,
    ),
    (
        feature_codes::DEVICE_SOFTPHONE,
        FeatureCode::DeviceSoftphone,
    ),
    (feature_codes::DEVICE_BROWSER, FeatureCode::DeviceBrowser),
    (feature_codes::RECORD_PROMPT, FeatureCode::RecordPrompt),
    (feature_codes::LISTEN_TO_PROMPT, FeatureCode::ListenToPrompt),
    (feature_codes::QUICK_CLOSE, FeatureCode::QuickClose),
    (feature_codes::LIST_LOG_IN, FeatureCode::ListLogIn),
    (feature_codes::LIST_LOG_OUT, FeatureCode::ListLogOut),
    (feature_codes::LIST_NEXT, FeatureCode::ListNext),
];

/// The codes after which is said whether one's phones ring.
const ABOUT_RINGING: [FeatureCode; 2] = [FeatureCode::DoNotDisturbOn, FeatureCode::DoNotDisturbOff];

/// The codes after which is said whether one's calls go elsewhere.
const ABOUT_FORWARDS: [FeatureCode; 5] = [
    FeatureCode::ForwardAlways,
    FeatureCode::ForwardBusy,
    FeatureCode::ForwardNoAnswer,
    FeatureCode::ForwardUnreachable,
    FeatureCode::ForwardOff,
];

/// The codes after which is said how he stands to callback lists.
const ABOUT_LISTS: [FeatureCode; 3] = [
    FeatureCode::ListLogIn,
    FeatureCode::ListLogOut,
    FeatureCode::ListNext,
];

/// The codes after which an agent hears more of his state than that it has changed.
const ABOUT_STATE: [FeatureCode; 9] = [
    FeatureCode::EndWrapUp,
    FeatureCode::ExtendWrapUp,
    FeatureCode::AgentStatus,
    FeatureCode::DevicePhone,
    FeatureCode::DeviceMobile,
    FeatureCode::DeviceBoth,
    FeatureCode::DeviceDeskPhone,
    FeatureCode::DeviceSoftphone,
    FeatureCode::DeviceBrowser,
];

pub(crate) fn read_feature_codes(
    top: &mut Section<'_>,
    start: Place,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> (BTreeMap<Box<str>, FeatureCode>, FeaturePrompts) {
    let mut codes = BTreeMap::new();
    let section = top.headed(&organisation_files::FEATURE_CODES, context);
    let place = section.as_ref().map_or(start, Section::place);
    if let Some(mut section) = section {
        for (setting, feature) in FEATURES {
            if let Some(code) = section.take(&setting, context) {
                dialled.take(&code, &format!("feature code `{}`", setting.key), context);
                codes.insert(code.value, feature);
            }
        }
        section.finish(context);
    }
    // What a code says is only needed where there is one; otherwise the name stands unheard.
    let any = !codes.is_empty();
    let has = |some: &[FeatureCode]| codes.values().any(|code| some.contains(code));
    let has_reasons = has(&[FeatureCode::Pause]) && top.has(&organisation_files::PAUSE_REASONS);
    let mut prompt =
        |name: &str, is_needed: bool| match scope.prompt_at(name, scope.language, place) {
            Ok(id) => id,
            Err(problem) => {
                if is_needed {
                    context.add(problem);
                }
                PromptId::new(&format!("{}/{name}", scope.language.folder()))
            }
        };
    let prompts = FeaturePrompts {
        logged_in: prompt("agent-logged-in", any),
        logged_out: prompt("agent-logged-out", any),
        paused: prompt("agent-paused", any),
        resumed: prompt("agent-resumed", any),
        refused: prompt("agent-refused", any),
        do_not_disturb_on: prompt("do-not-disturb-on", has(&ABOUT_RINGING)),
        do_not_disturb_off: prompt("do-not-disturb-off", has(&ABOUT_RINGING)),
        forwarded: prompt("calls-forwarded", has(&ABOUT_FORWARDS)),
        not_forwarded: prompt("calls-not-forwarded", has(&ABOUT_FORWARDS)),
        lists: ListPrompts::named(|name| prompt(name, has(&ABOUT_LISTS))),
        agent: AgentPrompts::named(scope.language, |name| {
            let is_refusal = name == AgentPrompts::NO_SUCH_REASON;
            let is_of_log_in = name == AgentPrompts::NO_LICENCE && has(&[FeatureCode::LogIn]);
            prompt(
                name,
                has(&ABOUT_STATE) || has_reasons && is_refusal || is_of_log_in,
            )
        }),
    };
    (codes, prompts)
}
