//! Where languages differ in how they put pieces together.

/// How a language says what is put together from pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grammar {
    /// How it counts the hours.
    pub(super) clock: Clock,
    /// What stands for the first digit of minutes under ten.
    pub(super) zero_minutes: &'static str,
}

/// A clock of 24 hours, or of twice 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// "Fifteen thirty".
    OfTwentyFour,
    /// "Three thirty p.m."
    OfTwelve,
}
