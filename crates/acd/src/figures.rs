//! Figures: what queues and agents came to, interval by interval, as a fold over facts. A server counts as it goes, a
//! report counts what a journal kept, and both come to the same.
//!
//! A caller belongs to the interval in which he came to the queue, with all that becomes of him later. So within each
//! interval all who entered are accounted for, and an interval is settled when its last caller is gone.

use crate::fact::{Fact, Outcome, Stamped};
use crate::input::LeaveCause;
use crate::output::RefuseCause;
use crate::step::{AgentTotals, Gone, Step, Tally};
use crate::visits::{Told, Visits};
use base::{OrgId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A quarter of an hour, by which call centres plan, in milliseconds. Zones differ from UTC by whole quarters.
pub const QUARTER_MS: u64 = 15 * 60 * 1_000;

/// Quarters that are kept of a server that runs: two days, so that all of today and of yesterday is there, whatever
/// the zone.
pub const QUARTERS_KEPT: usize = 2 * 96;

/// Lines that are kept, one a queue or agent in an interval: some tens of megabytes. Beyond them the oldest intervals
/// are forgotten.
pub const LINES_KEPT: usize = 100_000;

/// Waits are counted by these bounds, in seconds: the first counts waits up to the first bound, and so on; one more
/// counts those beyond the last.
pub const WAIT_BOUNDS_S: [u32; 13] = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_200];

/// What a queue came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Counts, and forecasts beside what came.
    pub tally: Tally,
    /// Of those who hung up, those who did so before it could be helped.
    pub abandoned_soon: u64,
    /// Of those who were answered, those within the queue's time for it.
    pub within: u64,
    /// What those who were answered had waited, by [`WAIT_BOUNDS_S`].
    pub waits: [u64; WAIT_BOUNDS_S.len() + 1],
    /// The same together, in milliseconds.
    pub waited_ms: u64,
    /// The longest wait of anybody, whatever became of him.
    pub longest_ms: u64,
    /// Callers that agents are done with.
    pub handled: u64,
    /// Callers whose talk ended with the server's process.
    pub cut_off: u64,
    /// How long those who were handled talked.
    pub talk_ms: u64,
    /// How long agents worked after them.
    pub wrap_up_ms: u64,
    /// Those put out by the queue's rules, by cause.
    pub put_out: BTreeMap<RefuseCause, u64>,
    /// Those who went elsewhere by a key.
    pub keys: u64,
    /// Those not taken in, by cause.
    pub refused: BTreeMap<RefuseCause, u64>,
}

impl Line {
    /// Counts a step.
    pub fn count(&mut self, step: &Step) {
        self.tally.count(step);
        match step {
            Step::Refused(cause) => {
                if let Some(cause) = cause {
                    *self.refused.entry(*cause).or_default() += 1;
                }
            }
            Step::Entered => {}
            Step::Answered {
                waited, in_time, ..
            } => {
                self.within += u64::from(*in_time);
                self.waits[bucket(*waited)] += 1;
                self.waited_ms += millis(*waited);
                self.longest_ms = self.longest_ms.max(millis(*waited));
            }
            Step::Gone { why, waited, soon } => {
                self.longest_ms = self.longest_ms.max(millis(*waited));
                match why {
                    Gone::Left(LeaveCause::Abandoned) => {
                        self.abandoned_soon += u64::from(*soon);
                    }
                    Gone::Left(LeaveCause::KeyPressed) => self.keys += 1,
                    Gone::Expelled(cause) => *self.put_out.entry(*cause).or_default() += 1,
                    Gone::Left(_) | Gone::Moved => {}
                }
            }
            Step::Handled { talk, wrap_up } => {
                self.handled += 1;
                self.talk_ms += millis(*talk);
                self.wrap_up_ms += millis(*wrap_up);
            }
            Step::CutOff => self.cut_off += 1,
        }
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Line) {
        self.tally.add(&other.tally);
        self.abandoned_soon += other.abandoned_soon;
        self.within += other.within;
        for (own, more) in self.waits.iter_mut().zip(other.waits) {
            *own += more;
        }
        self.waited_ms += other.waited_ms;
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        self.handled += other.handled;
        self.cut_off += other.cut_off;
        self.talk_ms += other.talk_ms;
        self.wrap_up_ms += other.wrap_up_ms;
        self.keys += other.keys;
        for (cause, more) in &other.put_out {
            *self.put_out.entry(*cause).or_default() += more;
        }
        for (cause, more) in &other.refused {
            *self.refused.entry(*cause).or_default() += more;
        }
    }

    /// The share that was answered in time of all who came in and wait no more; who hung up before it could be helped
    /// doesn't count. None where there is nobody.
    pub fn service_level(&self) -> Option<f64> {
        let totals = &self.tally.totals;
        let counts = (totals.connected + totals.gone()).saturating_sub(self.abandoned_soon);
        (counts > 0).then(|| self.within as f64 / counts as f64)
    }

