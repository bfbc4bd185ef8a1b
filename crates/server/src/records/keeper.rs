//! What is kept of a call: its record as the store has it. Which of all calls that ever were it is, is said by a number that is
//! drawn anew for each process, and the call's id within it: a clock that begins anew with a machine, and shards whose slots do,
//! never give two calls one id.

use crate::facts::Facts;
use crate::random;
use base::{CallId, Time, UserId};
use call::{CallDirection, CallRecord, EndCause, Stop};
use sip::RecordKeeper;
use std::fmt::Write;
use std::io;
use store::{CallRow, Store};

/// What callers are called who show no number.
const ANONYMOUS: &str = "anonymous";

/// Hands records to the store.
#[derive(Clone)]
pub(crate) struct RecordsOfStore {
    store: Store,
    /// Knows what the clock on the wall shows.
    facts: Facts,
    /// What the process is called.
    process: String,
}

impl RecordsOfStore {
    pub(crate) fn new(store: Store, facts: Facts) -> io::Result<RecordsOfStore> {
        let bytes: [u8; 8] = random::bytes()?;
        let process = bytes.iter().fold(String::new(), |mut text, byte| {
            // A string takes whatever is written.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(RecordsOfStore {
            store,
            facts,
            process,
        })
    }
}

impl RecordsOfStore {
    /// The call that a record of this process is of, or that is named as live calls are.
    pub(crate) fn call_of(&self, named: &str) -> Option<CallId> {
        let own = named
            .strip_prefix(&*self.process)
            .and_then(|rest| rest.strip_prefix('-'));
        own.unwrap_or(named).parse().ok()
    }
}

impl RecordKeeper for RecordsOfStore {
    fn keep(&self, record: &CallRecord) {
        let zero_ms = self.facts.own_zero_ms();
        self.store.record_call(row(record, &self.process, zero_ms));
    }
}

/// The record of a call of a process of that name, whose clock showed nought at `zero_ms`.
fn row(record: &CallRecord, process: &str, zero_ms: u64) -> CallRow {
    let utc_ms = |at: Time| zero_ms + at.as_micros() / 1_000;
    let name = |user: &UserId| user.to_string();
    let last = |of: fn(&Stop) -> Option<String>| record.way.iter().rev().find_map(of);
    let shown = Some(&*record.caller).filter(|it| !it.is_empty() && *it != ANONYMOUS);
    CallRow {
        id: format!("{process}-{}", record.call),
        org: record.org.to_string(),
        direction: direction(record.direction).into(),
        caller: shown.map(str::to_owned),
        caller_user: record.caller_user.as_ref().map(name),
        dialled: Some(record.dialled.to_string()),
        outside: record.outside.as_ref().map(ToString::to_string),
        callback: record.callback.map(|entry| entry.0),
        queue: last(|stop| match stop {
            Stop::Queue(queue) => Some(queue.to_string()),
            _ => None,
        }),
        agent: last(|stop| match stop {
            Stop::Talked(with) => with.as_ref().map(ToString::to_string),
            _ => None,
        }),
        way: record.way.iter().map(place).collect(),
        began_ms: utc_ms(record.began),
        answered_ms: record.answered.map(utc_ms),
        joined_ms: record.joined.map(utc_ms),
        ended_ms: record.over.map(|(at, _)| utc_ms(at)),
        talked_ms: u64::try_from(record.talked.as_millis()).unwrap_or(u64::MAX),
        cause: record.over.map(|(_, cause)| end(cause).into()),
    }
}

/// A word for what a place is, and its name where it has one.
fn place(stop: &Stop) -> (String, Option<String>) {
    let (word, name) = match stop {
        Stop::Queue(queue) => ("queue", Some(queue.to_string())),
        Stop::User(user) => ("user", Some(user.to_string())),
        Stop::Group(name) => ("group", Some(name.to_string())),
        Stop::Menu => ("menu", None),
        Stop::Message => ("message", None),
        Stop::Code => ("code", None),
        Stop::Outside => ("outside", None),
        Stop::Talked(with) => ("talked", with.as_ref().map(ToString::to_string)),
        Stop::LeftOut(count) => ("left-out", Some(count.to_string())),
    };
    (word.to_owned(), name)
}

fn direction(direction: CallDirection) -> &'static str {
    match direction {
        CallDirection::Inward => "inward",
        CallDirection::Outward => "outward",
        CallDirection::Internal => "internal",
        CallDirection::Callback => "callback",
    }
}

/// Why it ended, as logs say it.
fn end(cause: EndCause) -> &'static str {
    sip::end_label(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::BoundedVec;
    use std::time::Duration;

    #[test]
    fn a_record_says_when_by_the_clock_on_the_wall_where_to_and_with_whom() {
        let mut way = BoundedVec::new();
        for stop in [
            Stop::Menu,
            Stop::Queue("demo/sales".parse().unwrap()),
            Stop::Queue("demo/support".parse().unwrap()),
            Stop::Talked(Some("demo/anna".parse().unwrap())),
            Stop::Outside,
            Stop::Talked(None),
        ] {
            way.push(stop).unwrap();
        }
        let at = |seconds: u64| Time::from_millis(seconds * 1_000);
        let record = CallRecord {
            call: "c3-1-2".parse().unwrap(),
            org: base::OrgId::new("demo").unwrap(),
            direction: CallDirection::Inward,
            caller: ANONYMOUS.into(),
            caller_user: None,
            dialled: "+46850001000".into(),
            callback: None,
            began: at(1),
            answered: Some(at(2)),
            joined: Some(at(5)),
            talked: Duration::from_millis(4_500),
            way,
            outside: Some("+46701234567".into()),
            over: Some((at(10), EndCause::CallerHungUp)),
        };
        let row = row(&record, "0f", 1_000_000);
        assert_eq!((row.id.as_str(), row.caller), ("0f-c3-1-2", None));
        assert_eq!(row.queue.as_deref(), Some("demo/support"));
        assert_eq!(row.agent.as_deref(), Some("demo/anna"));
        assert_eq!(row.began_ms, 1_001_000);
        assert_eq!(row.answered_ms, Some(1_002_000));
        assert_eq!(row.ended_ms, Some(1_010_000));
        assert_eq!(row.cause.as_deref(), Some("caller-hung-up"));
        let way: Vec<&str> = row.way.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(
            way,
            ["menu", "queue", "queue", "talked", "outside", "talked"]
        );
    }
}
