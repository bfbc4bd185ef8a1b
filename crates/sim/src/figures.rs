//! Figures of a day, counted from its rows: the same for one that was recorded and one that was simulated.

use crate::record::{CallRow, Does, Duty, End, Row};
use base::{QueueId, Time, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// By what figures over the day are gathered: a quarter of an hour, as call centres plan.
pub const QUARTER: Duration = Duration::from_secs(900);

/// What a day came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// By queue.
    pub queues: BTreeMap<QueueId, Line>,
    /// All queues.
    pub all: Line,
    /// By the quarter of an hour in which callers came, from the clock's 0 on.
    pub quarters: Vec<Quarter>,
}

/// The figures of a queue, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Callers who came.
    pub callers: u64,
    /// Those who were answered.
    pub answered: u64,
    /// Those who hung up while they waited.
    pub abandoned: u64,
    /// Those who left in another way.
    pub elsewhere: u64,
    /// Those who were not taken in.
    pub refused: u64,
    /// Those who came outside of its hours.
    pub closed: u64,
    /// Of those who were taken in, the share that was answered within the time asked for.
    pub service_level: Option<f64>,
    /// The wait that half of those answered did not exceed.
    pub wait_p50: Option<Duration>,
    /// The wait that nine in ten of those answered did not exceed.
    pub wait_p90: Option<Duration>,
    /// The longest wait, of those who were answered and those who were not.
    pub wait_max: Option<Duration>,
    /// How much of the time in which its agents were logged in and not paused they talked or wrapped up, in whichever
    /// queue.
    pub occupancy: Option<f64>,
}

/// A quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quarter {
    /// Callers who came in it.
    pub callers: u32,
    /// Those of them who were answered.
    pub answered: u32,
    /// Those of them who hung up.
    pub abandoned: u32,
    /// What all of them waited, together.
    pub waited: Duration,
}

impl Quarter {
    /// How long those who came in it waited on average.
    pub fn mean_wait(&self) -> Duration {
        self.waited.checked_div(self.callers).unwrap_or_default()
    }
}

/// What is counted of a queue, and what only whoever has all rows can tell: exact percentiles.
#[derive(Default)]
struct Tally {
    counted: acd::Line,
    waits: Vec<Duration>,
    wait_max: Option<Duration>,
    /// Those who came outside of its hours never were the engine's.
    closed: u64,
}

impl Tally {
    fn count(&mut self, call: &CallRow, within: Duration) {
        call.steps(within)
            .for_each(|step| self.counted.count(&step));
        self.closed += u64::from(call.end == End::Closed);
        if !matches!(call.end, End::Refused | End::Closed) {
            self.wait_max = self.wait_max.max(Some(call.waited));
        }
        if let End::Answered { .. } = call.end {
            self.waits.push(call.waited);
        }
    }

    fn line(mut self, occupancy: Option<f64>) -> Line {
        self.waits.sort_unstable();
        let totals = self.counted.tally.totals;
        Line {
            callers: totals.entered + totals.refused + self.closed,
            answered: totals.connected,
            abandoned: totals.abandoned,
            elsewhere: totals.gone() - totals.abandoned,
            refused: totals.refused,
            closed: self.closed,
            service_level: self.counted.service_level(),
            wait_p50: percentile(&self.waits, 50),
            wait_p90: percentile(&self.waits, 90),
            wait_max: self.wait_max,
            occupancy,
        }
    }
}

/// The least of them that so many in a hundred do not exceed.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// An agent's time.
#[derive(Default)]
struct Work {
    queues: BTreeSet<QueueId>,
    logged_in: BTreeSet<QueueId>,
    paused: bool,
    since: Option<Time>,
    staffed: Duration,
    worked: Duration,
}

impl Work {
    fn hear(&mut self, duty: &Duty) {
        match &duty.does {
            Does::LogIn(queues) => {
                self.queues.extend(queues.iter().cloned());
                self.logged_in.extend(queues.iter().cloned());
            }
            Does::LogOut(queues) => {
                self.logged_in.retain(|queue| !queues.contains(queue));
                // Whoever logs out of all ends his pause with it.
                self.paused &= !self.logged_in.is_empty();
            }
            Does::Pause => self.paused = true,
            Does::Resume => self.paused = false,
        }
        let at_work = !self.logged_in.is_empty() && !self.paused;
        match (self.since, at_work) {
            (None, true) => self.since = Some(duty.at),
            (Some(since), false) => {
                self.staffed += duty.at - since;
                self.since = None;
            }
            _ => {}
        }
    }

    fn end(&mut self, at: Time) {
        if let Some(since) = self.since.take() {
            self.staffed += at - since;
        }
    }
}

