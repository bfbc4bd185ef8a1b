//! Automatic call distribution: queues, agents, offers. Decides facts and applies them; knows neither
//! SIP nor media. One owner runs it (see ARCHITECTURE.md), and what it wants done comes out as commands.

mod input;
mod output;
mod settings;

pub use input::{Asker, Input, LeaveCause, OfferEnd};
pub use output::{Command, CommandRefusal, Output, RefuseCause, WithdrawCause};
pub use settings::{AgentSettings, Deferral, Policy, QueueSettings, Settings};
