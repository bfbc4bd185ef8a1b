//! One queue: who waits in it, in which order, and which free agents sit ready for it.

use crate::agent::Login;
use crate::bench::{Bench, Seat};
use crate::chance;
use crate::engine::Deadline;
use crate::entrance::Priority;
use crate::estimate::{Forecast, Handling, Waits};
use crate::fact::Moment;
use crate::line::{Line, Place};
use crate::load::Gate;
use crate::policy::{self, RINGING_MAX, Turns};
use crate::ready::Ready;
use crate::settings::{Exits, Policy, QueueSettings};
use crate::skills::Asked;
use crate::staff::Staff;
use crate::table::Number;
use crate::wanting::Wanting;
use base::{BoundedVec, CallId, OfferId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// What a queue has seen since the server first knew it.
///
/// `entered` = waiting + offered now, + `connected` + `abandoned` + `failed` + `shut_down` + `sent_on` + `expelled` +
/// `overflowed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueTotals {
    /// Callers taken in.
    pub entered: u64,
    /// Callers connected to an agent, those still talking among them.
    pub connected: u64,
    /// Callers who hung up before.
    pub abandoned: u64,
    /// Callers whose call broke before.
    pub failed: u64,
    /// Callers sent away because the server went down.
    pub shut_down: u64,
    /// Callers who went elsewhere before, or left their place to another.
    pub sent_on: u64,
    /// Callers put out because the queue was removed.
    pub expelled: u64,
    /// Callers who went elsewhere by the queue's rules: they waited too long, pressed a key, or nobody was there.
    pub overflowed: u64,
    /// Callers who were never taken in.
    pub refused: u64,
}

/// A queue's settings, as far as each decision needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub(crate) policy: Policy,
    pub(crate) weight: u8,
    pub(crate) ageing: Duration,
    pub(crate) ring: Duration,
    pub(crate) wrap_up: Duration,
    pub(crate) waiting_max: u32,
    pub(crate) exits: Exits,
}

impl From<&QueueSettings> for Rules {
    fn from(settings: &QueueSettings) -> Rules {
        Rules {
            policy: settings.policy,
            weight: settings.weight,
            ageing: settings.ageing,
            ring: settings.ring,
            wrap_up: settings.wrap_up,
            waiting_max: settings.waiting_max,
            exits: settings.exits,
        }
    }
}

/// The live state of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Queue {
    /// What holds for it; none once it was removed.
    pub(crate) rules: Option<Rules>,
    /// What its callers ask for.
    pub(crate) asked: Asked,
    /// All who wait, those being offered among them: a caller being offered keeps his place.
    pub(crate) line: Line,
    /// The same by first arrival, which priority does not change: who has waited longest.
    pub(crate) arrivals: BTreeSet<(Time, u64)>,
    /// Those of `line` for whom fewer phones ring than are to.
    pub(crate) wanting: Wanting,
    /// How many of `line` have a phone ring for them.
    pub(crate) rung: u32,
    /// Agents logged in here, free, and able at least to take callers who have waited long.
    pub(crate) bench: Bench,
    /// Who was chosen last.
    pub(crate) turns: Turns,
    /// Every agent logged in here.
    pub(crate) logged_in: BTreeSet<Number>,
    /// How many of its callers are talking to agents.
    pub(crate) talking: u32,
    /// Under which weight and place it stands in the engine's `ready`.
    ready_as: Option<(u8, Place)>,
    pub(crate) totals: QueueTotals,
    pub(crate) staff: Staff,
    pub(crate) waits: Waits,
    pub(crate) handling: Handling,
    pub(crate) forecast: Forecast,
    pub(crate) gate: Gate,
    /// When its load is to be looked at.
    pub(crate) load_at: Option<Time>,
}

impl Queue {
    /// Enters the queue in `ready` exactly when a caller who wants a phone to ring and a free agent whom he may get
    /// face each other.
    pub(crate) fn refresh(&mut self, own: Number, ready: &mut Ready) {
        let weight = self.rules.as_ref().map_or(1, |rules| rules.weight);
        let wanted = self.head().map(|(_, place, _)| (weight, place));
        if self.ready_as == wanted {
            return;
        }
        if let Some((weight, place)) = self.ready_as {
            ready.remove(weight, place, own);
        }
        if let Some((weight, place)) = wanted {
            ready.insert(weight, place, own);
        }
        self.ready_as = wanted;
    }