    /// What those who were answered had waited on average.
    pub fn mean_wait_ms(&self) -> Option<u64> {
        self.waited_ms.checked_div(self.tally.totals.connected)
    }

    /// Talk and wrap-up of a call on average.
    pub fn mean_handling_ms(&self) -> Option<u64> {
        (self.talk_ms + self.wrap_up_ms).checked_div(self.handled)
    }

    /// The least of [`WAIT_BOUNDS_S`] that so many in a hundred of those who were answered did not exceed; the longest
    /// wait beyond the last.
    pub fn wait_within_ms(&self, percent: u64) -> Option<u64> {
        let answered: u64 = self.waits.iter().sum();
        let wanted = (answered * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let bounds = WAIT_BOUNDS_S.iter().map(|bound| u64::from(*bound) * 1_000);
        let bounds = bounds.chain([u64::MAX]);
        let mut found = self.waits.iter().zip(bounds).filter_map(|(many, bound)| {
            seen += many;
            (seen >= wanted).then_some(bound.min(self.longest_ms))
        });
        found.next()
    }
}

/// What an agent came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentLine {
    /// What came of calls offered to him.
    pub totals: AgentTotals,
    /// Callers that he is done with.
    pub handled: u64,
    /// How long he talked with them.
    pub talk_ms: u64,
    /// How long he worked after them.
    pub wrap_up_ms: u64,
}

impl AgentLine {
    fn count(&mut self, step: &Step) {
        match step {
            Step::Answered { .. } => self.totals.taken += 1,
            Step::Handled { talk, wrap_up } => {
                self.handled += 1;
                self.talk_ms += millis(*talk);
                self.wrap_up_ms += millis(*wrap_up);
            }
            Step::Refused(_) | Step::Entered | Step::Gone { .. } | Step::CutOff => {}
        }
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &AgentLine) {
        self.totals.add(&other.totals);
        self.handled += other.handled;
        self.talk_ms += other.talk_ms;
        self.wrap_up_ms += other.wrap_up_ms;
    }
}

/// What all came to in one interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Queues of which there is something to tell.
    pub queues: BTreeMap<QueueId, Line>,
    /// Agents of whom there is.
    pub agents: BTreeMap<UserId, AgentLine>,
}

impl Interval {
    /// Adds what another has counted.
    pub fn add(&mut self, other: &Interval) {
        self.add_lines(other.queues.iter(), other.agents.iter());
    }

    /// Adds what another has counted of one organisation.
    fn add_of(&mut self, org: &OrgId, other: &Interval) {
        let queues = other.queues.range::<str, _>(org.names());
        self.add_lines(queues, other.agents.range::<str, _>(org.names()));
    }

    fn add_lines<'o>(
        &mut self,
        queues: impl Iterator<Item = (&'o QueueId, &'o Line)>,
        agents: impl Iterator<Item = (&'o UserId, &'o AgentLine)>,
    ) {
        for (queue, line) in queues {
            self.queues.entry(queue.clone()).or_default().add(line);
        }
        for (agent, line) in agents {
            self.agents.entry(agent.clone()).or_default().add(line);
        }
    }
}

/// How time is cut, in milliseconds of UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cut {
    /// Into quarters of an hour; the latest [`QUARTERS_KEPT`] are kept.
    #[default]
    Quarters,
    /// At these moments, in order; what is before the first or after the last doesn't count.
    At(Vec<u64>),
}

impl Cut {
    /// The beginning of the interval in which that is.
    fn start(&self, utc_ms: u64) -> Option<u64> {
        match self {
            Cut::Quarters => Some(utc_ms - utc_ms % QUARTER_MS),
            Cut::At(moments) => start_among(moments, utc_ms),
        }
    }
}

/// Figures so far, and what is needed to go on with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    cut: Cut,
    /// By their beginnings.
    intervals: BTreeMap<u64, Interval>,
    /// The last interval that was forgotten.
    forgotten: Option<u64>,
    visits: Visits,
    /// The time of the last fact.
    last: Time,
    /// When the clock of the facts shows 0, in milliseconds of UTC.
    zero_ms: i64,
}

impl Figures {
    /// Of facts on a clock that showed 0 at `zero_ms`, in milliseconds of UTC (before 1970, for one that was started
    /// ahead and is wrong).
    pub fn new(cut: Cut, zero_ms: i64) -> Figures {
        Figures {
            cut,
            zero_ms,
            ..Figures::default()
        }
    }

    /// The process whose facts these are has ended: whoever is there still was cut off when the last came about.
    pub fn run_ended(&mut self) {
        let (at, seq) = (self.last, 0);
        for fact in self.visits.cut_off() {
            self.hear(&Stamped { at, seq, fact });
        }
        self.visits = Visits::default();
    }

