//! What readers of live events have been told of queues and agents: of each only how it is now, by the number of its last
//! change, or that it is no more. However often one changes, as much is kept.

use crate::changes::Change;
use crate::floor::{AgentView, Floor, QueueView};
use base::{OrgId, QueueId, UserId};
use control::Sight;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Queues and agents of which is known that they are no more: those of some reloads of a large installation. Beyond them the
/// first are forgotten.
const GONE_MAX: usize = 4_096;

/// Queues of an agent of which is known when he left them. Beyond them the first are forgotten.
const LEFT_MAX: usize = 64;

/// An agent, as he is told to those who see him.
#[derive(Clone, Debug)]
pub struct AgentTold {
    /// Who.
    pub(crate) name: UserId,
    /// How he is; none where he is no more.
    pub(crate) view: Option<AgentView>,
    /// Queues that he takes no calls from any more, the first that he left first, each with the number of the change by
    /// which he did: who saw him there, and nowhere else, sees him no longer.
    left: Vec<(QueueId, u64)>,
}

impl AgentTold {
    /// Queues that he has left since that change.
    pub(crate) fn left_since(&self, number: u64) -> impl Iterator<Item = &QueueId> {
        let since = self.left.iter().filter(move |(_, at)| *at > number);
        since.map(|(queue, _)| queue)
    }
}

/// What readers have been told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    by_number: BTreeMap<u64, Change>,
    queues: BTreeMap<QueueId, u64>,
    agents: BTreeMap<UserId, u64>,
    /// The numbers of those that are no more.
    gone: BTreeSet<u64>,
    /// Organisations that have any that are.
    organisations: BTreeSet<OrgId>,
    /// Who sees what, and the number by which it was told that this has changed; 0 where it never has.
    sight: Option<(u64, Arc<Sight>)>,
    /// Up to there not all is known any more.
    forgotten: u64,
}

impl Told {
    /// An organisation is like this now.
    pub(crate) fn tell(&mut self, org: &OrgId, floor: &Floor, mut number: impl FnMut() -> u64) {
        for queue in &floor.queues {
            if self.queue(&queue.name).is_none_or(|it| !queue.is_like(it)) {
                self.put(number(), Change::Queue(Arc::new(queue.clone())));
            }
        }
        for name in self.queues_gone(org, floor) {
            self.put(number(), Change::QueueGone(name));
        }
        for agent in &floor.agents {
            let told = self.agent(&agent.name).and_then(|it| it.view.as_ref());
            if told.is_none_or(|it| !agent.is_like(it)) {
                self.put_agent(number(), agent.name.clone(), Some(agent.clone()));
            }
        }
        for name in self.agents_gone(org, floor) {
            self.put_agent(number(), name, None);
        }
        match floor.queues.is_empty() && floor.agents.is_empty() {
            true => self.organisations.remove(org),
            false => self.organisations.insert(org.clone()),
        };
        self.forget();
    }

    /// That is who sees what now. The first time there is nobody yet who could have seen anything else.
    pub(crate) fn tell_sight(&mut self, sight: &Arc<Sight>, mut number: impl FnMut() -> u64) {
        let known = match self.sight.take() {
            None => 0,
            Some((known, before)) if Arc::ptr_eq(&before, sight) => known,
            Some((known, _)) => {
                self.by_number.remove(&known);
                let number = number();
                self.by_number.insert(number, Change::Sight);
                number
            }
        };
        self.sight = Some((known, sight.clone()));
    }

    /// Whether whoever has heard all up to that number has heard it by what `sight` says.
    pub(crate) fn is_by(&self, sight: &Arc<Sight>, number: u64) -> bool {
        let told = self.sight.as_ref();
        told.is_none_or(|(known, told)| *known <= number && Arc::ptr_eq(told, sight))
    }

    /// Every organisation of which something has been told that is there.
    pub(crate) fn organisations(&self) -> &BTreeSet<OrgId> {
        &self.organisations
    }

