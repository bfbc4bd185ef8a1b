//! The same rules again, as plainly as can be: entries in a row, looked through whole for every question. No facts, no
//! index, no commands read off anything. What it says and what the lists say must be the same.

use crate::floor::*;
use base::{CallId, CallbackId, OfferId, QueueId, Time, UserId, WallClock};
use callback::*;
use control::{Principal, Queues, Role};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Storing,
    Waiting,
    Leased(UserId, Time),
    Call(UserId, PlacingId, Time, Progress, Utc),
    Owes(UserId, Utc),
    Closed(Closing, Utc),
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: CallbackId,
    pub(crate) asked: Draft,
    pub(crate) due: Utc,
    pub(crate) weighs: u32,
    pub(crate) standing: Standing,
    pub(crate) state: State,
    pub(crate) attempts: Vec<(UserId, Option<Outcome>)>,
    /// Where the agent is whose person is called ahead of him.
    pub(crate) beside: Option<Beside>,
}

#[derive(Clone, Debug)]
enum Promised {
    New(CallId),
    Move(CallId, Wish, u32),
    Cancel(CallId),
    Dial(PlacingId),
    /// A person had something done.
    Answer(Done),
}

/// What is about all entries of a number, or is over.
const NO_ENTRY: CallbackId = CallbackId(0);

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) now: Time,
    pub(crate) lists: BTreeMap<QueueId, ListSettings>,
    pub(crate) hours: BTreeMap<QueueId, Hours>,
    pub(crate) entries: Vec<Known>,
    reserved: BTreeMap<CallId, (QueueId, Wish, u32, Time)>,
    /// By the how manieth promise it is.
    pending: BTreeMap<u64, (CallbackId, Promised, Time)>,
    pub(crate) staff: BTreeMap<UserId, BTreeSet<QueueId>>,
    means: BTreeMap<QueueId, u32>,
    down: bool,
    promises: u64,
    last: u64,
    placed: u64,
    /// Calls of agents whom queues keep for them, by which number.
    kept_for: BTreeMap<PlacingId, OfferId>,
    /// Who answered, of which list and when, and whether he met nobody.
    answered: BTreeSet<(QueueId, Utc, CallbackId, bool)>,
}

impl Model {
    pub(crate) fn utc(&self) -> Utc {
        Utc::from_seconds(WallClock::new(Time::ZERO, NINE * 1_000).unix_seconds(self.now))
    }

    fn list(&self, queue: &QueueId) -> Result<&ListSettings, Refusal> {
        let list = self.lists.get(queue);
        let list = list.ok_or_else(|| Refusal::NoList(queue.clone()))?;
        match list.offers {
            Offers::Never => Err(Refusal::NotOffered(queue.clone())),
            Offers::When(_) => Ok(list),
        }
    }

    fn weighs(&self, queue: &QueueId) -> u32 {
        let set = self.lists[queue].handling.as_secs() as u32;
        self.means.get(queue).copied().unwrap_or(set)
    }

    fn is_promise(entry: &Known) -> bool {
        !matches!(entry.state, State::Closed(..)) && entry.standing != Standing::Started
    }

    fn promise_of(&self, queue: &QueueId, number: &Number) -> Option<&Known> {
        let mut his = self.entries.iter().filter(|it| Self::is_promise(it));
        his.find(|it| it.asked.queue == *queue && it.asked.number == *number)
    }

    /// All that takes room at that time, but for what is held for `call`.
    pub(crate) fn taken(&self, queue: &QueueId, wish: &Wish, call: CallId) -> (u32, u64) {
        let mut weights: Vec<u32> = Vec::new();
        for entry in self.entries.iter().filter(|it| Self::is_promise(it)) {
            if entry.asked.queue == *queue && entry.asked.wish == *wish {
                weights.push(entry.weighs);
            }
        }
        for (of, (held, at, weighs, _)) in &self.reserved {
            if *of != call && held == queue && at == wish {
                weights.push(*weighs);
            }
        }
        for (entry, promised, _) in self.pending.values() {
            if let Promised::Move(_, at, weighs) = promised
                && at == wish
                && self.known(*entry).asked.queue == *queue
            {
                weights.push(*weighs);
            }
        }
        let seconds = weights.iter().map(|it| u64::from(*it)).sum();
        (weights.len() as u32, seconds)
    }

    fn has_room(&self, queue: &QueueId, wish: &Wish, call: CallId) -> bool {
        let Ok(list) = self.list(queue) else {
            return false;
        };
        let hours = self.hours.get(queue).cloned().unwrap_or_default();
        let now = self.utc();
        let capacity = match wish {
            Wish::AsSoonAsPossible => {
                let open = |open: &[Span]| open.iter().any(|it| it.from <= now && now < it.until);
                list.soon
                    .filter(|_| hours.open.as_ref().is_none_or(|it| open(it)))
            }
            Wish::Window(window) => {
                let known = hours.windows.iter().any(|it| it == window);
                let inside =
                    |it: &Span| it.from <= window.span.from && window.span.until <= it.until;
                let lies = hours
                    .open
                    .as_ref()
                    .is_none_or(|open| open.iter().any(inside));
                let fine = known && lies && window.span.from > now;
                list.windows.get(&window.name).copied().filter(|_| fine)
            }
        };
        let (entries, seconds) = self.taken(queue, wish, call);
        match capacity {
            None => false,
            Some(Capacity::Unlimited) => true,
            Some(Capacity::Entries(most)) => entries < most,
            Some(Capacity::AgentMinutes(most)) => {
                seconds + u64::from(self.weighs(queue)) <= u64::from(most) * 60
            }
        }
    }

    fn known(&self, id: CallbackId) -> &Known {
        self.entries.iter().find(|it| it.id == id).unwrap()
    }

    fn known_mut(&mut self, id: CallbackId) -> &mut Known {
        self.entries.iter_mut().find(|it| it.id == id).unwrap()
    }

    fn owner(entry: &Known) -> Option<&UserId> {
        match &entry.state {
            State::Leased(agent, _) | State::Call(agent, ..) | State::Owes(agent, _) => Some(agent),
            _ => None,
        }
    }

