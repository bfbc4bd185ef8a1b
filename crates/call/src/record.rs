//! What is kept of a call for good: who called whom, where he was led, when, and how it ended. It is told when people begin to
//! see the call, when its caller is answered and when he talks, so that a crash leaves something, and told whole when it is over.

use crate::call::{Call, Purpose};
use crate::input::EndCause;
use base::{BoundedVec, CallId, CallbackId, Full, OrgId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Places of a call's way that are told: the first, and the last. People pass a handful; a caller who goes round in a menu for an
/// hour must not make his record long.
pub const WAY_MAX: usize = 24;

/// The first of them, before what is left out.
const WAY_BEGINNING: usize = 8;

/// A call, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Which, within the process.
    pub call: CallId,
    /// Whose.
    pub org: OrgId,
    /// How it came about.
    pub direction: CallDirection,
    /// User part of the caller's address.
    pub caller: Box<str>,
    /// Who that is, where he proved it.
    pub caller_user: Option<UserId>,
    /// What was dialled.
    pub dialled: Box<str>,
    /// The entry of a callback list that it is about.
    pub callback: Option<CallbackId>,
    /// When it began.
    pub began: Time,
    /// When the caller was answered, if only by an announcement.
    pub answered: Option<Time>,
    /// When he first had somebody to talk with.
    pub joined: Option<Time>,
    /// How long he talked, with whomever, up to his latest conversation's end.
    pub talked: Duration,
    /// Where he was led, and with whom he talked.
    pub way: BoundedVec<Stop, WAY_MAX>,
    /// The last number outside that was called for him.
    pub outside: Option<Box<str>>,
    /// When it ended and why; none while it goes on.
    pub over: Option<(Time, EndCause)>,
}

/// How a call came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallDirection {
    /// From outside.
    Inward,
    /// From one of our users, to a number outside.
    Outward,
    /// From one of our users, to what is ours.
    Internal,
    /// To somebody on a callback list.
    Callback,
}

/// A place on a call's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// A queue.
    Queue(QueueId),
    /// A colleague was rung.
    User(UserId),
    /// People who are called together, by the name that their phones show.
    Group(Box<str>),
    /// A menu.
    Menu,
    /// Something was said.
    Message,
    /// Something was done by a feature code.
    Code,
    /// A number outside, which stands by itself.
    Outside,
    /// He talked, with this user where it was one.
    Talked(Option<UserId>),
    /// So many places between that before and that after are not told.
    LeftOut(u32),
}

impl Stop {
    /// Whether it says which queue he came to or whom he talked with, by which calls are looked for.
    fn is_looked_for(&self) -> bool {
        matches!(self, Stop::Queue(_) | Stop::Talked(_))
    }
}

impl CallRecord {
    /// Of a call that people begin to see.
    fn of(call: &Call, direction: CallDirection) -> CallRecord {
        CallRecord {
            call: call.id,
            org: call.org.clone(),
            direction,
            caller: call.caller_number.clone(),
            caller_user: call.caller_user.clone(),
            dialled: call.dialled.clone(),
            callback: None,
            began: call.started,
            answered: None,
            joined: None,
            talked: Duration::ZERO,
            way: BoundedVec::new(),
            outside: None,
            over: None,
        }
    }

    fn goes_by(&mut self, stop: Stop) {
        if self.way.last() == Some(&stop) {
            return;
        }
        if let Err(Full(stop)) = self.way.push(stop) {
            self.make_room();
            // There is some now.
            let _room = self.way.push(stop);
        }
    }

    /// Leaves a place out of the middle: the first that nobody looks for.
    fn make_room(&mut self) {
        let mark = WAY_BEGINNING;
        if !matches!(self.way.get(mark), Some(Stop::LeftOut(_))) {
            self.leave_out(mark);
            self.leave_out(mark);
            let _room = self.way.push(Stop::LeftOut(2));
            if let Some(rest) = self.way.get_mut(mark..) {
                rest.rotate_right(1);
            }
            return;
        }
        self.leave_out(mark + 1);
        if let Some(Stop::LeftOut(count)) = self.way.get_mut(mark) {
            *count = count.saturating_add(1);
        }
    }

    fn leave_out(&mut self, from: usize) {
        let rest = self.way.iter().skip(from);
        let least = rest.take_while(|stop| stop.is_looked_for()).count();
        let last = self.way.len() - 1;
        self.way.remove(if from + least > last {
            from
        } else {
            from + least
        });
    }
}

impl Call {
    /// People see it from now on as a call of its own; once more, where it was a part of another for a while.
    pub(crate) fn is_recorded(
        &mut self,
        direction: CallDirection,
        callback: Option<CallbackId>,
    ) -> CallRecord {
        let mut record = match self.record.take() {
            Some(record) => record,
            None => Box::new(CallRecord::of(self, direction)),
        };
        record.callback = record.callback.or(callback);
        record.over = None;
        let told = (*record).clone();
        self.record = Some(record);
        told
    }

    /// It is over in people's eyes; what is told of it.
    pub(crate) fn is_over(&mut self, now: Time, cause: EndCause) -> Option<CallRecord> {
        self.talks_no_longer(now);
        let record = self.record.as_mut()?;
        record.over = Some((now, cause));
        Some((**record).clone())
    }

