//! Records of calls: a row each, written when a call begins and again when it is over, so that a crash leaves every call that
//! was there and none twice. What waits is bounded and the latest of each call only; what there is no room for is counted.

use crate::callbacks::put;
use crate::connection::{Connection, Row};
use crate::failure::Failure;
use crate::numbers;
use crate::pending::Full;
use crate::statement::{Statement, Value};
use std::collections::{BTreeMap, VecDeque};

/// Records that may wait: an hour without storage at twenty calls a second, at some hundred bytes each.
pub(crate) const CALLS_WAITING_MAX: usize = 1 << 16;

/// The cause of a call whose process was lost while it went on.
pub const CUT_OFF: &str = "cut-off";

/// A call, as it is to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRow {
    /// Which, of all calls that ever were.
    pub id: String,
    /// Whose.
    pub org: String,
    /// How it came about, in a word of its writer's.
    pub direction: String,
    /// Who called; none where that is not known, or was erased.
    pub caller: Option<String>,
    /// The user that is, where it is one.
    pub caller_user: Option<String>,
    /// What was dialled; none where it was erased.
    pub dialled: Option<String>,
    /// The last number outside that was called for it.
    pub outside: Option<String>,
    /// The entry of a callback list that it is about.
    pub callback: Option<u64>,
    /// The last queue that it came to.
    pub queue: Option<String>,
    /// The last user whom the caller talked with.
    pub agent: Option<String>,
    /// Where it was led: a word for what each place is, and its name where it has one.
    pub way: Vec<(String, Option<String>)>,
    /// When it began, in milliseconds of UTC.
    pub began_ms: u64,
    /// When the caller was answered.
    pub answered_ms: Option<u64>,
    /// When he first had somebody to talk with.
    pub joined_ms: Option<u64>,
    /// When it ended; none while it goes on, and where nobody knows.
    pub ended_ms: Option<u64>,
    /// How long he talked.
    pub talked_ms: u64,
    /// Why it ended, in a word of its writer's, or [`CUT_OFF`]; none while it goes on.
    pub cause: Option<String>,
}

/// What becomes of a row's columns in a statement; the first says which row it is.
const ROW: [&str; 20] = [
    "id",
    "org",
    "direction",
    "caller",
    "caller_key",
    "caller_user",
    "dialled",
    "dialled_key",
    "outside",
    "outside_key",
    "callback",
    "queue",
    "agent",
    "way",
    "began_ms",
    "answered_ms",
    "joined_ms",
    "ended_ms",
    "talked_ms",
    "cause",
];

/// The same as they are read, in the order in which [`read`] takes them.
pub(crate) const READ: &str = "id, org, direction, caller, caller_user, dialled, outside, callback, queue, agent, way, \
    began_ms, answered_ms, joined_ms, ended_ms, talked_ms, cause";

/// One that waits.
#[derive(Debug)]
pub(crate) struct WaitingCall {
    place: u64,
    row: CallRow,
    /// As the column has it.
    way: String,
}

impl WaitingCall {
    /// Which call.
    pub(crate) fn id(&self) -> &str {
        &self.row.id
    }
}

/// Numbers that were erased and may come again with the end of a call that went on: the last of them are known.
const ERASED_MAX: usize = 64;

/// A number that was erased from all records of an organisation's calls, those that went on included.
#[derive(Debug)]
struct Erased {
    org: String,
    number: String,
    /// When, in milliseconds of UTC.
    at_ms: u64,
}

/// Those that wait.
#[derive(Debug)]
pub(crate) struct Calls {
    waiting: BTreeMap<u64, WaitingCall>,
    places: BTreeMap<String, u64>,
    erased: VecDeque<Erased>,
    next: u64,
    max: usize,
}

