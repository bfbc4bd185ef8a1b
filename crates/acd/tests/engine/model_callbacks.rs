//! The naive engine's part for callbacks that a queue gives to its agents: whoever came first has his turn, and where a caller
//! waits too who came later, by shares.

use crate::model::{Caller, Model, NO_CALL, Offer, State};
use acd::{
    Balance, CallbackEnd, Command, DEFERRAL_MIN, DueCallback, Next, OfferEnd, Outcome, Priority,
    Settings, Share, Skills, Urgency, WithdrawCause,
};
use base::{CallbackId, OfferId, QueueId, Time, UserId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Told {
    pub(crate) due: BTreeMap<QueueId, Vec<DueCallback>>,
    pub(crate) indebted: BTreeSet<UserId>,
    saved: BTreeMap<QueueId, Balance>,
}

impl Told {
    /// What was saved up of another share is worth nothing.
    pub(crate) fn shares_change(&mut self, before: &Settings, after: &Settings) {
        let share = |settings: &Settings, queue: &QueueId| settings.queues.get(queue)?.callbacks;
        self.saved
            .retain(|queue, _| share(before, queue) == share(after, queue));
    }
}

/// Whose turn it would be.
struct Turn {
    queue: QueueId,
    entry: CallbackId,
    urgency: Urgency,
    weighed: i128,
    agent: UserId,
}

impl Model {
    pub(crate) fn callbacks_due(&mut self, queue: &QueueId, due: &[DueCallback]) {
        let mut due = due.to_vec();
        due.sort();
        self.told.due.insert(queue.clone(), due);
    }

    pub(crate) fn indebted(&mut self, agent: &UserId, indebted: bool) {
        match indebted {
            true => self.told.indebted.insert(agent.clone()),
            false => self.told.indebted.remove(agent),
        };
        self.agent(agent);
    }

    /// The callback whose turn it is, of those whom an agent could be given to.
    fn next_callback(&self) -> Option<Turn> {
        let queues = self.settings.queues.iter();
        let turns = queues.filter_map(|(queue, settings)| {
            settings.callbacks?;
            let entrusted: Vec<CallbackId> = self
                .offers()
                .iter()
                .filter(|offer| !matches!(offer.state, State::Lost | State::Over))
                .filter_map(|offer| offer.entry)
                .collect();
            let due = self.told.due.get(queue)?;
            let first = due.iter().find(|due| !entrusted.contains(&due.entry))?;
            let agent = self.choose(queue, settings.policy, &whoever(queue), |agent| {
                !self.told.indebted.contains(agent)
            })?;
            let since = match first.urgency {
                Urgency::Called => i64::MIN,
                Urgency::Due => first.arrived.as_micros() as i64,
            };
            let waited = i128::from(self.now.as_micros()) - i128::from(since);
            let turn = Turn {
                queue: queue.clone(),
                entry: first.entry,
                urgency: first.urgency,
                weighed: waited * i128::from(settings.weight),
                agent,
            };
            Some(((Reverse(turn.weighed), since, first.entry), turn))
        });
        let first = turns.min_by_key(|(key, _)| *key);
        first.map(|(_, turn)| turn)
    }

    /// Gives an agent to a callback, if it is its turn; `caller` is what the wait of whoever else would get one counts for.
    pub(crate) fn callback_goes_first(&mut self, caller: Option<i128>) -> bool {
        let Some(turn) = self.next_callback() else {
            return false;
        };
        if let Some(caller) = caller.filter(|_| turn.urgency == Urgency::Due) {
            if turn.weighed <= caller {
                return false;
            }
            let share: Share = self.settings.queues[&turn.queue].callbacks.unwrap();
            let saved = self.told.saved.entry(turn.queue.clone()).or_default();
            let (next, after) = saved.next(share);
            *saved = after;
            if next == Next::Caller {
                return false;
            }
        }
        let Turn {
            queue,
            entry,
            agent,
            ..
        } = turn;
        self.count_turn(&queue, &agent);
        let offer = self.next_offer();
        let until = self.now + self.settings.queues[&queue].ring;
        self.commands.push(Command::CallBack {
            offer,
            queue: queue.clone(),
            entry,
            agent: agent.clone(),
        });
        self.offers.push(Offer {
            id: offer,
            call: NO_CALL,
            entry: Some(entry),
            queue,
            agent,
            state: State::Ringing(until),
            prolonged: false,
            given: false,
        });
        true
    }

    fn errand(&self, id: OfferId) -> Option<Offer> {
        let mut open = self.offers().iter().filter(|offer| offer.id == id);
        let open = open.find(|it| !matches!(it.state, State::Lost | State::Over));
        open.filter(|offer| offer.entry.is_some()).cloned()
    }

    pub(crate) fn callback_taken(&mut self, id: OfferId) {
        let Some(errand) = self.errand(id) else {
            return;
        };
        if errand.state == State::Connected {
            return;
        }
        self.offer(id).state = State::Connected;
        let strikes = &mut self.agent(&errand.agent).strikes;
        (strikes.missed_in_a_row, strikes.errors_in_a_row) = (0, 0);
        self.taken.push((errand.agent, errand.queue));
    }

    pub(crate) fn callback_over(&mut self, id: OfferId, end: CallbackEnd) {
        let Some(errand) = self.errand(id) else {
            return;
        };
        let settings = self.settings.queues.get(&errand.queue).cloned();
        self.offer(id).state = State::Over;
        let outcome = match end {
            CallbackEnd::Called => {
                let wrap_up = settings.map(|it| it.wrap_up).filter(|it| !it.is_zero());
                let (until, thing) = (wrap_up.map(|span| self.now + span), self.thing());
                let agent = self.agent(&errand.agent);
                agent.wrap_up = until;
                agent.idle = thing;
                return;
            }
            CallbackEnd::Broken => {
                let error = settings.map(|it| it.deferral.error).unwrap_or_default();
                let until = self.now + error.max(DEFERRAL_MIN);
                self.agent(&errand.agent).deferred = Some(until);
                return;
            }
            CallbackEnd::PersonGone => {
                self.agent(&errand.agent).deferred = Some(self.now + DEFERRAL_MIN);
                return;
            }
            CallbackEnd::NotDue => {
                for due in self.told.due.get_mut(&errand.queue).into_iter() {
                    due.retain(|due| Some(due.entry) != errand.entry);
                }
                return;
            }
            CallbackEnd::HasAnother => {
                self.told.indebted.insert(errand.agent);
                return;
            }
            CallbackEnd::HungUp => Outcome::Declined,
            CallbackEnd::Unanswered(end) => match (errand.state, end) {
                (State::Connected, _) => Outcome::Nothing,
                (_, OfferEnd::DeviceError) => Outcome::DeviceError,
                (State::Withdrawn(cause, _), _) if cause != WithdrawCause::NoAnswer => {
                    Outcome::Nothing
                }
                (State::Ringing(_), OfferEnd::Withdrawn) => Outcome::DeviceError,
                (_, OfferEnd::Busy) => Outcome::Busy,
                (_, OfferEnd::Declined) => Outcome::Declined,
                (_, OfferEnd::NoAnswer | OfferEnd::Withdrawn) => Outcome::Missed,
            },
        };
        self.blame(&errand, outcome);
    }
}

/// Somebody who asks for no more than any agent of the queue is able to.
fn whoever(queue: &QueueId) -> Caller {
    Caller {
        call: NO_CALL,
        queue: queue.clone(),
        arrived: Time::ZERO,
        priority: Priority::default(),
        place: (0, 0),
        entered: Time::ZERO,
        expected: None,
        step: u8::MAX,
        leaves_at: None,
        known_as: None,
        requires: Skills::new(),
        wished: Skills::new(),
        seeks: None,
        chooses: None,
    }
}
