//! Decisions about callers: who is taken in, who leaves, who stands where.

use crate::engine::Step;
use crate::entrance::Entrance;
use crate::estimate::Prospect;
use crate::fact::Fact;
use crate::input::LeaveCause;
use crate::line::Place;
use crate::load::Gate;
use crate::output::{Command, RefuseCause, WithdrawCause};
use crate::queue::{Queue, Rules, Stage};
use crate::settings::Applies;
use base::{CallId, OfferId, QueueId, Time};

/// Most callers in all queues together, those talking among them: twice what the largest installation
/// is built for, so that a flood costs memory for no more than this.
pub const CALLERS_MAX: usize = 200_000;

impl Step<'_> {
    pub(crate) fn join(&mut self, entrance: Entrance) {
        let Entrance {
            call,
            queue,
            arrived,
            priority,
            known_as,
            requires,
        } = entrance;
        // A call that already waits or talks keeps what it has: the message was sent twice.
        if self.engine.callers.contains_key(&call) {
            return;
        }
        let entered = self.admitted(&queue).map(|(known, rules)| {
            let head_start = priority.head_start(rules.ageing);
            // Nobody arrives later than now: he would stand behind those yet to come.
            let arrived = arrived.min(self.now);
            let place = Place::of(arrived, head_start, self.engine.next_seq);
            let step = known.asked.step_after(self.now - arrived);
            let (requires, let_go) = self.engine.settings.attainable(&queue, requires);
            let ahead = u32::try_from(known.line.ahead_of(place)).unwrap_or(u32::MAX);
            Fact::Entered {
                arrived,
                priority,
                head_start,
                expected: known.expected(ahead.saturating_add(1)),
                leaves_at: rules.exits.after.map(|after| self.now + after),
                judged: rules.judged,
                call,
                queue: queue.clone(),
                step,
                known_as,
                sought: self.sought(&queue, known_as, (&requires, step), arrived),
                requires,
                let_go,
            }
        });
        self.emit(entered.unwrap_or_else(|cause| Fact::Refused { call, queue, cause }));
    }

    /// The queue that takes a caller in, with its rules; or why it doesn't.
    pub(crate) fn admitted(&self, id: &QueueId) -> Result<(&Queue, &Rules), RefuseCause> {
        let queue = self.engine.queues.named(id);
        let known = queue.and_then(|queue| Some((queue, queue.rules.as_ref()?)));
        let (queue, rules) = known.ok_or(RefuseCause::NoSuchQueue)?;
        if self.engine.settings.draining.contains(id) {
            return Err(RefuseCause::NoSuchQueue);
        }
        if let Some(absent) = queue.absent(|applies| applies != Applies::Never) {
            return Err(absent);
        }
        if queue.gate != Gate::Open {
            return Err(RefuseCause::Loaded);
        }
        let full = queue.line.len() >= rules.waiting_max as usize
            || self.engine.callers.len() >= CALLERS_MAX;
        match full {
            true => Err(RefuseCause::Full),
            false => Ok((queue, rules)),
        }
    }

    pub(crate) fn leave(&mut self, call: CallId, cause: LeaveCause) {
        let Some(caller) = self.engine.callers.get(&call) else {
            return;
        };
        let queue = caller.queue.clone();
        if let Stage::Connected(offer) = caller.stage {
            return self.end_conversation(offer);
        }
        self.withdraw_all(call, WithdrawCause::CallerGone);
        self.emit(Fact::Left { call, queue, cause });
    }

    /// Puts a caller who waits out of a queue: it is no more, or has a rule that sends him elsewhere.
    pub(crate) fn expel(&mut self, call: CallId, cause: RefuseCause) {
        let Some(caller) = self.engine.callers.get(&call) else {
            return;
        };
        let queue = caller.queue.clone();
        if let Stage::Connected(_) = caller.stage {
            return;
        }
        self.withdraw_all(call, WithdrawCause::CallerGone);
        self.emit(Fact::Expelled { call, queue, cause });
    }

    pub(crate) fn conversation_ended(&mut self, call: CallId) {
        let stage = self.engine.callers.get(&call).map(|caller| &caller.stage);
        if let Some(Stage::Connected(offer)) = stage {
            self.end_conversation(*offer);
        }
    }

    /// A caller has waited long enough to ask for less.
    pub(crate) fn widen(&mut self, call: CallId) {
        let Some(caller) = self.engine.callers.get(&call) else {
            return;
        };
        let queue = caller.queue.clone();
        let known = self.engine.queues.get(caller.at);
        let waited = self.now - caller.arrived;
        let step = known.map_or(0, |queue| queue.asked.step_after(waited));
        self.emit(Fact::Widened { call, queue, step });
    }

    /// Ends the conversation that came of an offer; the agent goes into wrap-up as the queue now says.
    pub(crate) fn end_conversation(&mut self, offer: OfferId) {
        let Some(made) = self.engine.offers.get(&offer).cloned() else {
            return;
        };
        // A queue that was removed meanwhile grants no wrap-up any more.
        let queue = self.engine.queues.get(made.at);
        let wrap_up = queue
            .and_then(|queue| queue.rules)
            .map(|rules| rules.wrap_up);
        self.emit(Fact::ConversationEnded {
            offer,
            call: made.call,
            queue: made.queue,
            agent: made.agent,
            wrap_up_until: wrap_up
                .filter(|span| !span.is_zero())
                .map(|span| self.now + span),
        });
    }

    /// Says whether a caller is in, or could be taken in. A caller whom a `Join` has just been refused is told so
    /// once more.
    pub(crate) fn answer_room(&mut self, call: CallId, queue: &QueueId) {
        let refusal = match self.engine.callers.contains_key(&call) {
            true => None,
            false => self.admitted(queue).err(),
        };
        self.out.commands.push(match refusal {
            None => Command::Room { call },
            Some(cause) => Command::Refuse {
                call,
                queue: queue.clone(),
                cause,
            },
        });
    }

    pub(crate) fn answer_position(&mut self, call: CallId) {
        let prospect = self.engine.prospect(self.now, call);
        self.out.commands.push(Command::Position { call, prospect });
    }
}

impl crate::Engine {
    /// A caller's place in his queue, 1 being next in turn; none if he waits nowhere.
    ///
    /// Counts those ahead of him who wait or are being offered: they are not served before an answer.
    pub fn position(&self, call: CallId) -> Option<u32> {
        let caller = self.callers.get(&call)?;
        if matches!(caller.stage, Stage::Connected(_)) {
            return None;
        }
        let queue = self.queues.get(caller.at)?;
        u32::try_from(queue.line.ahead_of(caller.place) + 1).ok()
    }

    /// All that a caller can be told of his wait: nothing, if he waits nowhere.
    pub fn prospect(&self, now: Time, call: CallId) -> Prospect {
        let place = self.position(call);
        let at = self.callers.get(&call).map(|caller| caller.at);
        let queue = at.and_then(|at| self.queues.get(at));
        match (place, queue) {
            (Some(place), Some(queue)) => Prospect {
                place: Some(place),
                expected: queue.expected(place),
                average: queue.waits.average(now),
                waiting: u32::try_from(queue.line.len()).unwrap_or(u32::MAX),
            },
            _ => Prospect::default(),
        }
    }
}
