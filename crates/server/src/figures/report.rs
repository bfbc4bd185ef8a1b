//! What was told of queues and agents, as a document for whoever sees some of them.

use crate::commands::forecast_row;
use crate::facts::Told;
use crate::queue_metrics::label;
use acd::{AgentLine, Interval, Line, RefuseCause, WAIT_BOUNDS_S};
use base::{QueueId, UserId};
use calendar::Hours;
use std::collections::BTreeMap;
use web::{AgentFigures, FiguresReport, FiguresRow, FiguresRows};

/// Rows of one answer: a day of quarters of two hundred queues. More are asked for in parts.
const ROWS_MAX: usize = 20_000;

/// There is more to tell than is told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected at most {ROWS_MAX} rows: ask for one queue, a shorter time, or longer intervals")]
pub(crate) struct TooManyRows;

/// By which clock a document is, and what it is to have.
pub(super) struct Shape {
    pub(super) clock: Hours,
    /// The clock's zone.
    pub(super) zone: String,
    /// How moments are written.
    pub(super) written: fn(&Hours, i64) -> String,
    pub(super) rows: FiguresRows,
}

/// Whom somebody sees, of those whom he asks for.
pub(super) struct Seen<'s> {
    pub(super) queue: &'s dyn Fn(&QueueId) -> bool,
    pub(super) agent: &'s dyn Fn(&UserId) -> bool,
}

/// What was told of intervals between these moments, as far as it was asked for and may be seen.
pub(super) fn document(
    told: Told,
    moments_ms: Vec<u64>,
    shape: &Shape,
    seen: &Seen<'_>,
) -> Result<FiguresReport, TooManyRows> {
    let mut report = Report {
        shape,
        moments_ms,
        queues: Vec::new(),
        together: BTreeMap::new(),
        sums: BTreeMap::new(),
        agents: BTreeMap::new(),
    };
    for (start_ms, interval) in &told.intervals {
        report.add(*start_ms, interval, seen);
        if report.queues.len() > ROWS_MAX {
            return Err(TooManyRows);
        }
    }
    Ok(FiguresReport {
        lacking: told.lacking,
        ..report.document()
    })
}

/// A report that is being made.
struct Report<'s> {
    shape: &'s Shape,
    /// Beginnings of intervals, and so ends of those before them.
    moments_ms: Vec<u64>,
    queues: Vec<FiguresRow>,
    /// By the beginnings of intervals in which somebody came.
    together: BTreeMap<u64, Line>,
    sums: BTreeMap<QueueId, Line>,
    agents: BTreeMap<UserId, AgentLine>,
}

impl Report<'_> {
    fn add(&mut self, start_ms: u64, interval: &Interval, seen: &Seen<'_>) {
        let after = self.moments_ms.partition_point(|end| *end <= start_ms);
        let end_ms = self.moments_ms.get(after).copied().unwrap_or(start_ms);
        for (id, line) in interval.queues.iter().filter(|(id, _)| (seen.queue)(id)) {
            if self.shape.rows == FiguresRows::Queues {
                let (from, to) = (self.written(start_ms), self.written(end_ms));
                self.queues.push(figures_row(Some(id), line, from, to));
            }
            self.together.entry(start_ms).or_default().add(line);
            self.sums.entry(id.clone()).or_default().add(line);
        }
        for (id, line) in interval.agents.iter().filter(|(id, _)| (seen.agent)(id)) {
            self.agents.entry(id.clone()).or_default().add(line);
        }
    }

    fn document(self) -> FiguresReport {
        let bound = |moment: Option<&u64>| moment.map_or_else(String::new, |at| self.written(*at));
        let from = bound(self.moments_ms.first());
        let to = bound(self.moments_ms.last());
        let whole = |queue: Option<&QueueId>, line: &Line| {
            figures_row(queue, line, from.clone(), to.clone())
        };
        let nothing = Line::default();
        // Also where nobody came: whoever draws them needs no calendar.
        let together = self.moments_ms.windows(2).map(|bounds| {
            let line = self.together.get(&bounds[0]).unwrap_or(&nothing);
            let (from, to) = (self.written(bounds[0]), self.written(bounds[1]));
            figures_row(None, line, from, to)
        });
        let mut total = Line::default();
        self.sums.values().for_each(|line| total.add(line));
        let sums = self.sums.iter();
        FiguresReport {
            zone: self.shape.zone.clone(),
            together: together.collect(),
            sums: sums.map(|(id, line)| whole(Some(id), line)).collect(),
            total: whole(None, &total),
            agents: self.agents.iter().map(agent_row).collect(),
            from,
            to,
            queues: self.queues,
            lacking: Vec::new(),
        }
    }

    fn written(&self, utc_ms: u64) -> String {
        let seconds = i64::try_from(utc_ms / 1_000).unwrap_or(i64::MAX);
        (self.shape.written)(&self.shape.clock, seconds)
    }
}

