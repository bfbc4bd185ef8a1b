//! `[queues.<name>.callback]`: callers who would rather be called back. What the list goes by is made here; when its windows
//! are is `callback_windows`'s to say.

use crate::callback_offer;
use crate::callback_windows::{self, Occurs};
use crate::kinds::{Own, Whole, Within, form};
use crate::problems::Problem;
use crate::scope::{Scope, known};
use crate::section::{At, Context, Section};
use crate::setting::Optional;
use crate::settings::{callback as list, customer_number, outcome, outcomes, queue, soon};
use crate::source::Place;
use crate::tree::Value;
use crate::value;
use acd::{QueueKind, QueueSettings, Share};
use base::{QueueId, UserId};
use call::settings::{CallbackOffer, CallingBack, Destination, Language, Organisation};
use callback::{
    Ahead, Asks, Capacity, ClockTimes, Conditions, CustomerDigits, Distribution, KeepStarted,
    ListSettings, Offers, Order, Rule, Rules,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What stands there.
pub(crate) struct Read {
    pub(crate) settings: ListSettings,
    /// What callers hear of it; none, where they are offered nothing.
    pub(crate) offer: Option<Arc<CallbackOffer>>,
    /// How agents call them.
    pub(crate) calling: Arc<CallingBack>,
    pub(crate) place: Place,
    /// What its callbacks get of the turns of the queue's agents, where those are given them.
    pub(crate) share: Option<Share>,
    /// When its windows are.
    pub(crate) windows: Vec<Occurs>,
    /// Where a clock is needed for it that shows the time of the place.
    pub(crate) needs_zone: Option<Place>,
}

/// Two clock times.
pub(crate) const CLOCK_TIMES: Own<ClockTimes> = Own {
    words: "clock times",
    schema: || form("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"),
    read: |node| {
        let between = crate::hours::interval(node)?;
        Ok(ClockTimes {
            from_minute: between.from(),
            until_minute: between.to(),
        })
    },
};

/// What of the queue itself the list goes by.
pub(crate) struct Of<'q> {
    pub(crate) settings: &'q QueueSettings,
    pub(crate) language: Language,
    /// As phones show it.
    pub(crate) display_name: &'q str,
    /// The keys that lead elsewhere.
    pub(crate) keys: &'q BTreeMap<char, Destination>,
}

