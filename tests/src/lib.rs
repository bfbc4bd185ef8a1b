//! Kölapp seen from the outside: what its end-to-end tests and benchmarks are made of. A server process that is
//! started and watched, phones that speak SIP and RTP, generators of load, and runners of other people's programs.
//!
//! The SIP spoken here is deliberately not `sip_core`: a peer that shares the server's parser agrees with its
//! mistakes. It is as small as a phone that talks to one server may be.

#![allow(
    clippy::unwrap_used,
    reason = "a harness tells of a failed expectation by panicking; there is nobody to hand an error to"
)]

pub mod browser;
pub mod certificates;
pub mod crowd;
pub mod digest;
pub mod dns;
pub mod flood;
pub mod hearing;
pub mod http;
pub mod kept;
pub mod load;
pub mod moment;
pub mod pages;
pub mod peers;
pub mod phone;
pub mod process;
pub mod provider;
pub mod random;
pub mod registrar;
pub mod rtp;
pub mod server;
pub mod sip;
pub mod slots;
pub mod sound;
pub mod stranger;
pub mod translator;
pub mod wire;