impl Figures {
    /// Counts rows; `within` is the time for the service level.
    pub fn of(rows: &[Row], within: Duration) -> Figures {
        let mut queues: BTreeMap<QueueId, Tally> = BTreeMap::new();
        let mut all = Tally::default();
        let mut agents: BTreeMap<UserId, Work> = BTreeMap::new();
        let mut quarters = Vec::new();
        let mut last = Time::ZERO;
        for row in rows {
            last = last.max(row.at());
            match row {
                Row::Call(call) => {
                    queues
                        .entry(call.queue.clone())
                        .or_default()
                        .count(call, within);
                    all.count(call, within);
                    count_quarter(&mut quarters, call);
                    if let End::Answered {
                        agent,
                        talk,
                        wrap_up,
                    } = &call.end
                    {
                        agents.entry(agent.clone()).or_default().worked += *talk + *wrap_up;
                        last = last.max(call.at + call.waited + *talk);
                    }
                }
                Row::Duty(duty) => agents.entry(duty.agent.clone()).or_default().hear(duty),
            }
        }
        for work in agents.values_mut() {
            work.end(last);
        }
        let lines = queues.into_iter().map(|(queue, tally)| {
            let its = agents.values().filter(|work| work.queues.contains(&queue));
            let line = tally.line(occupancy(its));
            (queue, line)
        });
        Figures {
            queues: lines.collect(),
            all: all.line(occupancy(agents.values())),
            quarters,
        }
    }
}

fn occupancy<'a>(agents: impl Iterator<Item = &'a Work>) -> Option<f64> {
    let (mut worked, mut staffed) = (Duration::ZERO, Duration::ZERO);
    for work in agents {
        worked += work.worked;
        staffed += work.staffed;
    }
    // Who is known to have talked and not to have been logged in is in a log that tells of no log-ins.
    (!staffed.is_zero()).then(|| worked.as_secs_f64() / staffed.as_secs_f64())
}

fn count_quarter(quarters: &mut Vec<Quarter>, call: &CallRow) {
    let index = usize::try_from(call.at.as_micros() / QUARTER.as_micros() as u64).unwrap_or(0);
    if quarters.len() <= index {
        quarters.resize(index + 1, Quarter::default());
    }
    let quarter = &mut quarters[index];
    quarter.callers += 1;
    quarter.waited += call.waited;
    match call.end {
        End::Answered { .. } => quarter.answered += 1,
        End::Abandoned => quarter.abandoned += 1,
        End::Elsewhere | End::Refused | End::Closed => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::Priority;

    fn call(at_s: u64, waited_s: u64, end: End) -> Row {
        Row::Call(CallRow {
            at: Time::from_millis(at_s * 1_000),
            queue: "demo/support".parse().unwrap(),
            priority: Priority::default(),
            waited: Duration::from_secs(waited_s),
            before: Duration::ZERO,
            end,
        })
    }

    fn anna(at_s: u64, does: Does) -> Row {
        Row::Duty(Duty {
            at: Time::from_millis(at_s * 1_000),
            agent: "demo/anna".parse().unwrap(),
            does,
        })
    }

    #[test]
    fn figures_are_what_the_rows_say() {
        let queues = || BTreeSet::from(["demo/support".parse().unwrap()]);
        let answered = |talk_s| End::Answered {
            agent: "demo/anna".parse().unwrap(),
            talk: Duration::from_secs(talk_s),
            wrap_up: Duration::from_secs(10),
        };
        let rows = [
            anna(0, Does::LogIn(queues())),
            call(100, 20, answered(90)),
            call(300, 21, answered(90)),
            call(1_000, 60, End::Abandoned),
            call(1_000, 0, End::Refused),
            call(1_000, 0, End::Closed),
            anna(1_000, Does::Pause),
            anna(1_500, Does::Resume),
            anna(2_000, Does::LogOut(queues())),
        ];
        let figures = Figures::of(&rows, Duration::from_secs(20));
        let line = &figures.queues[&"demo/support".parse::<QueueId>().unwrap()];
        assert_eq!(line, &figures.all);
        assert_eq!((line.callers, line.answered, line.abandoned), (5, 2, 1));
        assert_eq!((line.refused, line.closed), (1, 1));
        assert_eq!(line.service_level, Some(1.0 / 3.0));
        assert_eq!(line.wait_p50, Some(Duration::from_secs(20)));
        assert_eq!(line.wait_p90, Some(Duration::from_secs(21)));
        assert_eq!(line.wait_max, Some(Duration::from_secs(60)));
        assert_eq!(line.occupancy, Some(200.0 / 1_500.0));
        assert_eq!(figures.quarters.len(), 2);
        assert_eq!(figures.quarters[1].mean_wait(), Duration::from_secs(20));
    }
}
