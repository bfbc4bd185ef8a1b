//! Chance that replays: what is drawn follows from the fact by which an agent sat down. Whoever sits has
//! drawn how long he waits for a call, at a rate of his weight, and the shortest wait comes first. Such waits
//! don't age, so of those who sit each comes next with a chance of his weight to the sum of all weights,
//! however long they have been sitting, and choosing costs what finding the first costs.

use crate::fact::Moment;
use crate::index::mixed;

/// Bits behind the point of what is drawn.
const FRACTION_BITS: u32 = 24;

/// When, on the clock of chance that shows `clock`, the turn comes of one with that weight who sits down.
pub(crate) fn draw(clock: u64, sat_down: Moment, salt: u64, weight: u8) -> u64 {
    let seed = sat_down.seq ^ sat_down.at.as_micros().rotate_left(20) ^ salt.rotate_left(40);
    let wait = waited(mixed(seed)) / u64::from(weight.max(1));
    clock.saturating_add(wait)
}

/// −log2 of the number as a share of 2⁶⁴: an exponentially distributed wait. In whole numbers, since what a
/// processor's logarithm says in its last bit is its own affair, and replays must agree.
fn waited(number: u64) -> u64 {
    let number = number | 1;
    let zeros = number.leading_zeros();
    let mut mantissa = u128::from(number << zeros);
    let mut log = u64::from(63 - zeros);
    for _ in 0..FRACTION_BITS {
        mantissa = (mantissa * mantissa) >> 63;
        log <<= 1;
        if mantissa >> 64 == 1 {
            mantissa >>= 1;
            log |= 1;
        }
    }
    (64 << FRACTION_BITS) - log
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Time;

    #[test]
    fn the_logarithm_is_one() {
        for number in [1, 3, 1 << 63, u64::MAX, 0x1234_5678_9abc_def1] {
            let exact = 64.0 - (number as f64).log2();
            let ours = waited(number) as f64 / f64::from(1 << FRACTION_BITS);
            assert!((exact - ours).abs() < 1e-6, "{number}: {ours}, not {exact}");
        }
    }

    #[test]
    fn whoever_sits_comes_next_by_the_share_of_his_weight_however_long_he_has_sat() {
        const PICKS: u64 = 40_000;
        let weights = [1, 2, 3, 4];
        let mut clock = 0;
        let mut seq = 0;
        let mut sit = |who: usize, clock| {
            seq += 1;
            let at = Time::from_micros(seq * 1_000);
            draw(clock, Moment { at, seq }, who as u64, weights[who])
        };
        let mut sitting = [0, 1, 2, 3].map(|who| sit(who, 0));
        let mut picked = [0_u64; 4];
        for _ in 0..PICKS {
            let next = (0..4).min_by_key(|who| sitting[*who]).unwrap();
            picked[next] += 1;
            clock = sitting[next].max(clock);
            sitting[next] = sit(next, clock);
        }
        for (who, count) in picked.into_iter().enumerate() {
            let meant = PICKS * u64::from(weights[who]) / 10;
            // Four standard deviations are at most 1 % of the picks.
            assert!(count.abs_diff(meant) < PICKS / 100, "{picked:?}");
        }
    }
}
