//! "Why this agent, why not that one": what was decided about each of the latest calls and callbacks, kept as the facts say it
//! and put in words when somebody asks.

use crate::documents::{PassedOverRow, WhyRow};
use acd::{
    AgentState, CallbackEnd, Fact, LeaveCause, Obstacle, Outcome, PassedOver, Reason, Sought,
    Stamped, WithdrawCause,
};
use base::Time;
use control::Subject;
use std::collections::{BTreeMap, VecDeque};

/// Calls whose decisions are kept, those that have ended among them: a busy hour of a large installation.
const CALLS_KEPT: usize = 10_000;

/// Decisions kept of one call, its first: a caller who waits for an hour while phones ring out makes some hundred.
const DECISIONS_KEPT: usize = 256;

/// The decisions of the latest calls.
#[derive(Default)]
pub(crate) struct Decisions {
    by_subject: BTreeMap<Subject, Vec<Stamped>>,
    /// In the order in which they came.
    subjects: VecDeque<Subject>,
}

impl Decisions {
    /// Keeps a fact if it is about a call or a callback; the oldest gives way.
    pub(crate) fn keep(&mut self, fact: Stamped) {
        let call = fact.fact.call().map(Subject::Call);
        let Some(subject) = call.or_else(|| fact.fact.callback().map(Subject::Callback)) else {
            return;
        };
        let decisions = self.by_subject.entry(subject).or_default();
        if decisions.is_empty() {
            self.subjects.push_back(subject);
        }
        if decisions.len() < DECISIONS_KEPT {
            decisions.push(fact);
        }
        if self.subjects.len() > CALLS_KEPT
            && let Some(oldest) = self.subjects.pop_front()
        {
            self.by_subject.remove(&oldest);
        }
    }

    /// What was decided about a call or a callback; nothing where it is not known.
    pub(crate) fn about(&self, subject: Subject) -> Vec<WhyRow> {
        let decisions = self.by_subject.get(&subject);
        let decisions = decisions.map_or(&[][..], Vec::as_slice);
        let start = decisions.first().map_or(Time::ZERO, |first| first.at);
        let rows = decisions.iter().filter_map(|fact| row(fact, start));
        rows.collect()
    }
}

fn row(stamped: &Stamped, start: Time) -> Option<WhyRow> {
    let passed_over = match &stamped.fact {
        Fact::Offered { passed_over, .. } | Fact::CallbackOffered { passed_over, .. } => {
            passed_over.iter().map(passed_over_row).collect()
        }
        _ => Vec::new(),
    };
    Some(WhyRow {
        after_ms: u64::try_from((stamped.at - start).as_millis()).unwrap_or(u64::MAX),
        what: words(stamped)?,
        passed_over,
    })
}

fn words(stamped: &Stamped) -> Option<String> {
    Some(match &stamped.fact {
        Fact::Refused { queue, cause, .. } => {
            format!("not taken into {queue}: {cause}")
        }
        Fact::Entered {
            queue,
            priority,
            sought,
            requires,
            ..
        } => {
            let mut words = format!("waits in {queue}");
            if priority.steps() > 0 {
                words += &format!(" with priority {}", priority.steps());
            }
            if !requires.is_empty() {
                let skills = requires.iter();
                let skills: Vec<String> = skills
                    .map(|(skill, level)| format!("{skill} {level}"))
                    .collect();
                words += &format!(", asks for {}", skills.join(", "));
            }
            if let Some(Sought { agent, until, .. }) = sought {
                let patience = (*until - stamped.at).as_secs();
                words += &format!(", {patience} s for {agent} alone, who talked with him last");
            }
            words
        }
        Fact::PatienceEnded { .. } => "waits for nobody alone any more".to_owned(),
        Fact::Chooses { .. } => "chooses whether to be called back, and keeps his place".to_owned(),
        Fact::WaitsOn { .. } => "waits on".to_owned(),
        Fact::Widened { step, .. } => format!("asks for less: step {step} of widening"),
        Fact::Offered {
            agent,
            reason,
            queue,
            ..
        } => format!(
            "offered from {queue} to {agent}: {}",
            chosen(*reason, stamped.at)
        ),
        Fact::Connected { agent, .. } => format!("answered by {agent}"),
        Fact::OfferWithdrawn { agent, cause, .. }
        | Fact::CallbackWithdrawn { agent, cause, .. } => {
            let why = match cause {
                WithdrawCause::CallerGone => "the caller has gone",
                WithdrawCause::NoAnswer => "no answer in time",
                WithdrawCause::AgentGone => "the agent takes no call any more",
                WithdrawCause::AnsweredElsewhere => "another agent has the call",
            };
            format!("{agent} rings no more: {why}")
        }
        Fact::TurnGiven { queue, .. } => {
            format!("leaves a turn of {queue} to a caller, by their shares")
        }
        Fact::CallbackOffered {
            agent,
            reason,
            queue,
            ..
        } => format!(
            "given by {queue} to {agent}: {}",
            chosen(*reason, stamped.at)
        ),
        Fact::CallbackTaken { agent, .. } => format!("taken by {agent}"),
        Fact::CallbackOver {
            agent,
            end,
            outcome,
            ..
        } => match end {
            CallbackEnd::NotDue => "could not be had at that moment".to_owned(),
            CallbackEnd::HasAnother => format!("{agent} has another, or owes what came of one"),
            CallbackEnd::Unanswered(_) => format!("{agent} {}", blamed(*outcome)),
            CallbackEnd::HungUp => format!("{agent} hung up before the person was called"),
            CallbackEnd::Broken => format!("could not be begun with {agent}"),
            CallbackEnd::PersonGone => {
                format!("{agent} rings no more: the person was not reached, or has gone")
            }
            CallbackEnd::Called => format!("{agent} is done with it"),
        },
        Fact::AnsweredLate { .. } => "an answer came too late".to_owned(),
        Fact::OfferEnded { agent, outcome, .. } => format!("{agent} {}", blamed(*outcome)),
        Fact::OfferLost { agent, .. } => format!("{agent}: the phone was never heard of again"),
        Fact::Left { cause, .. } => {
            let why = match cause {
                LeaveCause::Abandoned => "hung up",
                LeaveCause::Failed => "the call broke",
                LeaveCause::Shutdown => "the server went down",
                LeaveCause::SentOn => "sent on",
                LeaveCause::KeyPressed => "pressed a key that leads elsewhere",
                LeaveCause::ServerRestarted => "the server restarted",
                LeaveCause::CalledBack => "is called back instead",
            };
            format!("left the queue: {why}")
        }
        Fact::Expelled { queue, cause, .. } => format!("put out of {queue}: {cause}"),
        Fact::Moved { to, by, .. } => format!("moved to {to} by {by}"),
        Fact::PutForward { to, by, .. } => format!("put forward to place {to} by {by}"),
        Fact::Given { agent, by, .. } => format!("given to {agent} by {by}"),
        Fact::ConversationEnded { agent, .. } => format!("the conversation with {agent} ended"),
        _ => return None,
    })
}

