//! One subscription (RFC 6665) to what a colleague does, as a plain value; what happens to it is decided in `shard`.

use crate::leg::requests_go;
use crate::seeking::{Found, is_to_be_sought};
use crate::watched::{Sight, Watched};
use base::{SubscriptionId, Time, UserId};
use serde::{Deserialize, Serialize};
use sip_core::dialog::Dialog;
use sip_core::transaction::ServerKey;
use sip_core::{Flow, Request};
use std::time::Duration;

/// The event packages there are (RFC 6665 §8.2.2).
pub(crate) const ALLOW_EVENTS: &str = "dialog";

/// Subscriptions in one shard, whatever its users do: what bounds its memory.
pub(crate) const SUBSCRIPTIONS_PER_SHARD_MAX: usize = 4_096;

/// RFC 6665 §4.1.2.1 lets a notifier refuse what is too short; a lamp that is renewed each minute costs enough.
pub(crate) const EXPIRES_MIN_S: u32 = 60;

/// Longer wishes are shortened: a phone that is gone is found out by then.
pub(crate) const EXPIRES_MAX_S: u32 = 3_600;

/// RFC 4235 §3.10: no more than one notification a second.
pub(crate) const NOTIFY_EVERY_MIN: Duration = Duration::from_secs(1);

/// A subscription's deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SubscriptionTimer {
    /// It was not renewed.
    Expired,
    /// Another notification may be sent.
    MayNotify,
}

/// Why a subscription ends (RFC 6665 §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EndReason {
    /// It ran out, or was given up.
    Timeout,
    /// The server goes down; the phone may subscribe again at once.
    Deactivated,
    /// Who was watched is there no more.
    NoResource,
}

impl EndReason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            EndReason::Timeout => "timeout",
            EndReason::Deactivated => "deactivated",
            EndReason::NoResource => "noresource",
        }
    }
}

/// How far a subscription has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Whether there is room for it is being asked; the SUBSCRIBE waits.
    Asking {
        key: ServerKey,
        request: Box<Request>,
    },
    /// It lives.
    Active,
    /// One more notification, and it is over.
    Ending(EndReason),
}

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Errand {
    /// Nothing.
    None,
    /// We asked what there is to be seen.
    Looking,
    /// A NOTIFY waits for its response.
    Notifying,
}

/// One subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: SubscriptionId,
    /// Who watches.
    pub(crate) by: UserId,
    pub(crate) watched: Watched,
    /// What was subscribed to, as the documents name it.
    pub(crate) entity: Box<str>,
    /// The Event header, repeated in each NOTIFY with its `id` (RFC 6665 §8.2.1).
    pub(crate) event: Box<str>,
    pub(crate) dialog: Dialog,
    /// Where the phone's last request came from.
    pub(crate) flow: Flow,
    /// The phone sits behind an address translator.
    pub(crate) pinned: bool,
    pub(crate) expires_at: Time,
    pub(crate) stage: Stage,
    pub(crate) errand: Errand,
    /// Something has changed since we last looked.
    pub(crate) stale: bool,
    /// A notification is due though nothing has changed: the answer to a SUBSCRIBE (RFC 6665 §4.2.1.2).
    pub(crate) owed: bool,
    pub(crate) not_before: Time,
    /// Number of the next document.
    pub(crate) version: u32,
    /// What the phone was last told.
    pub(crate) told: Option<Sight>,
    /// Where its next hop was found, if that had to be looked up.
    pub(crate) found: Option<Box<Found>>,
    /// A NOTIFY that waits until that is known.
    pub(crate) waiting: Option<Box<Request>>,
}

impl Subscription {
    /// Where a NOTIFY goes; none if that has to be looked up first.
    pub(crate) fn way(&self) -> Option<Flow> {
        let next_hop = self.dialog.next_hop();
        if self.pinned || !is_to_be_sought(&self.flow, next_hop) {
            return Some(requests_go(&self.dialog, self.flow, self.pinned));
        }
        self.found.as_ref()?.way_to(next_hop)
    }
}
