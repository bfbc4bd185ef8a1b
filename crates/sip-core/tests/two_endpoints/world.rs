//! Two phones, the network between them, and the clock.

use crate::network::{Network, Weather};
use crate::phone::{Mark, Phone};
use crate::plan::{Plan, Side};
use base::Time;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sip_core::transaction::Output;
use sip_core::{Flow, Transport};
use std::collections::BTreeMap;

/// What becomes of a phone between two steps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    Kept,
    /// It is saved, dropped and loaded.
    Loaded,
}

/// Calls and OPTIONS of one world.
const CALLS: u64 = 4;
/// More steps than any world of that many calls can need.
const STEPS_MAX: usize = 20_000;

pub(crate) struct World {
    pub(crate) phones: [Phone; 2],
    pub(crate) trace: Vec<(Time, Side, Output<Mark>)>,
    network: Network,
    persistence: Persistence,
}

impl World {
    /// Runs until nothing is under way and nobody waits for anything.
    pub(crate) fn run(
        seed: u64,
        transport: Transport,
        weather: Weather,
        persistence: Persistence,
    ) -> World {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let plans: BTreeMap<String, Plan> = (0..CALLS)
            .map(|at| (format!("call-{at}"), Plan::new(&mut random)))
            .collect();
        let addresses = ["192.0.2.1:5060", "192.0.2.2:5060"].map(|text| text.parse().unwrap());
        let flow = Flow {
            transport,
            local: addresses[0],
            remote: addresses[1],
            connection: 0,
        };
        let back = Flow {
            local: addresses[1],
            remote: addresses[0],
            ..flow
        };
        let phones = [(Side::Caller, flow), (Side::Callee, back)]
            .map(|(side, flow)| Phone::new(side, flow, random.next_u64(), plans.clone()));
        let mut world = World {
            phones,
            trace: Vec::new(),
            network: Network::new(random, weather),
            persistence,
        };
        for _ in 0..STEPS_MAX {
            if !world.step() {
                return world;
            }
        }
        panic!("the world did not come to rest in {STEPS_MAX} steps");
    }

    /// The next thing to happen; false if there is none.
    fn step(&mut self) -> bool {
        let arrival = self.network.next_arrival();
        let deadlines = self.phones.each_ref().map(|phone| phone.next_deadline());
        let Some(now) = deadlines.into_iter().flatten().chain(arrival).min() else {
            return false;
        };
        if arrival == Some(now)
            && let Some((flow, bytes)) = self.network.arrive()
        {
            let to = usize::from(self.phones[0].flow.local != flow.local);
            self.act(now, to, |phone, out| phone.receive(now, flow, &bytes, out));
            return true;
        }
        for at in [0, 1] {
            if deadlines[at] == Some(now) {
                self.act(now, at, |phone, out| phone.handle_timeout(now, out));
            }
        }
        true
    }

    fn act(&mut self, now: Time, at: usize, act: impl Fn(&mut Phone, &mut Vec<Output<Mark>>)) {
        let phone = &mut self.phones[at];
        if self.persistence == Persistence::Loaded {
            let saved = postcard::to_stdvec(phone).unwrap();
            *phone = postcard::from_bytes(&saved).unwrap();
        }
        let mut out = Vec::new();
        act(phone, &mut out);
        let side = phone.side;
        for output in out {
            if let Output::Transmit { flow, bytes } = &output {
                self.network.send(now, *flow, bytes);
            }
            self.trace.push((now, side, output));
        }
    }
}
