//! What goes wrong in a simulated day: devices vanish and come back, legs fail or never end, settings change under
//! way. All of it stops when the day closes, and then everything has to resolve.

use crate::day::{self, DayError};
use crate::dice::{Dice, Spread};
use acd::{Policy, Settings};
use base::{QueueId, UserId};
use serde::Deserialize;
use std::num::NonZeroU8;
use std::time::Duration;

/// Faults of a kind at most in a day.
const FAULTS_MAX: u32 = 100_000;

/// What goes wrong. Nothing does where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// How many times a device vanishes without a word.
    pub vanishing: u32,
    /// For how long.
    pub vanished: Spread,
    /// After how long the server knows.
    pub noticed: Spread,
    /// The share of offers that a device or the network fails.
    pub errors: f64,
    /// The share of withdrawn offers whose end is never confirmed.
    pub unconfirmed: f64,
    /// How many times the settings change.
    pub reloads: u32,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults {
            vanishing: 0,
            vanished: Spread::exponential(Duration::from_secs(300)),
            noticed: Spread::exponential(Duration::from_secs(30)),
            errors: 0.0,
            unconfirmed: 0.0,
            reloads: 0,
        }
    }
}

impl Faults {
    pub(crate) fn check(&self) -> Result<(), DayError> {
        let most = || format!("at most {FAULTS_MAX}");
        day::bounds(
            "faults.vanishing",
            self.vanishing <= FAULTS_MAX,
            most,
            self.vanishing,
        )?;
        day::bounds(
            "faults.reloads",
            self.reloads <= FAULTS_MAX,
            most,
            self.reloads,
        )?;
        day::share("faults.errors", self.errors)?;
        day::share("faults.unconfirmed", self.unconfirmed)?;
        day::spread("faults.vanished", self.vanished)?;
        day::spread("faults.noticed", self.noticed)
    }
}

/// What somebody changed in the settings: a policy, a queue's times, a member, or a whole queue that is gone.
pub(crate) fn changed(settings: &Settings, dice: &mut Dice) -> Settings {
    let mut settings = settings.clone();
    let many = settings.queues.len();
    let Some(id) = settings.queues.keys().nth(dice.below(many)).cloned() else {
        return settings;
    };
    match dice.below(4) {
        0 if many > 1 => {
            settings.queues.remove(&id);
        }
        1 => without_a_member(&mut settings, &id, dice),
        2 => {
            if let Some(queue) = settings.queues.get_mut(&id) {
                queue.ring *= 2;
                queue.wrap_up /= 2;
            }
        }
        _ => {
            if let Some(queue) = settings.queues.get_mut(&id) {
                queue.policy = another(queue.policy);
            }
        }
    }
    settings
}

fn without_a_member(settings: &mut Settings, id: &QueueId, dice: &mut Dice) {
    if let Some(queue) = settings.queues.get_mut(id) {
        let member = queue.members.keys().nth(dice.below(queue.members.len()));
        let member: Option<UserId> = member.cloned();
        queue
            .members
            .retain(|other, _| Some(other) != member.as_ref());
    }
}

fn another(policy: Policy) -> Policy {
    const TWO: NonZeroU8 = NonZeroU8::new(2).expect("two is not zero");
    match policy {
        Policy::LongestIdle => Policy::Parallel(TWO),
        Policy::Parallel(_) => Policy::BySkill,
        Policy::BySkill => Policy::RoundRobin,
        Policy::RoundRobin => Policy::FewestCalls,
        Policy::FewestCalls => Policy::Random,
        Policy::Random => Policy::RingAll,
        Policy::RingAll => Policy::FixedOrder,
        Policy::FixedOrder => Policy::LongestIdle,
    }
}
