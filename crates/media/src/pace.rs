//! How a media thread waits for packets: for each, or for those of a millisecond at once.

use base::Time;

/// From so many packets in a turn of the wheel (20 ms) on, the thread no longer wakes for each: it sleeps
/// to the next millisecond and takes all that came meanwhile. A wake-up costs as much as the packet; this
/// bounds them at a thousand a second, for half a millisecond of delay on average.
const GATHER_FROM: u64 = 40;
/// A frame's length in microseconds.
const FRAME_MICROS: u64 = media_core::FRAME.as_micros() as u64;

/// How busy the thread has been lately.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The turn of the wheel now counted.
    turn: u64,
    /// What had been received when it began.
    received: u64,
    pub(crate) waking: Waking,
}

/// How the thread waits for packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Waking {
    /// It wakes for each.
    #[default]
    Each,
    /// It gathers those of a millisecond.
    Gathered,
}

impl Pace {
    /// Chooses how to wait by what came in the turn that has ended.
    pub(crate) fn measure(&mut self, now: Time, received: u64) {
        let turn = now.as_micros() / FRAME_MICROS;
        if turn == self.turn {
            return;
        }
        let turns = turn.saturating_sub(self.turn).max(1);
        let a_turn = received.saturating_sub(self.received) / turns;
        self.waking = if a_turn >= GATHER_FROM {
            Waking::Gathered
        } else {
            Waking::Each
        };
        self.turn = turn;
        self.received = received;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gathers_from_two_packets_a_millisecond_on_and_wakes_for_each_below() {
        let mut pace = Pace::default();
        let mut received = 0;
        for (turn, packets) in [39, 40, 400, 39].into_iter().enumerate() {
            received += packets;
            pace.measure(Time::from_millis((turn as u64 + 1) * 20), received);
            let expected = if packets < 40 {
                Waking::Each
            } else {
                Waking::Gathered
            };
            assert_eq!(pace.waking, expected, "{packets} packets in turn {turn}");
        }
        pace.measure(Time::from_millis(10_000), received + 400);
        assert_eq!(
            pace.waking,
            Waking::Each,
            "400 packets over many turns are few"
        );
    }
}