pub(crate) fn read(
    section: &mut Section<'_>,
    of: &Of<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Read> {
    let what = format!("`callback` of {}", section.what());
    let mut section = section.section(&queue::CALLBACK, what, context)?;
    let (what, place) = (section.what().to_owned(), section.place());
    if of.settings.kind == QueueKind::Ko {
        let problem = format!("{what} is for queues that are more than plain ones");
        let mend =
            "make it one of Kö Plus, kind = \"ko-plus\", or of operators, kind = \"operator\"";
        context.add(Problem::new(place, problem).mend(mend));
    }
    let enabled = section.value(&list::ENABLED, context);
    let conditions = read_conditions(&mut section, context);
    let soon = read_soon(&mut section, context);
    let windows = callback_windows::read(&mut section, of.language, scope, context);
    if soon.is_none() && windows.is_empty() && !section.has(&list::WINDOWS) {
        let problem = format!("{what} leaves callers no time to choose");
        let mend = "leave `soon` out, or give it a window: [queues.….callback.windows.afternoon]";
        context.add(Problem::new(place, problem).mend(mend));
    }
    let asks = read_asks(&mut section, context);
    let started = match section.value(&list::KEEP_STARTED, context) {
        true => KeepStarted::WithNumber,
        false => KeepStarted::Never,
    };
    let share = section.value(&list::AUTOMATIC_SHARE, context);
    let share = u8::try_from(share).ok().and_then(Share::new);
    let share = share.filter(|_| section.value(&list::AUTOMATIC, context));
    let ahead = read_ahead(&mut section, context);
    let settings = ListSettings {
        offers: match enabled {
            true => Offers::When(conditions),
            false => Offers::Never,
        },
        members: read_members(&mut section, of.settings.members.keys(), scope, context),
        distribution: match share {
            Some(_) => Distribution::Automatic,
            None => Distribution::ByHand,
        },
        ahead,
        soon,
        windows: windows
            .iter()
            .map(|it| (it.name.clone(), it.room))
            .collect(),
        asks,
        started,
        lease: section.value(&list::LEASE, context),
        handling: section.value(&list::HANDLING, context),
        rules: read_rules(&mut section, context),
        expire_after: section
            .take(&list::EXPIRE_AFTER, context)
            .map(|at| at.value),
        retention: section.value(&list::RETENTION, context),
    };
    let told = callback_offer::read(&mut section, of, settings.asks, &windows, scope, context);
    let by_clock = conditions.between.is_some() || !windows.is_empty();
    let clocks = section.place_of(&[&list::BETWEEN, &list::WINDOWS]);
    section.finish(context);
    let told = told?;
    Some(Read {
        settings,
        offer: enabled.then_some(Arc::new(told.offer)),
        calling: Arc::new(told.calling),
        share,
        windows,
        place,
        needs_zone: by_clock.then_some(clocks),
    })
}

/// Whether people are called before an agent has taken it.
fn read_ahead(section: &mut Section<'_>, context: &mut Context<'_>) -> Option<Ahead> {
    let order = section.value(&list::AUTOMATIC_CALL, context);
    let most = section.value(&list::AUTOMATIC_ABANDONED_MAX, context);
    let abandoned_max = u8::try_from(most).unwrap_or(u8::MAX);
    (order == Order::Ahead).then_some(Ahead { abandoned_max })
}

fn read_conditions(section: &mut Section<'_>, context: &mut Context<'_>) -> Conditions {
    let average = section.take(&list::AVERAGE_WAIT_OVER, context);
    let expected = section.take(&list::EXPECTED_WAIT_OVER, context);
    let waiting = section.take(&list::WAITING_AT_LEAST, context);
    let between = section.take(&list::BETWEEN, context);
    Conditions {
        average_wait_over: average.map(|at| at.value),
        expected_wait_over: expected.map(|at| at.value),
        waiting_at_least: waiting.map(|at| at.value),
        between: between.map(|at| at.value),
    }
}

/// Yes or no, or a table of how many.
fn read_soon(section: &mut Section<'_>, context: &mut Context<'_>) -> Option<Capacity> {
    let what = format!("`{}` of {}", list::SOON.key, section.what());
    // Where it is wrong the load fails, and no more is to be said of it.
    let otherwise = Some(Capacity::Unlimited);
    let Some(node) = section.node(&list::SOON) else {
        return otherwise;
    };
    match &node.value {
        Value::Boolean(true) => otherwise,
        Value::Boolean(false) => None,
        Value::Table(_) => {
            let section = context.told(Section::of(what, node, &soon::HEADING));
            let Some(mut section) = section else {
                return otherwise;
            };
            let (entries, minutes) = (&soon::ENTRIES, &soon::AGENT_MINUTES);
            let room = read_room(&mut section, entries, minutes, context);
            section.finish(context);
            Some(room)
        }
        _ => {
            let expected = "whether callers may ask for a call as soon as possible";
            let mend = "write true or false, or how many: soon = { entries = 20 }";
            context.told(value::wrong::<()>(node, expected, mend));
            otherwise
        }
    }
}

/// How many a time takes, said in one of two ways.
pub(crate) fn read_room(
    section: &mut Section<'_>,
    entries: &Optional<Whole>,
    agent_minutes: &Optional<Whole>,
    context: &mut Context<'_>,
) -> Capacity {
    let by_entries = section.take(entries, context);
    let by_minutes = section.take(agent_minutes, context);
    match (by_entries, by_minutes) {
        (None, None) => Capacity::Unlimited,
        (Some(entries), None) => Capacity::Entries(entries.value),
        (None, Some(minutes)) => Capacity::AgentMinutes(minutes.value),
        (Some(_), Some(minutes)) => {
            let problem = format!("{} has room for so many in two ways", section.what());
            let mend = "keep `entries` or `agent_minutes`";
            context.add(Problem::new(minutes.place, problem).mend(mend));
            Capacity::AgentMinutes(minutes.value)
        }
    }
}

fn read_asks(section: &mut Section<'_>, context: &mut Context<'_>) -> Asks {
    let personnummer = section.value(&list::PERSONNUMMER, context);
    let what = format!("`{}` of {}", list::CUSTOMER_NUMBER.key, section.what());
    let place = section.place_of(&[&list::PERSONNUMMER]);
    let Some(mut table) = section.section(&list::CUSTOMER_NUMBER, what, context) else {
        return match personnummer {
            true => Asks::Personnummer,
            false => Asks::Nothing,
        };
    };
    if personnummer {
        let problem = "callers are asked for one thing only, and not for `customer_number` too";
        context.add(Problem::new(place, problem).mend("keep one of the two"));
    }
    let min = table.value(&customer_number::DIGITS_MIN, context);
    let max = table.value(&customer_number::DIGITS_MAX, context);
    if min > max {
        let problem = format!("{} has fewer digits at most than at least", table.what());
        let place = table.place_of(&[&customer_number::DIGITS_MAX, &customer_number::DIGITS_MIN]);
        let mend = "write how many it has: { digits_min = 6, digits_max = 10 }";
        context.add(Problem::new(place, problem).mend(mend));
    }
    table.finish(context);
    let digits = |count: u32| u8::try_from(count).unwrap_or(u8::MAX);
    Asks::CustomerNumber(CustomerDigits {
        min: digits(min),
        max: digits(max),
    })
}

fn read_members<'m>(
    section: &mut Section<'_>,
    members: impl Iterator<Item = &'m UserId>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> BTreeSet<UserId> {
    let place = section.place_of(&[&list::MEMBERS]);
    let members: BTreeSet<UserId> = match section.take(&list::MEMBERS, context) {
        None => members.cloned().collect(),
        Some(written) => {
            let users = written.value.iter();
            let users = users.filter_map(|name| known(name, "user", &scope.users, context));
            users
                .filter_map(|name| UserId::new(scope.org, name).ok())
                .collect()
        }
    };
    if members.is_empty() {
        let problem = format!("{} has nobody who may staff it", section.what());
        let mend = "name users: members = [\"anna\"]";
        context.warn(Problem::new(place, problem).mend(mend));
    }
    members
}