    /// The same, but who has let a person be who is called ahead of him.
    fn holder(entry: &Known) -> Option<&UserId> {
        let lets_be =
            matches!(entry.state, State::Call(..)) && entry.beside == Some(Beside::Nobody);
        Self::owner(entry).filter(|_| !lets_be)
    }

    /// Whether its person is called, and met no agent.
    fn is_unmet(entry: &Known) -> bool {
        matches!(entry.state, State::Call(..))
            && matches!(entry.beside, Some(Beside::Rings | Beside::Nobody))
    }

    fn promise(&mut self, entry: CallbackId, promised: Promised) -> Command {
        self.promises += 1;
        let until = self.now + PROMISE_WITHIN;
        self.pending.insert(self.promises, (entry, promised, until));
        Command::Store {
            token: self.promises,
        }
    }

    // Callers.

    pub(crate) fn choices(&self, call: CallId, queue: &QueueId, number: &Number) -> Command {
        let mut all = vec![Wish::AsSoonAsPossible];
        let windows = self.hours.get(queue).map(|it| it.windows.to_vec());
        let windows: BTreeSet<Window> = windows.unwrap_or_default().into_iter().collect();
        all.extend(windows.into_iter().map(Wish::Window));
        all.retain(|wish| self.has_room(queue, wish, call));
        all.truncate(CHOICES_MAX);
        let existing = self.promise_of(queue, number).map(|entry| Existing {
            entry: entry.id,
            wish: entry.asked.wish.clone(),
            held: matches!(entry.state, State::Leased(..) | State::Call(..)),
        });
        Command::Choices {
            call,
            choices: all,
            existing,
        }
    }

    pub(crate) fn reserve(&mut self, call: CallId, queue: &QueueId, wish: &Wish) -> Command {
        let result = match self.list(queue) {
            Err(refusal) => Err(refusal),
            Ok(_) if self.has_room(queue, wish, call) => Ok(()),
            Ok(_) => Err(Refusal::ChoiceGone),
        };
        if result.is_ok() {
            let first = self.reserved.get(&call).map(|it| it.3);
            let until = first.unwrap_or(self.now + RESERVED_FOR);
            let held = (queue.clone(), wish.clone(), self.weighs(queue), until);
            self.reserved.insert(call, held);
        }
        Command::Reserved { call, result }
    }

    fn place(&self, call: CallId, queue: &QueueId, wish: &Wish) -> Result<u32, Refusal> {
        match self.reserved.get(&call) {
            Some((of, at, weighs, _)) if of == queue && at == wish => Ok(*weighs),
            _ if self.has_room(queue, wish, call) => Ok(self.weighs(queue)),
            _ => Err(Refusal::ChoiceGone),
        }
    }

    /// Whether one more number may be keyed by that caller, and that number once more.
    fn may_key(&self, draft: &Draft) -> Result<(), Refusal> {
        if draft.given == Given::Shown {
            return Ok(());
        }
        let keyed = self
            .entries
            .iter()
            .filter(|it| it.asked.given == Given::Keyed);
        let open = keyed
            .clone()
            .filter(|it| !matches!(it.state, State::Closed(..)));
        let open = open
            .filter(|it| it.asked.asked_by == draft.asked_by)
            .count();
        let most = if draft.asked_by.is_some() { 3 } else { 100 };
        let day_ago = self.utc().as_seconds() - 86_400;
        let lately = keyed.filter(|it| {
            it.asked.number == draft.number && it.asked.arrived.as_seconds() > day_ago
        });
        match (open >= most, lately.count() >= 5) {
            (true, _) => Err(Refusal::TooManyKeyed(most)),
            (_, true) => Err(Refusal::KeyedTooOften(5)),
            _ => Ok(()),
        }
    }

    pub(crate) fn accept(&mut self, call: CallId, draft: &Draft) -> Command {
        let mut storing = self.pending.values();
        let storing = storing.any(|it| matches!(it.1, Promised::New(of) if of == call));
        let open = self.promise_of(&draft.queue, &draft.number).map(|it| it.id);
        let result = match self.list(&draft.queue) {
            Err(refusal) => Err(refusal),
            Ok(_) if self.down => Err(Refusal::Storage),
            Ok(_) if storing => Err(Refusal::BeingStored),
            Ok(_) => match open {
                Some(open) => Err(Refusal::Already(open)),
                None => self
                    .may_key(draft)
                    .and_then(|()| self.place(call, &draft.queue, &draft.wish)),
            },
        };
        match result {
            Err(refusal) => Command::Accepted {
                call,
                result: Err(refusal),
            },
            Ok(weighs) => {
                let id = self.add(draft.clone(), weighs, Standing::NotHandled, State::Storing);
                self.reserved.remove(&call);
                self.promise(id, Promised::New(call))
            }
        }
    }

    fn add(&mut self, asked: Draft, weighs: u32, standing: Standing, state: State) -> CallbackId {
        self.last += 1;
        let id = CallbackId(self.last);
        let due = asked
            .wish
            .starts()
            .map_or(self.utc(), |it| it.max(self.utc()));
        self.entries.push(Known {
            id,
            asked,
            due,
            weighs,
            standing,
            state,
            attempts: vec![],
            beside: None,
        });
        id
    }

    fn own(&self, queue: &QueueId, number: &Number) -> Result<&Known, Refusal> {
        let entry = self
            .promise_of(queue, number)
            .ok_or(Refusal::NothingToChange)?;
        match (&entry.state, Self::owner(entry)) {
            (_, Some(by)) => Err(Refusal::Held {
                entry: entry.id,
                by: by.clone(),
            }),
            (State::Storing, _) => Err(Refusal::BeingStored),
            _ => Ok(entry),
        }
    }

    pub(crate) fn move_own(
        &mut self,
        call: CallId,
        queue: &QueueId,
        number: &Number,
        wish: &Wish,
    ) -> Command {
        let result = match self.own(queue, number) {
            Err(refusal) => Err(refusal),
            Ok(_) if self.down => Err(Refusal::Storage),
            Ok(entry) if entry.asked.wish == *wish => Ok((entry.id, entry.weighs)),
            Ok(entry) => self
                .place(call, queue, wish)
                .map(|_| (entry.id, entry.weighs)),
        };
        match result {
            Err(refusal) => Command::Accepted {
                call,
                result: Err(refusal),
            },
            Ok((entry, weighs)) => {
                self.reserved.remove(&call);
                self.promise(entry, Promised::Move(call, wish.clone(), weighs))
            }
        }
    }

