//! Who calls when and who is at work when: made up from a day and a seed, or taken from a log. Settings have no part
//! in it but for the queues and agents there are, so that different settings face the same callers.

use crate::day::{CALLS_MAX, Day, DayError};
use crate::dice::{Dice, Spread, Whose};
use crate::log::Recording;
use crate::record::{CallRow, Does, Duty, End, Row};
use crate::staff;
use acd::{Priority, Settings};
use base::{QueueId, Time, UserId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How much of their time agents are at work where a day doesn't say how many call.
const USUAL_LOAD: f64 = 0.8;

/// The patience of callers in a queue that nobody has ever hung up in.
const ENDLESS: Duration = Duration::from_secs(86_400);

/// A caller as he will be if he is let: how long he waits, and how long he talks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When he comes.
    pub at: Time,
    /// Where.
    pub queue: QueueId,
    /// How far he goes before others.
    pub priority: Priority,
    /// How long he waits before he hangs up.
    pub patience: Duration,
    /// How long he talks.
    pub talk: Duration,
    /// After what time he comes once more, if nothing came of it.
    pub again: Option<Duration>,
    /// Where he would rather be called back, if he is offered it.
    pub accepts: Option<Accepts>,
}

/// A caller who would rather be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepts {
    /// After how long.
    pub after: Duration,
    /// How long it takes from an agent's answer until he is there.
    pub reach: Duration,
}

/// All callers and agents of a day, in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The moment at which the day's clock shows 0.
    pub origin: Timestamp,
    /// Callers.
    pub attempts: Vec<Attempt>,
    /// Agents who come and go.
    pub duties: Vec<Duty>,
    /// When the last callers come and faults stop.
    pub closes: Time,
}

impl Traffic {
    /// Callers and agents of a made-up day.
    pub fn of_day(settings: &Settings, day: &Day, seed: u64) -> Result<Traffic, DayError> {
        day.check()?;
        let mut dice = Dice::new(seed, Whose::Callers);
        let (queues, shares) = queues(settings, day)?;
        let curve = day.curve();
        let weights: Vec<f64> = curve.iter().map(|(_, weight)| *weight).collect();
        let calls = day.calls.unwrap_or_else(|| usual_calls(settings, day));
        let mut attempts = Vec::with_capacity(calls as usize);
        for _ in 0..calls {
            let (from, open) = curve[dice.weighed(&weights)].0;
            attempts.push(Attempt {
                at: Time::ZERO + from + dice.within(open),
                queue: queues[dice.weighed(&shares)].clone(),
                priority: Priority::new(u8::from(dice.falls(day.urgent))),
                patience: dice.span(day.patience),
                talk: dice.span(day.talk),
                again: dice
                    .falls(day.again.share)
                    .then(|| dice.span(day.again.after)),
                accepts: None,
            });
        }
        attempts.sort_by_key(|attempt| attempt.at);
        let mut wishes = Dice::new(seed, Whose::Wishes);
        for attempt in &mut attempts {
            let accepts = wishes.falls(day.callbacks.share);
            let (after, reach) = (day.callbacks.after, day.callbacks.reach);
            let (after, reach) = (wishes.span(after), wishes.span(reach));
            attempt.accepts = accepts.then_some(Accepts { after, reach });
        }
        Ok(Traffic {
            origin: Timestamp::UNIX_EPOCH,
            attempts,
            duties: duties(settings, day, &mut dice),
            closes: Time::ZERO + day.closes.0,
        })
    }

    /// Callers and agents of a log. How long somebody who was answered would have waited, and how long somebody who
    /// was not would have talked, is drawn as the log's other callers suggest; agents are those of the day's shifts
    /// where the log tells of none.
    pub fn of_log(recording: &Recording, settings: &Settings, day: &Day, seed: u64) -> Traffic {
        let mut dice = Dice::new(seed, Whose::Callers);
        let habits = Suggested::of(recording.rows(), day);
        let sent_on = SentOn::of(recording.rows());
        let mut attempts = Vec::new();
        let mut duties = Vec::new();
        for row in recording.rows() {
            match row {
                // Who was led here by another queue's rules is led by those of today.
                Row::Call(call) if sent_on.lead_to(call) => {}
                Row::Call(call) => attempts.push(habits.attempt(call, &mut dice)),
                Row::Duty(duty) => duties.push(duty.clone()),
            }
        }
        attempts.sort_by_key(|attempt| attempt.at);
        let closes = attempts.last().map_or(Time::ZERO, |last| last.at);
        if duties.is_empty() {
            duties = staffed_all_along(settings, closes);
        }
        duties.sort_by_key(|duty| duty.at);
        Traffic {
            origin: recording.origin(),
            attempts,
            duties,
            closes,
        }
    }
}