    /// How all of an organisation are, each with the number of its last change.
    pub(crate) fn of(&self, org: &OrgId) -> impl Iterator<Item = (u64, &Change)> {
        let queues = self.queues.range::<str, _>(org.names());
        let agents = self.agents.range::<str, _>(org.names());
        let numbers = queues.map(|(_, it)| it).chain(agents.map(|(_, it)| it));
        numbers.filter_map(|number| Some((*number, self.by_number.get(number)?)))
    }

    /// What was told after that change.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = (u64, &Change)> {
        let after = self.by_number.range(number + 1..);
        after.map(|(number, change)| (*number, change))
    }

    /// Up to there not all is known any more.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn queue(&self, name: &QueueId) -> Option<&QueueView> {
        match self.by_number.get(self.queues.get(name)?) {
            Some(Change::Queue(queue)) => Some(queue),
            _ => None,
        }
    }

    fn agent(&self, name: &UserId) -> Option<&AgentTold> {
        match self.by_number.get(self.agents.get(name)?) {
            Some(Change::Agent(agent)) => Some(agent),
            _ => None,
        }
    }

    fn queues_gone(&self, org: &OrgId, floor: &Floor) -> Vec<QueueId> {
        let told = self.queues.range::<str, _>(org.names());
        let told = told.map(|(name, _)| name);
        let gone = told.filter(|name| floor.queue(name).is_none() && self.queue(name).is_some());
        gone.cloned().collect()
    }

    fn agents_gone(&self, org: &OrgId, floor: &Floor) -> Vec<UserId> {
        let is_told = |name: &UserId| self.agent(name).is_some_and(|it| it.view.is_some());
        let told = self.agents.range::<str, _>(org.names());
        let told = told.map(|(name, _)| name);
        let gone = told.filter(|name| floor.agent(name).is_none() && is_told(name));
        gone.cloned().collect()
    }

    fn put_agent(&mut self, number: u64, name: UserId, view: Option<AgentView>) {
        let (mut left, before) = match self.agent(&name) {
            Some(told) => (told.left.clone(), told.view.as_ref()),
            None => (Vec::new(), None),
        };
        let is_in = |queue: &QueueId| view.as_ref().is_some_and(|it| it.queues.contains(queue));
        left.retain(|(queue, _)| !is_in(queue));
        let was_in = before.into_iter().flat_map(|it| &it.queues);
        left.extend(
            was_in
                .filter(|it| !is_in(it))
                .map(|it| (it.clone(), number)),
        );
        let beyond = left.len().saturating_sub(LEFT_MAX);
        for (_, at) in left.drain(..beyond) {
            self.forgotten = self.forgotten.max(at);
        }
        self.put(
            number,
            Change::Agent(Arc::new(AgentTold { name, view, left })),
        );
    }

    fn put(&mut self, number: u64, change: Change) {
        let before = match &change {
            Change::Queue(queue) => self.queues.insert(queue.name.clone(), number),
            Change::QueueGone(queue) => self.queues.insert(queue.clone(), number),
            Change::Agent(agent) => self.agents.insert(agent.name.clone(), number),
            Change::Entry(_) | Change::Erased { .. } | Change::Staff { .. } | Change::Sight => None,
        };
        if let Some(before) = before {
            self.by_number.remove(&before);
            self.gone.remove(&before);
        }
        if is_gone(&change) {
            self.gone.insert(number);
        }
        self.by_number.insert(number, change);
    }

    fn forget(&mut self) {
        while self.gone.len() > GONE_MAX
            && let Some(first) = self.gone.pop_first()
        {
            match self.by_number.remove(&first) {
                Some(Change::QueueGone(queue)) => drop(self.queues.remove(&queue)),
                Some(Change::Agent(agent)) => drop(self.agents.remove(&agent.name)),
                _ => {}
            }
            self.forgotten = self.forgotten.max(first);
        }
    }
}