    pub(crate) fn cancel_own(&mut self, call: CallId, queue: &QueueId, number: &Number) -> Command {
        let result = match self.own(queue, number) {
            Ok(_) if self.down => Err(Refusal::Storage),
            own => own.map(|entry| entry.id),
        };
        match result {
            Ok(id) => self.promise(id, Promised::Cancel(call)),
            Err(refusal) => Command::Cancelled {
                call,
                result: Err(refusal),
            },
        }
    }

    pub(crate) fn gone(&mut self, call: CallId, started: Option<&Draft>) {
        self.reserved.remove(&call);
        let Some(draft) = started else {
            return;
        };
        let keeps = self.list(&draft.queue);
        let keeps = keeps.is_ok_and(|list| list.started == KeepStarted::WithNumber);
        let open = self.entries.iter().any(|it| {
            !matches!(it.state, State::Closed(..))
                && (&it.asked.queue, &it.asked.number) == (&draft.queue, &draft.number)
        });
        if keeps && !open && self.may_key(draft).is_ok() {
            let wish = Wish::AsSoonAsPossible;
            let draft = Draft {
                wish,
                ..draft.clone()
            };
            self.add(draft, 0, Standing::Started, State::Waiting);
        }
    }

    fn close(&mut self, id: CallbackId, how: Closing) {
        let at = self.utc();
        self.known_mut(id).state = State::Closed(how, at);
    }

    // Storage.

    pub(crate) fn storage(&mut self, health: Health) {
        self.down = health == Health::Down;
    }

    pub(crate) fn waiting_promises(&self) -> Vec<u64> {
        self.pending.keys().copied().collect()
    }

    pub(crate) fn stored(&mut self, token: u64) -> Vec<Command> {
        let kept: Vec<u64> = self.pending.range(..=token).map(|it| *it.0).collect();
        kept.into_iter().map(|token| self.keep(token)).collect()
    }

    fn keep(&mut self, token: u64) -> Command {
        let (id, promised, _) = self.pending[&token].clone();
        if let Promised::Answer(done) = promised {
            self.pending.remove(&token);
            let result = Ok(done);
            return Command::Answer { ticket: 1, result };
        }
        let entry = self.known(id).clone();
        if matches!(promised, Promised::Move(..) | Promised::Cancel(_))
            && entry.state != State::Waiting
        {
            return self.broken(token, Broken::Overtaken);
        }
        self.pending.remove(&token);
        match promised {
            Promised::New(call) => {
                self.known_mut(id).state = State::Waiting;
                let key = (entry.asked.queue.clone(), entry.asked.number.clone());
                let begun = |it: &&mut Known| {
                    it.standing == Standing::Started
                        && it.state == State::Waiting
                        && (&it.asked.queue, &it.asked.number) == (&key.0, &key.1)
                };
                let (mut first, now) = (entry.asked.arrived, self.utc());
                for gone in self.entries.iter_mut().filter(begun) {
                    first = first.min(gone.asked.arrived);
                    gone.state = State::Closed(Closing::Cancelled, now);
                }
                self.known_mut(id).asked.arrived = first;
                Command::Accepted {
                    call,
                    result: Ok(id),
                }
            }
            Promised::Move(call, wish, _) => {
                self.set_wish(id, wish);
                Command::Accepted {
                    call,
                    result: Ok(id),
                }
            }
            Promised::Cancel(call) => {
                self.close(id, Closing::Cancelled);
                let result = Ok(());
                Command::Cancelled { call, result }
            }
            Promised::Answer(_) => unreachable!("it is about no entry"),
            Promised::Dial(placing) => {
                if entry.beside == Some(Beside::Nobody) {
                    self.give_back(id);
                    let why = HangUpCause::TakenBack;
                    return Command::HangUp { placing, why };
                }
                if let State::Call(_, _, _, progress, _) = &mut self.known_mut(id).state {
                    *progress = Progress::RingingPerson;
                }
                let Draft { queue, number, .. } = entry.asked;
                Command::RingPerson {
                    placing,
                    entry: id,
                    queue,
                    number,
                }
            }
        }
    }

    fn set_wish(&mut self, id: CallbackId, wish: Wish) {
        let now = self.utc();
        let entry = self.known_mut(id);
        entry.due = wish.starts().map_or(now, |it| it.max(now));
        entry.asked.wish = wish;
    }

    pub(crate) fn not_stored(&mut self, token: u64) -> Vec<Command> {
        let broken: Vec<u64> = self.pending.range(token..).map(|it| *it.0).collect();
        let why = Broken::NotStored;
        broken
            .into_iter()
            .map(|token| self.broken(token, why))
            .collect()
    }

    fn broken(&mut self, token: u64, why: Broken) -> Command {
        let (id, promised, _) = self.pending.remove(&token).unwrap();
        match promised {
            Promised::New(call) => {
                self.entries.retain(|it| it.id != id);
                Command::Accepted {
                    call,
                    result: Err(Refusal::Broken(why)),
                }
            }
            Promised::Move(call, ..) => Command::Accepted {
                call,
                result: Err(Refusal::Broken(why)),
            },
            Promised::Cancel(call) => Command::Cancelled {
                call,
                result: Err(Refusal::Broken(why)),
            },
            Promised::Answer(_) => Command::Answer {
                ticket: 1,
                result: Err(Refusal::Unstored),
            },
            Promised::Dial(placing) => {
                self.give_back(id);
                Command::HangUp {
                    placing,
                    why: HangUpCause::NotStored,
                }
            }
        }
    }

    /// Nobody has it, and nobody has tried.
    fn give_back(&mut self, id: CallbackId) {
        self.pending
            .retain(|_, it| it.0 != id || !matches!(it.1, Promised::Dial(_)));
        let entry = self.known_mut(id);
        entry.state = State::Waiting;
        entry.beside = None;
        entry.attempts.retain(|(_, outcome)| outcome.is_some());
    }

