//! Automatic call distribution: queues, agents, offers. Decides facts and applies them; knows neither
//! SIP nor media. One owner runs it (see ARCHITECTURE.md), and what it wants done comes out as commands.
//!
//! What an owner of an [`Engine`] promises it:
//! - every [`Command::Withdraw`] and [`Command::Release`] is confirmed by one `Input::OfferEnded` once
//!   the leg is gone; one that never is costs its agent [`CONFIRM_WITHIN`];
//! - every call that joined ends by one `Input::Leave` or `Input::ConversationEnded`;
//! - `handle_timeout` is called when `poll_timeout` says so: an agent whose wrap-up is over is not free
//!   before that;
//! - facts are taken out of [`Output`] in order, and no input is dropped.
//!
//! Told twice, late or about things unknown, the engine does nothing; it never panics.

mod agent;
mod apply;
mod bench;
mod callers;
mod carried;
mod chance;
mod commands;
mod configure;
mod dispatch;
mod engine;
mod entrance;
mod estimate;
mod exits;
mod fact;
mod index;
mod input;
mod invariants;
mod line;
mod load;
mod moves;
mod named;
mod offers;
mod output;
mod passed_over;
mod policy;
mod presence;
mod queue;
mod ready;
mod reconfigured;
mod settings;
mod skills;
mod snapshot;
mod staff;
mod strikes;
mod table;
mod upkeep;
mod wanting;

pub use agent::{
    AgentState, AgentTotals, OWN_CALLS_MAX, PAUSE_REASON_CHARS_MAX, Pause, STRANGERS_MAX, Strikes,
};
pub use callers::CALLERS_MAX;
pub use carried::{Carried, Work};
pub use commands::WRAP_UP_MAX;
pub use engine::{Deadline, Engine};
pub use entrance::{Entrance, Priority};
pub use estimate::{ANSWERED_KEPT, AVERAGE_OVER, Forecast, HANDLED_MIN, Prospect};
pub use fact::{FACTS_VERSION, Fact, Origin, Outcome, Stamped};
pub use input::{Asker, Input, LeaveCause, OfferEnd};
pub use offers::{CONFIRM_WITHIN, DEFERRAL_MIN, LOST_OFFERS_KEPT, PICKED_UP_MAX};
pub use output::{Command, CommandRefusal, Output, RefuseCause, WithdrawCause};
pub use passed_over::{Obstacle, PASSED_OVER_MAX, PassedOver};
pub use policy::{Candidate, Merit, RINGING_MAX, Ranked, Reason, Turns, rank};
pub use queue::QueueTotals;
pub use ready::WEIGHT_MAX;
pub use settings::{
    AgentRules, AgentSettings, Applies, Counted, Deferral, ErrorLimit, Exits, Licence, Load, Marks,
    Member, MissedLimit, Policy, QueueKind, QueueSettings, Settings, Sidelining, WRAP_UP_EXTENSION,
    WaitOf,
};
pub use skills::{Asked, Lacking, SKILL_LEVEL_MAX, Skills, WIDENINGS_MAX, Widening};
pub use snapshot::{AgentSnapshot, QueueSnapshot, Snapshot, Standing, Switches};
