//! When something is open, as spans: for what is planned ahead, such as the times that callers may choose to be called at.

use crate::hours::Hours;
use crate::standing::Standing;

/// From a moment until another, not included, in seconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenSpan {
    /// When it opens; where it was open before, the moment that was asked from.
    pub from: i64,
    /// When it closes; where it is open beyond, the moment that was asked until.
    pub until: i64,
}

impl Hours {
    /// When it is open between two moments, the first `most` times.
    pub fn open_spans(&self, from: i64, until: i64, most: usize) -> Vec<OpenSpan> {
        let is_open = |at| self.at(at).is_open;
        spans(is_open, |at| self.changes_after(at), from, until, most)
    }
}

impl Standing<'_> {
    /// When it lets callers in between two moments, the first `most` times.
    pub fn open_spans(&self, from: i64, until: i64, most: usize) -> Vec<OpenSpan> {
        let is_open = |at| self.is_open(at);
        spans(is_open, |at| self.changes_after(at), from, until, most)
    }
}

fn spans(
    is_open: impl Fn(i64) -> bool,
    changes_after: impl Fn(i64) -> Option<i64>,
    from: i64,
    until: i64,
    most: usize,
) -> Vec<OpenSpan> {
    let mut spans = Vec::new();
    let mut at = from;
    while at < until && spans.len() < most {
        let change = changes_after(at).map_or(until, |change| change.min(until));
        if is_open(at) {
            spans.push(OpenSpan {
                from: at,
                until: change,
            });
        }
        at = change;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quick::{Effect, QuickClose, QuickCloses, Waiting, Way};
    use crate::{On, Recurrence, Rule};
    use base::QueueId;

    fn office() -> Hours {
        let mut hours = Hours::new("Europe/Stockholm").unwrap();
        hours.add_rule(Rule {
            days: Recurrence::new(On::Daily),
            hours: vec![
                "08:00-12:00".parse().unwrap(),
                "13:00-17:00".parse().unwrap(),
            ],
            written: "daily".into(),
        });
        hours
    }

    fn written(hours: &Hours, spans: &[OpenSpan]) -> Vec<String> {
        let span =
            |it: &OpenSpan| format!("{} - {}", hours.written(it.from), hours.written(it.until));
        spans.iter().map(span).collect()
    }

    #[test]
    fn the_times_between_two_moments_are_those_at_which_it_is_open_and_no_others() {
        let hours = office();
        let at = |text: &str| hours.moment(text, 0).unwrap();
        let (from, until) = (at("2026-11-27 09:30"), at("2026-11-28 14:00"));
        let expected = [
            "2026-11-27 09:30 - 2026-11-27 12:00",
            "2026-11-27 13:00 - 2026-11-27 17:00",
            "2026-11-28 08:00 - 2026-11-28 12:00",
            "2026-11-28 13:00 - 2026-11-28 14:00",
        ];
        let spans = hours.open_spans(from, until, 9);
        assert_eq!(written(&hours, &spans), expected);
        assert_eq!(hours.open_spans(from, until, 3), spans[..3]);
        assert_eq!(hours.open_spans(until, from, 9), []);
    }

    #[test]
    fn a_day_on_which_the_clock_is_put_forward_has_its_times_by_the_clock_there() {
        let hours = office();
        let at = |text: &str| hours.moment(text, 0).unwrap();
        let spans = hours.open_spans(at("2026-03-28 16:00"), at("2026-03-29 12:00"), 9);
        // An hour less lies between the two.
        let closed = spans[1].from - spans[0].until;
        assert_eq!((spans.len(), closed), (2, 14 * 3_600));
    }

    #[test]
    fn what_is_closed_by_hand_is_no_time_to_be_chosen() {
        let (hours, queue) = (office(), "demo/a".parse::<QueueId>().unwrap());
        let at = |text: &str| hours.moment(text, 0).unwrap();
        let quick = QuickClose {
            id: 0,
            queues: vec![queue.clone()],
            from: at("2026-11-27 10:00"),
            until: at("2026-11-27 14:00"),
            effect: Effect::Close,
            message: None,
            waiting: Waiting::Stay,
            by: "test".into(),
            way: Way::Command,
        };
        let quick = QuickCloses::default()
            .with(quick, at("2026-11-27"))
            .unwrap();
        let standing = Standing {
            queue: &queue,
            hours: Some(&hours),
            quick: &quick.0,
        };
        let spans = standing.open_spans(at("2026-11-27"), at("2026-11-28"), 9);
        let expected = [
            "2026-11-27 08:00 - 2026-11-27 10:00",
            "2026-11-27 14:00 - 2026-11-27 17:00",
        ];
        assert_eq!(written(&hours, &spans), expected);
        let always = Standing {
            hours: None,
            ..standing
        };
        let spans = always.open_spans(at("2026-11-28"), at("2026-11-29"), 9);
        assert_eq!(spans.len(), 1);
    }
}
