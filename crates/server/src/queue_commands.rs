//! Callers moved from one queue to another: names become ids, and the answer a document.

use crate::commands::Commands;
use crate::ctl::protocol::{Failure, MoveRequest};
use crate::documents::{Answer, MovedRow};
use crate::hours::find;
use base::QueueId;
use control::{Command, Permitted, QueueCommand};

impl Commands {
    pub(crate) fn resolve_move(&self, request: &MoveRequest) -> Result<Command, Failure> {
        let loaded = self.0.config.loaded();
        let queue = |name: &str| -> Result<QueueId, Failure> {
            let found = find(&loaded.directory, name);
            found
                .map(|(queue, _)| queue)
                .map_err(|error| Failure::new(error.to_string()))
        };
        Ok(Command::Queue(QueueCommand::Move {
            from: queue(&request.from)?,
            to: queue(&request.to)?,
            callers: request.callers,
        }))
    }

    pub(crate) async fn change_queue(
        &self,
        command: Permitted<QueueCommand>,
    ) -> Result<Answer, Failure> {
        tracing::info!(by = %command.by(), command = ?command.command(), "command");
        let moves = match command.command() {
            QueueCommand::Move { from, to, .. } => Some((from.clone(), to.clone())),
            QueueCommand::PutForward { .. } | QueueCommand::Give { .. } => None,
        };
        match self.0.acd.queue_command(command).await {
            Ok(Ok(moved)) => Ok(match moves {
                Some((from, to)) => Answer::Moved(MovedRow { from, to, moved }),
                None => Answer::Changed,
            }),
            Ok(Err(refusal)) => Err(Failure::new(refusal.to_string())),
            Err(gone) => Err(Failure::new(gone.to_string())),
        }
    }
}
