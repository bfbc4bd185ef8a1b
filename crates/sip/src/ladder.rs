//! SIP messages of lately, kept in memory for whoever asks how a call went: each task keeps what it read and sent, the oldest
//! giving way where its bytes are used up or a day has gone by, and by which Call-IDs the legs of each call went. Nothing is looked at before
//! somebody asks, and then by him: a message costs its task a place in a ring, and a copy where it came over a connection.

use base::{CallId, Time};
use bytes::Bytes;
use sip_core::{Flow, Transport};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a message is kept where there is room: it has people's numbers in it.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);

/// What a message takes beside its bytes, so that many small ones don't take more than is meant.
const OVERHEAD_BYTES: usize = 128;

/// Call-IDs of legs that a task keeps: of as many calls as a ring of some megabytes has messages of.
const LEGS_KEPT: usize = 16_384;

/// Longest Call-ID that is kept: whoever has a longer one is found by none.
const CALL_ID_BYTES_MAX: usize = 256;

/// A message that was read or sent.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub at: Time,
    /// Whether we sent it.
    pub is_ours: bool,
    /// By which transport.
    pub transport: Transport,
    /// Our address.
    pub local: SocketAddr,
    /// The other's.
    pub remote: SocketAddr,
    /// As it was on the wire.
    pub bytes: Bytes,
}

/// What a task keeps that may be of a call.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Messages of all calls, the oldest first.
    pub messages: Vec<Seen>,
    /// The Call-IDs of the call's legs.
    pub call_ids: Vec<Box<str>>,
}

/// The messages of one task.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    messages: VecDeque<Seen>,
    bytes: usize,
    /// Bytes at most; nothing is kept where there are none.
    most: usize,
    legs: VecDeque<(CallId, Box<str>)>,
}

impl Ladder {
    /// One of so many bytes.
    pub(crate) fn of(most: usize) -> Ladder {
        Ladder {
            most,
            ..Ladder::default()
        }
    }

    /// Whether anything is kept.
    pub(crate) fn is_on(&self) -> bool {
        self.most > 0
    }

    /// A message went over that flow. Its bytes are not copied, so they should be its own.
    pub(crate) fn keep(&mut self, at: Time, flow: &Flow, is_ours: bool, bytes: Bytes) {
        let size = bytes.len() + OVERHEAD_BYTES;
        if size > self.most {
            return;
        }
        self.forget_aged(at);
        while self.bytes + size > self.most && self.forget_oldest() {}
        self.bytes += size;
        self.messages.push_back(Seen {
            at,
            is_ours,
            transport: flow.transport,
            local: flow.local,
            remote: flow.remote,
            bytes,
        });
    }

    /// A leg of that call goes by that Call-ID.
    pub(crate) fn leg(&mut self, call: CallId, call_id: &str) {
        if !self.is_on() || call_id.len() > CALL_ID_BYTES_MAX {
            return;
        }
        if self.legs.len() == LEGS_KEPT {
            self.legs.pop_front();
        }
        self.legs.push_back((call, call_id.into()));
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.messages.pop_front();
        self.bytes -= oldest
            .as_ref()
            .map_or(0, |it| it.bytes.len() + OVERHEAD_BYTES);
        oldest.is_some()
    }

    fn forget_aged(&mut self, now: Time) {
        while self
            .messages
            .front()
            .is_some_and(|oldest| now.since(oldest.at) >= KEPT_FOR)
        {
            self.forget_oldest();
        }
    }

    /// Forgets all messages: somebody's number is to be found nowhere any more, and they are not looked at for whose it is.
    pub(crate) fn forget(&mut self) {
        self.messages = VecDeque::new();
        self.bytes = 0;
    }

