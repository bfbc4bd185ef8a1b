//! Commands about a queue's callers; what is decided about one of them is in `by_hand.rs`. Callers whom somebody moves
//! from one queue to another: each keeps his first arrival and his priority,
//! and they keep their order. Whoever is being offered to an agent stays, since he is about to be answered.

use crate::engine::Step;
use crate::entrance::Entrance;
use crate::fact::Fact;
use crate::output::{Command, CommandRefusal};
use crate::queue::Stage;
use base::{CallId, QueueId};
use control::{Permitted, Principal, QueueCommand};

impl Step<'_> {
    pub(crate) fn queue_command(&mut self, ticket: u64, command: Permitted<QueueCommand>) {
        let (by, command) = command.into_parts();
        let result = match command {
            QueueCommand::Move { from, to, callers } => {
                let many = callers.unwrap_or(u32::MAX);
                self.move_callers(&from, &to, many, &by)
            }
            QueueCommand::PutForward { queue, call, to } => self.put_forward(&queue, call, to, &by),
            QueueCommand::Give { queue, call, agent } => self.give(&queue, call, &agent, &by),
        };
        self.out.commands.push(Command::Moved { ticket, result });
    }

    /// Moves the first `many`, or as many as there is room for.
    fn move_callers(
        &mut self,
        from: &QueueId,
        to: &QueueId,
        many: u32,
        by: &Principal,
    ) -> Result<u32, CommandRefusal> {
        let movable = self.movable(from, to)?;
        let mut moved = 0;
        for call in movable {
            if moved == many || self.admitted(to).is_err() {
                break;
            }
            let Some(caller) = self.engine.callers.get(&call) else {
                continue;
            };
            // What could not be had where he was may be where he goes.
            let asks_for = match caller.let_go.is_empty() {
                true => &caller.requires,
                false => &caller.let_go,
            };
            let entrance = Entrance {
                call,
                queue: to.clone(),
                arrived: caller.arrived,
                priority: caller.priority,
                known_as: caller.known_as,
                requires: asks_for.clone(),
            };
            self.emit(Fact::Moved {
                call,
                queue: from.clone(),
                to: to.clone(),
                by: by.clone(),
            });
            self.join(entrance);
            moved += 1;
        }
        Ok(moved)
    }

    /// Who may be moved, first to last.
    fn movable(&self, from: &QueueId, to: &QueueId) -> Result<Vec<CallId>, CommandRefusal> {
        if from == to {
            return Err(CommandRefusal::SameQueue(from.clone()));
        }
        if !to.is_of(&from.org()) {
            let (from, to) = (from.clone(), to.clone());
            return Err(CommandRefusal::OtherOrganisation { from, to });
        }
        for queue in [from, to] {
            if !self.engine.settings.queues.contains_key(queue) {
                return Err(CommandRefusal::NoSuchQueue(queue.clone()));
            }
        }
        if let Err(cause) = self.admitted(to) {
            let queue = to.clone();
            return Err(CommandRefusal::TakesNobody { queue, cause });
        }
        let standing = self.engine.queues.number(from);
        let standing = standing.map(|from| self.engine.standing_in(from));
        // Who is about to be answered stays, and who is choosing what to do.
        let idles = |call: &CallId| {
            let stage = self.engine.callers.get(call).map(|caller| &caller.stage);
            matches!(stage, Some(Stage::Waiting(ringing)) if ringing.is_empty())
        };
        let standing = standing.unwrap_or_default().into_iter();
        Ok(standing.filter(|call| idles(call)).collect())
    }
}
