//! What happens in a world, told to the lists and to the model alike.

use super::*;

impl World {
    pub(super) fn step(&mut self) {
        let total: u32 = self.bent.iter().sum();
        let mut drawn = self.upto(total);
        let kind = self.bent.iter().zip(KINDS).find(|(often, _)| {
            let is_it = drawn < **often;
            drawn = drawn.saturating_sub(**often);
            is_it
        });
        let (kind, _) = *kind.unwrap().1;
        match kind {
            Kind::Choices
            | Kind::Reserve
            | Kind::Accept
            | Kind::MoveOwn
            | Kind::CancelOwn
            | Kind::Gone => self.caller(kind),
            Kind::Stored | Kind::NotStored => self.storage(kind),
            Kind::Health => {
                self.down = !self.down && self.one_in(3);
                let health = if self.down {
                    Health::Down
                } else {
                    Health::Fine
                };
                self.model.storage(health);
                self.expect(Input::Storage(health), vec![]);
            }
            Kind::LogIn | Kind::LogOut | Kind::TakeNext => {
                let name = self.of(AGENTS);
                let one = Queues::One(self.queue());
                let queues = self.of(&[Queues::All, one]);
                match kind {
                    Kind::LogIn => self.log_in(name, queues),
                    Kind::LogOut => {
                        let result = self.model.log_out(&agent(name), &queues);
                        self.staff(name, StaffAction::LogOut(queues), result);
                    }
                    _ => self.take_next(name),
                }
            }
            Kind::Act => self.person(),
            Kind::Entrust => self.entrust(),
            Kind::CallOff => self.call_off(),
            Kind::Event => self.event(),
            Kind::Pass => {
                // Mostly little, so that calls and promises live to see something.
                let seconds = match self.upto(12) {
                    0..=6 => self.upto(2),
                    7..=9 => self.upto(60),
                    10 => self.upto(1_800),
                    _ => self.upto(10_000),
                };
                self.pass(Duration::from_secs(seconds.into()));
            }
            Kind::Erase => self.erase(),
            Kind::Configure => self.configure(),
            Kind::Hours => self.hours(QUEUES[0]),
            Kind::Crash => self.crash(),
        }
        self.pass(Duration::ZERO);
        self.compare();
    }

    pub(super) fn caller(&mut self, kind: Kind) {
        let call = call(1 + self.upto(CALLERS));
        let draft = self.draft();
        let Draft {
            queue,
            number,
            wish,
            ..
        } = draft.clone();
        match kind {
            Kind::Choices => {
                let expected = self.model.choices(call, &queue, &number);
                let number = Some(number);
                self.expect(
                    Input::AskChoices {
                        call,
                        queue,
                        number,
                    },
                    vec![expected],
                );
            }
            Kind::Reserve => {
                let expected = self.model.reserve(call, &queue, &wish);
                self.expect(Input::Reserve { call, queue, wish }, vec![expected]);
            }
            Kind::Accept => {
                let expected = self.model.accept(call, &draft);
                let draft = Box::new(draft);
                self.expect(Input::Accept { call, draft }, vec![expected]);
            }
            Kind::MoveOwn => {
                let expected = self.model.move_own(call, &queue, &number, &wish);
                let input = None;
                let given = Input::MoveOwn {
                    call,
                    queue,
                    number,
                    wish,
                    input,
                };
                self.expect(given, vec![expected]);
            }
            Kind::CancelOwn => {
                let expected = self.model.cancel_own(call, &queue, &number);
                self.expect(
                    Input::CancelOwn {
                        call,
                        queue,
                        number,
                    },
                    vec![expected],
                );
            }
            _ => {
                let started = self.one_in(2).then(|| Box::new(draft));
                self.model.gone(call, started.as_deref());
                self.expect(Input::Gone { call, started }, vec![]);
            }
        }
    }