    /// Where an agent who sits down now goes who is idle since then; nowhere, if callers never ask for as little
    /// as he is able to.
    pub(crate) fn seat(
        &self,
        now: Moment,
        agent: Number,
        login: &mut Login,
        since: Moment,
    ) -> Option<Seat> {
        let policy = self.rules.as_ref()?.policy;
        let (step, member) = (login.step?, login.merit.member);
        if policy == Policy::Random {
            let clock = self.turns.last(member.priority).unwrap_or_default();
            login.merit.draw = chance::draw(clock, now, agent.index().into(), member.weight);
        }
        Some(Seat {
            step,
            priority: member.priority,
            turn: policy::turn(policy, &login.merit),
            since,
        })
    }

    /// A caller takes his place in line.
    pub(crate) fn stand(&mut self, arrived: Time, place: Place) {
        self.line.insert(place);
        self.arrivals.insert((arrived, place.ticket));
        self.waits.came(arrived);
    }

    /// A caller's place in line is no more his.
    pub(crate) fn step_out(&mut self, caller: &Caller) {
        self.line.remove(caller.place);
        self.arrivals.remove(&(caller.arrived, caller.place.ticket));
        self.waits.went(caller.arrived);
        self.wanting.remove(caller.step, caller.place);
        if !caller.ringing().is_empty() {
            self.rung = self.rung.saturating_sub(1);
        }
    }

    /// First arrival of whoever in line came first.
    pub(crate) fn longest_since(&self) -> Option<Time> {
        self.arrivals.first().map(|(arrived, _)| *arrived)
    }

    /// What whoever stands at this place, 1 being next in turn, may expect to wait.
    pub(crate) fn expected(&self, place: u32) -> Option<Duration> {
        self.handling.expected(place, self.staff.effective)
    }

    /// The first caller who wants a phone to ring and may get one of the free agents; with how far what he asks for
    /// has widened.
    pub(crate) fn head(&self) -> Option<(u8, Place, CallId)> {
        self.rules.as_ref()?;
        self.wanting.first_from(self.bench.first_step()?)
    }

    /// How many phones are to ring for each of its callers.
    pub(crate) fn at_once(&self) -> usize {
        let rules = self.rules.as_ref();
        rules.map_or(0, |rules| rules.policy.at_once())
    }

    /// It was removed, and nothing hangs on it any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.rules.is_none()
            && self.line.is_empty()
            && self.logged_in.is_empty()
            && self.talking == 0
    }
}

/// A caller, from entering a queue to the end of his conversation. One who isn't there is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub(crate) queue: QueueId,
    /// The queue's number.
    pub(crate) at: Number,
    /// His first arrival.
    pub(crate) arrived: Time,
    /// How far he goes before others.
    pub(crate) priority: Priority,
    /// When he came to this queue.
    pub(crate) entered: Time,
    /// What he could expect then to wait.
    pub(crate) expected: Option<Duration>,
    /// When he has waited there as long as he may.
    pub(crate) leaves_at: Option<Time>,
    pub(crate) place: Place,
    /// How far what he asks for has widened.
    pub(crate) step: u8,
    /// When it widens further.
    pub(crate) widen_at: Option<Time>,
    pub(crate) stage: Stage,
}

/// Offers that ring for one caller.
pub(crate) type Ringing = BoundedVec<OfferId, RINGING_MAX>;

/// How far a caller has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// He waits, and these offers ring.
    Waiting(Ringing),
    /// He talks to the agent of this offer.
    Connected(OfferId),
}

impl Caller {
    /// The offers that ring for him.
    pub(crate) fn ringing(&self) -> &[OfferId] {
        match &self.stage {
            Stage::Waiting(ringing) => ringing,
            Stage::Connected(_) => &[],
        }
    }

    /// What he asks for is in that step now; the next comes when it does, as long as he waits.
    pub(crate) fn ask(&mut self, asked: &Asked, step: u8) {
        let waits = matches!(self.stage, Stage::Waiting(_));
        let next = asked.next(step).filter(|_| waits);
        self.step = step;
        self.widen_at = next.map(|after| self.arrived + after);
    }

    /// What he has to be woken for.
    pub(crate) fn deadlines(&self, call: CallId) -> impl Iterator<Item = (Time, Deadline)> + use<> {
        let widens = self.widen_at.map(|at| (at, Deadline::Widen(call)));
        let leaves = self.leaves_at.map(|at| (at, Deadline::TimeOut(call)));
        widens.into_iter().chain(leaves)
    }
}
