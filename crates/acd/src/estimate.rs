//! How long callers wait: the queue's average, what one at a place may expect, and how far what was expected was
//! from what came. All in whole microseconds, so that the same facts give the same figures everywhere.

use base::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Calls answered within this time count for the average wait.
pub const AVERAGE_OVER: Duration = Duration::from_secs(15 * 60);

/// Answered calls that are remembered for it: nine a second over all that time, more than any one queue's agents take.
/// Beyond them the oldest are forgotten.
pub const ANSWERED_KEPT: usize = 8_192;

/// Fewer handled calls than this say nothing of the next.
pub const HANDLED_MIN: u32 = 5;

/// A handled call weighs one part in so many, those before it the rest; until there are so many, each weighs the same.
const HANDLED_WEIGHT: u32 = 16;

/// An agent's whole time, as parts of it are counted.
pub(crate) const WHOLE: u32 = 1_000_000;

/// Waits of one queue: of those lately answered, and so far of those who still wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waits {
    /// In the order of their answers.
    answered: VecDeque<Answered>,
    /// All waits of answered callers together.
    total_us: u64,
    /// First arrivals of those who wait, added up.
    arrivals_us: u128,
    /// How many wait.
    waiting: u32,
}

/// An answered caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    at: Time,
    /// What all before him had waited together: the sum over the latest is one subtraction.
    before_us: u64,
}

impl Waits {
    /// A caller waits.
    pub(crate) fn came(&mut self, arrived: Time) {
        self.waiting += 1;
        self.arrivals_us += u128::from(arrived.as_micros());
    }

    /// He waits no more.
    pub(crate) fn went(&mut self, arrived: Time) {
        self.waiting = self.waiting.saturating_sub(1);
        let arrived = u128::from(arrived.as_micros());
        self.arrivals_us = self.arrivals_us.saturating_sub(arrived);
    }

    /// He was answered.
    pub(crate) fn answered(&mut self, now: Time, arrived: Time) {
        self.forget(now);
        if self.answered.len() == ANSWERED_KEPT {
            self.answered.pop_front();
        }
        self.answered.push_back(Answered {
            at: now,
            before_us: self.total_us,
        });
        self.total_us = self.total_us.saturating_add(micros(now - arrived));
    }

    /// Forgets whoever was answered too long ago to count.
    pub(crate) fn forget(&mut self, now: Time) {
        let counts = |answered: &Answered| answered.at + AVERAGE_OVER > now;
        while self.answered.front().is_some_and(|it| !counts(it)) {
            self.answered.pop_front();
        }
    }

    /// These were answered before all that are known, by another process.
    pub(crate) fn recall(&mut self, earlier: &VecDeque<(Time, Duration)>) {
        let own = self.each();
        let first = own.first().map_or(Time::NEVER, |(at, _)| *at);
        let room = ANSWERED_KEPT.saturating_sub(own.len());
        let earlier = earlier.iter().copied().filter(|(at, _)| *at <= first);
        let earlier: Vec<(Time, Duration)> = earlier.collect();
        let latest = earlier.len().saturating_sub(room);
        self.answered.clear();
        self.total_us = 0;
        for (at, wait) in earlier.into_iter().skip(latest).chain(own) {
            let before_us = self.total_us;
            self.answered.push_back(Answered { at, before_us });
            self.total_us = self.total_us.saturating_add(micros(wait));
        }
    }

    /// Whoever was answered, and how long he had waited.
    fn each(&self) -> Vec<(Time, Duration)> {
        let after = self.answered.iter().skip(1).map(|it| it.before_us);
        let after = after.chain([self.total_us]);
        let each = self.answered.iter().zip(after);
        each.map(|(it, after)| (it.at, Duration::from_micros(after - it.before_us)))
            .collect()
    }

    /// The mean over the calls answered lately and the waits so far; none where there is neither.
    pub(crate) fn average(&self, now: Time) -> Option<Duration> {
        let Sum { waits_us, callers } = self.sum(now);
        let mean = waits_us.checked_div(callers.into())?;
        Some(Duration::from_micros(
            u64::try_from(mean).unwrap_or(u64::MAX),
        ))
    }

    /// When the average reaches `mark` if nobody comes, goes or is forgotten; never, where nobody waits.
    pub(crate) fn reaches(&self, mark: Duration) -> Option<Time> {
        // At t it is (answered + waiting·t - arrivals) / callers.
        let before = self
            .answered
            .front()
            .map_or(self.total_us, |it| it.before_us);
        let callers = self.answered.len() as u128 + u128::from(self.waiting);
        let wanted = u128::from(micros(mark)) * callers + self.arrivals_us;
        let short = wanted.saturating_sub((self.total_us - before).into());
        let waiting = u128::from(self.waiting);
        let micros = short
            .checked_add(waiting)?
            .checked_sub(1)?
            .checked_div(waiting)?;
        u64::try_from(micros).ok().map(Time::from_micros)
    }