    // People.

    fn member(&self, agent: &UserId, queue: &QueueId) -> bool {
        self.lists
            .get(queue)
            .is_some_and(|list| list.members.contains(agent))
    }

    pub(crate) fn configure(&mut self, lists: BTreeMap<QueueId, ListSettings>) {
        self.lists = lists;
        for agent in self.staff.keys().cloned().collect::<Vec<_>>() {
            let left = self.staff[&agent]
                .iter()
                .filter(|it| !self.member(&agent, it));
            for queue in left.cloned().collect::<Vec<_>>() {
                self.leave(&agent, &queue);
            }
        }
    }

    pub(crate) fn log_in(&mut self, agent: &UserId, queues: &Queues) -> Result<Done, Refusal> {
        let meant: Vec<QueueId> = match queues {
            Queues::All => self
                .lists
                .keys()
                .filter(|it| self.member(agent, it))
                .cloned()
                .collect(),
            Queues::One(list) if !self.member(agent, list) => {
                let (agent, list) = (agent.clone(), list.clone());
                return Err(Refusal::NotAMember { agent, list });
            }
            Queues::One(list) => vec![list.clone()],
        };
        if meant.is_empty() {
            return Err(Refusal::NoListOfHis(agent.clone()));
        }
        self.staff.entry(agent.clone()).or_default().extend(meant);
        Ok(Done::Done)
    }

    pub(crate) fn log_out(&mut self, agent: &UserId, queues: &Queues) -> Result<Done, Refusal> {
        let meant: Vec<QueueId> = match queues {
            Queues::All => self
                .staff
                .get(agent)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            Queues::One(list) => vec![list.clone()],
        };
        for queue in meant {
            self.leave(agent, &queue);
        }
        Ok(Done::Done)
    }

    fn leave(&mut self, agent: &UserId, queue: &QueueId) {
        let staffed = self.staff.get_mut(agent).is_some_and(|it| it.remove(queue));
        self.staff.retain(|_, staffed| !staffed.is_empty());
        let leased = self.entries.iter().find(|it| {
            it.asked.queue == *queue && matches!(&it.state, State::Leased(by, _) if by == agent)
        });
        if let Some(id) = leased.map(|it| it.id).filter(|_| staffed) {
            self.give_back(id);
        }
    }

    fn on_list(&self, queue: &QueueId, id: CallbackId) -> Result<&Known, Refusal> {
        let mut all = self.entries.iter();
        let entry = all.find(|it| it.id == id && it.asked.queue == *queue);
        let entry = entry.filter(|it| it.state != State::Storing);
        entry.ok_or(Refusal::NoSuchEntry(id))
    }

    fn may_have(&self, agent: &UserId, entry: &Known) -> Result<(), Refusal> {
        let id = entry.id;
        if let Some(has) = self
            .entries
            .iter()
            .find(|it| Self::holder(it) == Some(agent))
        {
            let (agent, entry) = (agent.clone(), has.id);
            return Err(match has.state {
                State::Owes(..) => Refusal::OwesNote { agent, entry },
                _ => Refusal::HasAnother { agent, entry },
            });
        }
        if let Some(by) = Self::owner(entry) {
            return Err(Refusal::Held {
                entry: id,
                by: by.clone(),
            });
        }
        if let State::Closed(how, _) = entry.state {
            return Err(Refusal::Closed { entry: id, how });
        }
        if entry.due > self.utc() {
            return Err(Refusal::NotDue {
                entry: id,
                due: entry.due,
            });
        }
        let rings = self.entries.iter().find(|it| {
            it.asked.number == entry.asked.number
                && matches!(it.state, State::Leased(..) | State::Call(..))
        });
        match rings {
            Some(it) => {
                let by = Self::owner(it).unwrap().clone();
                Err(Refusal::NumberHeld { entry: it.id, by })
            }
            None => Ok(()),
        }
    }

    fn staffs(&self, agent: &UserId, list: &QueueId) -> Result<(), Refusal> {
        let (who, of) = (agent.clone(), list.clone());
        if !self.member(agent, list) {
            return Err(Refusal::NotAMember {
                agent: who,
                list: of,
            });
        }
        match self.staff.get(agent).is_some_and(|it| it.contains(list)) {
            true => Ok(()),
            false => Err(Refusal::NotLoggedIn {
                agent: who,
                list: of,
            }),
        }
    }

    fn lease(&mut self, agent: &UserId, queue: &QueueId, id: CallbackId) -> Result<Done, Refusal> {
        self.staffs(agent, queue)?;
        let entry = self.on_list(queue, id)?;
        if let State::Leased(by, until) = &entry.state
            && by == agent
        {
            return Ok(Done::Leased {
                entry: id,
                until: *until,
            });
        }
        self.may_have(agent, entry)?;
        Ok(self.take(agent, queue, id))
    }

    fn take(&mut self, agent: &UserId, queue: &QueueId, id: CallbackId) -> Done {
        let until = self.now + self.lists[queue].lease;
        self.known_mut(id).state = State::Leased(agent.clone(), until);
        Done::Leased { entry: id, until }
    }

    pub(crate) fn take_next(&mut self, agent: &UserId) -> Result<Done, Refusal> {
        let staffed = self.staff.get(agent).cloned();
        let staffed = staffed.ok_or_else(|| Refusal::NoListOfHis(agent.clone()))?;
        let mut entries: Vec<&Known> = self.entries.iter().collect();
        entries.sort_by_key(|it| (it.asked.arrived, it.id));
        let mut refused = Refusal::NothingDue;
        for entry in entries {
            let waits = entry.state == State::Waiting && staffed.contains(&entry.asked.queue);
            match self.may_have(agent, entry) {
                Ok(()) if waits => {
                    let (queue, id) = (entry.asked.queue.clone(), entry.id);
                    return Ok(self.take(agent, &queue, id));
                }
                Err(his @ (Refusal::OwesNote { .. } | Refusal::HasAnother { .. })) => refused = his,
                _ => {}
            }
        }
        Err(refused)
    }

