//! The configuration from the outside: folders of files in, settings or errors out.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod agents;
mod callback_errors;
mod callback_lists;
mod changes;
mod common;
mod demo;
mod documented;
mod doors;
mod edits;
mod errors;
mod hours;
mod inherited;
mod leading;
mod mangled;
mod queues;
mod quick_close;
mod recordings;
mod reference;
mod reload;
mod routing;
mod secrets;
mod several;
mod worked_off;
