//! A network by its seed: what it loses, doubles, delays and so reorders.

use base::Time;
use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use sip_core::{Flow, Transport};
use std::collections::BTreeMap;
use std::time::Duration;

/// How bad it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    lost_percent: u64,
    doubled_percent: u64,
    latency_ms: (u64, u64),
    /// From then on nothing is lost or doubled.
    ends_at: Time,
}

impl Weather {
    pub(crate) const FAIR: Weather = Weather {
        lost_percent: 0,
        doubled_percent: 0,
        latency_ms: (5, 5),
        ends_at: Time::NEVER,
    };
    /// Ends while every timer that gives up has a repeat left to send.
    pub(crate) const STORM_THAT_ENDS: Weather = Weather {
        ends_at: Time::from_millis(10_000),
        ..Weather::STORM
    };
    pub(crate) const STORM: Weather = Weather {
        lost_percent: 35,
        doubled_percent: 25,
        latency_ms: (1, 400),
        ends_at: Time::NEVER,
    };
    pub(crate) const SILENCE: Weather = Weather {
        lost_percent: 100,
        ..Weather::FAIR
    };
}

pub(crate) struct Network {
    random: ChaCha8Rng,
    weather: Weather,
    /// By arrival; the number keeps those of one moment in order.
    under_way: BTreeMap<(Time, u64), (Flow, Bytes)>,
    sent: u64,
}

impl Network {
    pub(crate) fn new(random: ChaCha8Rng, weather: Weather) -> Network {
        Network {
            random,
            weather,
            under_way: BTreeMap::new(),
            sent: 0,
        }
    }

    /// `flow` is the sender's view.
    pub(crate) fn send(&mut self, now: Time, flow: Flow, bytes: &Bytes) {
        let is_stormy = flow.transport == Transport::Udp && now < self.weather.ends_at;
        let (least, most) = self.weather.latency_ms;
        let lost = is_stormy && self.percent() < self.weather.lost_percent;
        let copies = match is_stormy && self.percent() < self.weather.doubled_percent {
            _ if lost => 0,
            true => 2,
            false => 1,
        };
        for _ in 0..copies {
            let latency_ms = match flow.transport {
                Transport::Udp => least + self.random.next_u64() % (most - least + 1),
                _ => most,
            };
            let arrives_at = now + Duration::from_millis(latency_ms);
            self.sent += 1;
            self.under_way
                .insert((arrives_at, self.sent), (flow, bytes.clone()));
        }
    }

    fn percent(&mut self) -> u64 {
        self.random.next_u64() % 100
    }

    pub(crate) fn next_arrival(&self) -> Option<Time> {
        self.under_way.first_key_value().map(|((time, _), _)| *time)
    }

    /// What arrives first, in its receiver's view.
    pub(crate) fn arrive(&mut self) -> Option<(Flow, Bytes)> {
        let (_, (flow, bytes)) = self.under_way.pop_first()?;
        let turned = Flow {
            local: flow.remote,
            remote: flow.local,
            ..flow
        };
        Some((turned, bytes))
    }
}
