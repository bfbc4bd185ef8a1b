//! `[quick_close]`: who may close queues by telephone, and which.

use crate::kinds::{Kind, Shape, form};
use crate::problems::Problem;
use crate::scope::{Scope, known};
use crate::section::{At, Context, Reading, Section};
use crate::settings::{organisation_files, quick_close};
use crate::source::Place;
use crate::tree::{Node, Value};
use acd::QueueSettings;
use base::{QueueId, UserId};
use call::closing::{ByPhone, Closable, ClosingPrompts, PIN_DIGITS_MAX, PIN_DIGITS_MIN, Pin};
use call::settings::FeatureCode;
use std::collections::{BTreeMap, BTreeSet};

/// What stands in the section.
pub(crate) struct Written {
    place: Place,
    pin: Option<Pin>,
    group: Option<At<String>>,
}

pub(crate) fn read(top: &mut Section<'_>, context: &mut Context<'_>) -> Option<Written> {
    let mut section = top.headed(&organisation_files::QUICK_CLOSE, context)?;
    let pin = section.require(&quick_close::PIN, context);
    let group = section.take(&quick_close::GROUP, context);
    let place = section.place();
    section.finish(context);
    Some(Written {
        place,
        pin: pin.map(|at| at.value),
        group,
    })
}

/// What has to be keyed.
#[derive(Clone, Copy)]
pub(crate) struct PinDigits;

impl Shape for PinDigits {
    fn words(&self) -> String {
        format!("{PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits in quotes")
    }

    fn schema(&self) -> serde_json::Value {
        form(&format!("^[0-9]{{{PIN_DIGITS_MIN},{PIN_DIGITS_MAX}}}$"))
    }
}

impl Kind for PinDigits {
    type Value = Pin;

    fn read(&self, node: &Node) -> Reading<Pin> {
        pin(node)
    }
}

/// Digits. What came is not repeated: it is a secret.
fn pin(node: &Node) -> Reading<Pin> {
    let pin = match &node.value {
        Value::Text(text) => Pin::new(text),
        _ => None,
    };
    pin.ok_or_else(|| {
        let problem = format!("expected {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits in quotes");
        let mend = "write the digits that are keyed on a telephone";
        vec![Problem::new(node.place, problem).mend(mend)]
    })
}

/// What an organisation has.
pub(crate) struct Had<'o> {
    pub(crate) codes: &'o BTreeMap<Box<str>, FeatureCode>,
    pub(crate) groups: &'o BTreeMap<Box<str>, Vec<QueueId>>,
    pub(crate) queues: &'o BTreeMap<QueueId, QueueSettings>,
}

/// What it comes to, with the code that is dialled for it.
pub(crate) fn settle(
    written: Option<Written>,
    had: &Had<'_>,
    start: Place,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<ByPhone> {
    let has_code = had.codes.values().any(|it| *it == FeatureCode::QuickClose);
    let Some(written) = written else {
        if has_code {
            let problem = "queues can be closed by `quick_close`, but by nobody: there is no PIN";
            let mend = "write [quick_close] and pin = \"…\", digits that only those know who may";
            context.add(Problem::new(start, problem).mend(mend));
        }
        return None;
    };
    if !has_code {
        let problem = "[quick_close] is for nobody: there is no code to dial for it";
        let mend = "write under [feature_codes]: quick_close = \"*19\"";
        context.warn(Problem::new(written.place, problem).mend(mend));
        return None;
    }
    let queues = match written.group {
        None => Closable::OfUser(of_users(had.queues)),
        Some(name) => {
            let names: BTreeSet<&str> = had.groups.keys().map(|name| &**name).collect();
            let name = known(&name, "queue group", &names, context)?;
            Closable::Group(had.groups.get(name)?.clone())
        }
    };
    let prompts = ClosingPrompts::named(|name| {
        let found = scope.prompt_at(name, scope.language, written.place);
        found.map_err(|problem| context.add(problem)).ok()
    });
    Some(ByPhone {
        pin: written.pin?,
        queues,
        prompts: prompts?,
        language: scope.language,
    })
}

fn of_users(queues: &BTreeMap<QueueId, QueueSettings>) -> BTreeMap<UserId, Vec<QueueId>> {
    let mut of: BTreeMap<UserId, Vec<QueueId>> = BTreeMap::new();
    for (queue, settings) in queues {
        for member in settings.members.keys() {
            of.entry(member.clone()).or_default().push(queue.clone());
        }
    }
    of
}
