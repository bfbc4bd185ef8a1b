//! How long a connection is borne with: it has to say whose it is, to end a message that it has begun, and
//! to say something now and then.

use std::time::{Duration, Instant};

/// From opening until the gate has let somebody in by it. A phone needs one round trip for its challenge;
/// whoever opens connections to hold them is rid of soon.
pub(super) const UNPROVEN_MAX: Duration = Duration::from_secs(60);

/// From the first byte of a message to its last. A message of the largest size takes 5 s at 100 kbit/s.
pub(super) const MESSAGE_MAX: Duration = Duration::from_secs(10);

/// Silence of somebody known. Phones keep their connection alive every few minutes (RFC 5626 §4.4.1), and
/// dialogs refresh every half hour (RFC 4028 §4).
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(3_600);

/// What is left to be sent to somebody whom we leave has this long.
pub(super) const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has proved himself on it.
    Unproven,
    /// A user, a trunk, or somebody we connected to.
    Known,
}

/// Why patience ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exhausted {
    Unproven,
    SlowMessage,
    Silent,
}

/// What a connection has done, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    opened: Instant,
    heard: Instant,
    /// When the message that is only half here began.
    midway_since: Option<Instant>,
}

impl Patience {
    pub(super) fn new(now: Instant) -> Patience {
        Patience {
            opened: now,
            heard: now,
            midway_since: None,
        }
    }

    /// Something whole came.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.midway_since = None;
    }

    /// What has come so far ends in the middle of a message, or does not.
    pub(super) fn note_midway(&mut self, now: Instant, is_midway: bool) {
        self.midway_since = is_midway.then(|| self.midway_since.unwrap_or(now));
    }

    /// When it ends, and why.
    pub(super) fn ends(&self, standing: Standing) -> (Instant, Exhausted) {
        let by_standing = match standing {
            Standing::Unproven => (self.opened + UNPROVEN_MAX, Exhausted::Unproven),
            Standing::Known => (self.heard + SILENCE_MAX, Exhausted::Silent),
        };
        match self.midway_since.map(|since| since + MESSAGE_MAX) {
            Some(by_message) if by_message < by_standing.0 => (by_message, Exhausted::SlowMessage),
            _ => by_standing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_not_proved_himself_goes_however_much_he_says() {
        let opened = Instant::now();
        let mut patience = Patience::new(opened);
        patience.heard(opened + UNPROVEN_MAX / 2);
        assert_eq!(
            patience.ends(Standing::Unproven),
            (opened + UNPROVEN_MAX, Exhausted::Unproven)
        );
    }

    #[test]
    fn a_byte_now_and_then_makes_no_message() {
        let opened = Instant::now();
        let mut patience = Patience::new(opened);
        for second in 1..5 {
            patience.note_midway(opened + Duration::from_secs(second), true);
        }
        let begun = opened + Duration::from_secs(1);
        for standing in [Standing::Unproven, Standing::Known] {
            assert_eq!(
                patience.ends(standing),
                (begun + MESSAGE_MAX, Exhausted::SlowMessage)
            );
        }
        let ended = opened + Duration::from_secs(6);
        patience.heard(ended);
        assert_eq!(
            patience.ends(Standing::Known),
            (ended + SILENCE_MAX, Exhausted::Silent)
        );
    }
}
