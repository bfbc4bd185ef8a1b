//! A caller who was here lately is given to the agent whom he talked with, where the queue wants that: at once if that
//! agent is free, and if he is busy the caller is kept from all others for a while. Kept so, he stands in line as
//! everybody does: whoever is before him and would take that agent gets him first.

use crate::engine::{Engine, Step};
use crate::fact::Fact;
use crate::line::Place;
use crate::skills::Skills;
use crate::table::Number;
use base::{CallId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Talks that are remembered, of all queues together: those of a month in which three thousand callers a day come to
/// queues that ask for it, at some hundred bytes each. The oldest gives way.
pub const TALKS_KEPT: usize = 100_000;

/// Of one agent's talks so many outlive the process, the newest: as many as he has in a week or two. All of them are
/// written with each call that he takes.
pub const TALKS_CARRIED: usize = 200;

/// For how long a caller may be known again: longer ago, people know nothing of each other's matter.
pub const LAST_AGENT_WITHIN_MAX: Duration = Duration::from_secs(90 * 24 * 3_600);

/// Whom a queue's callers are given to who come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAgent {
    /// How long ago he talked with them, at most [`LAST_AGENT_WITHIN_MAX`].
    pub within: Duration,
    /// How long they wait for him alone while he is busy.
    pub wait: Duration,
}

/// Who calls, as he is known again: what a secret key makes of his number. Not the number itself: the engine needs to
/// tell callers apart, and neither it nor what is read off its facts has to hold anybody's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KnownAs(pub u64);

/// Whom a caller who came again waits for, before anybody else may have him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sought {
    /// The agent.
    pub agent: UserId,
    /// When the two began to talk.
    pub talked: Time,
    /// Until when.
    pub until: Time,
}

/// The same in the engine's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seeking {
    /// The agent's number.
    pub(crate) agent: Number,
    pub(crate) talked: Time,
    pub(crate) until: Time,
}

/// That an agent was the last who took a caller's call, with its moment as `T`: [`Time`] within a process, a time of day
/// outside of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk<T> {
    /// Where.
    pub queue: QueueId,
    /// Who called.
    pub caller: KnownAs,
    /// When the two began to talk.
    pub at: T,
}

impl<T> Talk<T> {
    /// The same with its moment told in another way.
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Talk<U> {
        Talk {
            queue: self.queue,
            caller: self.caller,
            at: to(self.at),
        }
    }
}

/// Who talked with whom last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Talks {
    by_caller: BTreeMap<(QueueId, KnownAs), (UserId, Time)>,
    /// The same by age: the oldest is the first.
    by_age: BTreeSet<(Time, QueueId, KnownAs)>,
    /// The same by agent.
    by_agent: BTreeMap<UserId, BTreeSet<(Time, QueueId, KnownAs)>>,
}

impl Talks {
    /// That agent took that caller's call then, unless somebody is known to have done so later.
    fn note(&mut self, now: Time, talk: Talk<Time>, agent: &UserId) {
        let Talk { queue, caller, at } = talk;
        let key = (queue, caller);
        if self
            .by_caller
            .get(&key)
            .is_some_and(|(_, known)| *known > at)
        {
            return;
        }
        self.forget(&key);
        let (queue, caller) = &key;
        let aged = (at, queue.clone(), *caller);
        let his = self.by_agent.entry(agent.clone()).or_default();
        his.insert(aged.clone());
        self.by_age.insert(aged);
        self.by_caller.insert(key, (agent.clone(), at));
        // Two, so that what nobody asks for any more is gone sooner than the new comes.
        for _ in 0..2 {
            self.forget_oldest(now);
        }
    }

    /// Forgets the oldest where it is too old, or one too many.
    fn forget_oldest(&mut self, now: Time) {
        let Some((at, queue, caller)) = self.by_age.first() else {
            return;
        };
        if *at + LAST_AGENT_WITHIN_MAX < now || self.by_age.len() > TALKS_KEPT {
            let key = (queue.clone(), *caller);
            self.forget(&key);
        }
    }