    /// When the oldest answer ceases to count.
    pub(crate) fn forgets_at(&self) -> Option<Time> {
        self.answered.front().map(|oldest| oldest.at + AVERAGE_OVER)
    }

    /// Whether those who wait came then, in any order.
    pub(crate) fn are_of(&self, arrivals: impl Iterator<Item = Time>) -> bool {
        let mut plain = Waits::default();
        arrivals.for_each(|arrived| plain.came(arrived));
        (plain.waiting, plain.arrivals_us) == (self.waiting, self.arrivals_us)
    }

    fn sum(&self, now: Time) -> Sum {
        let counts = |answered: &Answered| answered.at + AVERAGE_OVER > now;
        let first = self.answered.partition_point(|it| !counts(it));
        let before = self
            .answered
            .get(first)
            .map_or(self.total_us, |it| it.before_us);
        let so_far = u128::from(self.waiting) * u128::from(now.as_micros());
        Sum {
            waits_us: u128::from(self.total_us - before) + so_far.saturating_sub(self.arrivals_us),
            callers: self.waiting + u32::try_from(self.answered.len() - first).unwrap_or(u32::MAX),
        }
    }
}

struct Sum {
    waits_us: u128,
    callers: u32,
}

/// How long one caller keeps an agent of this queue, talk and wrap-up together: the mean, in which the latest weigh most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handling {
    mean_us: u64,
    /// Up to `HANDLED_WEIGHT`: more make no difference.
    seen: u32,
}

impl Handling {
    /// An agent is done with a caller.
    pub(crate) fn note(&mut self, span: Duration) {
        self.seen = (self.seen + 1).min(HANDLED_WEIGHT);
        let (mean, seen) = (u128::from(self.mean_us), u128::from(self.seen));
        let next = (mean * (seen - 1) + u128::from(micros(span))) / seen;
        self.mean_us = u64::try_from(next).unwrap_or(u64::MAX);
    }

    /// That was the mean of calls before all that are known.
    pub(crate) fn recall(&mut self, earlier: Handling) {
        let (own, other) = (u128::from(self.seen), u128::from(earlier.seen));
        let sum = u128::from(self.mean_us) * own + u128::from(earlier.mean_us) * other;
        if let Some(mean) = sum.checked_div(own + other) {
            self.mean_us = u64::try_from(mean).unwrap_or(u64::MAX);
            self.seen = (self.seen + earlier.seen).min(HANDLED_WEIGHT);
        }
    }

    /// None while the sample is too small.
    pub(crate) fn mean(&self) -> Option<Duration> {
        (self.seen >= HANDLED_MIN).then(|| Duration::from_micros(self.mean_us))
    }

    /// What the caller at this place may expect to wait: h·p/c. None while the sample is too small, or where nobody is
    /// at work. `effective` is the agents' time that is this queue's, in parts of [`WHOLE`].
    pub(crate) fn expected(&self, place: u32, effective: u64) -> Option<Duration> {
        let handling = u128::from(micros(self.mean()?));
        let work = handling * u128::from(place) * u128::from(WHOLE);
        let expected = work.checked_div(effective.into())?;
        Some(Duration::from_micros(
            u64::try_from(expected).unwrap_or(u64::MAX),
        ))
    }
}

/// What was expected when callers came, and what they waited: over all who were answered and of whom something was
/// expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// How many they are.
    pub calls: u64,
    /// What was expected of them together, in milliseconds.
    pub expected_ms: u64,
    /// What they waited together.
    pub waited_ms: u64,
    /// How far the two were apart, caller by caller, together.
    pub error_ms: u64,
}

impl Forecast {
    pub(crate) fn note(&mut self, expected: Duration, waited: Duration) {
        let (expected, waited) = (millis(expected), millis(waited));
        self.calls += 1;
        self.expected_ms = self.expected_ms.saturating_add(expected);
        self.waited_ms = self.waited_ms.saturating_add(waited);
        self.error_ms = self.error_ms.saturating_add(expected.abs_diff(waited));
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Forecast) {
        self.calls += other.calls;
        self.expected_ms = self.expected_ms.saturating_add(other.expected_ms);
        self.waited_ms = self.waited_ms.saturating_add(other.waited_ms);
        self.error_ms = self.error_ms.saturating_add(other.error_ms);
    }
}

