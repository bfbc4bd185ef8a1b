//! Decisions on people's commands. Each is answered once.

use crate::engine::Step;
use crate::entry::{ATTEMPTS_MAX, Closing, Stage, Window, Wish};
use crate::fact::{Fact, Origin};
use crate::moment::Utc;
use crate::output::{Command, Dialled, Done, Refusal};
use crate::owed::Owed;
use crate::promises::OPEN_MAX;
use crate::text::Text;
use base::{CallId, CallbackId, QueueId, ShardId, UserId};
use control::{
    CallbackCommand, EntryAction, Permitted, Principal, Role, StaffAction, WindowChoice,
};

/// Nobody's call: a person who moves an entry has no place held for him.
const NO_CALL: CallId = CallId {
    shard: ShardId(u8::MAX),
    slot: u32::MAX,
    generation: u32::MAX,
};

impl Step<'_> {
    pub(crate) fn command(&mut self, ticket: u64, command: Permitted<CallbackCommand>) {
        let (by, command) = command.into_parts();
        let whose = Origin::Person(by.clone());
        let (result, owed) = match command {
            CallbackCommand::Staff { agent, action } => (self.staff(agent, action, by), None),
            CallbackCommand::Entry {
                list,
                entry,
                version,
                action,
            } => {
                let owed = owed_for(ticket, entry, &action);
                let may = self.may_work_on(&list, &by);
                let may = may.and_then(|()| self.is_as_seen(&list, entry, version));
                (may.and_then(|()| self.act(&list, entry, action, by)), owed)
            }
            CallbackCommand::Erase { org, number } => {
                let result = self.erase(&org, &number, by);
                let owed = match result {
                    Ok(Done::Erased { erased, left }) => Some(Owed::Erased {
                        ticket,
                        erased,
                        left,
                    }),
                    _ => None,
                };
                (result, owed)
            }
        };
        match (result, owed) {
            (Ok(_), Some(owed)) => self.owe(whose, owed),
            (result, _) => self.out.commands.push(Command::Answer { ticket, result }),
        }
    }

    /// What an agent does by a code: what ends with a restart anyway, so that he is told at once.
    pub(crate) fn dialled(&mut self, call: CallId, command: Permitted<CallbackCommand>) {
        let (by, command) = command.into_parts();
        let done = match command {
            CallbackCommand::Staff { agent, action } => self.staff(agent, action, by),
            CallbackCommand::Entry {
                list,
                entry,
                action: action @ EntryAction::Call(_),
                ..
            } => {
                let may = self.may_work_on(&list, &by);
                may.and_then(|()| self.act(&list, entry, action, by))
            }
            CallbackCommand::Entry { .. } | CallbackCommand::Erase { .. } => {
                Err(Refusal::NotByCode)
            }
        };
        let result = done.map(|done| match done {
            Done::Leased { entry, .. } => self.dialled_next(entry),
            _ => Dialled::Done,
        });
        self.out.commands.push(Command::Dialled { call, result });
    }

    fn dialled_next(&self, entry: CallbackId) -> Dialled {
        match self.lists.entries.get(&entry) {
            Some(known) => Dialled::Leased {
                list: known.asked.queue.clone(),
                entry,
            },
            None => Dialled::Done,
        }
    }

    fn staff(
        &mut self,
        agent: UserId,
        action: StaffAction,
        by: Principal,
    ) -> Result<Done, Refusal> {
        let by = Origin::Person(by);
        match action {
            StaffAction::LogIn(lists) => self.log_in(agent, lists, by),
            StaffAction::LogOut(lists) => self.log_out(&agent, lists, by),
            StaffAction::TakeNext(lists) => self.take_next(agent, lists, by),
        }
    }

    /// Whether the entry is still as whoever asks has seen it.
    fn is_as_seen(
        &self,
        list: &QueueId,
        id: CallbackId,
        version: Option<u32>,
    ) -> Result<(), Refusal> {
        let Some(seen) = version else {
            return Ok(());
        };
        let entry = self.on_list(list, id)?;
        if entry.version == seen {
            return Ok(());
        }
        let tried_by = entry.attempts.last().map(|attempt| &attempt.agent);
        Err(Refusal::Changed {
            entry: id,
            version: entry.version,
            by: entry.agent().or(tried_by).cloned(),
        })
    }

    fn act(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        action: EntryAction,
        by: Principal,
    ) -> Result<Done, Refusal> {
        if is_kept(&action) {
            self.can_store()?;
        }
        let who = agent_himself(&by);
        let by = Origin::Person(by);
        match action {
            EntryAction::Lease(agent) => self.lease(list, id, agent, by),
            EntryAction::Release(agent) => self.give_back(list, id, &agent, by),
            EntryAction::Call(agent) => self.begin_call(list, id, agent, by),
            EntryAction::Note { agent, note } => self.note(list, id, agent, note, by),
            EntryAction::Requeue { text } => self.requeue(list, id, text, by),
            EntryAction::Move(window) => self.move_to(list, id, window, by),
            EntryAction::Cancel { text } => self.cancel(list, id, text, who, by),
            EntryAction::Waive => self.waive(list, id, by),
            EntryAction::Reveal => self.reveal(list, id, by),
        }
    }

    /// An agent works on the lists that he is a member of; whoever supervises, on all of his organisation. What he owes
    /// to a list he may still say when he is a member no longer.
    fn may_work_on(&self, list: &QueueId, by: &Principal) -> Result<(), Refusal> {
        let Some(agent) = agent_himself(by) else {
            return Ok(());
        };
        let has = self.lists.index.agents.get(&agent);
        let has = has.and_then(|id| self.lists.entries.get(id));
        let owes = has.is_some_and(|entry| entry.asked.queue == *list);
        match owes || self.is_member(&agent, list) {
            true => Ok(()),
            false => Err(Refusal::NotAMember {
                agent,
                list: list.clone(),
            }),
        }
    }

    fn requeue(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        text: Option<String>,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let text = text.map(|text| Text::new(&text)).transpose()?;
        let entry = self.on_list(list, id)?;
        if let Some(by) = entry.occupied_by() {
            let by = by.clone();
            return Err(Refusal::Held { entry: id, by });
        }
        if entry.attempts.len() >= ATTEMPTS_MAX {
            return Err(Refusal::TriedOut(id));
        }
        let other = self.lists.promise_of(list, &entry.asked.number);
        if let Some(other) = other.filter(|other| other.id != id) {
            return Err(Refusal::Already(other.id));
        }
        if !entry.is_open() && self.lists.index.open(&list.org()) >= OPEN_MAX {
            return Err(Refusal::Full(OPEN_MAX));
        }
        let starts = entry.asked.wish.starts();
        let due = starts.map_or(self.utc, |starts| starts.max(self.utc));
        let entry = id;
        self.emit(by, Fact::Requeued { entry, due, text });
        Ok(Done::Done)
    }

    fn move_to(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        window: Option<WindowChoice>,
        by: Origin,
    ) -> Result<Done, Refusal> {
        self.waits(list, id)?;
        let wish = match window {
            None => Wish::AsSoonAsPossible,
            Some(choice) => Wish::Window(self.window(list, &choice).ok_or(Refusal::ChoiceGone)?),
        };
        let entry = self.on_list(list, id)?;
        if entry.asked.wish != wish && !self.lists.has_room(list, &wish, NO_CALL, self.utc) {
            return Err(Refusal::ChoiceGone);
        }
        self.emit(by, Fact::Moved { entry: id, wish });
        Ok(Done::Done)
    }

    fn window(&self, list: &QueueId, choice: &WindowChoice) -> Option<Window> {
        let hours = self.lists.hours.get(list)?;
        let meant = |it: &&Window| match choice.starts {
            Some(starts) => it.span.from == Utc::from_seconds(starts),
            None => it.span.from > self.utc,
        };
        let named = hours.windows.iter().filter(|it| *it.name == *choice.name);
        named.filter(meant).min().cloned()
    }

    fn cancel(
        &mut self,
        list: &QueueId,
        id: CallbackId,
        text: Option<String>,
        who: Option<UserId>,
        by: Origin,
    ) -> Result<Done, Refusal> {
        let text = text.map(|text| Text::new(&text)).transpose()?;
        let entry = self.on_list(list, id)?;
        let his_own =
            matches!(&entry.stage, Stage::Leased { agent, .. } if Some(agent) == who.as_ref());
        if !his_own {
            self.waits(list, id)?;
        }
        let (entry, how) = (id, Closing::Cancelled);
        self.emit(by, Fact::Closed { entry, how, text });
        Ok(Done::Done)
    }

    /// Whether an entry is open and nobody has it.
    fn waits(&self, list: &QueueId, id: CallbackId) -> Result<(), Refusal> {
        let entry = self.on_list(list, id)?;
        match (&entry.stage, entry.occupied_by()) {
            (_, Some(by)) => Err(Refusal::Held {
                entry: id,
                by: by.clone(),
            }),
            (Stage::Closed { how, .. }, _) => Err(Refusal::Closed {
                entry: id,
                how: *how,
            }),
            _ => Ok(()),
        }
    }

    /// What the caller keyed, whole, to somebody whose asking is recorded.
    fn reveal(&mut self, list: &QueueId, id: CallbackId, by: Origin) -> Result<Done, Refusal> {
        let entry = self.on_list(list, id)?;
        let input = entry.asked.input.as_ref();
        let whole = input.ok_or(Refusal::NothingKeyed(id))?.revealed();
        self.emit(by, Fact::Revealed { entry: id });
        Ok(Done::Revealed(whole))
    }
}

/// Whether what is done must still hold after a restart: nobody is told that it is done while it can't be stored. Leases
/// are over by then, and a call asks for storage itself.
fn is_kept(action: &EntryAction) -> bool {
    match action {
        EntryAction::Lease(_) | EntryAction::Release(_) | EntryAction::Call(_) => false,
        EntryAction::Note { .. }
        | EntryAction::Requeue { .. }
        | EntryAction::Move(_)
        | EntryAction::Cancel { .. }
        | EntryAction::Waive
        // That somebody saw it is to be known.
        | EntryAction::Reveal => true,
    }
}

/// What whoever has that done is told once it is stored; nothing where it is over with a restart.
fn owed_for(ticket: u64, entry: CallbackId, action: &EntryAction) -> Option<Owed> {
    match action {
        EntryAction::Reveal => Some(Owed::Revealed { ticket, entry }),
        action if is_kept(action) => Some(Owed::Done { ticket }),
        _ => None,
    }
}

/// The agent who asks, where that is all that he is.
fn agent_himself(by: &Principal) -> Option<UserId> {
    match by {
        Principal::User {
            user,
            role: Role::Agent,
        } => Some(user.clone()),
        Principal::User { .. } | Principal::Operator => None,
    }
}