    fn forget(&mut self, key: &(QueueId, KnownAs)) {
        let Some((agent, at)) = self.by_caller.remove(key) else {
            return;
        };
        let aged = (at, key.0.clone(), key.1);
        self.by_age.remove(&aged);
        if let Some(his) = self.by_agent.get_mut(&agent) {
            his.remove(&aged);
            if his.is_empty() {
                self.by_agent.remove(&agent);
            }
        }
    }

    /// Nobody talked with him. All are looked at: a number is erased by hand, once in a while.
    fn forget_caller(&mut self, caller: KnownAs) {
        let his = self.by_caller.keys().filter(|(_, who)| *who == caller);
        let his: Vec<_> = his.cloned().collect();
        his.iter().for_each(|key| self.forget(key));
    }

    /// Keeps those of the queues for which that holds.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&QueueId) -> bool) {
        self.by_caller.retain(|(queue, _), _| is_kept(queue));
        self.by_age.retain(|(_, queue, _)| is_kept(queue));
        self.by_agent.retain(|_, his| {
            his.retain(|(_, queue, _)| is_kept(queue));
            !his.is_empty()
        });
    }

    /// Whether each view has what the others have.
    pub(crate) fn is_sound(&self) -> bool {
        let is_known = |aged: &(Time, QueueId, KnownAs), by: Option<&UserId>| {
            let (at, queue, caller) = aged;
            let known = self.by_caller.get(&(queue.clone(), *caller));
            known.is_some_and(|(agent, talked)| talked == at && by.is_none_or(|by| by == agent))
        };
        let mut of_agents = self.by_agent.iter();
        let of_agents_are_known =
            of_agents.all(|(agent, his)| his.iter().all(|aged| is_known(aged, Some(agent))));
        let of_agents: usize = self.by_agent.values().map(BTreeSet::len).sum();
        of_agents_are_known
            && self.by_age.iter().all(|aged| is_known(aged, None))
            && self.by_age.len() == self.by_caller.len()
            && of_agents == self.by_caller.len()
    }
}

/// A queue's callers who wait for one agent each, in the order of their places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seekers {
    by_agent: BTreeMap<Number, BTreeMap<Place, CallId>>,
    /// Those whose agent sits on the bench. Empty between steps.
    faced: BTreeMap<Place, (CallId, Number)>,
}

impl Seekers {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_agent.is_empty()
    }

    pub(crate) fn insert(&mut self, agent: Number, place: Place, call: CallId) {
        self.by_agent.entry(agent).or_default().insert(place, call);
    }

    pub(crate) fn remove(&mut self, agent: Number, place: Place) {
        self.faced.remove(&place);
        if let Some(his) = self.by_agent.get_mut(&agent) {
            his.remove(&place);
            if his.is_empty() {
                self.by_agent.remove(&agent);
            }
        }
    }

    /// That agent sits on the bench.
    pub(crate) fn face(&mut self, agent: Number) {
        let his = self.by_agent.get(&agent).into_iter().flatten();
        self.faced
            .extend(his.map(|(place, call)| (*place, (*call, agent))));
    }

    /// He does no more.
    pub(crate) fn turn_away(&mut self, agent: Number) {
        for place in self
            .by_agent
            .get(&agent)
            .into_iter()
            .flat_map(BTreeMap::keys)
        {
            self.faced.remove(place);
        }
    }

    /// The first whose agent is free.
    pub(crate) fn first(&self) -> Option<(Place, CallId, Number)> {
        let (place, (call, agent)) = self.faced.first_key_value()?;
        Some((*place, *call, *agent))
    }

    /// Those who wait for that agent.
    fn of(&self, agent: Number) -> Vec<CallId> {
        let his = self.by_agent.get(&agent);
        his.into_iter()
            .flat_map(BTreeMap::values)
            .copied()
            .collect()
    }

    /// All: whom they wait for, their place and their call.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Number, Place, CallId)> {
        let each = self.by_agent.iter();
        each.flat_map(|(agent, his)| his.iter().map(|(place, call)| (*agent, *place, *call)))
    }
}

