//! What an organisation's calls over trunks use: channels of each trunk, calls outside at once, calls and minutes
//! within the hour and the day of everybody who pays. Over all shards, so that it agrees: a shard asks with
//! [`crate::Output::Occupy`] and gives back with [`crate::Output::Vacate`], and one ledger for each organisation answers.
//!
//! A leg over a trunk has a channel of that trunk. Its call has a seat: one of the organisation's channels and, of a
//! call out, a place among the calls of whoever pays. Where a trunk fails, the seat goes on to the next attempt.

mod window;

use crate::outward::Payer;
use base::{OrgId, Time, TrunkId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use window::Window;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// How much is paid for in advance: a minute that has begun counts whole, as it does with carriers.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Payers remembered before those who use nothing are forgotten. They are users and queues, of which an organisation
/// has few; but names come and go with reloads.
const PAYERS_SWEPT_AT: usize = 10_000;

/// How much somebody may call outside. What is not set is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Calls at once.
    pub at_once: Option<u32>,
    /// Calls begun within an hour.
    pub calls_per_hour: Option<u32>,
    /// Minutes talked within an hour, each begun one whole.
    pub minutes_per_hour: Option<u32>,
    /// The same within a day.
    pub minutes_per_day: Option<u32>,
}

impl Bounds {
    /// Whether minutes are counted at all.
    pub(crate) fn has_minutes(&self) -> bool {
        self.minutes_per_hour.is_some() || self.minutes_per_day.is_some()
    }
}

/// Whether a call is held to bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Urgency {
    /// It is.
    Ordinary,
    /// It is to an emergency number, and always goes.
    Emergency,
}

/// What a leg over a trunk asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// A channel of this trunk,
    pub trunk: TrunkId,
    /// which has so many.
    pub channels: Option<u32>,
    /// And a seat for its call, unless that has one already.
    pub seat: Option<Wanted>,
    /// Whether bounds hold.
    pub urgency: Urgency,
}

/// A seat that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Channels that the organisation has.
    pub channels: Option<u32>,
    /// Who pays, where it is a call out.
    pub payer: Option<Payer>,
    /// How much whoever pays may.
    pub own: Bounds,
    /// And all of the organisation together.
    pub common: Bounds,
}

/// What a leg over a trunk has, to be given back when it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// A channel of this trunk.
    pub trunk: Option<TrunkId>,
    /// Its call's seat.
    pub seat: Option<Seat>,
}

/// A call's seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// In whose ledger.
    pub org: OrgId,
    /// Who pays, where it is a call out.
    pub payer: Option<Payer>,
    /// Whether bounds hold.
    pub urgency: Urgency,
}

impl Ask {
    /// Whose ledger answers.
    pub fn org(&self) -> OrgId {
        self.trunk.org()
    }
}

impl From<&Ask> for Held {
    /// What a leg has that was granted this.
    fn from(ask: &Ask) -> Held {
        Held {
            trunk: Some(ask.trunk.clone()),
            seat: ask.seat.as_ref().map(|seat| Seat {
                org: ask.org(),
                payer: seat.payer.clone(),
                urgency: ask.urgency,
            }),
        }
    }
}

impl Held {
    /// Whose ledger takes it back; none where it is nothing.
    pub fn org(&self) -> Option<OrgId> {
        let of_trunk = self.trunk.as_ref().map(TrunkId::org);
        of_trunk.or_else(|| Some(self.seat.as_ref()?.org.clone()))
    }
}

/// Why something is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Full {
    /// All channels of the trunk are in use.
    Trunk,
    /// All channels of the organisation are.
    Organisation,
    /// As many calls outside as may be go on at once.
    AtOnce,
    /// As many calls as may be have been begun within the hour.
    Calls,
    /// The minutes of the hour or the day are used up.
    Minutes,
}

/// What one payer, or everybody together, uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Usage {
    at_once: u32,
    calls: Window,
    minutes_hour: Window,
    minutes_day: Window,
}

/// What one organisation uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Channels in use of each trunk that has any.
    trunks: BTreeMap<TrunkId, u32>,
    /// Calls over trunks, in and out.
    channels: u32,
    common: Usage,
    payers: BTreeMap<Payer, Usage>,
}

