//! English.

use super::grammar::{Clock, Grammar};

/// "At eight oh five a.m.", "at three thirty p.m."
pub(super) const GRAMMAR: Grammar = Grammar {
    clock: Clock::OfTwelve,
    zero_minutes: "clock-oh",
};
