//! What came about with an entry, as it is told: from what is kept of it, in words.

use super::carried::word;
use base::CallbackId;
use callback::{Closing, Fact, Order, Origin, Resolution, Returned, Stamped, Utc};
use std::time::Duration;
use store::{CallbackFact, Location, Reader};
use tokio::time::timeout;
use web::Happened;

/// How long storage has to tell.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Storage does not tell.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    #[error("what came about: storage does not answer")]
    Slow,
    #[error("what came about: {0}")]
    Failed(#[from] store::Failure),
}

/// What came about with each of these entries, in order.
pub(crate) async fn of(
    location: Location,
    entries: &[CallbackId],
) -> Result<Vec<Vec<Happened>>, Unread> {
    let read = async {
        let mut reader = Reader::open(location).await?;
        let mut histories = Vec::with_capacity(entries.len());
        for entry in entries {
            let kept = reader.callback_facts(entry.0).await?;
            histories.push(kept.iter().filter_map(told).collect());
        }
        Ok(histories)
    };
    timeout(READ_WITHIN, read)
        .await
        .unwrap_or(Err(Unread::Slow))
}

/// Who did something, and what; nothing where it can't be read any more.
fn told(kept: &CallbackFact) -> Option<Happened> {
    if kept.format != callback::FACTS_VERSION {
        return None;
    }
    let stamped: Stamped = serde_json::from_str(&kept.fact).ok()?;
    let seconds = i64::try_from(kept.at_ms / 1_000).unwrap_or(i64::MAX);
    Some(Happened {
        at: Utc::from_seconds(seconds),
        by: who(&stamped.by),
        what: what(&stamped.fact),
    })
}

fn who(by: &Origin) -> String {
    match by {
        Origin::Caller(call) => format!("the caller, call {call}"),
        Origin::Person(by) => by.to_string(),
        Origin::Call(_) => "the call".into(),
        Origin::Storage => "storage".into(),
        Origin::Distribution => "the queue".into(),
        Origin::Clock => "the clock".into(),
        Origin::Configuration => "the configuration".into(),
        Origin::Restart => "the restart".into(),
    }
}

fn what(fact: &Fact) -> String {
    match fact {
        Fact::Promised { .. } => "accepted, and being stored".into(),
        Fact::MovePromised { .. } => "moved, and being stored".into(),
        Fact::CancelPromised { .. } => "taken back, and being stored".into(),
        Fact::DialPromised { agent, .. } => format!("the person is to be called, for {agent}"),
        Fact::PromiseKept { .. } => "stored".into(),
        Fact::PromiseBroken { .. } => "not stored, so not promised".into(),
        Fact::Started { .. } => "hung up before accepting".into(),
        Fact::Merged { gone, .. } => format!("the same as {gone}, which is closed"),
        Fact::Leased { agent, .. } => format!("{agent} has it"),
        Fact::Returned { agent, why, .. } => format!("{agent} has it no longer: {}", back(*why)),
        Fact::CallBegun { agent, order, .. } => match order {
            Order::AgentFirst => format!("{agent} is rung"),
            Order::Ahead => format!("{agent} is rung, and the person meanwhile"),
        },
        Fact::AgentThere { agent, .. } => format!("{agent} is there"),
        Fact::AgentOut { agent, .. } => format!("{agent} did not take it"),
        Fact::AgentRung { agent, .. } => format!("{agent} is rung in his place"),
        Fact::Unmet { outcome, then, .. } => {
            format!(
                "the call is over, no agent was in it: {}, {}",
                word(*outcome),
                next(*then)
            )
        }
        Fact::PersonAnswered { .. } => "the person answered".into(),
        Fact::CallOver { outcome, .. } => format!("the call is over: {}", word(*outcome)),
        Fact::Noted { outcome, then, .. } => {
            format!("described: {}, {}", word(*outcome), next(*then))
        }
        Fact::Requeued { .. } => "requeued".into(),
        Fact::Moved { .. } => "moved".into(),
        Fact::Closed { how, .. } => closed(*how).into(),
        Fact::BecameDue { .. } => "due".into(),
        Fact::BecameOverdue { .. } => "overdue".into(),
        Fact::Revealed { .. } => "shown what was keyed".into(),
        Fact::Erased { .. } => "erased".into(),
        Fact::Recalled { .. } => "known again".into(),
        // Of no entry.
        _ => String::new(),
    }
}

fn next(then: Resolution) -> &'static str {
    match then {
        Resolution::Requeued { .. } => "to be tried again",
        Resolution::Closed(how) => closed(how),
    }
}

fn back(why: Returned) -> &'static str {
    match why {
        Returned::Released => "given back",
        Returned::RanOut => "time was over",
        Returned::DeviceDidNotAnswer => "the device did not answer",
        Returned::HungUp => "hung up",
        Returned::CallLost => "the call was lost",
        Returned::LoggedOut => "logged out",
        Returned::TakenBack => "the queue took it back",
    }
}

fn closed(how: Closing) -> &'static str {
    match how {
        Closing::Done => "done",
        Closing::GivenUp => "given up",
        Closing::Cancelled => "cancelled",
        Closing::Expired => "expired",
    }
}