    /// What comes of a person's action on an entry: what he is told, at once or when it is stored, and what else is to be
    /// done for it.
    pub(crate) fn act(
        &mut self,
        by: &Principal,
        queue: &QueueId,
        id: CallbackId,
        action: &EntryAction,
    ) -> Vec<Command> {
        let (result, rings) = self.acted(by, queue, id, action);
        let fleeting = Self::is_fleeting(action);
        let told = match result {
            Ok(done) if !fleeting => self.promise(NO_ENTRY, Promised::Answer(done)),
            result => Command::Answer { ticket: 1, result },
        };
        rings.into_iter().chain([told]).collect()
    }

    /// Leases are over with a restart, and a call asks for storage itself.
    fn is_fleeting(action: &EntryAction) -> bool {
        matches!(
            action,
            EntryAction::Call(_) | EntryAction::Lease(_) | EntryAction::Release(_)
        )
    }

    /// What is erased of that number, and what is said then to those who were moving it.
    pub(crate) fn erase(&mut self, number: &Number) -> Vec<Command> {
        if self.down {
            let result = Err(Refusal::Storage);
            return vec![Command::Answer { ticket: 1, result }];
        }
        let his = self.entries.iter().filter(|it| it.asked.number == *number);
        let idle = |it: &&Known| matches!(it.state, State::Waiting | State::Closed(..));
        let left = his.clone().filter(|it| !idle(it)).count() as u32;
        let gone: Vec<CallbackId> = his.filter(idle).map(|it| it.id).collect();
        let erased = gone.len() as u32;
        let mut commands: Vec<Command> = Vec::new();
        for id in gone {
            commands.extend(self.forget(id));
        }
        let done = Done::Erased { erased, left };
        commands.push(self.promise(NO_ENTRY, Promised::Answer(done)));
        commands
    }

    fn acted(
        &mut self,
        by: &Principal,
        queue: &QueueId,
        id: CallbackId,
        action: &EntryAction,
    ) -> (Result<Done, Refusal>, Option<Command>) {
        let plain = match by {
            Principal::User {
                user,
                role: Role::Agent,
            } => Some(user.clone()),
            _ => None,
        };
        if let Some(user) = &plain {
            let his = |it: &Known| Self::owner(it) == Some(user) && it.asked.queue == *queue;
            if !self.member(user, queue) && !self.entries.iter().any(his) {
                let (agent, list) = (user.clone(), queue.clone());
                return (Err(Refusal::NotAMember { agent, list }), None);
            }
        }
        if self.down && !Self::is_fleeting(action) {
            return (Err(Refusal::Storage), None);
        }
        match action {
            EntryAction::Call(agent) => match self.call(agent, queue, id) {
                Ok((done, rings)) => (Ok(done), Some(rings)),
                Err(refusal) => (Err(refusal), None),
            },
            EntryAction::Lease(agent) => (self.lease(agent, queue, id), None),
            EntryAction::Release(agent) => (self.release(agent, queue, id), None),
            EntryAction::Note { agent, note } => (self.note(agent, queue, id, note), None),
            EntryAction::Waive => (self.waive(queue, id), None),
            EntryAction::Requeue { .. } => (self.requeue(queue, id), None),
            EntryAction::Move(window) => (self.move_to(queue, id, window.as_ref()), None),
            EntryAction::Cancel { .. } => (self.cancel(queue, id, plain.as_ref()), None),
            EntryAction::Reveal => (Err(Refusal::NothingKeyed(id)), None),
        }
    }

    fn call(
        &mut self,
        agent: &UserId,
        queue: &QueueId,
        id: CallbackId,
    ) -> Result<(Done, Command), Refusal> {
        if self.down {
            return Err(Refusal::Storage);
        }
        if self.on_list(queue, id)?.attempts.len() >= ATTEMPTS_MAX {
            return Err(Refusal::TriedOut(id));
        }
        self.lease(agent, queue, id)?;
        Ok(self.rings(agent, id, None, Order::AgentFirst))
    }

    /// A queue's turn falls to an entry, and it keeps an agent for it.
    pub(crate) fn entrust(
        &mut self,
        offer: OfferId,
        agent: &UserId,
        queue: &QueueId,
        id: CallbackId,
    ) -> Vec<Command> {
        let not_given = |why| vec![Command::NotGiven { offer, why }];
        let lacks = self.entries.iter().find(|it| it.id == id);
        let lacks = lacks.filter(|it| it.beside == Some(Beside::Nobody));
        if let Some(Known {
            state: State::Call(_, placing, until, progress @ Progress::RingingPerson, began),
            ..
        }) = lacks
        {
            let (placing, until, progress, began) = (*placing, *until, *progress, *began);
            if self
                .entries
                .iter()
                .any(|it| Self::holder(it) == Some(agent))
            {
                return not_given(Ungiven::Agent);
            }
            if self.on_list(queue, id).is_err() {
                return not_given(Ungiven::Entry);
            }
            let entry = self.known_mut(id);
            entry.state = State::Call(agent.clone(), placing, until, progress, began);
            entry.beside = Some(Beside::Rings);
            self.kept_for.insert(placing, offer);
            let agent = agent.clone();
            return vec![Command::RingAnother {
                placing,
                agent,
                offer,
            }];
        }
        let list = self.lists.get(queue);
        let dealt = list.is_some_and(|it| it.distribution == Distribution::Automatic);
        let entry = self.on_list(queue, id).ok();
        let entry = entry.filter(|it| dealt && !self.down && it.attempts.len() < ATTEMPTS_MAX);
        let may = entry.map(|entry| self.may_have(agent, entry));
        let why = match may {
            Some(Ok(())) => return self.given(offer, agent, queue, id),
            Some(Err(Refusal::OwesNote { .. } | Refusal::HasAnother { .. })) => Ungiven::Agent,
            _ => Ungiven::Entry,
        };
        not_given(why)
    }

