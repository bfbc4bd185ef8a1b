//! The lists from the outside, in virtual time: each rule by name, then whole random worlds beside a naive model.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod ahead;
mod calls;
mod complaints;
mod dealing;
mod duplicates;
mod floor;
mod keyed;
mod leases;
mod model;
mod outcomes;
mod owed;
mod promises;
mod restart;
mod retention;
mod view;
mod windows;
mod worlds;
