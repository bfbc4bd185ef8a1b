//! Who is kept waiting and who is kept out: how fast an address, a user or a trunk may ask, and which
//! addresses are banned for guessing. Values and decisions only, all of bounded size; which requests count
//! as what, and who is never banned, is left to `sip`.

mod bans;
mod rate;
mod source;
mod table;

pub use bans::{Ban, BanRules, Bans, Cause, Offence};
pub use rate::{BURST, PER_SECOND_MAX, Rate, TokenBucket};
pub use source::{InvalidSource, Source};
pub use table::{Buckets, Key, Keys, Proven};