/// The queues that are called, with their shares.
fn queues(settings: &Settings, day: &Day) -> Result<(Vec<QueueId>, Vec<f64>), DayError> {
    let known: Vec<QueueId> = settings.queues.keys().cloned().collect();
    if known.is_empty() {
        return Err(DayError::NoQueue);
    }
    let mut shares = vec![0.0; known.len()];
    for (name, share) in &day.queues {
        let named = |id: &QueueId| id.as_str() == name || id.name() == name;
        let Some(index) = known.iter().position(named) else {
            let known: Vec<&str> = known.iter().map(QueueId::as_str).collect();
            let known = known.join(", ");
            let name = name.clone();
            return Err(DayError::NoSuchQueue { name, known });
        };
        shares[index] += share;
    }
    if day.queues.is_empty() {
        shares.fill(1.0);
    }
    Ok((known, shares))
}

fn usual_calls(settings: &Settings, day: &Day) -> u32 {
    let mut rest = 0.0;
    let many = staff::rota(settings).len();
    for index in 0..many {
        let shift = &day.shifts[shift_of(day, index, many)];
        let (from, to) = (shift.from.max(day.opens), shift.to.min(day.closes));
        rest += to.0.saturating_sub(from.0).as_secs_f64();
    }
    let wrap_ups: Duration = settings.queues.values().map(|queue| queue.wrap_up).sum();
    let wrap_up = wrap_ups.as_secs_f64() / settings.queues.len().max(1) as f64;
    let handling = (day.talk.mean + day.habits.answer.mean).as_secs_f64() + wrap_up;
    let calls = rest * USUAL_LOAD / handling.max(1.0);
    (calls as u32).clamp(1, CALLS_MAX)
}

/// Agents are shared out among the shifts in the order of their names.
fn shift_of(day: &Day, index: usize, many: usize) -> usize {
    let sum: f64 = day.shifts.iter().map(|shift| shift.share).sum();
    let mut left = (index as f64 + 0.5) / many as f64 * sum;
    for (at, shift) in day.shifts.iter().enumerate() {
        left -= shift.share;
        if left <= 0.0 {
            return at;
        }
    }
    day.shifts.len() - 1
}

fn duties(settings: &Settings, day: &Day, dice: &mut Dice) -> Vec<Duty> {
    let rota = staff::rota(settings);
    let many = rota.len();
    let mut duties = Vec::new();
    for (index, (agent, queues)) in rota.into_iter().enumerate() {
        let shift = day.shifts[shift_of(day, index, many)];
        let mut does = |at: Duration, does| {
            let (at, agent) = (Time::ZERO + at, agent.clone());
            duties.push(Duty { at, agent, does });
        };
        does(shift.from.0, Does::LogIn(queues.clone()));
        if let Some(lunch) = day.lunch {
            let begins = lunch.from.0 + dice.within(lunch.to.0 - lunch.from.0 - lunch.lasts);
            let ends = begins + lunch.lasts;
            if shift.from.0 < begins && ends < shift.to.0 {
                does(begins, Does::Pause);
                does(ends, Does::Resume);
            }
        }
        does(shift.to.0, Does::LogOut(queues));
    }
    duties.sort_by_key(|duty| duty.at);
    duties
}

/// Everybody is at work from before the first caller to after the last.
fn staffed_all_along(settings: &Settings, closes: Time) -> Vec<Duty> {
    let rota = staff::rota(settings).into_iter();
    let both = rota.flat_map(|(agent, queues): (UserId, BTreeSet<QueueId>)| {
        let comes = Duty {
            at: Time::ZERO,
            agent: agent.clone(),
            does: Does::LogIn(queues.clone()),
        };
        let goes = Duty {
            at: closes + Duration::from_secs(3_600),
            agent,
            does: Does::LogOut(queues),
        };
        [comes, goes]
    });
    both.collect()
}

