//! How numbers outside are called: `[plans.<name>]`, the organisation's country and area code, and who has which plan
//! and shows which number.

use crate::address;
use crate::problems::{Problem, quoted};
use crate::scope::bad_name;
use crate::section::{At, Context, Reading, Section};
use crate::source::Place;
use crate::tree::Node;
use crate::value::{self, str_of, wrong};
use base::OrgId;
use call::ledger::Bounds;
use call::outward::{CallerId, Class, Numbering, Plan, Redirects, Rights};
use call::settings::Number;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Numbers that may be shown beside an organisation's own, at most.
const SHOWN_MAX: usize = 1_000;

/// Numbers that a user's phone may choose among, at most: one each of those it has lines for.
const PICKED_MAX: usize = 16;
/// What calls, channels and minutes may be bounded to; more is no bound on anything.
const BOUNDS: RangeInclusive<u32> = 1..=1_000_000;

/// What says that no number is shown, in place of one.
const WITHHELD: &str = "withheld";

/// Kinds of numbers a plan may allow; emergency numbers always are.
const CLASSES: [(&str, Class); 6] = [
    ("national", Class::National),
    ("mobile", Class::Mobile),
    ("freephone", Class::Freephone),
    ("shared-cost", Class::SharedCost),
    ("premium", Class::Premium),
    ("international", Class::International),
];

/// What somebody has of his own, as written: the plan by name, the number not yet looked for.
#[derive(Default)]
pub(crate) struct Own {
    plan: Option<At<String>>,
    caller_id: Option<At<CallerId>>,
    caller_ids: Vec<At<Box<str>>>,
    caller_name: Option<At<String>>,
}

/// Takes `plan`, `caller_id` and `caller_name` of an organisation, user or queue.
pub(crate) fn read_own(section: &mut Section<'_>, context: &mut Context<'_>) -> Own {
    Own {
        plan: section.take("plan", value::text, context),
        caller_id: section.take("caller_id", caller_id, context),
        caller_ids: Vec::new(),
        caller_name: section.take("caller_name", value::text, context),
    }
}

/// The same of a user, with the numbers that his phone may ask for.
pub(crate) fn read_own_of_user(section: &mut Section<'_>, context: &mut Context<'_>) -> Own {
    let reader = value::list(PICKED_MAX, address::public_number);
    let picked = section.take("caller_ids", reader, context);
    Own {
        caller_ids: picked.map(|at| at.value).unwrap_or_default(),
        ..read_own(section, context)
    }
}

fn caller_id(node: &Node) -> Reading<CallerId> {
    let expected = "a number of the organisation's, or \"withheld\"";
    match str_of(node, expected, "+46850001000")? {
        WITHHELD => Ok(CallerId::Withheld),
        number if address::is_public_number(number) => Ok(CallerId::Number(number.into())),
        _ => wrong(
            node,
            expected,
            "write plus, country code and number, in quotes: \"+46850001000\"",
        ),
    }
}

/// Takes the settings of `[organisation]` that say how its people dial, and which numbers they may show.
pub(crate) fn read_numbering(
    section: &mut Section<'_>,
    context: &mut Context<'_>,
) -> (Numbering, BTreeSet<Box<str>>) {
    let country = section.take("country", value::text, context);
    let area_code = section.take("area_code", address::extension, context);
    let reader = value::list(SHOWN_MAX, address::public_number);
    let shown = section.take("shown_numbers", reader, context);
    let shown = shown.map(|at| at.value).unwrap_or_default();
    let shown = shown.into_iter().map(|at| at.value).collect();
    let name = country.as_ref().map_or("SE", |at| at.value.as_str());
    let area_code = area_code.as_ref().map(|at| &*at.value);
    match (Numbering::of(name, area_code), country) {
        (Ok(numbering), _) => (numbering, shown),
        (Err(error), Some(country)) => {
            let mend = "write the two letters that stand for it: country = \"SE\"";
            context.add(Problem::new(country.place, error.to_string()).mend(mend));
            (Numbering::default(), shown)
        }
        (Err(_), None) => (Numbering::default(), shown),
    }
}

