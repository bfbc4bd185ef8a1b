//! Automatic call distribution: queues, agents, offers. Decides facts and applies them; knows neither
//! SIP nor media. One owner runs it (see ARCHITECTURE.md), and what it wants done comes out as commands.
//!
//! What an owner of an [`Engine`] promises it:
//! - every [`Command::Withdraw`] and [`Command::Release`] is confirmed by one `Input::OfferEnded` once
//!   the leg is gone; one that never is costs its agent [`CONFIRM_WITHIN`];
//! - every call that joined ends by one `Input::Leave` or `Input::ConversationEnded`;
//! - `handle_timeout` is called when `poll_timeout` says so: an agent whose wrap-up is over is not free
//!   before that;
//! - every [`Command::CallBack`] is answered by one `Input::CallbackOver` once the agent is done with it, and what is due of a
//!   queue's callbacks is told whenever it changes;
//! - facts are taken out of [`Output`] in order, and no input is dropped.
//!
//! Told twice, late or about things unknown, the engine does nothing; it never panics.

mod agent;
mod apply;
mod bench;
mod by_hand;
mod callbacks;
mod callers;
mod carried;
mod chance;
mod choosing;
mod commands;
mod configure;
mod dispatch;
mod draining;
mod engine;
mod entrance;
mod errands;
mod estimate;
mod exits;
mod fact;
mod figures;
mod index;
mod input;
mod invariants;
mod lately;
mod line;
mod load;
mod moves;
mod named;
mod offers;
mod output;
mod particular;
mod passed_over;
mod policy;
mod presence;
mod queue;
mod ready;
mod reconfigured;
mod reunion;
mod settings;
mod share;
mod skills;
mod snapshot;
mod staff;
mod step;
mod strikes;
mod table;
mod upkeep;
mod visits;
mod wanting;

pub use agent::{AgentState, OWN_CALLS_MAX, PAUSE_REASON_CHARS_MAX, Pause, STRANGERS_MAX, Strikes};
pub use by_hand::InLine;
pub use callbacks::{DUE_MAX, DueCallback, Urgency};
pub use callers::CALLERS_MAX;
pub use carried::{Carried, Work};
pub use choosing::CHOOSING_MAX;
pub use commands::WRAP_UP_MAX;
pub use engine::{Deadline, Engine};
pub use entrance::{Entrance, Priority};
pub use errands::CallbackEnd;
pub use estimate::{ANSWERED_KEPT, AVERAGE_OVER, Forecast, HANDLED_MIN, Prospect};
pub use fact::{FACTS_VERSION, Fact, Origin, Outcome, Stamped};
pub use figures::{
    AgentLine, Cut, Figures, Interval, LINES_KEPT, Line, QUARTER_MS, QUARTERS_KEPT, WAIT_BOUNDS_S,
};
pub use input::{Asker, Input, LeaveCause, OfferEnd};
pub use lately::{Lately, QueueCarried};
pub use offers::{CONFIRM_WITHIN, DEFERRAL_MIN, LOST_OFFERS_KEPT, PICKED_UP_MAX};
pub use output::{Command, CommandRefusal, Output, RefuseCause, WithdrawCause};
pub use passed_over::{Obstacle, PASSED_OVER_MAX, PassedOver};
pub use policy::{Candidate, Merit, RINGING_MAX, Ranked, Reason, Turns, rank};
pub use ready::WEIGHT_MAX;
pub use reunion::{
    KnownAs, LAST_AGENT_WITHIN_MAX, LastAgent, Sought, TALKS_CARRIED, TALKS_KEPT, Talk,
};
pub use settings::{
    AgentRules, AgentSettings, Applies, Counted, Deferral, ErrorLimit, Exits, Licence, Load, Marks,
    Member, MissedLimit, Policy, QueueKind, QueueSettings, Settings, Sidelining, WRAP_UP_EXTENSION,
    WaitOf, Yardstick,
};
pub use share::{Balance, Next, Share};
pub use skills::{Asked, Lacking, SKILL_LEVEL_MAX, Skills, WIDENINGS_MAX, Widening};
pub use snapshot::{AgentSnapshot, QueueSnapshot, Snapshot, Standing, Switches};
pub use step::{AgentTotals, Gone, QueueTotals, Step, Tally};
pub use visits::{Told, Visits};