/// Callers who left a queue unserved, by the millisecond of their first arrival, which goes with them: where, and when.
struct SentOn<'a>(BTreeMap<u64, Vec<(&'a QueueId, Time)>>);

impl SentOn<'_> {
    fn of(rows: &[Row]) -> SentOn<'_> {
        let mut sent_on: BTreeMap<u64, Vec<(&QueueId, Time)>> = BTreeMap::new();
        for row in rows {
            if let Row::Call(call) = row
                && matches!(call.end, End::Elsewhere | End::Refused | End::Closed)
            {
                let others = sent_on.entry(arrived_ms(call)).or_default();
                others.push((&call.queue, call.at));
            }
        }
        SentOn(sent_on)
    }

    /// Whether a row goes on where another of the same caller ended.
    fn lead_to(&self, call: &CallRow) -> bool {
        let arrived = arrived_ms(call);
        // Moments in a log are rounded.
        let alike = self.0.range(arrived.saturating_sub(1)..=arrived + 1);
        let mut rows = alike.flat_map(|(_, rows)| rows);
        rows.any(|(queue, at)| **queue != call.queue && *at < call.at)
    }
}

fn arrived_ms(call: &CallRow) -> u64 {
    (call.at.as_micros() / 1_000).saturating_sub(call.before.as_millis() as u64)
}

/// What a log says of its queues' callers.
#[derive(Default)]
struct Suggested {
    queues: BTreeMap<QueueId, Callers>,
    talk: Option<Spread>,
}

#[derive(Default)]
struct Callers {
    waited: Duration,
    gave_up: u32,
    talks: Vec<Duration>,
}

impl Suggested {
    fn of(rows: &[Row], day: &Day) -> Suggested {
        let mut queues: BTreeMap<QueueId, Callers> = BTreeMap::new();
        for row in rows {
            let Row::Call(call) = row else { continue };
            let callers = queues.entry(call.queue.clone()).or_default();
            callers.waited += call.waited;
            match &call.end {
                End::Answered { talk, .. } => callers.talks.push(*talk),
                End::Abandoned => callers.gave_up += 1,
                End::Elsewhere | End::Refused | End::Closed => {}
            }
        }
        let talk = Some(day.talk);
        Suggested { queues, talk }
    }

    fn attempt(&self, call: &CallRow, dice: &mut Dice) -> Attempt {
        let of_queue = self.queues.get(&call.queue);
        let talk = match &call.end {
            End::Answered { talk, .. } => *talk,
            _ => self.talk(of_queue, dice),
        };
        let patience = match &call.end {
            End::Abandoned => call.waited,
            _ => call.waited + dice.span(of_queue.map_or(DEFAULT_REST, Callers::rest)),
        };
        Attempt {
            at: call.at,
            queue: call.queue.clone(),
            priority: call.priority,
            patience,
            talk,
            again: None,
            accepts: None,
        }
    }

    /// As long as one of those who did talk.
    fn talk(&self, of_queue: Option<&Callers>, dice: &mut Dice) -> Duration {
        let talks = of_queue.map_or(&[][..], |callers| &callers.talks);
        match talks.get(dice.below(talks.len())) {
            Some(talk) => *talk,
            None => self.talk.map_or(Duration::ZERO, |talk| dice.span(talk)),
        }
    }
}

const DEFAULT_REST: Spread = Spread::lognormal(ENDLESS, 0.0);

impl Callers {
    /// How much longer than he did somebody would have waited. Patience is taken to be exponential; those who were
    /// answered say only that theirs was longer. Then the likeliest mean is all time waited by all callers for each
    /// one who gave up, and it is that whatever somebody has waited already.
    fn rest(&self) -> Spread {
        match self.gave_up {
            0 => DEFAULT_REST,
            many => {
                Spread::exponential((self.waited / many).clamp(Duration::from_secs(1), ENDLESS))
            }
        }
    }
}
