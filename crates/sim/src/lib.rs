//! Days that never were, and days that were, lived again: callers with their patience, agents with their shifts
//! and habits, devices that vanish and settings that change, around the queue engine in virtual time. What comes
//! of them are rows of a log, the same that a server's facts make, and figures are counted from rows alone.
//! Reads no files: who calls hands in texts and gets texts back.

mod called_back;
mod comma;
mod day;
mod dice;
mod faults;
mod figures;
mod log;
mod plot;
mod record;
mod span;
mod staff;
mod table;
mod tail;
mod traffic;
mod ways;
mod world;

pub use called_back::{CallbackRow, CalledBack};
pub use day::{AGENTS_MAX, Again, Break, CALLS_MAX, Day, DayError, Habits, Shift};
pub use dice::Spread;
pub use faults::Faults;
pub use figures::{Figures, Line, QUARTER, Quarter};
pub use log::{LogError, ROWS_MAX, Recording};
pub use plot::{PlotError, plot};
pub use record::{CallRow, Does, Duty, End, Recorder, Row};
pub use span::Clock;
pub use staff::{only, with_agents};
pub use table::{callbacks_table, table};
pub use tail::{ROWS_KEPT, Standing, Standings, Tail};
pub use traffic::{Accepts, Attempt, Traffic};
pub use ways::{Shut, Way, Ways};
pub use world::{Broken, Lived, Plan, Seen, Trigger, live, live_before};