    /// The caller was answered.
    pub(crate) fn is_answered(&mut self, now: Time) {
        if let Some(record) = &mut self.record {
            record.answered.get_or_insert(now);
        }
    }

    /// Its record as it is, once its caller was answered, for as long as it goes on.
    pub(crate) fn record_so_far(&self) -> Option<CallRecord> {
        let record = self.record.as_ref()?;
        let is_told = record.answered.is_some() && record.over.is_none();
        is_told.then(|| (**record).clone())
    }

    /// The caller talks from now on, with that user, where it is one.
    pub(crate) fn talks(&mut self, now: Time, with: Option<UserId>) {
        self.talks_no_longer(now);
        self.connected = Some(now);
        if let Some(record) = &mut self.record {
            record.joined.get_or_insert(now);
            record.goes_by(Stop::Talked(with));
        }
    }

    /// He talks with nobody any more.
    pub(crate) fn parts(&mut self, now: Time) {
        self.talks_no_longer(now);
        self.connected = None;
    }

    /// What he talked so far counts, and what follows from now on by itself.
    fn talks_no_longer(&mut self, now: Time) {
        if let (Some(since), Some(record)) = (self.connected, &mut self.record)
            && record.over.is_none()
        {
            record.talked += now - since;
        }
    }

    /// He comes to what the call is for now.
    pub(crate) fn comes_to_purpose(&mut self) {
        let Some(record) = &mut self.record else {
            return;
        };
        match &self.purpose {
            Purpose::Queue(queue) => record.goes_by(Stop::Queue(queue.queue.clone())),
            Purpose::Direct(direct) => {
                let stop = match (direct.hunt.only(), &direct.hunt.name) {
                    (Some(user), _) => Stop::User(user.clone()),
                    (None, name) => Stop::Group(name.clone().unwrap_or_default()),
                };
                record.goes_by(stop);
            }
            Purpose::Outside(outside) => {
                record.outside = Some(outside.outside.number.to_string().into());
                record.goes_by(Stop::Outside);
            }
            Purpose::Menu(_) => record.goes_by(Stop::Menu),
            Purpose::Message(_) => record.goes_by(Stop::Message),
            Purpose::Feature(_) | Purpose::Dictation(_) | Purpose::Closing(_) => {
                record.goes_by(Stop::Code);
            }
            // What becomes of calls that stand for themselves.
            Purpose::Joined(_)
            | Purpose::Referring(_)
            | Purpose::Between(_)
            | Purpose::CallingBack
            | Purpose::Dialling(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> CallRecord {
        CallRecord {
            call: "c3-1-2".parse().unwrap(),
            org: OrgId::new("demo").unwrap(),
            direction: CallDirection::Inward,
            caller: "+46701234567".into(),
            caller_user: None,
            dialled: "+46850001000".into(),
            callback: None,
            began: Time::ZERO,
            answered: None,
            joined: None,
            talked: Duration::ZERO,
            way: BoundedVec::new(),
            outside: None,
            over: None,
        }
    }

    fn user(number: usize) -> Stop {
        Stop::User(format!("demo/user-{number}").parse().unwrap())
    }

    #[test]
    fn of_a_long_way_the_beginning_and_the_end_are_kept_and_the_middle_is_left_out() {
        let mut record = record();
        for number in 0..WAY_MAX {
            record.goes_by(user(number));
            record.goes_by(user(number));
        }
        let whole: Vec<Stop> = (0..WAY_MAX).map(user).collect();
        assert_eq!(*record.way, whole, "as long as there is room");
        for number in WAY_MAX..100 {
            record.goes_by(user(number));
            let beginning = (0..WAY_BEGINNING).map(user);
            let end_of = number + WAY_BEGINNING + 2 - WAY_MAX..number + 1;
            let left_out = end_of.start - WAY_BEGINNING;
            let mark = Stop::LeftOut(u32::try_from(left_out).unwrap());
            let expected = beginning.chain([mark]).chain(end_of.map(user));
            assert_eq!(*record.way, expected.collect::<Vec<Stop>>(), "{number}");
        }
    }

    #[test]
    fn queues_and_talks_are_left_out_last() {
        let mut record = record();
        let queue = Stop::Queue("demo/support".parse().unwrap());
        let talked = Stop::Talked(Some("demo/anna".parse().unwrap()));
        let goes_round = |record: &mut CallRecord| {
            for _ in 0..100 {
                record.goes_by(Stop::Menu);
                record.goes_by(Stop::Message);
            }
        };
        record.goes_by(Stop::Menu);
        goes_round(&mut record);
        for stop in [&queue, &talked] {
            record.goes_by(stop.clone());
        }
        goes_round(&mut record);
        assert!(record.way.contains(&queue) && record.way.contains(&talked));
        assert_eq!(record.way.len(), WAY_MAX);
        assert_eq!(record.way.last(), Some(&Stop::Message));
        for _ in 0..50 {
            record.goes_by(queue.clone());
            record.goes_by(talked.clone());
        }
        assert_eq!(record.way.len(), WAY_MAX);
        assert_eq!(record.way.last(), Some(&talked));
    }
}
