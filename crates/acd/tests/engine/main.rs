//! The engine from the outside, in virtual time: each rule by name, then whole random worlds beside a
//! naive model.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod agents;
mod callers_and_offers;
mod complaints;
mod days;
mod estimates;
mod exits;
mod floor;
mod licences;
mod limits;
mod model;
mod model_load;
mod moves;
mod order;
mod policies;
mod reload;
mod restart;
mod waits;
mod worlds;
