//! What must always hold between steps, checked against a recount of everything. For tests and for
//! simulations; a live server has no need to pay for it.

use crate::agent::{Agent, Engagement};
use crate::engine::{Deadline, Engine, OfferState};
use crate::fact::Moment;
use crate::line::Place;
use crate::named::Number;
use crate::queue::{Queue, Rules, Stage};
use crate::staff::Staff;
use base::{CallId, QueueId, Time, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// Fails with the words when the condition doesn't hold.
macro_rules! holds {
    ($condition:expr, $($words:tt)*) => {
        if !$condition {
            return Err(format!($($words)*));
        }
    };
}

impl Engine {
    /// Whether all that must hold between two steps does; if not, the first thing found that doesn't.
    pub fn check_invariants(&self) -> Result<(), String> {
        self.check_dispatch()?;
        self.check_callers()?;
        self.check_offers()?;
        for (id, agent) in self.agents.iter() {
            self.check_agent(id, agent)?;
        }
        for (id, queue) in self.queues.iter() {
            self.check_queue(id, queue)?;
        }
        self.check_deadlines()
    }

    fn check_dispatch(&self) -> Result<(), String> {
        holds!(
            self.ready.is_empty(),
            "still to be dispatched: {:?}",
            self.ready
        );
        for (id, queue) in self.queues.iter() {
            let idle = queue.waiting.is_empty() || queue.bench.is_empty();
            holds!(
                idle,
                "{id}: {:?} free beside {:?}",
                queue.bench,
                queue.waiting
            );
        }
        Ok(())
    }

    fn check_callers(&self) -> Result<(), String> {
        for (call, caller) in &self.callers {
            let Some(queue) = self.queues.get(caller.at) else {
                return Err(format!("{call} is in {}, which isn't there", caller.queue));
            };
            let waits = queue.waiting.get(&caller.place) == Some(call);
            let (offer, expected) = match caller.stage {
                Stage::Waiting => {
                    holds!(waits, "{call} waits, but not in {}'s line", caller.queue);
                    continue;
                }
                Stage::Offered(offer) => (offer, "ringing"),
                Stage::Connected(offer) => (offer, "connected"),
            };
            holds!(!waits, "{call} is {expected} and waits");
            let made = self.offers.get(&offer).filter(|made| made.call == *call);
            let found = made.map(|made| match made.state {
                OfferState::Ringing { .. } => "ringing",
                OfferState::Connected => "connected",
                OfferState::Withdrawn { .. } | OfferState::Late { .. } => "over",
            });
            holds!(
                found == Some(expected),
                "{call}: {offer} is {found:?}, not {expected}"
            );
        }
        Ok(())
    }

    fn check_offers(&self) -> Result<(), String> {
        for (id, made) in &self.offers {
            holds!(*id <= self.last_offer, "{id} is from the future");
            holds!(!self.lost.contains_key(id), "{id} is open and lost");
            let engaged = self.agents.get(made.to).and_then(|agent| agent.engaged);
            let stage = self.callers.get(&made.call).map(|caller| caller.stage);
            let expected = match made.state {
                OfferState::Connected => Engagement::Connected(*id),
                _ => Engagement::Offered(*id),
            };
            holds!(
                engaged == Some(expected),
                "{id}: {} is {engaged:?}",
                made.agent
            );
            // No offer rings, and no conversation lasts, without its caller.
            let with_caller = match made.state {
                OfferState::Ringing { .. } => stage == Some(Stage::Offered(*id)),
                OfferState::Connected => stage == Some(Stage::Connected(*id)),
                _ => stage != Some(Stage::Offered(*id)) && stage != Some(Stage::Connected(*id)),
            };
            holds!(
                with_caller,
                "{id} is {:?}, its caller {stage:?}",
                made.state
            );
        }
        Ok(())
    }

    fn check_agent(&self, id: &UserId, agent: &Agent) -> Result<(), String> {
        let listed = self.settings.agents.contains_key(id);
        holds!(
            agent.listed == listed,
            "{id} is listed: {}, not {listed}",
            agent.listed
        );
        holds!(!agent.is_spent(), "{id} is no agent and nothing, but kept");
        holds!(
            agent.state == agent.state_now(),
            "{id} shows {:?}",
            agent.state
        );
        if let Some(Engagement::Offered(offer) | Engagement::Connected(offer)) = agent.engaged {
            let his = self
                .offers
                .get(&offer)
                .is_some_and(|made| made.agent == *id);
            holds!(his, "{id} is engaged by {offer}, which isn't his");
            holds!(agent.wrap_up_until.is_none(), "{id} is engaged in wrap-up");
            let rings = self.offers.get(&offer).is_some_and(|made| {
                matches!(made.state, OfferState::Ringing { .. })
                    && (!agent.own_calls.is_empty()
                        || agent.pause.is_some()
                        || !agent.logins.contains_key(&made.queue))
            });
            holds!(!rings, "{id} is rung though busy, paused or logged out");
        }
        holds!(
            agent.pause.is_none() || !agent.logins.is_empty(),
            "{id} is paused, logged out"
        );
        let busy = matches!(agent.engaged, Some(Engagement::Connected(_)));
        holds!(
            agent.handles.is_some() == (busy || agent.wrap_up_until.is_some()),
            "{id} handles {:?}",
            agent.handles
        );
        for (queue, login) in &agent.logins {
            holds!(
                login.part == Some(agent.part()),
                "{id} counts in {queue} as {:?}",
                login.part
            );
            holds!(
                agent.member_of.contains(queue),
                "{id} is in {queue}, no member"
            );
            let wanted = agent.is_free().then(|| agent.idle_since.max(login.since));
            holds!(
                login.seat == wanted,
                "{id} at {queue}: {:?} for {wanted:?}",
                login.seat
            );
        }
        Ok(())
    }

    fn check_queue(&self, id: &QueueId, queue: &Queue) -> Result<(), String> {
        let rules = self.settings.queues.get(id).map(Rules::from);
        holds!(
            queue.rules == rules,
            "{id}: {:?} hold, not {rules:?}",
            queue.rules
        );
        holds!(!queue.is_spent(), "{id} is removed and empty, but kept");
        let mut line: BTreeSet<Place> = BTreeSet::new();
        let mut arrivals: BTreeSet<(Time, u64)> = BTreeSet::new();
        let mut waiting: BTreeMap<Place, CallId> = BTreeMap::new();
        let mut talking = 0;
        for (call, caller) in self
            .callers
            .iter()
            .filter(|(_, caller)| caller.queue == *id)
        {
            match caller.stage {
                Stage::Waiting => drop(waiting.insert(caller.place, *call)),
                Stage::Connected(_) => {
                    talking += 1;
                    continue;
                }
                Stage::Offered(_) => {}
            }
            line.insert(caller.place);
            arrivals.insert((caller.arrived, caller.place.ticket));
        }
        holds!(
            queue.arrivals == arrivals,
            "{id}: {:?} arrived, not {arrivals:?}",
            queue.arrivals
        );
        holds!(
            queue.line.iter().eq(line.iter().copied()),
            "{id}: the line is not its callers"
        );
        holds!(
            queue.waiting == waiting,
            "{id}: {:?}, not {waiting:?} waits",
            queue.waiting
        );
        holds!(
            queue.talking == talking,
            "{id}: {} talk, not {talking}",
            queue.talking
        );
        let mut bench: BTreeMap<Moment, Number> = BTreeMap::new();
        for number in self.agents.numbers() {
            let login = self
                .agents
                .get(number)
                .and_then(|agent| agent.logins.get(id));
            bench.extend(login.and_then(|login| Some((login.seat?, number))));
        }
        holds!(
            queue.bench == bench,
            "{id}: {:?} sit, not {bench:?}",
            queue.bench
        );
        self.check_estimates(id, queue)?;
        let totals = &queue.totals;
        let gone =
            totals.abandoned + totals.failed + totals.shut_down + totals.sent_on + totals.expelled;
        let sum = line.len() as u64 + totals.connected + gone;
        holds!(
            totals.entered == sum,
            "{id}: {} entered, {sum} accounted for",
            totals.entered
        );
        Ok(())
    }

    fn check_estimates(&self, id: &QueueId, queue: &Queue) -> Result<(), String> {
        let mut staff = Staff::default();
        for (_, agent) in self.agents.iter() {
            if agent.logins.contains_key(id) {
                staff.add(agent.part());
            }
        }
        holds!(
            queue.staff == staff,
            "{id}: {:?} are there, not {staff:?}",
            queue.staff
        );
        let arrivals = queue.arrivals.iter().map(|(arrived, _)| *arrived);
        holds!(
            queue.waits.are_of(arrivals),
            "{id}: {:?} wait, not {:?}",
            queue.waits,
            queue.arrivals
        );
        Ok(())
    }

    fn check_deadlines(&self) -> Result<(), String> {
        let mut due: BTreeSet<(Time, Deadline)> = BTreeSet::new();
        for (id, made) in &self.offers {
            match made.state {
                OfferState::Ringing { until } => drop(due.insert((until, Deadline::Ring(*id)))),
                OfferState::Withdrawn { confirm_until, .. }
                | OfferState::Late { confirm_until } => {
                    due.insert((confirm_until, Deadline::Confirm(*id)));
                }
                OfferState::Connected => {}
            }
        }
        for (id, agent) in self.agents.iter() {
            due.extend(
                agent
                    .wrap_up_until
                    .map(|at| (at, Deadline::WrapUp(id.clone()))),
            );
            due.extend(
                agent
                    .deferred_until
                    .map(|at| (at, Deadline::Deferral(id.clone()))),
            );
        }
        holds!(
            self.deadlines == due,
            "{:?} are set, {due:?} are meant",
            self.deadlines
        );
        Ok(())
    }
}