impl Calls {
    pub(crate) fn bounded(max: usize) -> Calls {
        Calls {
            waiting: BTreeMap::new(),
            places: BTreeMap::new(),
            erased: VecDeque::new(),
            next: 0,
            max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds one, in the place of an older one of the same call. One that only begins has half of the room, so that calls
    /// which were written when they began find room at their end.
    pub(crate) fn put(&mut self, row: CallRow) -> Result<(), Full<()>> {
        let place = match self.places.get(&row.id) {
            Some(place) => *place,
            None => {
                let room = match row.cause {
                    Some(_) => self.max,
                    None => self.max / 2,
                };
                if self.len() >= room {
                    return Err(Full(None));
                }
                self.next += 1;
                self.places.insert(row.id.clone(), self.next);
                self.next
            }
        };
        let row = self.without_erased(row);
        let way = written(&row.way);
        self.waiting.insert(place, WaitingCall { place, row, way });
        Ok(())
    }

    /// A number is to be in no record any more of a call that has begun; what was taken already is its taker's matter.
    pub(crate) fn erase(&mut self, org: String, number: String, at_ms: u64) {
        if self.erased.len() >= ERASED_MAX {
            self.erased.pop_front();
        }
        let erased = Erased { org, number, at_ms };
        for call in self.waiting.values_mut() {
            erased.take_out_of(&mut call.row);
        }
        self.erased.push_back(erased);
    }

    fn without_erased(&self, mut row: CallRow) -> CallRow {
        for erased in &self.erased {
            erased.take_out_of(&mut row);
        }
        row
    }

    /// Takes the oldest, `most` of them.
    pub(crate) fn take(&mut self, most: usize) -> Vec<WaitingCall> {
        let mut taken = Vec::with_capacity(most.min(self.len()));
        while taken.len() < most
            && let Some((_, call)) = self.waiting.pop_first()
        {
            self.places.remove(&call.row.id);
            taken.push(call);
        }
        taken
    }

    /// Puts back what could not be written, unless something newer of the same call has come. Nothing is refused: there was
    /// room for it before.
    pub(crate) fn put_back(&mut self, calls: Vec<WaitingCall>) {
        for call in calls {
            if !self.places.contains_key(&call.row.id) {
                self.places.insert(call.row.id.clone(), call.place);
                let row = self.without_erased(call.row);
                self.waiting.insert(call.place, WaitingCall { row, ..call });
            }
        }
    }
}

impl Erased {
    fn take_out_of(&self, row: &mut CallRow) {
        if row.org != self.org || row.began_ms > self.at_ms {
            return;
        }
        for number in [&mut row.caller, &mut row.dialled, &mut row.outside] {
            let is_it = |has: &String| numbers::are_same(has, &self.number);
            if number.as_ref().is_some_and(is_it) {
                *number = None;
            }
        }
    }
}

/// How records are written, many by one statement.
pub(crate) fn statements(calls: &[WaitingCall]) -> impl Iterator<Item = Statement<'_>> {
    put(
        "call_records",
        &ROW,
        1,
        calls.iter().map(values_of).collect(),
    )
}

fn values_of(call: &WaitingCall) -> Vec<Value<'_>> {
    let WaitingCall { row, way, .. } = call;
    let key = |number: &Option<String>| number.as_deref().and_then(numbers::key);
    vec![
        (&row.id).into(),
        (&row.org).into(),
        (&row.direction).into(),
        row.caller.as_deref().into(),
        key(&row.caller).into(),
        row.caller_user.as_deref().into(),
        row.dialled.as_deref().into(),
        key(&row.dialled).into(),
        row.outside.as_deref().into(),
        key(&row.outside).into(),
        row.callback.into(),
        row.queue.as_deref().into(),
        row.agent.as_deref().into(),
        way.into(),
        row.began_ms.into(),
        row.answered_ms.into(),
        row.joined_ms.into(),
        row.ended_ms.into(),
        row.talked_ms.into(),
        row.cause.as_deref().into(),
    ]
}

/// A line a place, each between newlines, so that one is found by its whole line.
fn written(way: &[(String, Option<String>)]) -> String {
    let mut text = String::from("\n");
    for (what, name) in way {
        text.push_str(what);
        if let Some(name) = name {
            text.push(' ');
            // A name has no line ends where it comes from a configuration, and must make no line of its own here.
            text.extend(name.chars().map(|it| if it == '\n' { ' ' } else { it }));
        }
        text.push('\n');
    }
    text
}

fn read_way(text: &str) -> Vec<(String, Option<String>)> {
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once(' ') {
            Some((what, name)) => (what.to_owned(), Some(name.to_owned())),
            None => (line.to_owned(), None),
        })
        .collect()
}

