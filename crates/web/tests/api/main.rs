//! The API from the outside, over an office in memory that has real lists.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod administered;
mod audit;
mod calls;
mod client;
mod configuration;
mod events;
mod figures;
mod floor;
mod hours;
mod licences;
mod lists;
mod matrix;
mod office;
mod pages;
mod passes;
mod prompts;
mod quick_closes;
mod refusals;
mod totp;
mod ways;