impl Engine {
    /// Whether to wait for an agent makes sense to a caller of that queue who asks for as little as in that step: he
    /// is there, or will be once he has done what he does.
    pub(crate) fn is_awaitable(
        &self,
        at: Number,
        agent: Number,
        (own, step): (&Skills, u8),
    ) -> bool {
        let (Some(queue), Some(agent)) = (self.queues.get(at), self.agents.get(agent)) else {
            return false;
        };
        let able = match own.is_empty() {
            true => agent.login(at).and_then(|login| login.step),
            false => queue.asked_with(own).first_step(&agent.skills),
        };
        let there = agent.login(at).is_some() && able.is_some_and(|able| able <= step);
        let wanted = queue
            .rules
            .as_ref()
            .is_some_and(|rules| rules.last_agent.is_some());
        wanted && there && agent.pause.is_none() && agent.reachable
    }

    /// A caller who came to a queue waits for that agent, as the fact says.
    pub(crate) fn seeking(&self, sought: Option<&Sought>) -> Option<Seeking> {
        let sought = sought?;
        Some(Seeking {
            agent: self.agents.number(&sought.agent)?,
            talked: sought.talked,
            until: sought.until,
        })
    }

    /// From now on a caller is for whoever's turn it is.
    pub(crate) fn seeks_no_more(&mut self, call: CallId) {
        let Some(caller) = self.callers.get_mut(&call) else {
            return;
        };
        let Some(seeking) = caller.seeks else {
            return;
        };
        for deadline in caller.deadlines(call) {
            self.deadlines.remove(&deadline);
        }
        caller.seeks = None;
        self.deadlines.extend(caller.deadlines(call));
        let (at, place) = (caller.at, caller.place);
        self.queue(at, |queue| queue.seekers.remove(seeking.agent, place));
        self.reconsider(call);
    }

    /// Whoever waits in that queue for an agent for whom it makes no sense waits for him no more.
    pub(crate) fn review_seekers(&mut self, at: Number, agent: Number) {
        let Some(queue) = self.queues.get(at) else {
            return;
        };
        for call in queue.seekers.of(agent) {
            self.review_seeking(call);
        }
    }

    /// The same for one caller, whatever he waits for.
    pub(crate) fn review_seeking(&mut self, call: CallId) {
        let Some(caller) = self.callers.get(&call) else {
            return;
        };
        if let Some(seeking) = caller.seeks
            && !self.is_awaitable(caller.at, seeking.agent, (&caller.requires, caller.step))
        {
            self.seeks_no_more(call);
        }
    }

    /// Remembers who took a caller's call, where his queue may ask for it.
    pub(crate) fn note_talk(&mut self, now: Time, call: CallId, agent: Number) {
        let Some(caller) = self.callers.get(&call) else {
            return;
        };
        let rules = self.queues.get(caller.at).and_then(|it| it.rules.as_ref());
        if let Some(known_as) = caller.known_as
            && rules.is_some_and(|rules| rules.last_agent.is_some())
            && let Some((agent, _)) = self.agents.row(agent)
        {
            let talk = Talk {
                queue: caller.queue.clone(),
                caller: known_as,
                at: now,
            };
            self.talks.note(now, talk, agent);
        }
    }

    /// What is to be kept of an agent's talks, at most [`TALKS_CARRIED`]; the newest first.
    pub fn carried_talks(&self, agent: &UserId) -> Vec<Talk<Time>> {
        let his = self.talks.by_agent.get(agent).into_iter().flatten();
        let newest = his.rev().take(TALKS_CARRIED);
        newest
            .map(|(at, queue, caller)| Talk {
                queue: queue.clone(),
                caller: *caller,
                at: *at,
            })
            .collect()
    }

    /// Whoever is here and known so is known no more, and for whoever's turn it is.
    pub(crate) fn apply_caller_forgotten(&mut self, who: KnownAs) {
        self.talks.forget_caller(who);
        let here = self.callers.iter();
        let here = here.filter(|(_, caller)| caller.known_as == Some(who));
        let here: Vec<CallId> = here.map(|(call, _)| *call).collect();
        for call in here {
            if let Some(caller) = self.callers.get_mut(&call) {
                caller.known_as = None;
            }
            self.seeks_no_more(call);
        }
    }

    pub(crate) fn apply_talks_recalled(&mut self, now: Time, agent: &UserId, talks: &[Talk<Time>]) {
        for talk in talks {
            self.talks.note(now, talk.clone(), agent);
        }
    }
}

