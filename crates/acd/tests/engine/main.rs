//! The engine from the outside, in virtual time: each rule by name, then whole random worlds beside a
//! naive model.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod agents;
mod by_hand;
mod callbacks;
mod callers_and_offers;
mod choosing;
mod complaints;
mod days;
mod deferral;
mod estimates;
mod exits;
mod figures;
mod floor;
mod kept;
mod last_agent;
mod licences;
mod limits;
mod model;
mod model_by_hand;
mod model_callbacks;
mod model_load;
mod moves;
mod order;
mod organisations;
mod particular;
mod policies;
mod reload;
mod restart;
mod waits;
mod worlds;
