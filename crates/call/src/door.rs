//! Whether a queue lets callers in, and what they meet instead: something that is said, and then another place or a
//! busy tone. Whether it is open is decided where a call is led to a queue, by whatever way it came; the rest by the queue
//! engine.

use crate::settings::{Destination, Message, Organisation};
use acd::RefuseCause;
use base::{HoursId, QueueId};
use calendar::Why;
use media_core::PromptId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When a queue lets callers in, and what they meet when it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Door {
    /// When it is open; always, where not set.
    pub hours: Option<HoursId>,
    /// Outside of its hours.
    pub closed: Instead,
    /// On a day that is closed as a whole, or has hours of its own and is outside of them.
    pub holiday: Instead,
    /// When it is open, but takes a caller in no more, or keeps him no longer.
    pub exits: BTreeMap<RefuseCause, Instead>,
    /// Where a key leads that is pressed while waiting.
    pub keys: BTreeMap<char, Destination>,
}

/// What a caller meets instead of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instead {
    /// What is said first, where something is.
    pub message: Option<PromptId>,
    /// Where he goes then; else he is told that it is busy.
    pub then: Option<Destination>,
}

impl Instead {
    /// What is said, with where it goes on from there.
    pub(crate) fn to_say(&self) -> Option<Message> {
        Some(Message {
            prompt: self.message.clone()?,
            then: self.then.clone().map(Box::new),
        })
    }
}

/// Why a queue lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shut {
    /// It is outside of its hours.
    Hours,
    /// By the day.
    Holiday,
}

/// What a caller who is not let in meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) why: Shut,
    pub(crate) message: Option<Message>,
    /// Where he goes when nothing is said.
    pub(crate) then: Option<Destination>,
}

/// What a caller meets at the door of a queue at that moment; `None` if he is let in. Hours of which nothing is known
/// keep nobody out.
pub(crate) fn at_door(
    organisation: &Organisation,
    queue: &QueueId,
    unix_seconds: Option<i64>,
) -> Option<Refused> {
    let door = organisation.ways.doors.get(queue)?;
    let hours = organisation.ways.hours.get(door.hours.as_ref()?)?;
    let verdict = hours.at(unix_seconds?);
    if verdict.is_open {
        return None;
    }
    let (why, instead) = match verdict.why {
        Why::Schedule => (Shut::Hours, &door.closed),
        Why::Holiday(_) | Why::Own(_) => (Shut::Holiday, &door.holiday),
    };
    // What is said of a day goes before what is said of all such days.
    let own = verdict.why.message().map(PromptId::new);
    let message = own.or_else(|| instead.message.clone());
    let then = instead.then.clone();
    Some(match message {
        Some(prompt) => Refused {
            why,
            message: Some(Message {
                prompt,
                then: then.map(Box::new),
            }),
            then: None,
        },
        None => Refused {
            why,
            message: None,
            then,
        },
    })
}
