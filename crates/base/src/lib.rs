//! What every room shares: time, typed ids, bounded containers. Knows nobody.
//!
//! A *core* of this project is a plain value with three methods that change it (see [`Core`]); all it
//! learns of the world — time included — is handed in.

mod bounded;
mod id;
mod time;

pub use bounded::{BoundedVec, Full};
pub use id::{
    CallId, CallbackId, GroupId, HoursId, InvalidName, LegId, MenuId, MessageId, NAME_BYTES_MAX,
    NamesOf, OfferId, OrgId, QueueId, ShardId, SubscriptionId, TrunkId, UpkeepId, UserId,
};
pub use time::{Time, WallClock};

/// A pure state machine: the shape that every core of this project has.
///
/// A deadline is handed out with its reason, so that a trace of a test or of a live system says
/// *why* a core woke up, not only when.
pub trait Core {
    /// What can happen to the core.
    type Input;
    /// What the core wants done; `handle` appends, it never clears.
    type Output;
    /// Why the next deadline is there.
    type Reason;

    /// One thing happened at `now`.
    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Self::Output);

    /// The next moment at which [`Core::handle_timeout`] must be called, and why.
    fn poll_timeout(&self) -> Option<(Time, Self::Reason)>;

    /// Acts on every deadline that is due at `now`. Calling it early does nothing.
    fn handle_timeout(&mut self, now: Time, out: &mut Self::Output);
}
