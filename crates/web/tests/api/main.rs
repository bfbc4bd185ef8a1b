//! The API from the outside, over an office in memory that has real lists.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod administered;
mod audit;
mod callers;
mod calls;
mod client;
mod configuration;
mod events;
mod figures;
mod floor;
mod hours;
mod licences;
mod lists;
mod looks;
mod matrix;
mod office;
mod operation;
mod own_calls;
mod pages;
mod passes;
mod prompts;
mod quick_closes;
mod refusals;
mod totp;
mod ways;
