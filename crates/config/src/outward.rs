//! How numbers outside are called: `[plans.<name>]`, the organisation's country and area code, and who has which plan
//! and shows which number.

use crate::address::{self, NUMBER_FORM};
use crate::kinds::{Own, form};
use crate::problems::{Problem, quoted};
use crate::scope::bad_name;
use crate::section::{At, Context, Reading, Section};
use crate::settings::{head, organisation_files, outside, plan, queue, user};
use crate::source::Place;
use crate::tree::Node;
use crate::value::{str_of, wrong};
use base::OrgId;
use call::ledger::Bounds;
use call::outward::{CallerId, Class, Numbering, Plan, Redirects, Rights};
use call::settings::Number;
use std::collections::{BTreeMap, BTreeSet};

/// What says that no number is shown, in place of one.
const WITHHELD: &str = "withheld";

/// A number to show, or none.
pub(crate) const SHOWS: Own<CallerId> = Own {
    words: "number or `\"withheld\"`",
    schema: || form(&format!("^{WITHHELD}$|{NUMBER_FORM}")),
    read: caller_id,
};

/// What somebody has of his own, as written: the plan by name, the number not yet looked for.
#[derive(Default)]
pub(crate) struct Theirs {
    plan: Option<At<String>>,
    caller_id: Option<At<CallerId>>,
    caller_ids: Vec<At<Box<str>>>,
    caller_name: Option<At<String>>,
}

/// Takes what an organisation has of its own.
pub(crate) fn read_own_of_all(section: &mut Section<'_>, context: &mut Context<'_>) -> Theirs {
    Theirs {
        plan: section.take(&head::PLAN, context),
        caller_id: section.take(&head::CALLER_ID, context),
        caller_ids: Vec::new(),
        caller_name: section.take(&head::CALLER_NAME, context),
    }
}

/// The same of a queue.
pub(crate) fn read_own_of_queue(section: &mut Section<'_>, context: &mut Context<'_>) -> Theirs {
    Theirs {
        plan: section.take(&queue::PLAN, context),
        caller_id: section.take(&queue::CALLER_ID, context),
        caller_ids: Vec::new(),
        caller_name: section.take(&queue::CALLER_NAME, context),
    }
}

/// The same of a user, with the numbers that his phone may ask for.
pub(crate) fn read_own_of_user(section: &mut Section<'_>, context: &mut Context<'_>) -> Theirs {
    let picked = section.take(&user::CALLER_IDS, context);
    Theirs {
        plan: section.take(&user::PLAN, context),
        caller_id: section.take(&user::CALLER_ID, context),
        caller_ids: picked.map(|at| at.value).unwrap_or_default(),
        caller_name: section.take(&user::CALLER_NAME, context),
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
    let country = section.take(&head::COUNTRY, context);
    let area_code = section.take(&head::AREA_CODE, context);
    let shown = section.values(&head::SHOWN_NUMBERS, context);
    let shown = shown.into_iter().collect();
    let name = country
        .as_ref()
        .map_or_else(head::COUNTRY.otherwise.0, |at| at.value.clone());
    let area_code = area_code.as_ref().map(|at| &*at.value);
    match (Numbering::of(&name, area_code), country) {
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
    for (name, place, node) in top.named(&organisation_files::PLANS, context) {
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
    let mut section = context.told(Section::of(format!("plan `{name}`"), node, &plan::HEADING))?;
    let allow = section.require(&plan::ALLOW, context);
    // Where nothing is written users are bounded all the same, and nobody else is: so what is usual is applied there.
    let bounds = Bounds {
        at_once: written(section.take(&plan::CALLS_AT_ONCE, context)),
        calls_per_hour: written(section.take(&plan::CALLS_PER_HOUR, context)),
        minutes_per_hour: written(section.take(&plan::MINUTES_PER_HOUR, context)),
        minutes_per_day: written(section.take(&plan::MINUTES_PER_DAY, context)),
    };
    let redirects = match section.value(&plan::FOLLOW_REDIRECTS, context) {
        true => Redirects::Followed,
        false => Redirects::Ignored,
    };
    section.finish(context);
    let allow: BTreeSet<Class> = allow?.value.into_iter().map(|at| at.value).collect();
    if allow.is_empty() {
        let problem = format!("plan `{name}` allows nothing but emergency numbers");
        context.warn(Problem::new(place, problem).mend(plan::ALLOW.otherwise.0));
    }
    Some(Plan {
        allow,
        bounds,
        redirects,
    })
}

fn written(at: Option<At<u32>>) -> Option<u32> {
    at.map(|at| at.value)
}

/// Takes what bounds all of an organisation's calls over trunks together.
pub(crate) fn read_together(
    section: &mut Section<'_>,
    context: &mut Context<'_>,
) -> (Option<u32>, Bounds) {
    let channels = written(section.take(&head::CHANNELS, context));
    let name = outside::HEADING.name;
    let Some(mut table) = section.section(&head::OUTSIDE, name, context) else {
        return (channels, Bounds::default());
    };
    let bounds = Bounds {
        at_once: written(table.take(&outside::CALLS_AT_ONCE, context)),
        calls_per_hour: written(table.take(&outside::CALLS_PER_HOUR, context)),
        minutes_per_hour: written(table.take(&outside::MINUTES_PER_HOUR, context)),
        minutes_per_day: written(table.take(&outside::MINUTES_PER_DAY, context)),
    };
    table.finish(context);
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
    pub(crate) fn rights(&self, own: Theirs, context: &mut Context<'_>) -> Rights {
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
