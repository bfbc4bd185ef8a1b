//! Swedish.

use super::grammar::{Clock, Grammar};

/// "Klockan åtta noll fem", "klockan femton trettio".
pub(super) const GRAMMAR: Grammar = Grammar {
    clock: Clock::OfTwentyFour,
    zero_minutes: "number-0",
};