/// A row of an answer whose columns are [`READ`], the first of them being number `first`.
pub(crate) fn read(row: &Row, first: usize) -> Result<CallRow, Failure> {
    let maybe_text = |column: usize| row.maybe_text(first + column);
    let maybe = |column: usize| row.maybe(first + column);
    Ok(CallRow {
        id: row.text(first)?,
        org: row.text(first + 1)?,
        direction: row.text(first + 2)?,
        caller: maybe_text(3)?,
        caller_user: maybe_text(4)?,
        dialled: maybe_text(5)?,
        outside: maybe_text(6)?,
        callback: maybe(7)?,
        queue: maybe_text(8)?,
        agent: maybe_text(9)?,
        way: read_way(&row.text(first + 10)?),
        began_ms: row.number(first + 11)?,
        answered_ms: maybe(12)?,
        joined_ms: maybe(13)?,
        ended_ms: maybe(14)?,
        talked_ms: row.number(first + 15)?,
        cause: maybe_text(16)?,
    })
}

/// At the start nobody has written yet: whatever goes on by its row was cut off with its process.
pub(crate) async fn close_lost(on: &mut Connection) -> Result<(), Failure> {
    let close = "UPDATE call_records SET cause = $1 WHERE cause IS NULL";
    let closed = on.execute(&Statement::new(close).bind(CUT_OFF)).await?;
    if closed > 0 {
        tracing::warn!(
            closed,
            "calls were cut off when the process before was lost"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, cause: Option<&str>) -> CallRow {
        CallRow {
            id: id.into(),
            cause: cause.map(str::to_owned),
            ..CallRow::default()
        }
    }

    fn ids(calls: &[WaitingCall]) -> Vec<(&str, Option<&str>)> {
        let calls = calls.iter();
        calls
            .map(|call| (&*call.row.id, call.row.cause.as_deref()))
            .collect()
    }

    #[test]
    fn of_a_call_the_latest_waits_and_what_is_put_back_is_not_newer() {
        let mut calls = Calls::bounded(8);
        for (id, cause) in [("a", None), ("b", None), ("a", Some("over"))] {
            calls.put(row(id, cause)).unwrap();
        }
        let taken = calls.take(2);
        assert_eq!(ids(&taken), [("a", Some("over")), ("b", None)]);
        calls.put(row("b", Some("over"))).unwrap();
        calls.put(row("c", None)).unwrap();
        calls.put_back(taken);
        let all = [("a", Some("over")), ("b", Some("over")), ("c", None)];
        assert_eq!(ids(&calls.take(9)), all);
        assert!(calls.is_empty() && calls.places.is_empty());
    }

    #[test]
    fn beginnings_leave_room_for_ends_and_one_too_many_is_refused() {
        let mut calls = Calls::bounded(4);
        for id in ["a", "b"] {
            calls.put(row(id, None)).unwrap();
        }
        assert_eq!(calls.put(row("c", None)), Err(Full(None)));
        for id in ["a", "c", "d"] {
            calls.put(row(id, Some("over"))).unwrap();
        }
        assert_eq!(calls.put(row("e", Some("over"))), Err(Full(None)));
        assert_eq!(calls.put(row("b", Some("over"))), Ok(()));
        assert_eq!(calls.len(), 4);
    }

    #[test]
    fn a_number_that_was_erased_does_not_come_again_with_a_call_s_end() {
        let mut calls = Calls::bounded(8);
        let with = |id: &str, began_ms: u64| CallRow {
            began_ms,
            caller: Some("+46701234567".into()),
            dialled: Some("+46850001000".into()),
            ..row(id, None)
        };
        for id in ["a", "b"] {
            calls.put(with(id, 1)).unwrap();
        }
        let taken = calls.take(1);
        calls.erase(String::new(), "0701234567".into(), 5);
        calls.put_back(taken);
        calls.put(with("c", 5)).unwrap();
        calls.put(with("d", 6)).unwrap();
        let left: Vec<_> = calls.take(9).into_iter().map(|it| it.row).collect();
        let callers: Vec<_> = left.iter().map(|it| it.caller.is_some()).collect();
        assert_eq!(callers, [false, false, false, true], "the last called anew");
        assert!(left.iter().all(|it| it.dialled.is_some()));
    }

    #[test]
    fn a_way_is_read_as_it_was_written() {
        let way = vec![
            ("queue".to_owned(), Some("demo/support".to_owned())),
            ("message".to_owned(), None),
            ("group".to_owned(), Some("Two words".to_owned())),
        ];
        let text = written(&way);
        assert_eq!(text, "\nqueue demo/support\nmessage\ngroup Two words\n");
        assert_eq!(read_way(&text), way);
        assert_eq!(read_way(&written(&[])), []);
    }
}