    fn given(
        &mut self,
        offer: OfferId,
        agent: &UserId,
        queue: &QueueId,
        id: CallbackId,
    ) -> Vec<Command> {
        let order = self.order(queue, id);
        let (_, rings) = self.rings(agent, id, Some(offer), order);
        if order == Order::AgentFirst {
            return vec![rings];
        }
        let entry = self.known_mut(id);
        entry.beside = Some(Beside::Rings);
        entry.attempts.push((agent.clone(), None));
        let State::Call(_, placing, _, progress, _) = &mut entry.state else {
            panic!("{entry:?}");
        };
        *progress = Progress::Storing;
        let placing = *placing;
        vec![rings, self.promise(id, Promised::Dial(placing))]
    }

    /// Whether the person is called before the agent has taken it, counted anew from all that came about.
    fn order(&self, queue: &QueueId, id: CallbackId) -> Order {
        let Some(Ahead { abandoned_max }) = self.lists[queue].ahead else {
            return Order::AgentFirst;
        };
        let (most, now) = (usize::from(abandoned_max), self.utc());
        let lately = self.answered.iter();
        let lately = lately.filter(|it| it.0 == *queue && now.since(it.1) < ANSWERED_WITHIN);
        let (all, alone): (Vec<_>, Vec<_>) =
            (lately.clone().collect(), lately.filter(|it| it.3).collect());
        let (answered, abandoned) = (all.len(), alone.len());
        let its = self.entries.iter().filter(|it| it.asked.queue == *queue);
        let unmet = its.filter(|it| Self::is_unmet(it)).count();
        let reached = abandoned > 0 && abandoned * 100 >= answered * most;
        let holds = (abandoned + unmet + 1) * 100 <= (answered + unmet + 1) * most;
        let mut attempts = self.known(id).attempts.iter();
        let before = attempts.any(|it| it.1 == Some(Outcome::Abandoned));
        match before || reached || (unmet > 0 && !holds) {
            true => Order::AgentFirst,
            false => Order::Ahead,
        }
    }

    /// The queue takes it back.
    pub(crate) fn call_off(&mut self, offer: OfferId, id: CallbackId) -> Option<Command> {
        let entry = self.entries.iter().find(|it| it.id == id)?;
        let State::Call(_, placing, _, progress, _) = entry.state else {
            return None;
        };
        let beside = entry.beside;
        self.kept_for.get(&placing).filter(|of| **of == offer)?;
        match (beside, progress) {
            (Some(Beside::Rings), _) => return Some(Command::StopAgent { placing, offer }),
            (None, Progress::RingingAgent) => {}
            _ => return None,
        }
        self.give_back(id);
        let why = HangUpCause::TakenBack;
        Some(Command::HangUp { placing, why })
    }

    fn rings(
        &mut self,
        agent: &UserId,
        id: CallbackId,
        offer: Option<OfferId>,
        order: Order,
    ) -> (Done, Command) {
        self.placed += 1;
        let placing = PlacingId(self.placed);
        let (until, began) = (self.now + CALL_ALIVE_WITHIN, self.utc());
        let ringing = Progress::RingingAgent;
        let entry = self.known_mut(id);
        entry.state = State::Call(agent.clone(), placing, until, ringing, began);
        entry.beside = None;
        let asked = &self.known(id).asked;
        let errand = Errand {
            queue: asked.queue.clone(),
            number: asked.number.clone(),
            arrived: asked.arrived,
        };
        self.kept_for.extend(offer.map(|offer| (placing, offer)));
        let rings = Command::RingAgent {
            placing,
            entry: id,
            agent: agent.clone(),
            offer,
            order,
            errand: errand.into(),
        };
        (Done::Calling { entry: id, placing }, rings)
    }

    fn release(
        &mut self,
        agent: &UserId,
        queue: &QueueId,
        id: CallbackId,
    ) -> Result<Done, Refusal> {
        match &self.on_list(queue, id)?.state {
            State::Leased(by, _) if by == agent => {
                self.give_back(id);
                Ok(Done::Done)
            }
            _ => Err(Refusal::NotHis {
                agent: agent.clone(),
                entry: id,
            }),
        }
    }

    fn note(
        &mut self,
        agent: &UserId,
        queue: &QueueId,
        id: CallbackId,
        note: &Note,
    ) -> Result<Done, Refusal> {
        let entry = self.on_list(queue, id)?;
        match &entry.state {
            State::Owes(owes, _) if owes == agent => {}
            State::Owes(..) => {
                return Err(Refusal::NotHis {
                    agent: agent.clone(),
                    entry: id,
                });
            }
            _ => return Err(Refusal::NoNoteOwed(id)),
        }
        let seemed = entry.attempts.last().unwrap().1.unwrap();
        self.settle(id, note.outcome.unwrap_or(seemed), note.then);
        Ok(Done::Done)
    }

    fn waive(&mut self, queue: &QueueId, id: CallbackId) -> Result<Done, Refusal> {
        let entry = self.on_list(queue, id)?;
        let State::Owes(..) = entry.state else {
            return Err(Refusal::NoNoteOwed(id));
        };
        let seemed = entry.attempts.last().unwrap().1.unwrap();
        self.settle(id, seemed, None);
        Ok(Done::Done)
    }

    fn settle(&mut self, id: CallbackId, outcome: Outcome, then: Option<Then>) {
        let (now, entry) = (self.utc(), self.known(id).clone());
        let queue = &entry.asked.queue;
        let State::Owes(_, began) = entry.state else {
            panic!("{entry:?}");
        };
        let took = now.since(began).as_secs().min(3_600) as u32;
        let mean = self
            .means
            .get(queue)
            .map_or(took, |mean| (mean * 7 + took) / 8);
        self.means.insert(queue.clone(), mean);
        self.go_on(id, outcome, then);
    }