fn is_gone(change: &Change) -> bool {
    match change {
        Change::QueueGone(_) => true,
        Change::Agent(agent) => agent.view.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::floor::{AgentDay, AgentStateView, DoorView, QueueDay};
    use callback::Utc;
    use control::Device;

    fn queue(number: usize) -> QueueView {
        QueueView {
            name: format!("demo/q{number:05}").parse().unwrap(),
            state: DoorView::Open,
            why: String::new(),
            until: None,
            closed_by_load: false,
            draining: false,
            waiting: 0,
            offered: 0,
            connected: 0,
            waiting_since: None,
            longest_wait_s: None,
            average_wait_s: None,
            expected_wait_s: None,
            handling_s: None,
            agents_logged_in: 0,
            free: 0,
            busy: 0,
            wrap_up: 0,
            paused: 0,
            unreachable: 0,
            deferred: 0,
            today: QueueDay::default(),
        }
    }

    fn agent(queues: &[QueueView]) -> AgentView {
        AgentView {
            name: "demo/anna".parse().unwrap(),
            display_name: None,
            state: AgentStateView::Free,
            since: Utc::default(),
            ends: None,
            pause_reason: None,
            queue: None,
            queues: queues.iter().map(|it| it.name.clone()).collect(),
            reachable: true,
            device: Device::Phone,
            put_by: None,
            missed_in_a_row: 0,
            errors_in_a_row: 0,
            today: AgentDay::default(),
        }
    }

    /// What has been told, the last number, and the organisation.
    struct World(Told, u64, OrgId);

    impl World {
        fn new() -> World {
            World(Told::default(), 0, OrgId::new("demo").unwrap())
        }

        fn tell(&mut self, queues: &[QueueView], agents: &[AgentView]) {
            let floor = Floor {
                queues: queues.to_vec(),
                agents: agents.to_vec(),
                ..Floor::default()
            };
            let World(told, last, org) = self;
            told.tell(org, &floor, || {
                *last += 1;
                *last
            });
        }
    }

    #[test]
    fn what_is_gone_is_told_once_and_there_again_when_it_is_back() {
        let mut world = World::new();
        let both = [queue(1), queue(2)];
        world.tell(&both, &[]);
        world.tell(&both, &[]);
        assert_eq!(world.1, 2);
        world.tell(&both[..1], &[]);
        world.tell(&both[..1], &[]);
        let gone: Vec<_> = world.0.after(2).collect();
        assert!(
            matches!(gone[..], [(3, Change::QueueGone(name))] if *name == both[1].name),
            "{gone:?}"
        );
        world.tell(&both, &[]);
        let back: Vec<_> = world.0.after(2).collect();
        assert!(matches!(back[..], [(4, Change::Queue(_))]), "{back:?}");
        assert_eq!(world.0.forgotten(), 0);
    }

    #[test]
    fn of_those_that_are_gone_so_many_are_known_and_whoever_has_missed_one_more_is_told_to_read_anew()
     {
        let mut world = World::new();
        let queues: Vec<QueueView> = (0..=GONE_MAX).map(queue).collect();
        world.tell(&queues, &[]);
        world.tell(&[], &[]);
        let told = queues.len() as u64;
        assert_eq!(world.0.after(0).count(), GONE_MAX);
        assert_eq!(world.0.forgotten(), told + 1);
        assert_eq!(world.0.of(&world.2).count(), GONE_MAX);
        assert!(world.0.organisations().is_empty());
    }

    #[test]
    fn of_an_agent_it_is_known_when_he_left_so_many_queues() {
        let mut world = World::new();
        let queues: Vec<QueueView> = (0..LEFT_MAX + 2).map(queue).collect();
        // He leaves one after the other.
        for left in 0..queues.len() {
            world.tell(&[], &[agent(&queues[left..])]);
        }
        world.tell(&[], &[]);
        let (last, change) = world.0.after(0).last().unwrap();
        let Change::Agent(told) = change else {
            panic!("{change:?}")
        };
        assert!(told.view.is_none());
        assert_eq!(told.left_since(last - 1).count(), 1);
        assert_eq!(told.left_since(last - 3).count(), 3);
        // The first that he left, by the second change, and the next.
        assert_eq!(told.left_since(0).count(), LEFT_MAX);
        assert_eq!(world.0.forgotten(), 3);
        // Where he is again he has not left.
        world.tell(&[], &[agent(&queues)]);
        let (_, change) = world.0.after(last).last().unwrap();
        assert!(matches!(change, Change::Agent(told) if told.left_since(0).count() == 0));
    }
}
