//! An agent who lets callers down as often as he may takes no more calls: what is counted, and what becomes
//! of him. Calls missed and errors of his device are counted apart, since the second are not his doing.

use crate::agent::{Agent, Strikes};
use crate::engine::Step;
use crate::fact::{Fact, Origin, Outcome};
use crate::settings::{Counted, ErrorLimit, MissedLimit, Sidelining};
use base::{QueueId, UserId};
use std::collections::BTreeSet;

impl Agent {
    /// An offer came to nothing.
    pub(crate) fn strikes_for(&mut self, outcome: Outcome) {
        let strikes = &mut self.strikes;
        match outcome {
            Outcome::Missed => {
                strikes.missed_in_a_row += 1;
                strikes.missed_since_log_in += 1;
                // It rang, so the device is well.
                strikes.errors_in_a_row = 0;
            }
            Outcome::DeviceError => strikes.errors_in_a_row += 1,
            Outcome::Declined | Outcome::Busy => strikes.errors_in_a_row = 0,
            Outcome::Nothing => {}
        }
    }

    pub(crate) fn took_a_call(&mut self) {
        self.strikes.missed_in_a_row = 0;
        self.strikes.errors_in_a_row = 0;
    }

    /// He logs in from nowhere.
    pub(crate) fn starts_afresh(&mut self) {
        self.strikes = Strikes::default();
        self.put_by = None;
    }

    /// He is paused or logged out. What he was sidelined for is settled by that: who comes back has his
    /// whole limit again.
    pub(crate) fn put_aside(&mut self, by: &Origin) {
        self.put_by = Some(by.clone());
        match by {
            Origin::MissedCalls(_) => {
                self.strikes.missed_in_a_row = 0;
                self.strikes.missed_since_log_in = 0;
            }
            Origin::DeviceErrors(_) => self.strikes.errors_in_a_row = 0,
            Origin::Person(_) | Origin::Configuration | Origin::Restart => {}
        }
    }
}

impl Step<'_> {
    /// Sidelines an agent of whom this was the last straw.
    pub(crate) fn hold_to_limits(&mut self, agent: &UserId, outcome: Outcome) {
        let Some((by, then)) = self.last_straw(agent, outcome) else {
            return;
        };
        let Some(known) = self.engine.agents.named(agent) else {
            return;
        };
        match then {
            Sidelining::LogOut => {
                let queues: BTreeSet<QueueId> = known.logins.keys().cloned().collect();
                self.log_out(agent, &queues, by);
            }
            Sidelining::Pause if known.logins.is_empty() || known.pause.is_some() => {}
            Sidelining::Pause => self.emit(Fact::Paused {
                agent: agent.clone(),
                reason: None,
                by,
            }),
        }
    }

    fn last_straw(&self, agent: &UserId, outcome: Outcome) -> Option<(Origin, Sidelining)> {
        let rules = self.engine.settings.rules.get(agent.org_name())?;
        let strikes = self.engine.agents.named(agent)?.strikes;
        match outcome {
            Outcome::Missed => {
                let MissedLimit { max, counted, then } = rules.missed?;
                let missed = match counted {
                    Counted::InARow => strikes.missed_in_a_row,
                    Counted::SinceLogIn => strikes.missed_since_log_in,
                };
                (missed >= max).then_some((Origin::MissedCalls(missed), then))
            }
            Outcome::DeviceError => {
                let ErrorLimit { max, then } = rules.errors?;
                let errors = strikes.errors_in_a_row;
                (errors >= max).then_some((Origin::DeviceErrors(errors), then))
            }
            Outcome::Declined | Outcome::Busy | Outcome::Nothing => None,
        }
    }
}