/// Every plan by name.
pub(crate) fn read_plans(
    org: &OrgId,
    top: &mut Section<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<Box<str>, Plan> {
    let mut plans = BTreeMap::new();
    for (name, place, node) in top.named("plans", context) {
        // Plans are named as trunks and queues are.
        if let Err(error) = base::QueueId::new(org, name) {
            context.add(bad_name(place, "plan", &error));
        }
        if let Some(plan) = read_plan(name, place, node, context) {
            plans.insert(name.into(), plan);
        }
    }
    plans
}

fn read_plan(name: &str, place: Place, node: &Node, context: &mut Context<'_>) -> Option<Plan> {
    let mut section = context.told(Section::of(format!("plan `{name}`"), node))?;
    let reader = value::list(CLASSES.len(), value::choice(&CLASSES));
    let mend = "name what may be called: allow = [\"national\", \"mobile\"]";
    let allow = section.require("allow", mend, reader, context);
    let bounds = read_bounds(&mut section, context);
    let follow = section.take("follow_redirects", value::boolean, context);
    let redirects = match follow {
        Some(At { value: true, .. }) => Redirects::Followed,
        _ => Redirects::Ignored,
    };
    section.finish(context);
    let allow: BTreeSet<Class> = allow?.value.into_iter().map(|at| at.value).collect();
    if allow.is_empty() {
        let problem = format!("plan `{name}` allows nothing but emergency numbers");
        context.warn(Problem::new(place, problem).mend(mend));
    }
    Some(Plan {
        allow,
        bounds,
        redirects,
    })
}

/// A whole number that bounds something.
pub(crate) fn most() -> impl Fn(&Node) -> Reading<u32> {
    value::whole(BOUNDS)
}

fn read_bounds(section: &mut Section<'_>, context: &mut Context<'_>) -> Bounds {
    let mut bounds = Bounds::default();
    for (key, bound) in [
        ("calls_at_once", &mut bounds.at_once),
        ("calls_per_hour", &mut bounds.calls_per_hour),
        ("minutes_per_hour", &mut bounds.minutes_per_hour),
        ("minutes_per_day", &mut bounds.minutes_per_day),
    ] {
        *bound = section.take(key, most(), context).map(|at| at.value);
    }
    bounds
}

/// Takes what bounds all of an organisation's calls over trunks together.
pub(crate) fn read_together(
    section: &mut Section<'_>,
    context: &mut Context<'_>,
) -> (Option<u32>, Bounds) {
    let channels = section.take("channels", most(), context);
    let channels = channels.map(|at| at.value);
    let Some(mut outside) = section.section("outside", "[organisation.outside]", context) else {
        return (channels, Bounds::default());
    };
    let bounds = read_bounds(&mut outside, context);
    outside.finish(context);
    (channels, bounds)
}

/// What of an organisation the rights of its users and queues are checked against.
pub(crate) struct Known<'k> {
    pub(crate) plans: &'k BTreeMap<Box<str>, Plan>,
    pub(crate) numbers: &'k BTreeMap<Box<str>, Number>,
    pub(crate) shown: &'k BTreeSet<Box<str>>,
}

impl Known<'_> {
    /// The rights that are meant, where plan and number are the organisation's.
    pub(crate) fn rights(&self, own: Own, context: &mut Context<'_>) -> Rights {
        let plan = own.plan.and_then(|plan| self.plan(plan, context));
        if let Some(at) = &own.caller_id
            && let CallerId::Number(number) = &at.value
        {
            self.may_be_shown(number, at.place, context);
        }
        for at in &own.caller_ids {
            self.may_be_shown(&at.value, at.place, context);
        }
        Rights {
            plan,
            caller_id: own.caller_id.map(|at| at.value),
            numbers: own.caller_ids.into_iter().map(|at| at.value).collect(),
            name: own.caller_name.map(|at| at.value.into()),
        }
    }

    fn may_be_shown(&self, number: &str, place: Place, context: &mut Context<'_>) {
        if !self.numbers.contains_key(number) && !self.shown.contains(number) {
            let problem = format!("{} is no number of this organisation", quoted(number));
            let mend = "show one that stands under [numbers], or name it in `shown_numbers` of [organisation]";
            context.add(Problem::new(place, problem).mend(mend));
        }
    }

    fn plan(&self, plan: At<String>, context: &mut Context<'_>) -> Option<Box<str>> {
        if self.plans.contains_key(plan.value.as_str()) {
            return Some(plan.value.into());
        }
        let problem = format!(
            "there is no plan {} in this organisation",
            quoted(&plan.value)
        );
        let names = self.plans.keys().map(|name| &**name);
        let mend = context.suggestion(&plan.value, "plans", names);
        context.add(Problem::new(plan.place, problem).mend(mend));
        None
    }
}
