//! Callback lists: who has asked to be called, when, and who calls. Decides facts and applies them; knows neither SIP nor media
//! nor storage. One owner runs it, and what it wants done comes out as commands.
//!
//! What an owner of [`Lists`] promises them:
//! - [`Input::Clock`] comes first of all, then [`Input::Configure`], [`Input::Hours`], and what the process before had
//!   stored ([`Input::Recall`], [`Input::RecallLast`], [`Input::RecallStaff`]);
//! - facts are stored in order, with the entries that they change ([`Fact::entries`]), and every [`Command::Store`] is answered
//!   when its fact is (or can't be) stored: nothing is said to a caller, and nobody is rung, before that;
//! - where lists are distributed ([`Distribution::Automatic`]) it tells whoever does it what [`Dealing`] says after each step;
//! - every call that is begun by [`Command::RingAgent`] ends by one [`Input::Call`] that ends it, and says that it is
//!   alive every third of [`CALL_ALIVE_WITHIN`];
//! - `handle_timeout` is called when `poll_timeout` says so: an entry is due no earlier.
//!
//! Told twice, late or about things unknown, the lists do nothing; they never panic.

mod ahead;
mod apply;
mod calls;
mod commands;
mod conditions;
mod dealing;
mod engine;
mod entry;
mod fact;
mod identity;
mod index;
mod input;
mod invariants;
mod keyed;
mod leases;
mod moment;
mod notes;
mod number;
mod output;
mod owed;
mod promises;
mod recall;
mod retention;
mod rows;
mod settings;
mod text;
mod view;
mod windows;

pub use ahead::{ANSWERED_MAX, ANSWERED_WITHIN, Abandoned, AheadRow, AheadStand};
pub use calls::CALL_ALIVE_WITHIN;
pub use conditions::Seen;
pub use control::{CallbackCommand, EntryAction, Note, Outcome, StaffAction, Then, WindowChoice};
pub use dealing::{Dealing, Due, News};
pub use engine::{Deadline, Lists};
pub use entry::{
    ATTEMPTS_MAX, Attempt, Beside, Closing, Draft, ENTRY_VERSION, Entry, Order, Placed, PlacingId,
    Progress, Stage, Standing, Status, Told, Window, Wish,
};
pub use fact::{Broken, ErasedFor, FACTS_VERSION, Fact, Origin, Resolution, Returned, Stamped};
pub use identity::{
    CUSTOMER_DIGITS_MAX, CustomerDigits, CustomerInput, CustomerNumber, InvalidCustomerNumber,
    InvalidPersonnummer, Personnummer,
};
pub use input::{CallEvent, Health, Input};
pub use keyed::{KEYED_OF_NUMBER_MAX, KEYED_OPEN_MAX, KEYED_OPEN_UNKNOWN_MAX, KEYED_WITHIN};
pub use moment::{Span, Utc};
pub use number::{Given, InvalidNumber, NUMBER_DIGITS_MAX, NUMBER_DIGITS_MIN, Number};
pub use output::{Command, Dialled, Done, Errand, Existing, HangUpCause, Output, Refusal, Ungiven};
pub use owed::Owed;
pub use promises::{OPEN_MAX, PROMISE_WITHIN};
pub use retention::CLOSED_MAX;
pub use rows::Row;
pub use settings::{
    Ahead, Asks, Capacity, ClockTimes, Conditions, Distribution, KeepStarted, ListSettings, Offers,
    RETENTION, Rule, Rules, Settings,
};
pub use text::{InvalidText, TEXT_CHARS_MAX, Text};
pub use view::{
    Direction, Heading, PAGE_ROWS_MAX, Page, Query, SEARCH_CHARS_MAX, Waiting, When, all_pages,
    page, waiting,
};
pub use windows::{CHOICES_MAX, Hours, OPEN_SPANS_MAX, RESERVED_FOR, RESERVED_MAX, WINDOWS_MAX};