impl Ledger {
    /// Grants what is asked for, all or nothing.
    pub fn occupy(&mut self, now: Time, ask: &Ask) -> Result<(), Full> {
        let in_use = self.channels_of(&ask.trunk);
        if ask.urgency == Urgency::Ordinary {
            room(in_use, ask.channels, Full::Trunk)?;
        }
        if let Some(seat) = &ask.seat {
            self.seat(now, seat, ask.urgency)?;
        }
        *self.trunks.entry(ask.trunk.clone()).or_default() += 1;
        Ok(())
    }

    fn seat(&mut self, now: Time, seat: &Wanted, urgency: Urgency) -> Result<(), Full> {
        let ordinary = urgency == Urgency::Ordinary;
        if ordinary {
            room(self.channels, seat.channels, Full::Organisation)?;
        }
        if let Some(payer) = &seat.payer {
            self.sweep(now);
            let own = self.payers.entry(payer.clone()).or_default();
            let both = [(own, &seat.own), (&mut self.common, &seat.common)];
            let mut both = both;
            if ordinary {
                for (usage, bounds) in &mut both {
                    usage.may_begin(now, bounds)?;
                }
            }
            for (usage, _) in both {
                usage.at_once += 1;
                if ordinary {
                    usage.calls.count(now, HOUR);
                }
            }
        }
        self.channels += 1;
        Ok(())
    }

    /// Takes back what a leg had.
    pub fn vacate(&mut self, held: &Held) {
        if let Some(trunk) = &held.trunk {
            let in_use = self.channels_of(trunk).saturating_sub(1);
            match in_use {
                0 => drop(self.trunks.remove(trunk)),
                _ => drop(self.trunks.insert(trunk.clone(), in_use)),
            }
        }
        let Some(seat) = &held.seat else {
            return;
        };
        self.channels = self.channels.saturating_sub(1);
        if let Some(payer) = &seat.payer {
            let own = self.payers.get_mut(payer);
            for usage in own.into_iter().chain([&mut self.common]) {
                usage.at_once = usage.at_once.saturating_sub(1);
            }
        }
    }

    /// Pays for one more minute of a call out, or says that there is none left.
    pub fn spend(
        &mut self,
        now: Time,
        payer: &Payer,
        own: &Bounds,
        common: &Bounds,
    ) -> Result<(), Full> {
        let usage = self.payers.entry(payer.clone()).or_default();
        usage.has_minutes(now, own)?;
        self.common.has_minutes(now, common)?;
        for usage in [usage, &mut self.common] {
            usage.minutes_hour.count(now, HOUR);
            usage.minutes_day.count(now, DAY);
        }
        Ok(())
    }

    /// Channels of a trunk that are in use.
    pub fn channels_of(&self, trunk: &TrunkId) -> u32 {
        self.trunks.get(trunk).copied().unwrap_or_default()
    }

    /// Calls over trunks, in and out.
    pub fn channels(&self) -> u32 {
        self.channels
    }

    /// Whether nothing is in use just now.
    pub fn is_idle(&self) -> bool {
        let payers = self.payers.values();
        let at_once: u32 = payers.map(|usage| usage.at_once).sum();
        self.trunks.is_empty() && self.channels == 0 && self.common.at_once == 0 && at_once == 0
    }

    fn sweep(&mut self, now: Time) {
        if self.payers.len() >= PAYERS_SWEPT_AT {
            self.payers.retain(|_, usage| !usage.is_nothing(now));
        }
    }
}

impl Usage {
    fn may_begin(&mut self, now: Time, bounds: &Bounds) -> Result<(), Full> {
        room(self.at_once, bounds.at_once, Full::AtOnce)?;
        room(
            self.calls.sum(now, HOUR),
            bounds.calls_per_hour,
            Full::Calls,
        )?;
        self.has_minutes(now, bounds)
    }

    fn has_minutes(&mut self, now: Time, bounds: &Bounds) -> Result<(), Full> {
        let hour = self.minutes_hour.sum(now, HOUR);
        room(hour, bounds.minutes_per_hour, Full::Minutes)?;
        let day = self.minutes_day.sum(now, DAY);
        room(day, bounds.minutes_per_day, Full::Minutes)
    }

    fn is_nothing(&mut self, now: Time) -> bool {
        self.at_once == 0 && self.calls.sum(now, HOUR) == 0 && self.minutes_day.sum(now, DAY) == 0
    }
}

/// Room for one more.
fn room(in_use: u32, most: Option<u32>, full: Full) -> Result<(), Full> {
    match most {
        Some(most) if in_use >= most => Err(full),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