impl Step<'_> {
    /// Whom a caller waits for who comes to that queue now, asking for as little as in that step. A talk since he first
    /// arrived is one of this same call: whoever sent him on is not to get him back.
    pub(crate) fn sought(
        &self,
        queue: &QueueId,
        known_as: Option<KnownAs>,
        (requires, step): (&Skills, u8),
        arrived: Time,
    ) -> Option<Sought> {
        let at = self.engine.queues.number(queue)?;
        let set = self.engine.queues.get(at)?.rules.as_ref()?.last_agent?;
        let key = (queue.clone(), known_as?);
        let (agent, talked) = self.engine.talks.by_caller.get(&key)?;
        if *talked >= arrived || *talked + set.within < self.now {
            return None;
        }
        let number = self.engine.agents.number(agent)?;
        let is_free = self.engine.agents.get(number)?.is_seated_at(at);
        let waits = is_free || !set.wait.is_zero();
        (waits && self.engine.is_awaitable(at, number, (requires, step))).then(|| Sought {
            agent: agent.clone(),
            talked: *talked,
            until: self.now + set.wait,
        })
    }

    /// An agent talked with these when another process was there, and with whom he has since counts more.
    pub(crate) fn recall_talks(&mut self, agent: UserId, talks: Vec<Talk<Time>>) {
        let asks = |queue: &QueueId| {
            let settings = self.engine.settings.queues.get(queue);
            settings.is_some_and(|settings| settings.last_agent.is_some())
        };
        // A clock on the wall that was put back makes nothing of the past come later than now.
        let now = self.now;
        let wanted = talks.into_iter().take(TALKS_CARRIED);
        let wanted = wanted.filter(|talk| asks(&talk.queue));
        let talks: Vec<_> = wanted.map(|talk| talk.map(|at| at.min(now))).collect();
        if !talks.is_empty() && self.engine.settings.agents.contains_key(&agent) {
            self.emit(Fact::TalksRecalled { agent, talks });
        }
    }

    /// A caller has waited for one agent as long as he is to.
    pub(crate) fn patience_ends(&mut self, call: CallId) {
        let Some(caller) = self.engine.callers.get(&call) else {
            return;
        };
        let queue = caller.queue.clone();
        self.emit(Fact::PatienceEnded { call, queue });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: u64) -> Time {
        Time::from_millis(number * 1_000)
    }

    fn caller(number: u64) -> (QueueId, KnownAs) {
        ("demo/support".parse().unwrap(), KnownAs(number))
    }

    fn talk(at: Time, number: u64) -> Talk<Time> {
        let (queue, caller) = caller(number);
        Talk { queue, caller, at }
    }

    #[test]
    fn a_talk_that_is_too_old_and_one_too_many_give_way_and_the_last_of_a_caller_counts() {
        let mut talks = Talks::default();
        let (anna, bosse) = ("demo/anna".parse().unwrap(), "demo/bosse".parse().unwrap());
        let note = |talks: &mut Talks, at: Time, number: u64, agent: &UserId| {
            talks.note(at, talk(at, number), agent);
        };
        note(&mut talks, second(1), 1, &anna);
        note(&mut talks, second(2), 2, &anna);
        note(&mut talks, second(3), 1, &bosse);
        assert!(talks.is_sound());
        assert_eq!(talks.by_caller[&caller(1)], (bosse, second(3)));
        // What is told late of before changes nothing.
        talks.note(second(3), talk(second(2), 1), &anna);
        assert_eq!(talks.by_caller[&caller(1)].1, second(3));
        let late = second(2) + LAST_AGENT_WITHIN_MAX + Duration::from_millis(1);
        note(&mut talks, late, 3, &anna);
        let left: Vec<_> = talks.by_age.iter().map(|(at, ..)| *at).collect();
        assert_eq!(
            left,
            [second(3), late],
            "of two that come, the one that is too old goes"
        );
        for number in 5..TALKS_KEPT as u64 + 20 {
            note(&mut talks, late, number, &anna);
        }
        assert_eq!(talks.by_caller.len(), TALKS_KEPT);
        assert!(talks.is_sound());
        talks.retain(|_| false);
        assert_eq!(talks, Talks::default());
    }
}