    /// What becomes of it by the rules, or the agent's wish.
    fn go_on(&mut self, id: CallbackId, outcome: Outcome, then: Option<Then>) {
        let (now, entry) = (self.utc(), self.known(id).clone());
        let queue = &entry.asked.queue;
        let rules = self
            .lists
            .get(queue)
            .map_or_else(Rules::default, |list| list.rules);
        let rule = rules.of(outcome);
        let other = self.promise_of(queue, &entry.asked.number).map(|it| it.id);
        let other = other.filter(|_| entry.standing == Standing::Started);
        let entry = self.known_mut(id);
        entry.attempts.last_mut().unwrap().1 = Some(outcome);
        let same = entry
            .attempts
            .iter()
            .filter(|it| it.1 == Some(outcome))
            .count();
        let limit = usize::from(rule.attempts_max);
        let again = then.unwrap_or(rule.then) == Then::Requeue;
        entry.state = match again && same < limit && entry.attempts.len() < ATTEMPTS_MAX {
            false if outcome == Outcome::Reached && !again => State::Closed(Closing::Done, now),
            false => State::Closed(Closing::GivenUp, now),
            true if other.is_some() => State::Closed(Closing::Cancelled, now),
            true => {
                let due = now + rule.delay;
                entry.due = entry.asked.wish.starts().map_or(due, |it| it.max(due));
                entry.standing = Standing::Requeued;
                State::Waiting
            }
        };
        let merged = entry.state == State::Closed(Closing::Cancelled, now);
        let arrived = entry.asked.arrived;
        if let Some(kept) = other.filter(|_| merged) {
            let kept = self.known_mut(kept);
            kept.asked.arrived = kept.asked.arrived.min(arrived);
        }
    }

    fn requeue(&mut self, queue: &QueueId, id: CallbackId) -> Result<Done, Refusal> {
        let (now, entry) = (self.utc(), self.on_list(queue, id)?);
        if let Some(by) = Self::owner(entry) {
            return Err(Refusal::Held {
                entry: id,
                by: by.clone(),
            });
        }
        if entry.attempts.len() >= ATTEMPTS_MAX {
            return Err(Refusal::TriedOut(id));
        }
        let other = self.promise_of(queue, &entry.asked.number);
        if let Some(other) = other.filter(|other| other.id != id) {
            return Err(Refusal::Already(other.id));
        }
        let entry = self.known_mut(id);
        entry.due = entry.asked.wish.starts().map_or(now, |it| it.max(now));
        entry.standing = Standing::Requeued;
        entry.state = State::Waiting;
        Ok(Done::Done)
    }

    fn free(&self, queue: &QueueId, id: CallbackId) -> Result<&Known, Refusal> {
        let entry = self.on_list(queue, id)?;
        match (&entry.state, Self::owner(entry)) {
            (_, Some(by)) => Err(Refusal::Held {
                entry: id,
                by: by.clone(),
            }),
            (State::Closed(how, _), _) => Err(Refusal::Closed {
                entry: id,
                how: *how,
            }),
            _ => Ok(entry),
        }
    }

    fn move_to(
        &mut self,
        queue: &QueueId,
        id: CallbackId,
        window: Option<&WindowChoice>,
    ) -> Result<Done, Refusal> {
        let entry = self.free(queue, id)?;
        let windows = self
            .hours
            .get(queue)
            .map(|it| it.windows.to_vec())
            .unwrap_or_default();
        let wish = match window {
            None => Wish::AsSoonAsPossible,
            Some(choice) => {
                let now = self.utc();
                let named = windows.into_iter().filter(|it| *it.name == *choice.name);
                let found = match choice.starts {
                    Some(at) => named.filter(|it| it.span.from.as_seconds() == at).min(),
                    None => named.filter(|it| it.span.from > now).min(),
                };
                Wish::Window(found.ok_or(Refusal::ChoiceGone)?)
            }
        };
        let nobody = call(u32::MAX);
        if entry.asked.wish != wish && !self.has_room(queue, &wish, nobody) {
            return Err(Refusal::ChoiceGone);
        }
        self.set_wish(id, wish);
        Ok(Done::Done)
    }

    fn cancel(
        &mut self,
        queue: &QueueId,
        id: CallbackId,
        who: Option<&UserId>,
    ) -> Result<Done, Refusal> {
        let entry = self.on_list(queue, id)?;
        match &entry.state {
            State::Leased(by, _) if Some(by) == who => {}
            _ => {
                self.free(queue, id)?;
            }
        }
        self.close(id, Closing::Cancelled);
        Ok(Done::Done)
    }

    // Calls.

    /// How far a call has come that is under way.
    pub(crate) fn progress(&self, placing: PlacingId) -> Option<Progress> {
        self.entries.iter().find_map(|it| match it.state {
            State::Call(_, of, _, progress, _) if of == placing => Some(progress),
            _ => None,
        })
    }

    /// What a call's agent may do whose person is called ahead of him: mostly he takes it.
    pub(crate) fn beside(&self, placing: PlacingId) -> Option<[CallEvent; 2]> {
        let mut calls = self.entries.iter();
        calls.find(|it| {
            let is_it = matches!(it.state, State::Call(_, of, ..) if of == placing);
            is_it && it.beside == Some(Beside::Rings)
        })?;
        let offer = *self.kept_for.get(&placing)?;
        Some([CallEvent::Taken(offer), CallEvent::NotTaken(offer)])
    }

