//! What is counted of callback lists.

use super::carried::word;
use base::QueueId;
use callback::{
    AheadRow, AheadStand, Closing, Command, Fact, Refusal, Resolution, Row, Settings, Status, Told,
};
use metrics::{counter, gauge};
use std::collections::BTreeMap;

/// Counts what came about.
pub(super) fn count(fact: &Fact) {
    match fact {
        Fact::Promised { entry, .. } => {
            counter!("kolapp_callback_wishes_total", "queue" => entry.asked.queue.to_string())
                .increment(1);
        }
        Fact::PromiseBroken { .. } => {
            counter!("kolapp_callback_promises_broken_total").increment(1);
        }
        Fact::CallOver { outcome, .. } => {
            counter!("kolapp_callback_attempts_total", "outcome" => word(*outcome)).increment(1);
        }
        Fact::Unmet { outcome, then, .. } => {
            counter!("kolapp_callback_attempts_total", "outcome" => word(*outcome)).increment(1);
            if let Resolution::Closed(how) = then {
                counter!("kolapp_callback_closed_total", "how" => how_word(*how)).increment(1);
            }
        }
        Fact::Closed { how, .. }
        | Fact::Noted {
            then: Resolution::Closed(how),
            ..
        } => {
            counter!("kolapp_callback_closed_total", "how" => how_word(*how)).increment(1);
        }
        _ => {}
    }
}

/// Counts what was refused because it is bounded, or could not be stored.
pub(super) fn count_refused(command: &Command) {
    let refusal = match command {
        Command::Offer { result, .. }
        | Command::Reserved { result, .. }
        | Command::Cancelled { result, .. } => result.as_ref().err(),
        Command::Accepted { result, .. } => result.as_ref().err(),
        Command::Answer { result, .. } => result.as_ref().err(),
        _ => None,
    };
    if let Some(cause) = refusal.and_then(cause_of) {
        counter!("kolapp_callback_refused_total", "cause" => cause).increment(1);
    }
}

fn cause_of(refusal: &Refusal) -> Option<&'static str> {
    Some(match refusal {
        Refusal::Full(_) => "open",
        Refusal::TooManyChoosing(_) => "choosing",
        Refusal::TooManyKeyed(_) => "keyed-open",
        Refusal::KeyedTooOften(_) => "keyed-often",
        Refusal::NoRoom(_) | Refusal::ChoiceGone => "no-room",
        Refusal::Storage | Refusal::Unstored | Refusal::Broken(_) => "storage",
        _ => return None,
    })
}

fn how_word(how: Closing) -> &'static str {
    match how {
        Closing::Done => "done",
        Closing::GivenUp => "given-up",
        Closing::Cancelled => "cancelled",
        Closing::Expired => "expired",
    }
}

#[derive(Clone, Copy, Default)]
struct Counted {
    waiting: u32,
    due: u32,
    overdue: u32,
    held: u32,
}

/// Brings the gauges of every list up to date.
pub(super) fn show<'a>(rows: impl Iterator<Item = &'a Row>, settings: &Settings) {
    let lists = settings.lists.keys();
    let mut lists: BTreeMap<&QueueId, Counted> =
        lists.map(|list| (list, Counted::default())).collect();
    for row in rows {
        let counted = lists.entry(&row.queue).or_default();
        match row.status {
            Status::NotHandled | Status::Requeued | Status::Started => {
                counted.waiting += 1;
                counted.due += u32::from(row.told != Told::Nothing);
                counted.overdue += u32::from(row.told == Told::Overdue);
            }
            Status::Leased | Status::InCall | Status::AwaitingNote => counted.held += 1,
            Status::Done | Status::GivenUp | Status::Cancelled | Status::Expired => {}
        }
    }
    for (list, counted) in lists {
        let set = |name: &'static str, count: u32| {
            gauge!(name, "queue" => list.to_string()).set(f64::from(count));
        };
        set("kolapp_callbacks_waiting", counted.waiting);
        set("kolapp_callbacks_due", counted.due);
        set("kolapp_callbacks_overdue", counted.overdue);
        set("kolapp_callbacks_held", counted.held);
    }
}

/// The same of those whose people are called before an agent has taken them.
pub(super) fn show_ahead(ahead: &BTreeMap<QueueId, AheadRow>) {
    for (list, row) in ahead {
        let set = |name: &'static str, value: f64| {
            gauge!(name, "queue" => list.to_string()).set(value);
        };
        let share = match row.counted.answered {
            0 => 0.0,
            answered => 100.0 * f64::from(row.counted.abandoned) / f64::from(answered),
        };
        set("kolapp_callback_abandoned_percent", share);
        let goes = row.stand == AheadStand::Goes;
        set("kolapp_callback_called_before", f64::from(u8::from(goes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callback::Broken;

    #[test]
    fn each_bound_is_counted_under_a_name_that_the_metric_tells() {
        let list = QueueId::new(&base::OrgId::new("demo").unwrap(), "support").unwrap();
        let bounds = [
            Refusal::Full(1),
            Refusal::TooManyChoosing(1),
            Refusal::TooManyKeyed(1),
            Refusal::KeyedTooOften(1),
            Refusal::NoRoom(list),
            Refusal::Broken(Broken::TooSlow),
        ];
        let names: Vec<&str> = bounds.iter().filter_map(cause_of).collect();
        let mut metrics = crate::measure::METRICS.iter();
        let metric = metrics.find(|it| it.name == "kolapp_callback_refused_total");
        let (_, told) = metric.unwrap().meaning.split_once("; cause: ").unwrap();
        assert_eq!(names, told.split(", ").collect::<Vec<_>>());
    }
}
