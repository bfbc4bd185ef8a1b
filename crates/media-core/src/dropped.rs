//! The reasons for which a packet is not taken, so that each refusal can be counted.

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// Nothing has been agreed with the party yet.
    NotAgreed,
    /// It is not RTP version 2, or of no sane size.
    Malformed,
    /// Its payload type was not agreed.
    PayloadType,
    /// It comes from somebody else.
    Source,
    /// It comes from an address that has yet to prove itself.
    Probation,
    /// The party agreed not to send.
    Direction,
}

impl Dropped {
    /// Every reason, in the order of [`Dropped::index`].
    pub const ALL: [Dropped; 6] = [
        Dropped::NotAgreed,
        Dropped::Malformed,
        Dropped::PayloadType,
        Dropped::Source,
        Dropped::Probation,
        Dropped::Direction,
    ];

    /// Its place in [`Dropped::ALL`], for counting.
    pub fn index(self) -> usize {
        self as usize
    }

    /// A word for a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Dropped::NotAgreed => "not_agreed",
            Dropped::Malformed => "malformed",
            Dropped::PayloadType => "payload_type",
            Dropped::Source => "source",
            Dropped::Probation => "probation",
            Dropped::Direction => "direction",
        }
    }
}
