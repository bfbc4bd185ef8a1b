//! How long to wait before something is tried again: longer each time, and never the same for two who began at the same moment
//! (the shape of RFC 5626 §4.5).

use rand_core::Rng;
use std::time::Duration;

/// Doubled at each failure. RFC 5626 §4.5 recommends 30 s, for millions of phones at one server; a trunk is one, and
/// nobody can call in while it waits.
const BASE: Duration = Duration::from_secs(5);

/// Longest wait after something that may pass by itself: RFC 5626 has half an hour, for the same reason.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// Longest wait after a refusal that only people can put right; asking on and on gets an account locked.
const REFUSED_WAIT_MAX: Duration = Duration::from_secs(1_800);

/// The wait after so many failures in a row.
pub(crate) fn after_failures(failures: u32, rng: &mut impl Rng) -> Duration {
    let doubled = BASE.saturating_mul(1 << failures.min(16));
    upper_half(doubled.min(WAIT_MAX), rng)
}

/// The wait after a refusal.
pub(crate) fn after_refusal(rng: &mut impl Rng) -> Duration {
    upper_half(REFUSED_WAIT_MAX, rng)
}

/// Between half of `most` and all of it.
pub(crate) fn upper_half(most: Duration, rng: &mut impl Rng) -> Duration {
    let half = u64::try_from(most.as_micros() / 2).unwrap_or(u64::MAX);
    Duration::from_micros(half + rng.next_u64() % half.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    #[test]
    fn waits_double_from_ten_seconds_to_five_minutes_and_are_drawn_from_their_upper_half() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (failures, most_s) in [(1, 10), (2, 20), (3, 40), (5, 160), (6, 300), (60, 300)] {
            let most = Duration::from_secs(most_s);
            let waits: Vec<Duration> = (0..50)
                .map(|_| after_failures(failures, &mut rng))
                .collect();
            assert!(waits.iter().all(|wait| (most / 2..=most).contains(wait)));
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }
}
