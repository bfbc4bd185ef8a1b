//! One queue: who waits in it, in which order, and which free agents sit ready for it.

use crate::agent::Login;
use crate::bench::{Bench, Seat};
use crate::callbacks::Callbacks;
use crate::chance;
use crate::engine::Deadline;
use crate::entrance::Priority;
use crate::estimate::{Handling, Waits};
use crate::fact::Moment;
use crate::line::{Line, Place};
use crate::load::Gate;
use crate::particular::Particular;
use crate::policy::{self, Merit, RINGING_MAX, Turns};
use crate::ready::{Ready, ReadyAs};
use crate::reunion::{KnownAs, LastAgent, Seekers, Seeking};
use crate::settings::{Exits, Policy, QueueSettings, Yardstick};
use crate::share::Share;
use crate::skills::{Asked, Skills};
use crate::staff::Staff;
use crate::step::Tally;
use crate::table::Number;
use crate::wanting::Wanting;
use base::{BoundedVec, CallId, OfferId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

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
    pub(crate) last_agent: Option<LastAgent>,
    pub(crate) judged: Yardstick,
    pub(crate) callbacks: Option<Share>,
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
            last_agent: settings.last_agent,
            judged: settings.judged,
            callbacks: settings.callbacks,
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
    /// Those of `line` for whom fewer phones ring than are to, but for `seekers`.
    pub(crate) wanting: Wanting,
    /// Those of `line` who wait for one agent each.
    pub(crate) seekers: Seekers,
    /// Those of `line` who ask for something of their own.
    pub(crate) particular: Particular,
    /// How many of `line` have a phone ring for them.
    pub(crate) rung: u32,
    /// Agents logged in here, free, and able at least to take callers who have waited long.
    pub(crate) bench: Bench,
    /// Who was chosen last.
    pub(crate) turns: Turns,
    /// Every agent logged in here.
    pub(crate) logged_in: BTreeSet<Number>,
    /// Those to be called back whom it distributes.
    pub(crate) callbacks: Callbacks,
    /// How many of its callers are talking to agents.
    pub(crate) talking: u32,
    /// How it stands in the engine's `ready`, by its callers and by its callbacks.
    ready_as: ReadyAs,
    callbacks_as: ReadyAs,
    pub(crate) tally: Tally,
    pub(crate) staff: Staff,
    pub(crate) waits: Waits,
    pub(crate) handling: Handling,
    pub(crate) gate: Gate,
    /// When its load is to be looked at.
    pub(crate) load_at: Option<Time>,
}

impl Queue {
    /// Enters the queue in `ready` exactly when a caller who wants a phone to ring, or somebody to be called back, and a
    /// free agent whom he may get face each other.
    pub(crate) fn refresh(&mut self, own: Number, ready: &mut Ready) {
        let weight = self.rules.as_ref().map_or(1, |rules| rules.weight);
        let wanted = self.head().map(|head| (weight, head.place));
        ready.callers.change(own, &mut self.ready_as, wanted);
        let rules = self.rules.as_ref();
        let deals = rules.is_some_and(|rules| rules.callbacks.is_some());
        // Asked at each step of each agent: most queues have no callbacks to distribute.
        if deals || self.callbacks_as.is_some() {
            let due = self.callbacks.head().filter(|_| deals);
            let wanted = due.map(|due| (weight, due.place()));
            ready.callbacks.change(own, &mut self.callbacks_as, wanted);
        }
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
        self.wanting_mut(&caller.requires)
            .remove(caller.step, caller.place);
        self.leave_particular(caller);
        if let Some(seeking) = caller.seeks {
            self.seekers.remove(seeking.agent, caller.place);
        }
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

    /// The first caller who wants a phone to ring and may get one of the free agents.
    pub(crate) fn head(&self) -> Option<Head> {
        self.rules.as_ref()?;
        let able = self.bench.first_step();
        let any = able.and_then(|step| self.wanting.first_from(step));
        let any = any.map(|(_, place, call)| Head {
            place,
            call,
            whom: Whom::WhoeverIsNext,
        });
        if self.seekers.is_empty() && self.particular.is_empty() {
            return any;
        }
        let one = self.seekers.first().map(|(place, call, agent)| Head {
            place,
            call,
            whom: Whom::Him(agent),
        });
        let particular = self.particular.iter().filter_map(|group| {
            let (place, call) = group.head()?;
            let whom = Whom::WhoeverIsNext;
            Some(Head { place, call, whom })
        });
        let all = any.into_iter().chain(one).chain(particular);
        all.min_by_key(|head| head.place)
    }

    /// A free agent sits down.
    pub(crate) fn sit(&mut self, seat: Seat, agent: Number, skills: &Skills, merit: Merit) {
        self.bench.insert(seat, agent);
        self.seekers.face(agent);
        if let Some(rules) = &self.rules {
            self.particular
                .sit(seat, rules.policy, (agent, skills, merit));
        }
    }

    /// He gets up.
    pub(crate) fn rise(&mut self, seat: Seat, agent: Number) {
        self.bench.remove(seat);
        self.seekers.turn_away(agent);
        self.particular.rise(agent);
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

/// A caller who may get a free agent, before all others of his queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) place: Place,
    pub(crate) call: CallId,
    pub(crate) whom: Whom,
}

/// Which agent a caller gets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom {
    /// Whose turn it is.
    WhoeverIsNext,
    /// The one whom he waits for.
    Him(Number),
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
    /// As whom he is known again.
    pub(crate) known_as: Option<KnownAs>,
    /// What he asks for of his own.
    pub(crate) requires: Skills,
    /// What he would ask for elsewhere, and doesn't here, where nobody could ever do it.
    pub(crate) let_go: Skills,
    /// Whom he waits for, before anybody else may have him.
    pub(crate) seeks: Option<Seeking>,
    pub(crate) stage: Stage,
}

/// Offers that ring for one caller.
pub(crate) type Ringing = BoundedVec<OfferId, RINGING_MAX>;

/// How far a caller has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// He waits, and these offers ring.
    Waiting(Ringing),
    /// He does something else until then at most, and no phone rings for him.
    Choosing(Time),
    /// He talks to the agent of this offer.
    Connected(OfferId),
}

impl Caller {
    /// The offers that ring for him.
    pub(crate) fn ringing(&self) -> &[OfferId] {
        match &self.stage {
            Stage::Waiting(ringing) => ringing,
            Stage::Choosing(_) | Stage::Connected(_) => &[],
        }
    }

    /// What he asks for is in that step now; the next comes when it does, as long as he waits.
    pub(crate) fn ask(&mut self, asked: &Asked, step: u8) {
        let waits = !matches!(self.stage, Stage::Connected(_));
        let next = asked.next(step).filter(|_| waits);
        self.step = step;
        self.widen_at = next.map(|after| self.arrived + after);
    }

    /// What he has to be woken for.
    pub(crate) fn deadlines(&self, call: CallId) -> impl Iterator<Item = (Time, Deadline)> + use<> {
        let widens = self.widen_at.map(|at| (at, Deadline::Widen(call)));
        let chooses = match self.stage {
            Stage::Choosing(until) => Some((until, Deadline::Choosing(call))),
            Stage::Waiting(_) | Stage::Connected(_) => None,
        };
        let leaves_at = self.leaves_at.filter(|_| chooses.is_none());
        let leaves = leaves_at.map(|at| (at, Deadline::TimeOut(call)));
        let seeks = self.seeks;
        let gives_up = seeks.map(|seeks| (seeks.until, Deadline::Patience(call)));
        let all = widens.into_iter().chain(leaves).chain(gives_up);
        all.chain(chooses)
    }
}
