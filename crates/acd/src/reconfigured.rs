//! What new settings do to the engine's state: what hangs on a setting is worked out anew where that setting
//! changed, and nowhere else.

use crate::engine::Engine;
use crate::fact::Moment;
use crate::policy::{Merit, Turns};
use crate::queue::Rules;
use crate::settings::Settings;
use crate::share::Balance;
use crate::skills::Asked;
use crate::table::Number;
use base::{CallId, QueueId, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Engine {
    pub(crate) fn apply_configured(&mut self, now: Moment, settings: &Arc<Settings>) {
        let before = std::mem::replace(&mut self.settings, Arc::clone(settings));
        let mut member_of: BTreeMap<&UserId, BTreeSet<QueueId>> = BTreeMap::new();
        for (id, queue) in &settings.queues {
            self.queues.make(id);
            let admitted = queue.members.keys();
            for agent in admitted.filter(|agent| settings.admits(agent, id)) {
                member_of.entry(agent).or_default().insert(id.clone());
            }
        }
        let changed = self.change_queues(&before, settings);
        for agent in settings.agents.keys() {
            self.agents.make(agent);
        }
        for own in self.agents.numbers().collect::<Vec<Number>>() {
            let Some(id) = self.agents.row(own).map(|(id, _)| id.clone()) else {
                continue;
            };
            let listed = settings.agents.get(&id);
            let member_of = member_of.remove(&id).filter(|_| listed.is_some());
            let member_of = member_of.unwrap_or_default();
            let he_did = listed != before.agents.get(&id);
            if let Some(agent) = self.agents.get_mut(own) {
                if he_did {
                    agent.skills = listed.map(|it| it.skills.clone()).unwrap_or_default();
                }
                agent.listed = listed.is_some();
                agent.taken.retain(|queue, _| member_of.contains(queue));
                agent.member_of = member_of;
            }
            self.change_merits(own, |queue| he_did || changed.contains(queue));
            self.agent(now, own, |_| {});
        }
        self.change_steps(now, &changed);
        let asks = |queue: &QueueId| settings.queues.get(queue)?.last_agent;
        self.talks.retain(|queue| asks(queue).is_some());
    }

    /// Gives each queue its rules; which have others than before.
    fn change_queues(&mut self, before: &Settings, settings: &Settings) -> BTreeSet<QueueId> {
        let mut changed = BTreeSet::new();
        for own in self.queues.numbers().collect::<Vec<Number>>() {
            let Some(id) = self.queues.row(own).map(|(id, _)| id.clone()) else {
                continue;
            };
            let (old, new) = (before.queues.get(&id), settings.queues.get(&id));
            if old == new {
                continue;
            }
            let callbacks = self.callbacks_of(&id);
            self.queue(own, |queue| {
                queue.rules = new.map(Rules::from);
                queue.asked = new.map_or_else(Asked::default, |new| new.asked.clone());
                queue.wanting.clear();
                queue.particular.ask_anew(&queue.asked);
                if old.map(|old| old.policy) != new.map(|new| new.policy) {
                    queue.turns = Turns::default();
                }
                if old.and_then(|old| old.callbacks) != new.and_then(|new| new.callbacks) {
                    queue.callbacks.balance = Balance::default();
                }
                // A queue that is new here knows nothing of them yet.
                queue.callbacks.due = callbacks.due;
                queue.callbacks.entrusted = callbacks.entrusted;
            });
            changed.insert(id);
        }
        changed
    }

    /// Works out anew how an agent stands in the queues for which that changed. Where he sat there he gets up;
    /// whoever is free is seated anew with whatever changes him next.
    fn change_merits(&mut self, own: Number, changed: impl Fn(&QueueId) -> bool) {
        let Some(agent) = self.agents.get(own) else {
            return;
        };
        let queues = agent.logins.keys();
        let queues: Vec<QueueId> = queues.filter(|queue| changed(queue)).cloned().collect();
        for queue in queues {
            let (merit, step) = self.merit(own, &queue);
            let (weight, deals) = (self.weight_of(&queue), self.deals(&queue));
            let agent = self.agents.get_mut(own);
            let Some(login) = agent.and_then(|agent| agent.logins.get_mut(&queue)) else {
                continue;
            };
            (login.merit, login.step, login.weight) = (merit, step, weight);
            login.deals = deals;
            let (at, seat, errand) = (login.at, login.seat.take(), login.errand_seat.take());
            self.queue(at, |queue| {
                queue.seat_for_errands(own, errand, None);
                if let Some(seat) = seat {
                    queue.rise(seat, own);
                }
            });
            self.review_seekers(at, own);
        }
    }

    /// Works out anew what callers ask for in the queues that changed.
    fn change_steps(&mut self, now: Moment, changed: &BTreeSet<QueueId>) {
        let callers = self.callers.iter();
        let theirs: Vec<CallId> = callers
            .filter(|(_, caller)| changed.contains(&caller.queue))
            .map(|(call, _)| *call)
            .collect();
        for call in theirs {
            let Some(caller) = self.callers.get(&call) else {
                continue;
            };
            let queue = self.queues.get(caller.at);
            let step = queue.map_or(0, |queue| queue.asked.step_after(now.at - caller.arrived));
            self.set_step(call, step);
            self.review_seeking(call);
        }
    }

    /// By how much a queue takes part in its agents; not at all, where it is no more.
    pub(crate) fn weight_of(&self, queue: &QueueId) -> u8 {
        let settings = self.settings.queues.get(queue);
        settings.map_or(0, |settings| settings.weight)
    }

    /// How an agent stands in a queue, and the first step of widening in which its callers may get him.
    pub(crate) fn merit(&self, own: Number, queue: &QueueId) -> (Merit, Option<u8>) {
        let Some((id, agent)) = self.agents.row(own) else {
            return Default::default();
        };
        let (Some(settings), Some(of_agent)) = (
            self.settings.queues.get(queue),
            self.settings.agents.get(id),
        ) else {
            return Default::default();
        };
        let merit = Merit {
            member: settings.members.get(id).copied().unwrap_or_default(),
            skill: settings.asked.score(&of_agent.skills),
            taken: agent.taken.get(queue).copied().unwrap_or_default(),
            draw: 0,
        };
        (merit, settings.asked.first_step(&of_agent.skills))
    }
}