    /// Counts a fact; gives back the step that it is, if it is one.
    pub fn hear(&mut self, stamped: &Stamped) -> Option<Told> {
        self.last = stamped.at;
        match &stamped.fact {
            Fact::OfferEnded { agent, outcome, .. } | Fact::CallbackOver { agent, outcome, .. } => {
                let agent = self.agent(stamped.at, agent);
                agent.into_iter().for_each(|it| it.totals.count(*outcome));
            }
            Fact::OfferLost { agent, .. } => {
                let agent = self.agent(stamped.at, agent);
                let error = Outcome::DeviceError;
                agent.into_iter().for_each(|it| it.totals.count(error));
            }
            _ => {}
        }
        let told = self.visits.hear(stamped)?;
        // A queue that there is not has no line of its own: its name may be anything.
        if told.step != Step::Refused(Some(RefuseCause::NoSuchQueue)) {
            self.count(&told);
        }
        Some(told)
    }

    /// Intervals by their beginnings, in milliseconds of UTC; those of which there is something to tell.
    pub fn intervals(&self) -> impl DoubleEndedIterator<Item = (u64, &Interval)> {
        self.intervals.iter().map(|(start, it)| (*start, it))
    }

    /// The same from `since_ms` on, cut at these moments, in order.
    pub fn cut_at(&self, moments_ms: &[u64], since_ms: u64) -> BTreeMap<u64, Interval> {
        let mut cut: BTreeMap<u64, Interval> = BTreeMap::new();
        for (start, interval) in self.intervals.range(since_ms..) {
            if let Some(start) = start_among(moments_ms, *start) {
                cut.entry(start).or_default().add(interval);
            }
        }
        cut
    }

    /// What came to the queues and agents of one organisation from `since_ms` on, up to now: it costs what that one is large.
    pub fn sum_of(&self, org: &OrgId, since_ms: u64) -> Interval {
        let mut sum = Interval::default();
        for interval in self.intervals.range(since_ms..).map(|(_, it)| it) {
            sum.add_of(org, interval);
        }
        sum
    }

    /// The beginning of the last interval that was forgotten; what is told is all after it.
    pub fn forgotten(&self) -> Option<u64> {
        self.forgotten
    }

    /// Whoever is there now.
    pub fn visits(&self) -> &Visits {
        &self.visits
    }

    /// Adds the intervals of figures that were cut in the same way: those of facts before these. Whatever they have forgotten
    /// is not all here either.
    pub fn add(&mut self, earlier: &Figures) {
        self.forgotten = self.forgotten.max(earlier.forgotten);
        for (start, interval) in &earlier.intervals {
            self.intervals.entry(*start).or_default().add(interval);
        }
        self.forget();
    }

    fn count(&mut self, told: &Told) {
        let Some(interval) = self.at(told.came) else {
            return;
        };
        match interval.queues.get_mut(&told.queue) {
            Some(line) => line.count(&told.step),
            None => interval
                .queues
                .entry(told.queue.clone())
                .or_default()
                .count(&told.step),
        }
        if let Some(agent) = &told.agent {
            let line = interval.agents.entry(agent.clone()).or_default();
            line.count(&told.step);
        }
    }

    fn agent(&mut self, at: Time, agent: &UserId) -> Option<&mut AgentLine> {
        Some(self.at(at)?.agents.entry(agent.clone()).or_default())
    }

    /// The interval of that moment; none where it isn't asked for, or was forgotten already.
    fn at(&mut self, at: Time) -> Option<&mut Interval> {
        let since_zero = i64::try_from(at.as_micros() / 1_000).unwrap_or(i64::MAX);
        let utc_ms = u64::try_from(self.zero_ms.saturating_add(since_zero)).unwrap_or(0);
        let start = self.cut.start(utc_ms)?;
        // What comes later of callers of such an interval would be told as if it were all.
        if self.forgotten.is_some_and(|gone| start <= gone) {
            return None;
        }
        let known = self.intervals.len();
        self.intervals.entry(start).or_default();
        if self.intervals.len() > known {
            self.forget();
        }
        self.intervals.get_mut(&start)
    }

    fn forget(&mut self) {
        let most = match self.cut {
            Cut::Quarters => QUARTERS_KEPT,
            Cut::At(_) => usize::MAX,
        };
        let lines = |it: &Interval| it.queues.len() + it.agents.len();
        let mut kept: usize = self.intervals.values().map(lines).sum();
        while self.intervals.len() > most || kept > LINES_KEPT {
            let Some((start, oldest)) = self.intervals.pop_first() else {
                return;
            };
            kept -= lines(&oldest);
            self.forgotten = self.forgotten.max(Some(start));
        }
    }
}

/// The last of the moments that is not after it, unless that is the last of all: there ends what they cut.
fn start_among(moments_ms: &[u64], utc_ms: u64) -> Option<u64> {
    let begun = moments_ms.partition_point(|moment| *moment <= utc_ms);
    moments_ms.get(begun)?;
    moments_ms.get(begun.checked_sub(1)?).copied()
}

fn bucket(waited: Duration) -> usize {
    WAIT_BOUNDS_S.partition_point(|bound| waited > Duration::from_secs((*bound).into()))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
