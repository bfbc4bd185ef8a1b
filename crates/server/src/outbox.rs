//! What one task tells another without ever waiting for it: what finds no room in the other's mailbox waits here, in order, and
//! nothing of it is lost. Two tasks that tell each other things so can't hold each other up.

use std::collections::VecDeque;
use std::future::{Future, pending};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// What is on its way to one task.
pub(crate) struct Outbox<T> {
    to: mpsc::Sender<T>,
    waiting: VecDeque<T>,
}

impl<T> Outbox<T> {
    pub(crate) fn new(to: mpsc::Sender<T>) -> Outbox<T> {
        let waiting = VecDeque::new();
        Outbox { to, waiting }
    }

    /// Puts a message behind those that wait; `deliver` hands it over.
    pub(crate) fn push(&mut self, message: T) {
        self.waiting.push_back(message);
    }

    /// Hands over what there is room for.
    pub(crate) fn deliver(&mut self) {
        while let Some(message) = self.waiting.pop_front() {
            match self.to.try_send(message) {
                Ok(()) => {}
                Err(TrySendError::Full(message)) => {
                    self.waiting.push_front(message);
                    break;
                }
                // The task has ended with the process.
                Err(TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
    }

    /// Back when there is room for something that waits; never, where nothing does.
    pub(crate) fn has_room(&self) -> impl Future<Output = ()> + use<T> {
        let stuck = (!self.waiting.is_empty()).then(|| self.to.clone());
        async move {
            match stuck {
                // The permit is given back at once: `deliver` takes the room.
                Some(to) => drop(to.reserve_owned().await),
                None => pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_finds_no_room_waits_in_order_and_is_handed_over_when_there_is_some() {
        let (to, mut mailbox) = mpsc::channel(2);
        let mut outbox = Outbox::new(to);
        (0..5).for_each(|message| outbox.push(message));
        outbox.deliver();
        let mut got = Vec::new();
        while got.len() < 5 {
            got.extend(mailbox.recv().await);
            outbox.has_room().await;
            outbox.deliver();
            if outbox.waiting.is_empty() {
                while let Ok(message) = mailbox.try_recv() {
                    got.push(message);
                }
            }
        }
        assert_eq!(got, [0, 1, 2, 3, 4]);
    }
}
