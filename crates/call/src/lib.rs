//! Calls: legs, the caller's journey, the bridge, feature codes. Pure: a [`Shard`] is handed messages, time
//! and answers, and says what to send, play and tell the queue engine. Stands between `sip-core`, `acd` and
//! `media-core`; none of them knows another.

pub mod admission;
mod agent_codes;
mod arena;
mod call;
mod cause;
mod challenge;
pub mod closing;
pub mod crosswise;
mod destinations;
pub use calendar::QuickCloses;
pub mod dictation;
pub mod diverted;
mod door;
mod early;
mod exchange;
pub mod forward;
mod hunt;
pub mod identity;
mod input;
mod inward;
pub mod journey;
mod keys;
pub mod ledger;
pub mod leg;
mod menu;
mod notifier;
pub mod outward;
mod reliable;
mod rest;
mod routing;
mod seeking;
mod session_timer;
pub mod settings;
mod shard;
pub mod speech;
pub mod subscription;
mod tag;
mod timers;
pub mod trunk;
mod unanswered;
pub mod upkeep;
pub mod view;
pub mod watched;
pub mod wishes;

pub use crosswise::Crosswise;
pub use input::{Admission, Asker, CallEvent, EndCause, Input, Output, Reason, RefusedCause};
pub use keys::KeyWay;
pub use shard::{Room, Shard};
pub use tag::{shard_of, shard_of_trunk};
pub use view::{CallState, CallView};
