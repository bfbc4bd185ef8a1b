//! How long callers wait, as the naive model sees it: everything that ever happened is kept and counted anew.

use acd::{AVERAGE_OVER, Forecast, HANDLED_MIN};
use base::Time;
use std::time::Duration;

/// What a queue has seen.
#[derive(Default)]
pub(crate) struct Waits {
    pub(crate) answered: Vec<(Time, Duration)>,
    pub(crate) handled: Vec<Duration>,
    pub(crate) forecasts: Vec<(Duration, Duration)>,
}

impl Waits {
    /// "The mean over the calls answered in the last 15 minutes and the waits so far of those now waiting."
    pub(crate) fn average(&self, now: Time, arrivals: &[Time]) -> Option<Duration> {
        let lately = |(at, wait): &(Time, Duration)| (now - *at < AVERAGE_OVER).then_some(*wait);
        let answered = self.answered.iter().filter_map(lately);
        let so_far = arrivals.iter().map(|arrived| now - *arrived);
        let all: Vec<u128> = answered
            .chain(so_far)
            .map(|wait| wait.as_micros())
            .collect();
        let mean = all.iter().sum::<u128>().checked_div(all.len() as u128)?;
        Some(Duration::from_micros(mean as u64))
    }

    /// "Talk + wrap-up, exponentially weighted": a sixteenth for the newest, the plain mean of the first sixteen.
    pub(crate) fn handling(&self) -> Option<Duration> {
        let mut mean: u128 = 0;
        for (before, span) in self.handled.iter().enumerate() {
            let parts = (before as u128 + 1).min(16);
            mean = (mean * (parts - 1) + span.as_micros()) / parts;
        }
        let enough = self.handled.len() >= HANDLED_MIN as usize;
        enough.then(|| Duration::from_micros(mean as u64))
    }

    /// "h·p/c", where each agent at work is there by what the queue weighs among his.
    pub(crate) fn expected(&self, place: u32, shares: &[(u32, u32)]) -> Option<Duration> {
        let handling = self.handling()?.as_micros();
        let agents: u32 = shares
            .iter()
            .map(|(weight, of_all)| 1_000_000 * weight / of_all)
            .sum();
        let agents = u128::from(agents);
        let expected = (handling * u128::from(place) * 1_000_000).checked_div(agents)?;
        Some(Duration::from_micros(expected as u64))
    }

    pub(crate) fn forecast(&self) -> Forecast {
        let millis = |span: Duration| span.as_millis() as u64;
        let mut forecast = Forecast::default();
        for (expected, waited) in &self.forecasts {
            forecast.calls += 1;
            forecast.expected_ms += millis(*expected);
            forecast.waited_ms += millis(*waited);
            forecast.error_ms += millis(*expected).abs_diff(millis(*waited));
        }
        forecast
    }
}
