//! Who gets whom: callers who want a phone to ring, and people who are to be called back, are given free agents until none
//! of one kind faces one of the other. One reservation at a time, whatever the policy: an agent who is offered a caller sits on no
//! bench any more, so he can't be in two offers.

use crate::callbacks::{DueCallback, Urgency};
use crate::engine::Step;
use crate::fact::Fact;
use crate::particular::View;
use crate::policy::{self, Candidate, Ranked, Reason};
use crate::queue::{Caller, Head, Queue, Whom};
use crate::share::{Balance, Next};
use crate::table::Number;
use base::OfferId;

/// Whose turn it is.
struct Turn {
    /// That another left it to him.
    given: Option<Fact>,
    offer: Fact,
}

impl Step<'_> {
    /// Among queues that share agents, the caller whose wait weighs most comes first; whoever is to have
    /// several phones ring has them before those behind him have any. Where somebody is to be called back who came
    /// before that, the two sides have their shares of turns.
    pub(crate) fn dispatch(&mut self) {
        // Each turn takes one agent off every bench, so there are no more turns than free agents.
        while let Some(turn) = self.next_turn() {
            turn.given.into_iter().for_each(|fact| self.emit(fact));
            self.emit(turn.offer);
        }
    }

    fn next_turn(&self) -> Option<Turn> {
        let caller = self.engine.ready.callers.first(self.now);
        let callback = self.engine.ready.callbacks.first(self.now);
        let offered = |offer| Turn { given: None, offer };
        match (caller, callback) {
            (None, None) => None,
            (Some(caller), None) => self.next_offer(caller.queue).map(offered),
            (None, Some(callback)) => self.next_callback(callback.queue, None).map(offered),
            // Nobody overtakes who came before, and of two who came at once the one who holds the line is first.
            (Some(caller), Some(callback)) if callback.weighed <= caller.weighed => {
                self.next_offer(caller.queue).map(offered)
            }
            (Some(caller), Some(callback)) => self.contested(caller.queue, callback.queue),
        }
    }

    /// Both a caller and a callback that came before him want an agent. Nobody but those who are for an agent that has just
    /// become free faces one (see [`Engine::ready`](crate::Engine)), so it is the same that they want.
    fn contested(&self, of_caller: Number, of_callback: Number) -> Option<Turn> {
        let (id, queue) = self.engine.queues.row(of_callback)?;
        let head = queue.callbacks.head()?;
        if head.urgency == Urgency::Called {
            // Who has been called is on the line already, or may be at any moment.
            let offer = self.next_callback(of_callback, None)?;
            return Some(Turn { given: None, offer });
        }
        let share = queue.rules.as_ref()?.callbacks?;
        let (next, balance) = queue.callbacks.balance.next(share);
        if next == Next::Callback {
            let offer = self.next_callback(of_callback, Some(balance))?;
            return Some(Turn { given: None, offer });
        }
        let given = Fact::TurnGiven {
            queue: id.clone(),
            entry: head.entry,
            balance,
        };
        Some(Turn {
            given: Some(given),
            offer: self.next_offer(of_caller)?,
        })
    }

    /// The agent whose turn it is for a queue's first callback, which takes nobody in particular.
    fn next_callback(&self, number: Number, balance: Option<Balance>) -> Option<Fact> {
        let (queue_id, queue) = self.engine.queues.row(number)?;
        let rules = queue.rules.as_ref()?;
        let DueCallback { arrived, entry, .. } = queue.callbacks.head()?;
        let view = View {
            bench: &queue.callbacks.bench,
            asked: &queue.asked,
            group: None,
        };
        let (agent, priority, chosen) = self.choose((number, queue), view, 0)?;
        let passed_over = self
            .engine
            .passed_over_for_callback(queue, (agent, priority));
        Some(Fact::CallbackOffered {
            offer: OfferId(self.engine.last_offer.0 + 1),
            queue: queue_id.clone(),
            entry,
            arrived,
            agent: chosen.agent,
            reason: chosen.reason,
            passed_over,
            balance,
            ring_until: self.now + rules.ring,
        })
    }

    fn next_offer(&self, number: Number) -> Option<Fact> {
        let (queue_id, queue) = self.engine.queues.row(number)?;
        let rules = queue.rules.as_ref()?;
        let Head { call, whom, .. } = queue.head()?;
        let caller = self.engine.callers.get(&call)?;
        let step = caller.step;
        let view = View::of(queue, caller);
        let (agent, priority, chosen) = match whom {
            Whom::WhoeverIsNext => self.choose((number, queue), view, step)?,
            Whom::Him(agent) => self.reunited(number, agent, caller)?,
        };
        let passed_over = self
            .engine
            .passed_over((number, queue), view, step, (agent, priority));
        Some(Fact::Offered {
            offer: OfferId(self.engine.last_offer.0 + 1),
            call,
            queue: queue_id.clone(),
            agent: chosen.agent,
            reason: chosen.reason,
            step,
            passed_over,
            ring_until: self.now + rules.ring,
        })
    }

    /// The agent whom a caller has waited for, his priority, and why.
    fn reunited(
        &self,
        own: Number,
        number: Number,
        caller: &Caller,
    ) -> Option<(Number, u8, Ranked)> {
        let (agent, known) = self.engine.agents.row(number)?;
        let agent = agent.clone();
        let talked = caller.seeks?.talked;
        let reason = Reason::LastAgent { talked };
        let seat = known.login(own)?.seat?;
        Some((number, seat.priority, Ranked { agent, reason }))
    }

    /// The agent who is next for a caller in that step, his priority, and why.
    fn choose(
        &self,
        (own, queue): (Number, &Queue),
        view: View<'_>,
        step: u8,
    ) -> Option<(Number, u8, Ranked)> {
        let policy = queue.rules.as_ref()?.policy;
        let seats = view.bench.candidates(step, policy, &queue.turns);
        let mut candidates = Vec::with_capacity(seats.len());
        for (seat, number) in &seats {
            let (agent, known) = self.engine.agents.row(*number)?;
            candidates.push(Candidate {
                agent: agent.clone(),
                merit: view.merit(known, known.login(own)?.merit),
                idle_since: seat.since.at,
                ticket: seat.since.seq,
            });
        }
        let (at, chosen) = policy::first(policy, &queue.turns, &candidates)?;
        let (seat, number) = seats.get(at)?;
        Some((*number, seat.priority, chosen))
    }
}