    pub(super) fn storage(&mut self, kind: Kind) {
        let waiting = self.model.waiting_promises();
        if waiting.is_empty() {
            return;
        }
        let some = self.of(&waiting);
        let which = match kind {
            // Storage that has the last has all.
            Kind::Stored if !self.one_in(3) => waiting[waiting.len() - 1],
            _ => some,
        };
        let token = self.tokens[which as usize - 1];
        if matches!(kind, Kind::Stored) {
            self.durable = self.durable.max(Some(token));
            let expected = self.model.stored(which);
            self.expect(Input::Stored { token }, expected);
        } else {
            let expected = self.model.not_stored(which);
            self.expect(Input::NotStored { token }, expected);
        }
    }

    pub(super) fn take_next(&mut self, name: &str) {
        let result = self.model.take_next(&agent(name));
        self.staff(name, StaffAction::TakeNext(Queues::All), result);
    }

    pub(super) fn person(&mut self) {
        let name = self.of(AGENTS);
        let who = agent(name);
        let id = self.entry();
        // Mostly what he may well do: his own, on its list.
        let his = self.model.entries.iter().find(
            |it| matches!(&it.state, State::Owes(by, _) | State::Leased(by, _) if *by == who),
        );
        let his = his
            .map(|it| it.id)
            .filter(|_| !self.rng.next_u32().is_multiple_of(3));
        let now = self.model.utc();
        let waits = self
            .model
            .entries
            .iter()
            .filter(|it| it.state == State::Waiting && it.due <= now);
        let waits: Vec<CallbackId> = waits.map(|it| it.id).collect();
        let id = match his {
            Some(his) => his,
            None if waits.is_empty() || self.one_in(3) => id,
            None => self.of(&waits),
        };
        let known = self.model.entries.iter().find(|it| it.id == id);
        let owes = known.is_some_and(|it| matches!(it.state, State::Owes(..)));
        let list = known.map(|it| it.asked.queue.clone());
        let list = list.unwrap_or_else(|| self.queue());
        let outcomes = [
            Outcome::Reached,
            Outcome::Busy,
            Outcome::NoAnswer,
            Outcome::WrongNumber,
        ];
        let outcome = self.one_in(3).then(|| self.of(&outcomes));
        let then = self
            .one_in(3)
            .then(|| self.of(&[Then::Requeue, Then::Close]));
        let text = "Some words.".to_owned();
        let window = match self.wish(&list) {
            Wish::AsSoonAsPossible => None,
            Wish::Window(window) => Some(WindowChoice {
                name: window.name.to_string(),
                starts: (!self.one_in(3)).then(|| window.span.from.as_seconds()),
            }),
        };
        // Mostly the next thing to do with it.
        let drawn = match self.one_in(3) {
            true => self.upto(12),
            false if owes => 6,
            false => self.of(&[3, 3, 3, 2, 0]),
        };
        let (action, by) = match drawn {
            0 | 1 => (EntryAction::Lease(who), agent_himself(name)),
            2 => (EntryAction::Release(who), agent_himself(name)),
            3..=5 => (EntryAction::Call(who), agent_himself(name)),
            6 | 7 => {
                let note = Note {
                    text,
                    outcome,
                    then,
                };
                (EntryAction::Note { agent: who, note }, agent_himself(name))
            }
            8 => (EntryAction::Requeue { text: None }, agent_himself(name)),
            9 => (EntryAction::Move(window), agent_himself(name)),
            10 => (
                EntryAction::Cancel { text: None },
                self.of(&[agent_himself(name), supervisor()]),
            ),
            _ => (EntryAction::Waive, supervisor()),
        };
        self.act(by, list, id, action);
    }

