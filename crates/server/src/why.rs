//! "Why this agent, why not that one": what was decided about each of the latest calls, kept as the facts say it
//! and put in words when somebody asks.

use crate::documents::{PassedOverRow, WhyRow};
use acd::{
    AgentState, Fact, LeaveCause, Obstacle, Outcome, PassedOver, Reason, Stamped, WithdrawCause,
};
use base::{CallId, Time};
use std::collections::{BTreeMap, VecDeque};

/// Calls whose decisions are kept, those that have ended among them: a busy hour of a large installation.
const CALLS_KEPT: usize = 10_000;

/// Decisions kept of one call, its first: a caller who waits for an hour while phones ring out makes some hundred.
const DECISIONS_KEPT: usize = 256;

/// The decisions of the latest calls.
#[derive(Default)]
pub(crate) struct Decisions {
    by_call: BTreeMap<CallId, Vec<Stamped>>,
    /// In the order in which they came.
    calls: VecDeque<CallId>,
}

impl Decisions {
    /// Keeps a fact if it is about a call; the oldest call gives way.
    pub(crate) fn keep(&mut self, fact: Stamped) {
        let Some(call) = fact.fact.call() else {
            return;
        };
        let decisions = self.by_call.entry(call).or_default();
        if decisions.is_empty() {
            self.calls.push_back(call);
        }
        if decisions.len() < DECISIONS_KEPT {
            decisions.push(fact);
        }
        if self.calls.len() > CALLS_KEPT
            && let Some(oldest) = self.calls.pop_front()
        {
            self.by_call.remove(&oldest);
        }
    }

    /// What was decided about a call; nothing where it is not known.
    pub(crate) fn about(&self, call: CallId) -> Vec<WhyRow> {
        let decisions = self.by_call.get(&call);
        let decisions = decisions.map_or(&[][..], Vec::as_slice);
        let start = decisions.first().map_or(Time::ZERO, |first| first.at);
        let rows = decisions.iter().filter_map(|fact| row(fact, start));
        rows.collect()
    }
}

fn row(stamped: &Stamped, start: Time) -> Option<WhyRow> {
    let passed_over = match &stamped.fact {
        Fact::Offered { passed_over, .. } => passed_over.iter().map(passed_over_row).collect(),
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
            queue, priority, ..
        } => match priority.steps() {
            0 => format!("waits in {queue}"),
            steps => format!("waits in {queue} with priority {steps}"),
        },
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
        Fact::OfferWithdrawn { agent, cause, .. } => {
            let why = match cause {
                WithdrawCause::CallerGone => "the caller has gone",
                WithdrawCause::NoAnswer => "no answer in time",
                WithdrawCause::AgentGone => "the agent takes no call any more",
                WithdrawCause::AnsweredElsewhere => "another agent answered",
            };
            format!("{agent} rings no more: {why}")
        }
        Fact::AnsweredLate { .. } => "an answer came too late".to_owned(),
        Fact::OfferEnded { agent, outcome, .. } => {
            let what = match outcome {
                Outcome::Missed => "counts as missed",
                Outcome::Declined => "declined",
                Outcome::Busy => "was busy",
                Outcome::DeviceError => "could not be reached",
                Outcome::Nothing => "stopped ringing, and is blamed for nothing",
            };
            format!("{agent} {what}")
        }
        Fact::OfferLost { agent, .. } => format!("{agent}: the phone was never heard of again"),
        Fact::Left { cause, .. } => {
            let why = match cause {
                LeaveCause::Abandoned => "hung up",
                LeaveCause::Failed => "the call broke",
                LeaveCause::Shutdown => "the server went down",
                LeaveCause::SentOn => "sent on",
                LeaveCause::KeyPressed => "pressed a key that leads elsewhere",
            };
            format!("left the queue: {why}")
        }
        Fact::Expelled { queue, cause, .. } => format!("put out of {queue}: {cause}"),
        Fact::Moved { to, by, .. } => format!("moved to {to} by {by}"),
        Fact::ConversationEnded { agent, .. } => format!("the conversation with {agent} ended"),
        _ => return None,
    })
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
    use base::ShardId;

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
        assert_eq!(decisions.about(call(0)).len(), DECISIONS_KEPT);
        for slot in 1..=u32::try_from(CALLS_KEPT).unwrap() {
            decisions.keep(left(slot));
        }
        assert_eq!(decisions.about(call(0)), []);
        assert_eq!(decisions.about(call(1))[0].what, "left the queue: hung up");
        assert_eq!(decisions.by_call.len(), CALLS_KEPT);
    }
}
