//! The configuration from the outside: folders of files in, settings or errors out.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod agents;
mod common;
mod demo;
mod documented;
mod doors;
mod edits;
mod errors;
mod hours;
mod leading;
mod mangled;
mod queues;
mod quick_close;
mod recordings;
mod reload;
mod routing;
mod secrets;
