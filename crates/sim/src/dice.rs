//! Chance from a seed: the same seed gives the same day on every machine, so logarithms and the like are reckoned
//! in software (`libm`) and not as each processor likes.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Deserialize;
use std::time::Duration;

/// Longest span that is ever drawn: a week, so that the tail of a distribution ends somewhere.
const SPAN_MAX: Duration = Duration::from_secs(7 * 86_400);

/// How long something takes: now more, now less.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// On average.
    #[serde(deserialize_with = "crate::span::deserialize")]
    pub mean: Duration,
    /// How much it varies: lognormal with this standard deviation of its logarithm, and always the mean at 0.
    /// Without it the span is exponential: however long it has lasted, what is left is as before.
    #[serde(default)]
    pub spread: Option<f64>,
}

impl Spread {
    /// Exponential.
    pub const fn exponential(mean: Duration) -> Spread {
        Spread { mean, spread: None }
    }

    /// Lognormal.
    pub const fn lognormal(mean: Duration, spread: f64) -> Spread {
        let spread = Some(spread);
        Spread { mean, spread }
    }
}

/// Whose chance: what one draws does not shift what the others draw, so that the same callers come whatever the
/// agents do.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    Callers,
    Agents,
    Faults,
    /// Whether callers would rather be called back.
    Wishes,
}

/// A seeded source of chance.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, whose: Whose) -> Dice {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(whose as u64);
        Dice(rng)
    }

    /// Above 0, at most 1.
    pub(crate) fn unit(&mut self) -> f64 {
        const STEPS: f64 = (1_u64 << 53) as f64;
        ((self.0.next_u64() >> 11) as f64 + 1.0) / STEPS
    }

    /// Whether something comes about that does with this chance.
    pub(crate) fn falls(&mut self, chance: f64) -> bool {
        self.unit() <= chance
    }

    /// One of `0..many`; 0 of none.
    pub(crate) fn below(&mut self, many: usize) -> usize {
        let scaled = u128::from(self.0.next_u64()) * many as u128;
        (scaled >> 64) as usize
    }

    /// Any moment in a span.
    pub(crate) fn within(&mut self, span: Duration) -> Duration {
        span.mul_f64(self.unit())
    }

    pub(crate) fn span(&mut self, of: Spread) -> Duration {
        let factor = match of.spread {
            None => -libm::log(self.unit()),
            Some(spread) => libm::exp(spread * self.normal() - spread * spread / 2.0),
        };
        let seconds = of.mean.as_secs_f64() * factor;
        Duration::from_secs_f64(seconds.min(SPAN_MAX.as_secs_f64()))
    }

    /// Which of these, each with its weight.
    pub(crate) fn weighed(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left <= 0.0 && *weight > 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// Box and Muller's way.
    fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_has_the_mean_that_was_asked_for() {
        const DRAWS: u32 = 20_000;
        let mean = Duration::from_secs(180);
        for spread in [None, Some(0.0), Some(0.5)] {
            let mut dice = Dice::new(1, Whose::Callers);
            let sum: Duration = (0..DRAWS).map(|_| dice.span(Spread { mean, spread })).sum();
            // Four standard deviations of the mean of an exponential span are 3 %.
            let found = (sum / DRAWS).as_secs_f64();
            assert!((found - 180.0).abs() < 6.0, "{spread:?}: {found}");
        }
    }

    #[test]
    fn weights_are_kept_and_what_weighs_nothing_never_comes() {
        let mut dice = Dice::new(2, Whose::Agents);
        let mut counts = [0; 3];
        for _ in 0..4_000 {
            counts[dice.weighed(&[1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((900..1_100).contains(&counts[0]), "{counts:?}");
    }
}
