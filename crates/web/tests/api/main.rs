//! The API from the outside, over an office in memory that has real lists.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod audit;
mod calls;
mod client;
mod events;
mod figures;
mod floor;
mod lists;
mod matrix;
mod office;
mod own_calls;
mod pages;
mod passes;
mod refusals;
