//! What must always hold between steps, checked against a recount of everything. For tests and for
//! simulations; a live server has no need to pay for it.

use crate::agent::{Agent, Engagement, Login};
use crate::bench::Seat;
use crate::engine::{Deadline, Engine, OfferState};
use crate::line::Place;
use crate::particular::Group;
use crate::policy::{Merit, turn};
use crate::queue::{Caller, Queue, Rules, Stage};
use crate::staff::Staff;
use crate::table::Number;
use base::{CallId, OfferId, QueueId, Time, UserId};
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
        self.check_errands()?;
        for (id, agent) in self.agents.iter() {
            self.check_agent(id, agent)?;
        }
        for (id, queue) in self.queues.iter() {
            self.check_queue(id, queue)?;
        }
        holds!(self.talks.is_sound(), "talks: {:?}", self.talks);
        self.check_deadlines()
    }

    fn check_dispatch(&self) -> Result<(), String> {
        holds!(
            self.ready.is_empty(),
            "still to be dispatched: {:?}",
            self.ready
        );
        holds!(
            self.deserted.is_empty(),
            "callers of {:?} are still there",
            self.deserted
        );
        for (id, queue) in self.queues.iter() {
            let first = queue.bench.first_step();
            let mut wanting = queue.wanting.iter();
            let faced = wanting.find(|(step, ..)| first.is_some_and(|first| first <= *step));
            holds!(
                faced.is_none(),
                "{id}: {:?} free beside {faced:?}",
                queue.bench
            );
            let group = queue.particular.iter().find(|group| group.head().is_some());
            holds!(group.is_none(), "{id}: free beside one of {group:?}");
            let deals = queue.rules.is_some_and(|rules| rules.callbacks.is_some());
            let due = queue.callbacks.head().filter(|_| deals);
            holds!(due.is_none(), "{id}: free beside {due:?}");
            let met = queue.seekers.first();
            holds!(met.is_none(), "{id}: {met:?} has whom he waits for");
        }
        Ok(())
    }

    fn check_callers(&self) -> Result<(), String> {
        for (call, caller) in self.callers.iter() {
            let Some(queue) = self.queues.get(caller.at) else {
                return Err(format!("{call} is in {}, which isn't there", caller.queue));
            };
            let wants = queue.is_wanting(*call, caller);
            let asked = self.settings.queues.get(&caller.queue);
            match &caller.stage {
                Stage::Waiting(ringing) => {
                    let at_once = queue.at_once();
                    holds!(
                        wants
                            == (caller.seeks.is_none()
                                && !self.is_given(ringing)
                                && ringing.len() < at_once),
                        "{call} wants: {wants}, while {ringing:?} of {at_once} ring"
                    );
                    self.check_seeking(*call, caller)?;
                    self.check_given(*call, ringing)?;
                    for offer in ringing.iter() {
                        self.check_stage(*call, *offer, "ringing")?;
                    }
                    let next = asked.and_then(|queue| queue.asked.next(caller.step));
                    let next = next.map(|after| caller.arrived + after);
                    holds!(
                        caller.widen_at == next,
                        "{call} widens at {:?}, not {next:?}",
                        caller.widen_at
                    );
                }
                Stage::Choosing(_) => {
                    holds!(!wants, "{call} chooses and wants a phone to ring");
                    holds!(caller.seeks.is_none(), "{call} chooses and waits for one");
                }
                Stage::Connected(offer) => {
                    holds!(!wants, "{call} talks and wants a phone to ring");
                    holds!(caller.widen_at.is_none(), "{call} talks and widens");
                    holds!(caller.seeks.is_none(), "{call} talks and waits for one");
                    self.check_stage(*call, *offer, "connected")?;
                }
            }
        }
        Ok(())
    }

    fn check_seeking(&self, call: CallId, caller: &Caller) -> Result<(), String> {
        let Some(seeking) = caller.seeks else {
            return Ok(());
        };
        let agent = self.agents.row(seeking.agent).map(|(id, _)| id);
        holds!(
            self.is_awaitable(caller.at, seeking.agent, (&caller.requires, caller.step)),
            "{call} waits for {agent:?}, who won't come"
        );
        let theirs = |offer: &OfferId| self.offers.get(offer).map(|made| made.to);
        let rings = caller.ringing().iter().map(theirs);
        let others = rings.filter(|to| *to != Some(seeking.agent)).count();
        holds!(others == 0, "{call} waits for {agent:?}, and others ring");
        Ok(())
    }

    /// Who was given to an agent is nobody else's.
    fn check_given(&self, call: CallId, ringing: &[OfferId]) -> Result<(), String> {
        let offers = ringing.iter().filter_map(|offer| self.offers.get(offer));
        let given = offers.filter(|made| made.given).count();
        holds!(
            given == 0 || ringing.len() == 1,
            "{call} was given to somebody, and {ringing:?} ring"
        );
        Ok(())
    }

    fn check_stage(&self, call: CallId, offer: OfferId, expected: &str) -> Result<(), String> {
        let made = self.offers.get(&offer).filter(|made| made.call == call);
        let found = made.map(|made| match made.state {
            OfferState::Ringing { .. } => "ringing",
            OfferState::Connected => "connected",
            OfferState::Withdrawn { .. } | OfferState::Late { .. } => "over",
        });
        holds!(
            found == Some(expected),
            "{call}: {offer} is {found:?}, not {expected}"
        );
        Ok(())
    }

    fn check_offers(&self) -> Result<(), String> {
        for (id, made) in self.offers.iter() {
            holds!(*id <= self.last_offer, "{id} is from the future");
            holds!(!self.lost.contains_key(id), "{id} is open and lost");
            let engaged = self.agents.get(made.to).and_then(|agent| agent.engaged);
            let caller = self.callers.get(&made.call);
            let rings = caller.is_some_and(|caller| caller.ringing().contains(id));
            let talks = caller.is_some_and(|caller| caller.stage == Stage::Connected(*id));
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
                OfferState::Ringing { .. } => rings && !talks,
                OfferState::Connected => talks && !rings,
                _ => !rings && !talks,
            };
            holds!(
                with_caller,
                "{id} is {:?}, its caller {caller:?}",
                made.state
            );
        }
        Ok(())
    }

    fn check_errands(&self) -> Result<(), String> {
        let mut entries = BTreeSet::new();
        for (id, errand) in &self.errands {
            holds!(*id <= self.last_offer, "{id} is from the future");
            let entry = errand.entry;
            holds!(entries.insert(entry), "two agents are kept for {entry}");
            let agent = self.agents.get(errand.to);
            let engaged = agent.and_then(|agent| agent.engaged);
            let expected = match errand.state {
                OfferState::Connected => Engagement::CallsBack(*id),
                _ => Engagement::Entrusted(*id),
            };
            holds!(
                engaged == Some(expected),
                "{id}: {} is {engaged:?}",
                errand.agent
            );
            let rings = matches!(errand.state, OfferState::Ringing { .. })
                && agent.is_some_and(|agent| {
                    !agent.own_calls.is_empty()
                        || agent.pause.is_some()
                        || !agent.logins.contains_key(&errand.queue)
                });
            holds!(
                !rings,
                "{} is rung though busy, paused or logged out",
                errand.agent
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
        let able = self.settings.agents.get(id).map(|agent| &agent.skills);
        holds!(
            agent.skills == able.cloned().unwrap_or_default(),
            "{id} is able to {:?}, not {able:?}",
            agent.skills
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
                        || !made.given
                            && (agent.pause.is_some() || !agent.logins.contains_key(&made.queue)))
            });
            holds!(!rings, "{id} is rung though busy, paused or logged out");
        }
        if let Some(Engagement::Entrusted(offer) | Engagement::CallsBack(offer)) = agent.engaged {
            let errand = self.errands.get(&offer);
            let his = errand.is_some_and(|errand| errand.agent == *id);
            holds!(his, "{id} is kept for {offer}, which isn't his");
            holds!(agent.wrap_up_until.is_none(), "{id} is kept in wrap-up");
        }
        holds!(
            agent.pause.is_none() || !agent.logins.is_empty(),
            "{id} is paused, logged out"
        );
        let busy = matches!(agent.engaged, Some(Engagement::Connected(_)));
        // Wrap-up time after a call that he made himself is none of a caller's.
        let handles = agent.handles.is_some();
        holds!(
            (!busy || handles) && (!handles || busy || agent.wrap_up_until.is_some()),
            "{id} handles {:?}",
            agent.handles
        );
        for (queue, login) in &agent.logins {
            holds!(
                login.weight == self.weight_of(queue)
                    && login.part == Some(agent.parts()(login.weight)),
                "{id} counts in {queue} as {:?}",
                login.part
            );
            holds!(
                agent.member_of.contains(queue),
                "{id} is in {queue}, no member"
            );
            self.check_login(id, agent, queue, login)?;
        }
        Ok(())
    }

    fn check_login(
        &self,
        id: &UserId,
        agent: &Agent,
        queue: &QueueId,
        login: &Login,
    ) -> Result<(), String> {
        let own = self.agents.number(id);
        let expected = own.map(|own| self.merit(own, queue)).unwrap_or_default();
        let merit = Merit {
            draw: 0,
            ..login.merit
        };
        holds!(
            (merit, login.step) == expected,
            "{id} at {queue}: {merit:?}, {:?}, not {expected:?}",
            login.step
        );
        let policy = self.settings.queues.get(queue).map(|queue| queue.policy);
        let free = agent.is_free();
        let wanted = login
            .step
            .filter(|_| free)
            .zip(policy)
            .map(|(step, policy)| Seat {
                step,
                priority: login.merit.member.priority,
                turn: turn(policy, &login.merit),
                since: agent.idle_since.max(login.since),
            });
        holds!(
            login.seat == wanted,
            "{id} at {queue}: {:?} for {wanted:?}",
            login.seat
        );
        Ok(())
    }

    fn check_queue(&self, id: &QueueId, queue: &Queue) -> Result<(), String> {
        let rules = self.settings.queues.get(id).map(Rules::from);
        holds!(
            queue.rules == rules,
            "{id}: {:?} hold, not {rules:?}",
            queue.rules
        );
        let asked = self.settings.queues.get(id).map(|queue| &queue.asked);
        holds!(
            queue.asked == asked.cloned().unwrap_or_default(),
            "{id}: its callers ask for {:?}, not {asked:?}",
            queue.asked
        );
        holds!(!queue.is_spent(), "{id} is removed and empty, but kept");
        let mut line: BTreeSet<Place> = BTreeSet::new();
        let mut arrivals: BTreeSet<(Time, u64)> = BTreeSet::new();
        let (mut rung, mut talking) = (0, 0);
        let mut wanting: BTreeSet<_> = queue.wanting.iter().collect();
        for group in queue.particular.iter() {
            self.check_group(id, queue, group)?;
            wanting.extend(group.wanting.iter());
        }
        let mut seekers: BTreeSet<_> = queue.seekers.iter().collect();
        for (call, caller) in self
            .callers
            .iter()
            .filter(|(_, caller)| caller.queue == *id)
        {
            if let Stage::Connected(_) = caller.stage {
                talking += 1;
                continue;
            }
            rung += u32::from(!caller.ringing().is_empty());
            wanting.remove(&(caller.step, caller.place, *call));
            if let Some(seeking) = caller.seeks {
                let known = seekers.remove(&(seeking.agent, caller.place, *call));
                holds!(known, "{id} does not know whom {call} waits for");
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
            wanting.is_empty() && seekers.is_empty() && queue.rung == rung,
            "{id}: {wanting:?} is not there, {} rung, not {rung}",
            queue.rung
        );
        holds!(
            queue.talking == talking,
            "{id}: {} talk, not {talking}",
            queue.talking
        );
        let mut bench: BTreeMap<Seat, Number> = BTreeMap::new();
        let mut logged_in: BTreeSet<Number> = BTreeSet::new();
        for number in self.agents.numbers() {
            let login = self
                .agents
                .get(number)
                .and_then(|agent| agent.logins.get(id));
            logged_in.extend(login.map(|_| number));
            bench.extend(login.and_then(|login| Some((login.seat?, number))));
        }
        holds!(
            queue.logged_in == logged_in,
            "{id}: {:?} are logged in, not {logged_in:?}",
            queue.logged_in
        );
        holds!(
            queue
                .bench
                .iter()
                .eq(bench.iter().map(|(seat, agent)| (*seat, *agent))),
            "{id}: {:?} sit, not {bench:?}",
            queue.bench
        );
        self.check_callbacks(id, queue)?;
        self.check_estimates(id, queue)?;
        let totals = &queue.tally.totals;
        holds!(
            totals.waiting() == line.len() as u64,
            "{id}: {} wait, {totals:?}",
            line.len()
        );
        Ok(())
    }

    fn check_callbacks(&self, id: &QueueId, queue: &Queue) -> Result<(), String> {
        let known = self.callbacks_of(id);
        let own = &queue.callbacks;
        holds!(
            (&own.due, &own.entrusted) == (&known.due, &known.entrusted),
            "{id}: {own:?} is due, not {known:?}"
        );
        let deals = self.deals(id);
        let mut bench: BTreeMap<Seat, Number> = BTreeMap::new();
        for number in self.agents.numbers() {
            let agent = self.agents.get(number);
            let Some((agent, login)) = agent.and_then(|it| Some((it, it.logins.get(id)?))) else {
                continue;
            };
            let may = deals && !agent.indebted;
            let seat = login.seat.filter(|_| may);
            let seat = seat.map(|seat| Seat { step: 0, ..seat });
            holds!(
                login.errand_seat == seat && login.deals == deals,
                "{id}: {:?} for callbacks, not {seat:?}",
                login.errand_seat
            );
            bench.extend(seat.map(|seat| (seat, number)));
        }
        holds!(
            own.bench.iter().eq(bench),
            "{id}: {:?} sit for callbacks",
            own.bench
        );
        Ok(())
    }

    fn check_group(&self, id: &QueueId, queue: &Queue, group: &Group) -> Result<(), String> {
        let in_line = self.callers.iter().filter(|(_, caller)| {
            let stands = !matches!(caller.stage, Stage::Connected(_));
            stands && caller.queue == *id && caller.requires == group.own
        });
        let callers = in_line.count();
        holds!(
            callers > 0 && group.callers as usize == callers,
            "{id}: {} ask for {:?}, not {callers}",
            group.callers,
            group.own
        );
        holds!(
            group.asked == queue.asked.with(&group.own),
            "{id}: {group:?} asks for something else"
        );
        let policy = queue.rules.map(|rules| rules.policy);
        let mut bench: BTreeMap<Seat, Number> = BTreeMap::new();
        for (seat, number) in queue.bench.iter() {
            let agent = self.agents.get(number);
            let login = agent.and_then(|agent| agent.logins.get(id));
            let seat = agent
                .zip(login)
                .zip(policy)
                .and_then(|((agent, login), policy)| {
                    let merit = group.merit(&agent.skills, login.merit);
                    Some(Seat {
                        step: group.asked.first_step(&agent.skills)?,
                        turn: turn(policy, &merit),
                        ..seat
                    })
                });
            bench.extend(seat.map(|seat| (seat, number)));
            holds!(
                group.seats.get(&number) == seat.as_ref(),
                "{id}: {number:?} sits at {seat:?} in {group:?}"
            );
        }
        let sits = group.bench.iter();
        holds!(
            sits.eq(bench.iter().map(|(seat, agent)| (*seat, *agent)))
                && group.seats.len() == bench.len(),
            "{id}: {bench:?} are meant in {group:?}"
        );
        Ok(())
    }

    fn check_estimates(&self, id: &QueueId, queue: &Queue) -> Result<(), String> {
        let mut staff = Staff::default();
        for (_, agent) in self.agents.iter() {
            if let Some(login) = agent.logins.get(id) {
                staff.add(agent.parts()(login.weight));
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
        let offers = self.offers.iter().map(|(id, made)| (id, made.state));
        let errands = self.errands.iter().map(|(id, errand)| (id, errand.state));
        for (id, state) in offers.chain(errands) {
            match state {
                OfferState::Ringing { until } => drop(due.insert((until, Deadline::Ring(*id)))),
                OfferState::Withdrawn { confirm_until, .. }
                | OfferState::Late { confirm_until } => {
                    due.insert((confirm_until, Deadline::Confirm(*id)));
                }
                OfferState::Connected => {}
            }
        }
        let queues = self.queues.iter();
        let loads: BTreeSet<(Time, QueueId)> = queues
            .filter_map(|(id, queue)| Some((queue.load_at?, id.clone())))
            .collect();
        holds!(
            self.loads == loads,
            "loads are looked at {:?}, not {loads:?}",
            self.loads
        );
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
        due.extend(
            self.callers
                .iter()
                .flat_map(|(call, caller)| caller.deadlines(*call)),
        );
        holds!(
            self.deadlines == due,
            "{:?} are set, {due:?} are meant",
            self.deadlines
        );
        Ok(())
    }
}
