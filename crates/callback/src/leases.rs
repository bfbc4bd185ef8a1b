//! Who has an entry. It is one agent's at a time, for a while that all can see; he has one at a time, and his next only when
//! he has said what came of the last. A number is one agent's too, whatever the entries and queues it stands in.

use crate::engine::{Lists, Step};
use crate::entry::{Entry, Stage};
use crate::fact::{Fact, Origin, Returned};
use crate::moment::Utc;
use crate::output::{Command, Done, HangUpCause, Refusal};
use crate::settings::Settings;
use base::{CallbackId, QueueId, UserId};
use control::Queues;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Lists {
    /// What is due on a list, nobody has, and may be called: the entry that arrived first, and when it did.
    pub fn first_due(&self, list: &QueueId) -> Option<(Utc, CallbackId)> {
        let org = list.org();
        let mut due = self.index.due_on(list);
        due.find(|(_, id)| {
            let number = self.entries.get(id).map(|entry| entry.asked.number.clone());
            number.is_some_and(|it| !self.index.ringing.contains_key(&(org.clone(), it)))
        })
    }
}

impl Step<'_> {
    pub(crate) fn configure(&mut self, settings: Arc<Settings>) {
        self.emit(Origin::Configuration, Fact::Configured { settings });
        let mut gone: Vec<(UserId, BTreeSet<QueueId>)> = Vec::new();
        for (agent, staffed) in &self.lists.staff {
            let lists = staffed.iter().filter(|list| !self.is_member(agent, list));
            gone.push((agent.clone(), lists.cloned().collect()));
        }
        for (agent, lists) in gone {
            self.leave(&agent, &lists, Origin::Configuration);
        }
    }

    pub(crate) fn is_member(&self, agent: &UserId, list: &QueueId) -> bool {
        let settings = self.lists.settings.lists.get(list);
        settings.is_some_and(|settings| settings.members.contains(agent))
    }

    /// The lists that are meant, all of which he may work on.
    fn lists_meant(&self, agent: &UserId, lists: Queues) -> Result<BTreeSet<QueueId>, Refusal> {
        match lists {
            Queues::One(list) if self.is_member(agent, &list) => Ok(BTreeSet::from([list])),
            Queues::One(list) => Err(Refusal::NotAMember {
                agent: agent.clone(),
                list,
            }),
            Queues::All => {
                let all = self.lists.settings.lists.iter();
                let his = all.filter(|(_, list)| list.members.contains(agent));
                let his: BTreeSet<QueueId> = his.map(|(list, _)| list.clone()).collect();
                match his.is_empty() {
                    true => Err(Refusal::NoListOfHis(agent.clone())),
                    false => Ok(his),
                }
            }
        }
    }

    pub(crate) fn log_in(
        &mut self,
        agent: UserId,
        lists: Queues,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let lists = self.lists_meant(&agent, lists)?;
        self.join(agent, lists, by);
        Ok(Done::Done)
    }

    pub(crate) fn join(&mut self, agent: UserId, mut lists: BTreeSet<QueueId>, by: Origin) {
        if let Some(staffed) = self.lists.staff.get(&agent) {
            lists.retain(|list| !staffed.contains(list));
        }
        if !lists.is_empty() {
            self.emit(by, Fact::LoggedIn { agent, lists });
        }
    }

    pub(crate) fn log_out(
        &mut self,
        agent: &UserId,
        lists: Queues,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let staffed = self.lists.staff.get(agent).cloned().unwrap_or_default();
        let lists = match lists {
            Queues::All => staffed,
            Queues::One(list) => BTreeSet::from([list]),
        };
        self.leave(agent, &lists, by);
        Ok(Done::Done)
    }

    /// He staffs these no longer. What he has there and has not begun to call goes back; a call goes on, and a
    /// description is still owed.
    fn leave(&mut self, agent: &UserId, lists: &BTreeSet<QueueId>, by: Origin) {
        let staffed = self.lists.staff.get(agent);
        let left = lists
            .iter()
            .filter(|list| staffed.is_some_and(|it| it.contains(*list)));
        let left: BTreeSet<QueueId> = left.cloned().collect();
        if left.is_empty() {
            return;
        }
        let has = self.lists.index.agents.get(agent);
        let has = has.and_then(|id| self.lists.entries.get(id));
        let leased = has.filter(|it| matches!(it.stage, Stage::Leased { .. }));
        if let Some(entry) = leased.filter(|it| left.contains(&it.asked.queue)) {
            let entry = entry.id;
            self.hand_back(entry, agent, Returned::LoggedOut, by.clone());
        }
        let agent = agent.clone();
        self.emit(by, Fact::LoggedOut { agent, lists: left });
    }

    fn hand_back(&mut self, entry: CallbackId, agent: &UserId, why: Returned, by: Origin) {
        let agent = agent.clone();
        self.emit(by, Fact::Returned { entry, agent, why });
    }

    /// The entry, if it is on that list and promised.
    pub(crate) fn on_list(&self, list: &QueueId, id: CallbackId) -> Result<&Entry, Refusal> {
        let entry = self.lists.entries.get(&id);
        let entry = entry.filter(|entry| entry.asked.queue == *list);
        let entry = entry.filter(|entry| entry.stage != Stage::Promised);
        entry.ok_or(Refusal::NoSuchEntry(id))
    }

    pub(crate) fn lease(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        agent: UserId,
        by: Origin,
    ) -> Result<Done, Refusal> {
        self.staffs(&agent, list)?;
        let entry = self.on_list(list, id)?;
        if let Stage::Leased { agent: has, until } = &entry.stage
            && *has == agent
        {
            let (entry, until) = (id, *until);
            return Ok(Done::Leased { entry, until });
        }
        self.may_take(entry, &agent)?;
        Ok(self.take(id, agent, by))
    }

    fn staffs(&self, agent: &UserId, list: &QueueId) -> Result<(), Refusal> {
        if !self.is_member(agent, list) {
            return Err(Refusal::NotAMember {
                agent: agent.clone(),
                list: list.clone(),
            });
        }
        let staffed = self.lists.staff.get(agent);
        match staffed.is_some_and(|staffed| staffed.contains(list)) {
            true => Ok(()),
            false => Err(Refusal::NotLoggedIn {
                agent: agent.clone(),
                list: list.clone(),
            }),
        }
    }

    /// Whether the agent can have an entry that he doesn't have.
    pub(crate) fn may_take(&self, entry: &Entry, agent: &UserId) -> Result<(), Refusal> {
        self.is_idle(agent)?;
        if let Some(by) = entry.occupied_by() {
            return Err(Refusal::Held {
                entry: entry.id,
                by: by.clone(),
            });
        }
        if let Stage::Closed { how, .. } = entry.stage {
            return Err(Refusal::Closed {
                entry: entry.id,
                how,
            });
        }
        if entry.due > self.utc {
            return Err(Refusal::NotDue {
                entry: entry.id,
                due: entry.due,
            });
        }
        match self.number_held(entry) {
            Some((entry, by)) => Err(Refusal::NumberHeld { entry, by }),
            None => Ok(()),
        }
    }

    /// Whether the agent has nothing and owes nothing.
    pub(crate) fn is_idle(&self, agent: &UserId) -> Result<(), Refusal> {
        let has = self.lists.index.agents.get(agent);
        let Some(has) = has.and_then(|id| self.lists.entries.get(id)) else {
            return Ok(());
        };
        let (agent, entry) = (agent.clone(), has.id);
        Err(match has.stage {
            Stage::AwaitingNote { .. } => Refusal::OwesNote { agent, entry },
            _ => Refusal::HasAnother { agent, entry },
        })
    }

    /// The other entry for which this one's number is being rung, or may be at any moment, and by whom.
    fn number_held(&self, entry: &Entry) -> Option<(CallbackId, UserId)> {
        let number = (entry.asked.queue.org(), entry.asked.number.clone());
        let rung = self.lists.index.ringing.get(&number)?;
        let other = self.lists.entries.get(rung)?;
        let by = other.rings_by()?.clone();
        (other.id != entry.id).then_some((other.id, by))
    }

    pub(crate) fn take(&mut self, entry: CallbackId, agent: UserId, by: Origin) -> Done {
        let known = self.lists.entries.get(&entry);
        let list = known.and_then(|it| self.lists.settings.lists.get(&it.asked.queue));
        let until = self.now + list.map(|list| list.lease).unwrap_or_default();
        self.emit(
            by,
            Fact::Leased {
                entry,
                agent,
                until,
            },
        );
        Done::Leased { entry, until }
    }

    /// The due entry that arrived first of those on his lists, or on one of them.
    pub(crate) fn take_next(
        &mut self,
        agent: UserId,
        lists: Queues,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let lists = match lists {
            Queues::All => {
                let staffed = self.lists.staff.get(&agent).cloned();
                staffed.ok_or_else(|| Refusal::NoListOfHis(agent.clone()))?
            }
            Queues::One(list) => {
                self.staffs(&agent, &list)?;
                BTreeSet::from([list])
            }
        };
        self.is_idle(&agent)?;
        let next = lists.iter().filter_map(|list| self.lists.first_due(list));
        let (_, entry) = next.min().ok_or(Refusal::NothingDue)?;
        Ok(self.take(entry, agent, by))
    }

    pub(crate) fn give_back(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        agent: &UserId,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let entry = self.on_list(list, id)?;
        match &entry.stage {
            Stage::Leased { agent: has, .. } if has == agent => {
                self.hand_back(id, agent, Returned::Released, by);
                Ok(Done::Done)
            }
            _ => Err(Refusal::NotHis {
                agent: agent.clone(),
                entry: id,
            }),
        }
    }

    /// An agent has had his time, or nothing was heard of his call.
    pub(crate) fn held_too_long(&mut self, id: CallbackId) {
        let Some(entry) = self.lists.entries.get(&id) else {
            return;
        };
        match entry.stage.clone() {
            Stage::Leased { agent, .. } => {
                self.hand_back(id, &agent, Returned::RanOut, Origin::Clock);
            }
            Stage::InCall(placed) => {
                let placing = placed.placing;
                self.call_lost(id, placed);
                self.out.commands.push(Command::HangUp {
                    placing,
                    why: HangUpCause::Lost,
                });
            }
            _ => {}
        }
    }
}
