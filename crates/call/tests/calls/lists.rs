//! The callback lists of the made-up world, and the storage behind them.

use crate::world::World;
use base::{Core, ShardId, Time, WallClock};
use call::Input;
use callback::{Command, Dealing, Lists, News, Output, Ungiven};

/// How the storage behind the lists does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Storing {
    /// What is to be stored is.
    #[default]
    AtOnce,
    /// It is when the test says so, by [`World::store`].
    WhenTold,
    /// It is not, and that is said.
    Refused,
}

/// The lists, and what became of what they said.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) lists: Lists,
    pub(crate) storing: Storing,
    /// What waits to be stored.
    unstored: Vec<u64>,
    /// What the engine is told of entries that it gives to its agents.
    dealing: Dealing,
}

impl Book {
    /// Every entry, the oldest first.
    pub(crate) fn entries(&self) -> Vec<&callback::Entry> {
        let ids = (1..=100).map(base::CallbackId);
        ids.filter_map(|id| self.lists.entry(id)).collect()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.lists.poll_timeout().map(|(at, _)| at)
    }

    /// Saved, dropped and loaded.
    pub(crate) fn interrupt(&mut self) {
        let saved = postcard::to_stdvec(&(&self.lists, &self.dealing)).unwrap();
        (self.lists, self.dealing) = postcard::from_bytes(&saved).unwrap();
    }
}

/// Whom a command is for.
pub(crate) fn shard_of(command: &Command) -> Option<ShardId> {
    match command {
        Command::Offer { call, .. }
        | Command::Choices { call, .. }
        | Command::Reserved { call, .. }
        | Command::Accepted { call, .. }
        | Command::Cancelled { call, .. }
        | Command::Dialled { call, .. } => Some(call.shard),
        // The world's first shard has all calls to persons.
        Command::RingAgent { .. }
        | Command::RingAnother { .. }
        | Command::StopAgent { .. }
        | Command::RingPerson { .. }
        | Command::HangUp { .. } => None,
        Command::Store { .. } | Command::Answer { .. } | Command::NotGiven { .. } => {
            unreachable!("kept by the world")
        }
    }
}

/// What the engine says that is for the lists; else what it says.
pub(crate) fn of_engine(command: acd::Command) -> Result<callback::Input, acd::Command> {
    match command {
        acd::Command::CallBack {
            offer,
            queue,
            entry,
            agent,
        } => Ok(callback::Input::Entrust {
            offer,
            list: queue,
            entry,
            agent,
        }),
        acd::Command::CallOff { offer, entry } => Ok(callback::Input::CallOff { offer, entry }),
        other => Err(other),
    }
}

/// What the engine is told of the lists.
fn for_engine(news: News) -> acd::Input {
    match news {
        News::Due { list, entries } => {
            let due = entries.into_iter();
            let due = due.map(|due| acd::DueCallback {
                urgency: match due.is_called {
                    true => acd::Urgency::Called,
                    false => acd::Urgency::Due,
                },
                arrived: due.arrived,
                entry: due.entry,
            });
            acd::Input::CallbacksDue {
                queue: list,
                due: due.collect(),
            }
        }
        News::Indebted { agent, indebted } => acd::Input::Indebted { agent, indebted },
    }
}

impl World {
    /// The clock on the wall shows this, everywhere.
    pub(crate) fn set_clock(&mut self, unix_seconds: i64) {
        let clock = WallClock::new(self.now, unix_seconds * 1_000);
        self.tell_shard(Input::Clock(clock));
        self.tell_lists(callback::Input::Clock(clock));
    }

    pub(crate) fn tell_lists(&mut self, input: callback::Input) {
        self.interrupt();
        let mut out = Output::default();
        self.book.lists.handle(self.now, input, &mut out);
        self.lists_said(out);
    }

    pub(crate) fn lists_due(&mut self) {
        self.interrupt();
        let mut out = Output::default();
        self.book.lists.handle_timeout(self.now, &mut out);
        self.lists_said(out);
    }

    /// What waited to be stored is.
    pub(crate) fn store(&mut self) {
        for token in std::mem::take(&mut self.book.unstored) {
            self.tell_lists(callback::Input::Stored { token });
        }
    }

    fn lists_said(&mut self, out: Output) {
        let Book { lists, dealing, .. } = &mut self.book;
        for news in dealing.tell(self.now, lists, &out.facts, acd::DUE_MAX) {
            self.tell_engine(for_engine(news));
        }
        for command in out.commands {
            self.diary.push(format!("{:?} {command:?}", self.now));
            match command {
                Command::Store { token } => match self.book.storing {
                    Storing::AtOnce => self.lists_later(callback::Input::Stored { token }),
                    Storing::WhenTold => self.book.unstored.push(token),
                    Storing::Refused => self.lists_later(callback::Input::NotStored { token }),
                },
                Command::Answer { .. } => {}
                Command::NotGiven { offer, why } => {
                    let end = match why {
                        Ungiven::Entry => acd::CallbackEnd::NotDue,
                        Ungiven::Agent => acd::CallbackEnd::HasAnother,
                    };
                    self.tell_engine(acd::Input::CallbackOver { offer, end });
                }
                command => self.answer_shard(Input::Callback(command)),
            }
        }
        self.book.lists.check_invariants().unwrap();
    }
}
