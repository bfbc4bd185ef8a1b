//! Whether a queue lets callers in, and what they meet instead: something that is said, and then another place or a
//! busy tone. Whether it is open is decided where a call is led to a queue, by whatever way it came; the rest by the queue
//! engine.

use crate::called_back::Besides;
use crate::settings::{Destination, Language, Message, Organisation};
use crate::speech;
use acd::RefuseCause;
use base::{HoursId, QueueId};
use calendar::{Decider, Effect, QuickCloses, Standing, Why};
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
    /// While somebody has closed it by hand.
    pub quick_closed: Instead,
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
    /// Whether he is told when it opens again.
    pub opening: NextOpening,
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

/// Whether a caller is told when a queue opens again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextOpening {
    /// He is not.
    #[default]
    Unsaid,
    /// He is, in that language, where the queue has hours whose clock can be read.
    Said(Language),
}

/// Why a queue lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shut {
    /// It is outside of its hours.
    Hours,
    /// By the day.
    Holiday,
    /// Somebody has closed it by hand.
    Quick,
}

/// What a caller who is not let in meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) why: Shut,
    pub(crate) message: Option<Message>,
    /// What is said after the message.
    pub(crate) more: Vec<PromptId>,
    /// Where he goes when nothing is said.
    pub(crate) then: Option<Destination>,
    /// The queue, where it offers to call back those who find it closed.
    pub(crate) offers: Option<QueueId>,
}

/// When somebody comes to a door, in seconds since 1970 (UTC), and what has been decided by hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coming<'a> {
    pub(crate) unix_seconds: Option<i64>,
    pub(crate) quick: &'a QuickCloses,
}

/// What a caller meets at the door of a queue; `None` if he is let in. While nobody has told us the time, nobody is
/// kept out, and so it is with hours of which nothing is known.
pub(crate) fn at_door(
    organisation: &Organisation,
    queue: &QueueId,
    coming: Coming<'_>,
) -> Option<Refused> {
    let now = coming.unix_seconds?;
    let door = organisation.ways.doors.get(queue)?;
    let hours = door.hours.as_ref();
    let standing = Standing {
        queue,
        hours: hours.and_then(|hours| organisation.ways.hours.get(hours)),
        quick: coming.quick,
    };
    let (why, instead, own) = match standing.decider(now) {
        Decider::Nothing => return None,
        Decider::Quick(quick) if quick.effect == Effect::Open => return None,
        Decider::Quick(quick) => (Shut::Quick, &door.quick_closed, quick.message.as_deref()),
        Decider::Hours(verdict) if verdict.is_open => return None,
        Decider::Hours(verdict) => match verdict.why {
            Why::Schedule => (Shut::Hours, &door.closed, None),
            Why::Holiday(_) | Why::Own(_) => (Shut::Holiday, &door.holiday, verdict.why.message()),
        },
    };
    // What is said of this day or this time goes before what is always said.
    let own = own.map(PromptId::new);
    let mut said = Vec::from_iter(own.or_else(|| instead.message.clone()));
    said.extend(opening(instead.opening, &standing, now).unwrap_or_default());
    let mut said = said.into_iter();
    let then = instead.then.clone();
    let offer = organisation.callbacks.get(queue);
    let offers = offer.filter(|it| it.besides.contains(&Besides::Closed));
    let offers = offers.map(|_| queue.clone());
    Some(match said.next() {
        Some(prompt) => Refused {
            why,
            message: Some(Message {
                prompt,
                then: then.map(Box::new),
            }),
            more: said.collect(),
            then: None,
            offers,
        },
        None => Refused {
            why,
            message: None,
            more: Vec::new(),
            then,
            offers,
        },
    })
}

fn opening(said: NextOpening, standing: &Standing<'_>, now: i64) -> Option<Vec<PromptId>> {
    let NextOpening::Said(language) = said else {
        return None;
    };
    let hours = standing.hours?;
    let opens = hours.shown_at(standing.changes_after(now)?)?;
    speech::opens_again(language, &hours.shown_at(now)?, &opens)
}
