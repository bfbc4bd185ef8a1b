//! What a world draws: settings, hours, and whom and what things happen to.

use super::*;

impl World {
    pub(super) fn upto(&mut self, most: u32) -> u32 {
        self.rng.next_u32() % most.max(1)
    }

    pub(super) fn one_in(&mut self, many: u32) -> bool {
        self.upto(many) == 0
    }

    pub(super) fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.upto(all.len() as u32) as usize].clone()
    }

    pub(super) fn queue(&mut self) -> QueueId {
        queue(self.of(QUEUES))
    }

    pub(super) fn number(&mut self) -> Number {
        number(&format!("+4670123456{}", self.upto(NUMBERS)))
    }

    pub(super) fn entry(&mut self) -> CallbackId {
        CallbackId(u64::from(
            self.upto(self.floor.lists().rows().len() as u32 + 4),
        ))
    }

    pub(super) fn wish(&mut self, queue: &QueueId) -> Wish {
        let Some(hours) = self.model.hours.get(queue).cloned() else {
            return Wish::AsSoonAsPossible;
        };
        let choices = self.model.choices(call(0), queue, &number(ANYBODY));
        if let Command::Choices { choices, .. } = choices
            && !choices.is_empty()
            && !self.one_in(3)
        {
            return self.of(&choices);
        }
        match hours.windows.is_empty() || self.one_in(3) {
            true => Wish::AsSoonAsPossible,
            false => Wish::Window(self.of(&hours.windows)),
        }
    }

    pub(super) fn draft(&mut self) -> Draft {
        let queue = self.queue();
        Draft {
            number: self.number(),
            wish: self.wish(&queue),
            given: self.of(&[Given::Shown, Given::Keyed]),
            asked_by: match self.one_in(3) {
                true => None,
                false => Some(number(&format!("+4684000000{}", self.upto(2)))),
            },
            input: None,
            arrived: Utc::from_seconds(self.floor.utc().as_seconds() - i64::from(self.upto(600))),
            queue,
        }
    }

    pub(super) fn some_list(&mut self) -> ListSettings {
        let capacity = |world: &mut World| match world.upto(3) {
            0 => Capacity::Unlimited,
            1 => Capacity::Entries(world.upto(4)),
            _ => Capacity::AgentMinutes(world.upto(30)),
        };
        let mut members: BTreeSet<UserId> = AGENTS.iter().map(|name| agent(name)).collect();
        if self.one_in(2) {
            members.remove(&agent(self.of(AGENTS)));
        }
        let mut windows = BTreeMap::new();
        for name in ["one", "two", "three"] {
            windows.insert(Arc::from(name), capacity(self));
        }
        let rule = |world: &mut World| Rule {
            then: world.of(&[Then::Requeue, Then::Close]),
            delay: MINUTE * world.upto(60),
            attempts_max: 1 + world.upto(4) as u8,
        };
        ListSettings {
            offers: match self.one_in(10) {
                true => Offers::Never,
                false => Offers::When(Conditions::default()),
            },
            members,
            soon: match self.one_in(4) {
                true => None,
                false => Some(capacity(self)),
            },
            windows,
            asks: Asks::Nothing,
            distribution: self.of(&[Distribution::ByHand, Distribution::Automatic]),
            // Nearly all may meet nobody, so that it goes on; or as few as where it is for real.
            ahead: match self.one_in(2) {
                true => None,
                false => Some(Ahead {
                    abandoned_max: self.of(&[3, 50, 100]),
                }),
            },
            started: self.of(&[KeepStarted::Never, KeepStarted::WithNumber]),
            lease: Duration::from_secs(u64::from(30 + self.upto(180))),
            handling: MINUTE * (1 + self.upto(10)),
            rules: Rules {
                reached: rule(self),
                busy: rule(self),
                no_answer: rule(self),
                voicemail: rule(self),
                wrong_number: rule(self),
            },
            expire_after: match self.one_in(2) {
                true => None,
                false => Some(MINUTE * self.upto(200)),
            },
            retention: HOUR * self.upto(48),
        }
    }

    pub(super) fn configure(&mut self) {
        let mut lists = BTreeMap::new();
        for name in QUEUES {
            if !self.one_in(12) {
                lists.insert(queue(name), self.some_list());
            }
        }
        self.model.configure(lists.clone());
        self.expect(Input::Configure(Arc::new(Settings { lists })), vec![]);
    }

    pub(super) fn hours(&mut self, name: &str) {
        let now = (self.floor.utc().as_seconds() - NINE) / 3_600;
        let windows = (0..self.upto(6)).map(|at| {
            let from = now + i64::from(self.upto(12));
            let name = ["one", "two", "three"][at as usize % 3];
            window(name, from, from + 1 + i64::from(self.upto(3)))
        });
        let windows = windows.collect();
        // No two that adjoin, since the model knows single ones.
        let open = vec![span(now - 1, now + 6), span(now + 8, now + 14)];
        let known = hours((!self.one_in(3)).then_some(open), windows);
        self.model.hours.insert(queue(name), known.clone());
        self.expect(
            Input::Hours {
                queue: queue(name),
                hours: known,
            },
            vec![],
        );
    }

    pub(super) fn log_in(&mut self, name: &str, queues: Queues) {
        let result = self.model.log_in(&agent(name), &queues);
        self.staff(name, StaffAction::LogIn(queues), result);
    }

    pub(super) fn staff(&mut self, name: &str, action: StaffAction, result: Result<Done, Refusal>) {
        let command = CallbackCommand::Staff {
            agent: agent(name),
            action,
        };
        let command = permit(agent_himself(name), command).unwrap();
        let expected = vec![Command::Answer { ticket: 1, result }];
        self.expect(Input::Command { ticket: 1, command }, expected);
    }
}