/// What a caller's wait is made of when it is told him.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prospect {
    /// His place: 1 is next in turn; none if he no longer waits.
    pub place: Option<u32>,
    /// What he may expect to wait from now on; none where that can't be said.
    pub expected: Option<Duration>,
    /// The queue's average wait.
    pub average: Option<Duration>,
    /// How many wait there, he among them.
    pub waiting: u32,
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    /// A walk over the numbers below 1,009, each once, in scattered order.
    fn scattered() -> impl Iterator<Item = u64> {
        (1..1_009).map(|n| n * 607 % 1_009)
    }

    #[test]
    fn the_average_is_over_those_answered_in_fifteen_minutes_and_those_who_wait() {
        let mut waits = Waits::default();
        assert_eq!(waits.average(at(5)), None);
        for arrived in [0, 10] {
            waits.came(at(arrived));
        }
        assert_eq!(waits.average(at(30)), Some(Duration::from_secs(25)));
        waits.went(at(0));
        waits.answered(at(40), at(0));
        assert_eq!(waits.average(at(40)), Some(Duration::from_secs(35)));
        waits.went(at(10));
        // Who gave up counts no more; who was answered does for fifteen minutes and no longer.
        assert_eq!(waits.average(at(40 + 899)), Some(Duration::from_secs(40)));
        assert_eq!(waits.average(at(40 + 900)), None);
    }

    #[test]
    fn the_average_is_that_of_a_plain_recount_through_a_thousand_comings_and_goings() {
        let mut waits = Waits::default();
        let (mut waiting, mut answered): (Vec<Time>, Vec<(Time, Duration)>) = Default::default();
        let mut now = at(1_000);
        for step in scattered() {
            now += Duration::from_millis(step * 37);
            let arrived = Time::from_micros(now.as_micros() - step * 100_003);
            if step % 3 > 0 || waiting.is_empty() {
                waits.came(arrived);
                waiting.push(arrived);
            } else {
                let gone = waiting.swap_remove(step as usize % waiting.len());
                waits.went(gone);
                if step % 2 > 0 {
                    waits.answered(now, gone);
                    answered.push((now, now - gone));
                }
            }
            let later = now + Duration::from_secs(step % 7 * 300);
            let lately = answered.iter().filter(|(at, _)| later - *at < AVERAGE_OVER);
            let lately = lately.map(|(_, wait)| *wait);
            let all: Vec<Duration> = lately.chain(waiting.iter().map(|it| later - *it)).collect();
            let sum: u128 = all.iter().map(Duration::as_micros).sum();
            let mean = sum.checked_div(all.len() as u128);
            let average = waits.average(later).map(|average| average.as_micros());
            assert_eq!(average, mean, "at step {step}");
        }
    }

    #[test]
    fn no_more_answered_calls_are_kept_than_their_limit() {
        let mut waits = Waits::default();
        for _ in 0..ANSWERED_KEPT + 10 {
            waits.answered(at(60), at(0));
        }
        assert_eq!(waits.answered.len(), ANSWERED_KEPT);
        assert_eq!(waits.average(at(61)), Some(MINUTE));
    }

    #[test]
    fn the_mean_handling_time_is_plain_at_first_and_then_weighs_the_latest_most() {
        let mut handling = Handling::default();
        for minutes in 1..HANDLED_MIN {
            handling.note(MINUTE * minutes);
            assert_eq!(handling.mean(), None, "too small a sample");
        }
        handling.note(MINUTE * HANDLED_MIN);
        assert_eq!(handling.mean(), Some(MINUTE * 3));
        let mut plain = 180.0;
        for (seen, seconds) in (6..).zip(scattered()) {
            handling.note(Duration::from_secs(seconds));
            let weight = f64::from(seen.min(HANDLED_WEIGHT));
            plain += (seconds as f64 - plain) / weight;
            let mean = handling.mean().unwrap().as_secs_f64();
            assert!((mean - plain).abs() < 0.001, "{mean} for {plain}");
        }
    }

    #[test]
    fn what_is_expected_is_handling_time_by_place_over_agents_and_nothing_where_nobody_works() {
        let mut handling = Handling::default();
        (0..HANDLED_MIN).for_each(|_| handling.note(MINUTE * 4));
        assert_eq!(handling.expected(3, WHOLE.into()), Some(MINUTE * 12));
        // Two and a half agents.
        let effective = u64::from(WHOLE) * 5 / 2;
        assert_eq!(handling.expected(5, effective), Some(MINUTE * 8));
        assert_eq!(handling.expected(1, 0), None);
    }

    #[test]
    fn forecasts_that_miss_on_both_sides_do_not_make_up_for_each_other() {
        let mut forecast = Forecast::default();
        forecast.note(MINUTE * 2, MINUTE * 3);
        forecast.note(MINUTE * 5, MINUTE * 4);
        assert_eq!((forecast.calls, forecast.error_ms), (2, 120_000));
        assert_eq!(
            (forecast.expected_ms, forecast.waited_ms),
            (420_000, 420_000)
        );
    }
}