    pub(crate) fn event(&mut self, placing: PlacingId, event: CallEvent) -> Vec<Command> {
        use CallEvent as E;
        use Progress as P;
        let lost = vec![Command::HangUp {
            placing,
            why: HangUpCause::Lost,
        }];
        let found = self.entries.iter().find_map(|it| match &it.state {
            State::Call(agent, of, _, progress, began) if *of == placing => {
                Some((it.id, agent.clone(), *progress, *began))
            }
            _ => None,
        });
        let Some((id, agent, progress, began)) = found else {
            return match event {
                E::AgentAnswered | E::Alive | E::PersonAnswered | E::Taken(_) => lost,
                _ => vec![],
            };
        };
        let unmet = Self::is_unmet(self.known(id));
        let beside = match event {
            E::Taken(offer) => Some((offer, Beside::There)),
            E::NotTaken(offer) => Some((offer, Beside::Nobody)),
            _ => None,
        };
        if let Some((offer, beside)) = beside {
            let kept = self.kept_for.get(&placing) == Some(&offer);
            let entry = self.known_mut(id);
            if kept && entry.beside == Some(Beside::Rings) {
                entry.beside = Some(beside);
            }
            return vec![];
        }
        let rung = matches!(progress, P::RingingPerson | P::Talking);
        let outcome = match event {
            E::MetNobody if unmet => Outcome::Abandoned,
            E::HungUp | E::MetNobody if progress == P::Talking => Outcome::Reached,
            E::HungUp | E::MetNobody | E::PersonNoAnswer => Outcome::NoAnswer,
            E::PersonBusy => Outcome::Busy,
            E::PersonFailed => Outcome::Failed,
            E::Voicemail => Outcome::Voicemail,
            E::AgentDidNotAnswer if unmet && progress == P::Storing => {
                self.give_back(id);
                return vec![];
            }
            E::AgentDidNotAnswer if unmet => Outcome::Failed,
            E::AgentDidNotAnswer if progress == P::RingingAgent => {
                self.give_back(id);
                return vec![];
            }
            E::AgentAnswered if progress == P::RingingAgent && self.down => {
                self.give_back(id);
                return vec![Command::HangUp {
                    placing,
                    why: HangUpCause::NotStored,
                }];
            }
            E::AgentAnswered if progress == P::RingingAgent => {
                let entry = self.known_mut(id);
                entry.attempts.push((agent, None));
                if let State::Call(_, _, _, progress, _) = &mut entry.state {
                    *progress = P::Storing;
                }
                return vec![self.promise(id, Promised::Dial(placing))];
            }
            E::Alive | E::PersonAnswered => {
                let answers = event == E::PersonAnswered && progress == P::RingingPerson && !unmet;
                if answers {
                    self.answers(id, false);
                }
                let until = self.now + CALL_ALIVE_WITHIN;
                if let State::Call(_, _, alive, progress, _) = &mut self.known_mut(id).state
                    && (event == E::Alive || answers)
                {
                    *alive = until;
                    if answers {
                        *progress = P::Talking;
                    }
                }
                return vec![];
            }
            E::AgentAnswered | E::AgentDidNotAnswer | E::Taken(_) | E::NotTaken(_) => {
                return vec![];
            }
        };
        if rung && unmet {
            if outcome == Outcome::Abandoned {
                self.answers(id, true);
            }
            self.go_on(id, outcome, None);
        } else if rung {
            let entry = self.known_mut(id);
            entry.attempts.last_mut().unwrap().1 = Some(outcome);
            entry.state = State::Owes(agent, began);
        } else if event == E::HungUp {
            self.give_back(id);
        }
        match event {
            E::Voicemail if rung => vec![Command::HangUp {
                placing,
                why: HangUpCause::Voicemail,
            }],
            _ => vec![],
        }
    }

    fn answers(&mut self, id: CallbackId, alone: bool) {
        let list = self.known(id).asked.queue.clone();
        self.answered.insert((list, self.utc(), id, alone));
    }

    // Time.

    /// All that time does until then.
    pub(crate) fn pass(&mut self, end: Time) -> Vec<Command> {
        let mut commands = Vec::new();
        loop {
            let due = self.next().filter(|at| *at <= end);
            let Some(at) = due else {
                break;
            };
            self.now = self.now.max(at);
            commands.extend(self.tick());
        }
        self.now = end;
        commands
    }

    fn next(&self) -> Option<Time> {
        let wall = WallClock::new(Time::ZERO, NINE * 1_000);
        let mut times: Vec<Time> = Vec::new();
        times.extend(self.pending.values().map(|it| it.2));
        times.extend(self.reserved.values().map(|it| it.3));
        for entry in &self.entries {
            match &entry.state {
                State::Leased(_, until) | State::Call(_, _, until, ..) => times.push(*until),
                _ => {}
            }
            times.extend(self.ends(entry).map(|at| wall.time_at(at.as_seconds())));
        }
        times.into_iter().min()
    }

    /// When the clock on the wall closes or forgets it.
    fn ends(&self, entry: &Known) -> Option<Utc> {
        let list = self.lists.get(&entry.asked.queue);
        match &entry.state {
            State::Closed(_, at) => Some(*at + list.map_or(RETENTION, |list| list.retention)),
            State::Waiting => {
                let after = list?.expire_after?;
                let late = entry.asked.wish.ends().unwrap_or(entry.due);
                Some(late.max(entry.due) + after)
            }
            _ => None,
        }
    }

    /// All that is due now, the monotonic clock's first.
    fn tick(&mut self) -> Vec<Command> {
        let (now, utc) = (self.now, self.utc());
        let mut commands = Vec::new();
        let late: Vec<u64> = self
            .pending
            .iter()
            .filter(|it| it.1.2 <= now)
            .map(|it| *it.0)
            .collect();
        for token in late {
            commands.push(self.broken(token, Broken::TooSlow));
        }
        self.reserved.retain(|_, it| it.3 > now);
        for entry in self.entries.clone() {
            let id = entry.id;
            match entry.state {
                State::Leased(_, until) if until <= now => self.give_back(id),
                State::Call(ref agent, placing, until, progress, began) if until <= now => {
                    let agent = agent.clone();
                    commands.push(Command::HangUp {
                        placing,
                        why: HangUpCause::Lost,
                    });
                    if matches!(progress, Progress::RingingAgent | Progress::Storing) {
                        self.give_back(id);
                    } else if Self::is_unmet(&entry) {
                        self.go_on(id, Outcome::Interrupted, None);
                    } else {
                        let entry = self.known_mut(id);
                        entry.attempts.last_mut().unwrap().1 = Some(Outcome::Interrupted);
                        entry.state = State::Owes(agent, began);
                    }
                }
                _ => {}
            }
        }
        for entry in self.entries.clone() {
            if self.ends(&entry).is_some_and(|at| at <= utc) {
                match entry.state {
                    State::Waiting => self.close(entry.id, Closing::Expired),
                    _ => commands.extend(self.forget(entry.id)),
                }
            }
        }
        commands
    }

    /// Nothing is known of it; who was just moving it is told so.
    fn forget(&mut self, id: CallbackId) -> Vec<Command> {
        let its = self.pending.iter().filter(|(_, it)| it.0 == id);
        let its: Vec<u64> = its.map(|it| *it.0).collect();
        let told = its
            .into_iter()
            .map(|token| self.broken(token, Broken::Overtaken));
        let told = told.collect();
        self.entries.retain(|it| it.id != id);
        told
    }
}
