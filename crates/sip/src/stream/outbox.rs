//! What waits to be sent over one connection. Shards put messages in and never wait; the connection's task
//! takes them out as fast as the peer reads.

use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// Bytes that may wait for a peer to read. A trunk that carries a thousand calls a second gets a quarter of
/// a second's messages; whoever reads slower than that is closed.
pub(super) const UNSENT_BYTES_MAX: usize = 256 * 1024;

/// While more than this waits, nothing more is read from the peer: whoever asks without listening to the
/// answers gets no more of them.
pub(super) const UNSENT_BYTES_PAUSE: usize = 32 * 1024;

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// The peer reads too slowly, and its connection ends.
    Full,
    /// The connection is no more.
    Closed,
}

/// Messages that wait.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Bytes>,
    bytes: usize,
    state: State,
    task: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// What waits is still sent, and no more is taken.
    Finishing,
    Overflowed,
    Closed,
}

/// What there is to do for the connection's task.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Send this.
    Message(Bytes),
    /// Nothing for now; the task is woken when there is.
    Nothing,
    /// The peer reads too slowly.
    Overflowed,
    /// All that was to be sent has been, and the connection is to end.
    Finished,
}

impl Outbox {
    /// Adds a message.
    pub(super) fn push(&self, message: Bytes) -> Result<(), NotTaken> {
        let mut waiting = self.waiting();
        let was_empty = waiting.messages.is_empty();
        let result = match waiting.state {
            State::Finishing | State::Closed => Err(NotTaken::Closed),
            State::Overflowed => Err(NotTaken::Full),
            State::Open if waiting.bytes + message.len() > UNSENT_BYTES_MAX => {
                waiting.state = State::Overflowed;
                Err(NotTaken::Full)
            }
            State::Open => {
                waiting.bytes += message.len();
                waiting.messages.push_back(message);
                Ok(())
            }
        };
        // A task that has something to send already waits for the peer to read.
        let is_news = was_empty || result.is_err();
        let task = waiting.task.take_if(|_| is_news);
        drop(waiting);
        if let Some(task) = task {
            task.wake();
        }
        result
    }

    /// The next message for the connection's task.
    pub(super) fn take(&self, cx: &mut Context<'_>) -> Taken {
        let mut waiting = self.waiting();
        if waiting.state == State::Overflowed {
            return Taken::Overflowed;
        }
        if let Some(message) = waiting.messages.pop_front() {
            waiting.bytes -= message.len();
            if waiting.messages.is_empty() {
                // A connection that says nothing shall hold nothing.
                waiting.messages = VecDeque::new();
            }
            return Taken::Message(message);
        }
        if waiting.state == State::Finishing {
            return Taken::Finished;
        }
        waiting.task = Some(cx.waker().clone());
        Taken::Nothing
    }

    /// Whether the peer reads too slowly, for a task that can't send just now; it is woken when that changes.
    pub(super) fn has_overflowed(&self, cx: &mut Context<'_>) -> bool {
        let mut waiting = self.waiting();
        waiting.task = Some(cx.waker().clone());
        waiting.state == State::Overflowed
    }

    /// Whether the peer is to be read from.
    pub(super) fn is_at_ease(&self) -> bool {
        let waiting = self.waiting();
        waiting.state != State::Finishing && waiting.bytes <= UNSENT_BYTES_PAUSE
    }

    /// Takes no more; the connection ends once what there is has been sent.
    pub(super) fn finish(&self) {
        let mut waiting = self.waiting();
        if waiting.state == State::Open {
            waiting.state = State::Finishing;
        }
        let task = waiting.task.take();
        drop(waiting);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Takes no more, and forgets what there is.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting();
        *waiting = Waiting {
            state: State::Closed,
            ..Waiting::default()
        };
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing here is left half done by a panic.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_gets_what_waits_for_him_and_no_more() {
        let outbox = Outbox::default();
        let mut cx = Context::from_waker(Waker::noop());
        outbox.push("farewell".into()).unwrap();
        outbox.finish();
        assert_eq!(outbox.push("more".into()), Err(NotTaken::Closed));
        assert!(!outbox.is_at_ease(), "nothing more is read from him");
        assert_eq!(outbox.take(&mut cx), Taken::Message("farewell".into()));
        assert_eq!(outbox.take(&mut cx), Taken::Finished);
    }

    #[test]
    fn messages_come_out_in_order_and_the_task_is_woken() {
        let outbox = Outbox::default();
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(outbox.take(&mut cx), Taken::Nothing);
        assert!(outbox.waiting().task.is_some());
        for text in ["one", "two"] {
            outbox.push(text.into()).unwrap();
        }
        assert!(outbox.waiting().task.is_none(), "it was woken");
        assert_eq!(outbox.take(&mut cx), Taken::Message("one".into()));
        assert_eq!(outbox.take(&mut cx), Taken::Message("two".into()));
        assert_eq!(outbox.take(&mut cx), Taken::Nothing);
    }

    #[test]
    fn a_peer_that_does_not_read_is_first_not_read_from_and_then_given_up() {
        let outbox = Outbox::default();
        let message = Bytes::from_static(&[b'x'; 1_024]);
        let mut pushed = 0;
        while outbox.is_at_ease() {
            outbox.push(message.clone()).unwrap();
            pushed += message.len();
        }
        assert!(pushed <= UNSENT_BYTES_PAUSE + message.len());
        while outbox.push(message.clone()).is_ok() {
            pushed += message.len();
        }
        assert_eq!(pushed, UNSENT_BYTES_MAX);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(outbox.take(&mut cx), Taken::Overflowed);
        assert_eq!(outbox.push(message), Err(NotTaken::Full));
    }

    #[test]
    fn a_closed_connection_takes_nothing() {
        let outbox = Outbox::default();
        outbox.push("x".into()).unwrap();
        outbox.close();
        assert_eq!(outbox.push("y".into()), Err(NotTaken::Closed));
    }
}