    /// All that may be of a call: the messages are not looked at.
    pub(crate) fn kept(&mut self, now: Time, call: CallId) -> Kept {
        self.forget_aged(now);
        let legs = self.legs.iter().filter(|(of, _)| *of == call);
        Kept {
            messages: self.messages.iter().cloned().collect(),
            call_ids: legs.map(|(_, call_id)| call_id.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::ShardId;

    fn flow() -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.7:5060".parse().unwrap(),
            connection: 0,
        }
    }

    fn call(slot: u32) -> CallId {
        CallId {
            shard: ShardId(1),
            slot,
            generation: 0,
        }
    }

    #[test]
    fn the_oldest_messages_give_way_and_no_more_bytes_are_kept_than_may_be() {
        let mut ladder = Ladder::of(10 * (100 + OVERHEAD_BYTES));
        for number in 0..25 {
            let bytes = Bytes::from(vec![number; 100]);
            ladder.keep(Time::from_millis(number.into()), &flow(), false, bytes);
        }
        let kept = ladder.kept(Time::from_millis(30), call(1)).messages;
        let numbers: Vec<u8> = kept.iter().map(|seen| seen.bytes[0]).collect();
        assert_eq!(numbers, (15..25).collect::<Vec<u8>>());
        // One that takes all is alone, and one that is larger is not kept.
        let size = ladder.most - OVERHEAD_BYTES;
        ladder.keep(Time::ZERO, &flow(), true, Bytes::from(vec![0; size]));
        assert_eq!(
            ladder.kept(Time::from_millis(30), call(1)).messages.len(),
            1
        );
        ladder.keep(Time::ZERO, &flow(), true, Bytes::from(vec![0; size + 1]));
        assert_eq!(
            ladder.kept(Time::from_millis(30), call(1)).messages[0]
                .bytes
                .len(),
            size
        );
        assert_eq!(ladder.bytes, ladder.most);
    }

    #[test]
    fn a_message_is_forgotten_after_a_day_and_all_are_when_that_is_wanted() {
        let mut ladder = Ladder::of(1_000_000);
        let at = |hours| Time::ZERO + Duration::from_secs(3_600) * hours;
        for hours in [0, 1, 20] {
            ladder.keep(at(hours), &flow(), true, Bytes::from_static(b"x"));
        }
        assert_eq!(ladder.kept(at(23), call(1)).messages.len(), 3);
        // Also where nothing comes any more.
        assert_eq!(ladder.kept(at(25), call(1)).messages.len(), 1);
        assert_eq!(ladder.bytes, 1 + OVERHEAD_BYTES);
        ladder.keep(at(44), &flow(), true, Bytes::from_static(b"y"));
        assert_eq!(ladder.messages.len(), 1, "those of before are gone");
        ladder.forget();
        assert!(ladder.kept(at(44), call(1)).messages.is_empty());
        assert_eq!(ladder.bytes, 0);
    }

    #[test]
    fn where_nothing_is_to_be_kept_nothing_is() {
        let mut ladder = Ladder::of(0);
        ladder.keep(Time::ZERO, &flow(), true, Bytes::from_static(b"x"));
        ladder.leg(call(1), "a");
        let kept = ladder.kept(Time::from_millis(30), call(1));
        assert!(kept.messages.is_empty() && kept.call_ids.is_empty());
    }

    #[test]
    fn a_call_has_the_call_ids_of_its_legs_and_the_oldest_are_forgotten() {
        let mut ladder = Ladder::of(1_000_000);
        ladder.leg(call(1), "caller@a");
        ladder.leg(call(2), "another@a");
        ladder.leg(call(1), "agent@b");
        ladder.leg(call(1), &"x".repeat(CALL_ID_BYTES_MAX + 1));
        let ids = ladder.kept(Time::from_millis(30), call(1)).call_ids;
        assert_eq!(ids, ["caller@a".into(), "agent@b".into()]);
        for _ in 0..LEGS_KEPT {
            ladder.leg(call(3), "c");
        }
        assert!(
            ladder
                .kept(Time::from_millis(30), call(1))
                .call_ids
                .is_empty()
        );
        assert_eq!(ladder.legs.len(), LEGS_KEPT);
    }
}