fn blamed(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Missed => "counts as missed",
        Outcome::Declined => "declined",
        Outcome::Busy => "was busy",
        Outcome::DeviceError => "could not be reached",
        Outcome::Nothing => "stopped ringing, and is blamed for nothing",
    }
}

fn chosen(reason: Reason, at: Time) -> String {
    let idle = |since: Time| format!("idle for {} s", (at - since).as_secs());
    match reason {
        Reason::LongestIdle { idle_since } => format!("longest idle, {}", idle(idle_since)),
        Reason::Parallel {
            idle_since,
            at_once,
        } => format!("one of {at_once} at once, {}", idle(idle_since)),
        Reason::BySkill { level, idle_since } => {
            format!("ablest, levels {level} in all, {}", idle(idle_since))
        }
        Reason::RoundRobin { rank, after } => match after {
            Some(after) => format!("number {} in the circle, after {}", rank + 1, after + 1),
            None => format!("number {} in the circle", rank + 1),
        },
        Reason::FewestCalls { taken } => format!("fewest calls, {taken}"),
        Reason::Random { weight } => format!("by chance, weight {weight}"),
        Reason::RingAll => "all ring".to_owned(),
        Reason::LastAgent { talked } => {
            format!("talked with him {} s ago", (at - talked).as_secs())
        }
        Reason::Given => "it was given to him".to_owned(),
        Reason::FixedOrder { rank } => format!("number {} in the order", rank + 1),
    }
}

fn passed_over_row(passed_over: &PassedOver) -> PassedOverRow {
    PassedOverRow {
        agent: passed_over.agent.clone(),
        why: obstacle(&passed_over.cause),
    }
}

fn obstacle(cause: &Obstacle) -> String {
    match cause {
        Obstacle::LaterTurn => "his turn comes later".to_owned(),
        Obstacle::Priority { priority } => format!("priority {priority}"),
        Obstacle::Lacks(lacking) => match lacking.has {
            Some(has) => format!("has {} {has}, asked {}", lacking.skill, lacking.asked),
            None => format!("has no {}", lacking.skill),
        },
        Obstacle::Indebted => "has another callback, or owes what came of one".to_owned(),
        Obstacle::NotFree(state) => match state {
            AgentState::InCall => "in a call",
            AgentState::Offered => "rings",
            AgentState::WrapUp { .. } => "in wrap-up",
            AgentState::LoggedOut => "logged out",
            AgentState::Paused { .. } => "paused",
            AgentState::OwnCall => "in a call of his own",
            AgentState::Unreachable => "unreachable",
            AgentState::Deferred { .. } => "left in peace for a while",
            AgentState::Free => "free",
        }
        .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{CallId, ShardId};

    fn call(slot: u32) -> CallId {
        CallId {
            shard: ShardId(1),
            slot,
            generation: 0,
        }
    }

    fn left(slot: u32) -> Stamped {
        Stamped {
            at: Time::from_millis(slot.into()),
            seq: slot.into(),
            fact: Fact::Left {
                call: call(slot),
                queue: "demo/support".parse().unwrap(),
                cause: LeaveCause::Abandoned,
            },
        }
    }

    #[test]
    fn the_oldest_call_gives_way_and_one_call_keeps_its_first_decisions() {
        let mut decisions = Decisions::default();
        for _ in 0..DECISIONS_KEPT + 10 {
            decisions.keep(left(0));
        }
        assert_eq!(
            decisions.about(Subject::Call(call(0))).len(),
            DECISIONS_KEPT
        );
        for slot in 1..=u32::try_from(CALLS_KEPT).unwrap() {
            decisions.keep(left(slot));
        }
        assert_eq!(decisions.about(Subject::Call(call(0))), []);
        assert_eq!(
            decisions.about(Subject::Call(call(1)))[0].what,
            "left the queue: hung up"
        );
        assert_eq!(decisions.by_subject.len(), CALLS_KEPT);
    }
}