    /// Mostly what is due to somebody who may have it, as whoever distributes has been told; now and then anything.
    pub(super) fn entrust(&mut self) {
        let told = self.floor.distributor.due.iter();
        let told = told.flat_map(|(list, due)| due.iter().map(|due| (list.clone(), due.entry)));
        let told: Vec<(QueueId, CallbackId)> = told.collect();
        let indebted = self.floor.distributor.indebted.clone();
        let free = AGENTS.iter().map(|name| agent(name));
        let free: Vec<UserId> = free.filter(|agent| !indebted.contains(agent)).collect();
        let as_told = !told.is_empty() && !free.is_empty() && !self.one_in(5);
        let ((list, entry), who) = match as_told {
            true => (self.of(&told), self.of(&free)),
            false => ((self.queue(), self.entry()), agent(self.of(AGENTS))),
        };
        self.offers.push(entry);
        let offer = OfferId(self.offers.len() as u64);
        let expected = self.model.entrust(offer, &who, &list, entry);
        let given = matches!(
            expected[0],
            Command::RingAgent { .. } | Command::RingAnother { .. }
        );
        assert!(given || !as_told, "told so, and {expected:?}");
        let agent = who;
        let input = Input::Entrust {
            offer,
            list,
            entry,
            agent,
        };
        self.expect(input, expected);
    }

    pub(super) fn call_off(&mut self) {
        // Mostly the last.
        let back = 1 + self.upto(3) as usize;
        let Some(at) = self.offers.len().checked_sub(back) else {
            return;
        };
        let (offer, entry) = (OfferId(at as u64 + 1), self.offers[at]);
        let expected = self.model.call_off(offer, entry);
        let input = Input::CallOff { offer, entry };
        self.expect(input, expected.into_iter().collect());
    }

    pub(super) fn act(
        &mut self,
        by: Principal,
        list: QueueId,
        entry: CallbackId,
        action: EntryAction,
    ) {
        let expected = self.model.act(&by, &list, entry, &action);
        let command = CallbackCommand::Entry {
            list,
            entry,
            version: None,
            action,
        };
        let command = permit(by, command).unwrap();
        self.expect(Input::Command { ticket: 1, command }, expected);
    }

    /// Somebody asks for a number to be forgotten.
    fn erase(&mut self) {
        let number = self.draft().number;
        let expected = self.model.erase(&number);
        let command = CallbackCommand::Erase {
            org: org(),
            number: number.as_str().to_owned(),
        };
        let command = permit(Principal::Operator, command).unwrap();
        self.expect(Input::Command { ticket: 1, command }, expected);
    }

    pub(super) fn event(&mut self) {
        let placed = self.model.entries.iter().filter_map(|it| match it.state {
            State::Call(_, placing, ..) => Some(placing),
            _ => None,
        });
        let mut placed: Vec<PlacingId> = placed.collect();
        if placed.is_empty() || self.one_in(10) {
            placed.push(PlacingId(u64::from(self.upto(20))));
        }
        let placing = self.of(&placed);
        if let Some(beside) = self.model.beside(placing)
            && self.one_in(3)
        {
            let event = self.of(&beside);
            return self.tell(placing, event);
        }
        let progress = self.model.progress(placing);
        // Mostly what comes next in such a call.
        let next: &[CallEvent] = match progress.filter(|_| !self.rng.next_u32().is_multiple_of(4)) {
            Some(Progress::RingingAgent) => &[CallEvent::AgentAnswered],
            Some(Progress::RingingPerson) => &ANY_EVENT[3..9],
            Some(Progress::Talking) => &ANY_EVENT[9..],
            Some(Progress::Storing) => return self.storage(Kind::Stored),
            None => ANY_EVENT,
        };
        let event = self.of(next);
        self.tell(placing, event);
    }

    pub(super) fn tell(&mut self, placing: PlacingId, event: CallEvent) {
        let expected = self.model.event(placing, event);
        self.expect(Input::Call { placing, event }, expected);
    }

    pub(super) fn pass(&mut self, span: Duration) {
        let expected = self.model.pass(self.floor.now + span);
        let commands = self.floor.pass(span);
        self.check(commands, expected);
    }
}
