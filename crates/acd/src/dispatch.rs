//! Who gets whom: callers who want a phone to ring are offered to free agents until none of one kind faces one
//! of the other. One reservation at a time, whatever the policy: an agent who is offered a caller sits on no
//! bench any more, so he can't be in two offers.

use crate::engine::Step;
use crate::fact::Fact;
use crate::policy::{self, Candidate, Ranked};
use crate::queue::Queue;
use crate::table::Number;
use base::OfferId;

impl Step<'_> {
    /// Among queues that share an agent, the caller whose wait weighs most comes first; whoever is to have
    /// several phones ring has them before those behind him have any.
    pub(crate) fn dispatch(&mut self) {
        // Each turn takes one agent off every bench, so there are no more turns than free agents.
        while let Some(offer) = self.next_offer() {
            self.emit(offer);
        }
    }

    fn next_offer(&self) -> Option<Fact> {
        let number = self.engine.ready.first(self.now)?;
        let (queue_id, queue) = self.engine.queues.row(number)?;
        let rules = queue.rules.as_ref()?;
        let (step, _, call) = queue.head()?;
        let (agent, priority, chosen) = self.choose((number, queue), step)?;
        let passed_over = self
            .engine
            .passed_over((number, queue), step, (agent, priority));
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

    /// The agent who is next for a caller in that step, his priority, and why.
    fn choose(&self, (own, queue): (Number, &Queue), step: u8) -> Option<(Number, u8, Ranked)> {
        let policy = queue.rules.as_ref()?.policy;
        let seats = queue.bench.candidates(step, policy, &queue.turns);
        let mut candidates = Vec::with_capacity(seats.len());
        for (seat, number) in &seats {
            let (agent, known) = self.engine.agents.row(*number)?;
            candidates.push(Candidate {
                agent: agent.clone(),
                merit: known.login(own)?.merit,
                idle_since: seat.since.at,
                ticket: seat.since.seq,
            });
        }
        let (at, chosen) = policy::first(policy, &queue.turns, &candidates)?;
        let (seat, number) = seats.get(at)?;
        Some((*number, seat.priority, chosen))
    }
}
