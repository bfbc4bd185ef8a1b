//! What keeps a trunk up, in virtual time: registrations and probes between a shard and model servers, over networks that
//! lose, double and delay. Each test's name is what it proves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod probes;
mod provider;
mod registrations;
mod translated;
mod world;