fn read_rules(section: &mut Section<'_>, context: &mut Context<'_>) -> Rules {
    let what = format!("`{}` of {}", list::OUTCOMES.key, section.what());
    let mut section = section.section_or_empty(&list::OUTCOMES, what, context);
    let usual = Rules::default();
    let mut rule = |setting, usual| read_rule(&mut section, setting, usual, context);
    let rules = Rules {
        reached: rule(&outcomes::REACHED, usual.reached),
        busy: rule(&outcomes::BUSY, usual.busy),
        no_answer: rule(&outcomes::NO_ANSWER, usual.no_answer),
        voicemail: rule(&outcomes::VOICEMAIL, usual.voicemail),
        wrong_number: rule(&outcomes::WRONG_NUMBER, usual.wrong_number),
    };
    section.finish(context);
    rules
}

fn read_rule(
    section: &mut Section<'_>,
    setting: &Optional<Within>,
    usual: Rule,
    context: &mut Context<'_>,
) -> Rule {
    let what = format!("`{}` of {}", setting.key, section.what());
    let Some(mut table) = section.section(setting, what, context) else {
        return usual;
    };
    let then = table.take(&outcome::THEN, context);
    let delay = table.take(&outcome::DELAY, context);
    let attempts = table.take(&outcome::ATTEMPTS, context);
    table.finish(context);
    let attempts_max = |At { value, .. }: At<u32>| u8::try_from(value).unwrap_or(u8::MAX);
    Rule {
        then: then.map_or(usual.then, |at| at.value),
        delay: delay.map_or(usual.delay, |at| at.value),
        attempts_max: attempts.map_or(usual.attempts_max, attempts_max),
    }
}

/// A list of which not all can be said before the whole organisation is known.
pub(crate) struct Unchecked {
    pub(crate) queue: QueueId,
    /// Where it is headed.
    pub(crate) place: Place,
    /// Where a clock is needed for it that shows the time of the place.
    pub(crate) needs_zone: Option<Place>,
}

/// Tells of lists that go by a clock of which nobody has said where it hangs, and of those from which nobody may be called.
pub(crate) fn check(organisation: &Organisation, lists: &[Unchecked], context: &mut Context<'_>) {
    for list in lists {
        let (queue, name) = (&list.queue, list.queue.name());
        let has_zone = organisation.ways.zone.is_some() || organisation.hours_of(queue).is_some();
        if let Some(place) = list.needs_zone.filter(|_| !has_zone) {
            let problem = format!("queue `{name}` calls back by a clock of no place");
            let mend = "name the time zone under [organisation]: zone = \"Europe/Stockholm\"";
            context.add(Problem::new(place, problem).mend(mend));
        }
        let outward = &organisation.outward;
        let of_queue = outward.queues.get(queue).and_then(|own| own.plan.as_ref());
        if of_queue.or(outward.common.plan.as_ref()).is_none() {
            let problem = format!("queue `{name}` will call nobody back: it has no plan");
            let mend = "give the queue, or the organisation, a `plan` that says which numbers may be called";
            context.warn(Problem::new(list.place, problem).mend(mend));
        }
    }
}