/// What a queue came to between these moments, or several together.
pub(crate) fn figures_row(
    queue: Option<&QueueId>,
    line: &Line,
    from: String,
    to: String,
) -> FiguresRow {
    let totals = line.tally.totals;
    let bounds = WAIT_BOUNDS_S.iter().map(|bound| Some(*bound)).chain([None]);
    let mean = |sum_ms: u64| sum_ms.checked_div(line.handled).map(seconds);
    FiguresRow {
        from,
        to,
        queue: queue.cloned(),
        entered: totals.entered,
        answered: totals.connected,
        in_time: line.within,
        abandoned: totals.abandoned,
        abandoned_soon: line.abandoned_soon,
        overflowed: totals.overflowed,
        sent_on: totals.sent_on,
        called_back: totals.called_back,
        failed: totals.failed + totals.shut_down + totals.expelled,
        restarted: totals.restarted,
        waiting: totals.waiting(),
        refused: totals.refused,
        service_level: line.service_level(),
        mean_wait_s: line.mean_wait_ms().map(seconds),
        wait_p90_s: line.wait_within_ms(90).map(seconds),
        longest_wait_s: seconds(line.longest_ms),
        handled: line.handled,
        cut_off: line.cut_off,
        mean_talk_s: mean(line.talk_ms),
        mean_wrap_up_s: mean(line.wrap_up_ms),
        mean_handling_s: line.mean_handling_ms().map(seconds),
        forecast: forecast_row(line.tally.forecast),
        waits: bounds.zip(line.waits).collect(),
        put_out: by_cause(&line.put_out, (line.keys > 0).then_some(("key", line.keys))),
        refused_by: by_cause(&line.refused, None),
    }
}

fn by_cause(
    counts: &BTreeMap<RefuseCause, u64>,
    more: Option<(&str, u64)>,
) -> BTreeMap<String, u64> {
    let counts = counts.iter().map(|(cause, many)| (label(*cause), *many));
    let all = counts.chain(more);
    all.map(|(cause, many)| (cause.to_owned(), many)).collect()
}

fn agent_row((agent, line): (&UserId, &AgentLine)) -> AgentFigures {
    AgentFigures {
        agent: agent.clone(),
        taken: line.totals.taken,
        missed: line.totals.missed,
        declined: line.totals.declined,
        device_errors: line.totals.device_errors,
        handled: line.handled,
        talk_s: line.talk_ms / 1_000,
        wrap_up_s: line.wrap_up_ms / 1_000,
    }
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    /// A midnight in Stockholm.
    const TODAY_MS: u64 = 1_795_734_000_000;

    fn line(entered: u64) -> Line {
        let mut line = Line::default();
        line.tally.totals.entered = entered;
        line
    }

    /// Callers in two queues of one organisation and one of another, in two of three hours.
    fn told() -> Told {
        let interval = |counts: [(&str, u64); 3]| Interval {
            queues: counts
                .into_iter()
                .filter(|(_, entered)| *entered > 0)
                .map(|(queue, entered)| (queue.parse().unwrap(), line(entered)))
                .collect(),
            agents: [("demo/anna".parse().unwrap(), AgentLine::default())].into(),
        };
        let (sales, support, other) = ("demo/sales", "demo/support", "other/support");
        let first = interval([(sales, 1), (support, 2), (other, 4)]);
        let third = interval([(sales, 8), (support, 0), (other, 0)]);
        let intervals = [(TODAY_MS, first), (TODAY_MS + 2 * HOUR_MS, third)];
        Told {
            intervals: intervals.into(),
            lacking: vec!["3 facts were lost".into()],
        }
    }

    fn made(told: Told, rows: FiguresRows) -> Result<FiguresReport, TooManyRows> {
        let shape = Shape {
            clock: Hours::new("Europe/Stockholm").unwrap(),
            zone: "Europe/Stockholm".into(),
            written: Hours::written,
            rows,
        };
        let moments_ms = (0..=3).map(|hour| TODAY_MS + hour * HOUR_MS);
        let seen = Seen {
            queue: &|queue| queue.org_name() == "demo",
            agent: &|_| false,
        };
        document(told, moments_ms.collect(), &shape, &seen)
    }

    #[test]
    fn whoever_is_not_seen_is_in_no_row_and_no_sum_and_an_hour_without_callers_is_one() {
        let report = made(told(), FiguresRows::Queues).unwrap();
        let counts = |rows: &[FiguresRow]| -> Vec<(Option<String>, u64)> {
            let row = |row: &FiguresRow| (row.queue.as_ref().map(ToString::to_string), row.entered);
            rows.iter().map(row).collect()
        };
        let named = |queue: &str, entered| (Some(queue.to_owned()), entered);
        assert_eq!(
            counts(&report.queues),
            [
                named("demo/sales", 1),
                named("demo/support", 2),
                named("demo/sales", 8)
            ]
        );
        assert_eq!(counts(&report.together), [(None, 3), (None, 0), (None, 8)]);
        let sums = [named("demo/sales", 9), named("demo/support", 2)];
        assert_eq!(counts(&report.sums), sums);
        assert_eq!((report.total.entered, report.agents.len()), (11, 0));
        let bounds = (report.from.as_str(), report.to.as_str());
        assert_eq!(bounds, ("2026-11-27 00:00", "2026-11-27 03:00"));
        let second = &report.together[1];
        assert_eq!(
            (&*second.from, &*second.to),
            ("2026-11-27 01:00", "2026-11-27 02:00")
        );
        assert_eq!(report.lacking, ["3 facts were lost"]);
    }

    #[test]
    fn more_rows_than_are_told_at_once_are_refused_and_together_they_are_few() {
        let queues = (0..=ROWS_MAX).map(|number| format!("demo/q{number}").parse().unwrap());
        let crowd = || Told {
            intervals: BTreeMap::from([(
                TODAY_MS,
                Interval {
                    queues: queues.clone().map(|queue| (queue, line(1))).collect(),
                    ..Interval::default()
                },
            )]),
            lacking: Vec::new(),
        };
        let refused = made(crowd(), FiguresRows::Queues).unwrap_err();
        assert!(refused.to_string().contains("20000 rows"), "{refused}");
        let together = made(crowd(), FiguresRows::Together).unwrap();
        assert_eq!(together.together[0].entered, ROWS_MAX as u64 + 1);
    }
}
