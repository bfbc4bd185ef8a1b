//! The one way into a media thread: a bounded queue, and an eventfd that wakes a thread that sleeps for long.
//!
//! A thread that has sessions reads its mail before anything else each time it wakes, and that is at least once in
//! 20 ms. So what is heard or sent is always as the latest message says; to wake the thread for each would cost more
//! than all that most of them ask for.
//!
//! When it is full: new sessions are refused first, at half, so that calls under way keep theirs; at its
//! whole size commands are refused; a `Close` is always taken, since there is one a session and a session
//! never closed would keep its ports for ever. So is what brings a session to another thread.

use crate::ports::Taken;
use crate::prompts::{Prompt, Prompts};
use media_core::{Command, Session};
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::io;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use base::LegId;

/// Messages waiting at most. A thread takes all of them each time it wakes, within milliseconds: so many
/// are half a minute of the fastest set-up of calls it is meant for, and a few MB.
const MESSAGES_MAX: usize = 65_536;

/// What a thread is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// Here is a new session and its sockets.
    Open { session: Session, taken: Taken },
    /// Another thread has the pair of this line now.
    Forget { line: usize },
    /// For one session.
    Command { leg: LegId, command: Command },
    /// This leg's session is on its way here: keep its commands for it.
    Expect { leg: LegId },
    /// Hand this leg's session over to another thread, which expects it.
    HandOver { leg: LegId, to: Arc<Mailbox> },
    /// A session that was expected; none if there was none to hand over.
    Adopt {
        leg: LegId,
        session: Option<Box<crate::session::Session>>,
    },
    /// Hand over what this leg's party has said.
    Fetch {
        leg: LegId,
        answer: SyncSender<Option<Arc<Prompt>>>,
    },
    /// Playlists are taken from these from now on.
    Prompts(Arc<Prompts>),
    /// Close all sessions and end.
    Stop,
}

/// A message was not taken, and comes back.
#[derive(Debug)]
pub(crate) struct Refused;

/// A thread's mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    wake: OwnedFd,
}

#[derive(Debug, Default)]
struct Queue {
    messages: Vec<Message>,
    stopped: Stopped,
    sleep: Sleep,
}

/// Whether the thread sees by itself that there is mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sleep {
    /// Within 20 ms.
    #[default]
    Short,
    /// Only when it is woken.
    Long,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stopped {
    #[default]
    No,
    Yes,
}

impl Mailbox {
    /// An empty one.
    pub(crate) fn new() -> io::Result<Mailbox> {
        Ok(Mailbox {
            queue: Mutex::default(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// Puts a message in, by the policy above.
    pub(crate) fn push(&self, message: Message) -> Result<(), Refused> {
        let mut queue = self.lock();
        let limit = match &message {
            Message::Open { .. } => MESSAGES_MAX / 2,
            Message::Command {
                command: Command::Close,
                ..
            }
            | Message::Expect { .. }
            | Message::HandOver { .. }
            | Message::Adopt { .. }
            | Message::Forget { .. }
            | Message::Fetch { .. }
            | Message::Prompts(_)
            | Message::Stop => usize::MAX,
            Message::Command { .. } => MESSAGES_MAX,
        };
        if queue.messages.len() >= limit || queue.stopped == Stopped::Yes {
            return Err(Refused);
        }
        if matches!(message, Message::Stop) {
            queue.stopped = Stopped::Yes;
        }
        queue.messages.push(message);
        let sleep = std::mem::take(&mut queue.sleep);
        drop(queue);
        if sleep == Sleep::Long {
            // It can only fail when the counter is full, and then the thread is being woken already.
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
        Ok(())
    }

    /// Takes all messages, leaving the emptied `spare` in their place so that neither allocates anew.
    pub(crate) fn take(&self, spare: &mut Vec<Message>) {
        let mut queue = self.lock();
        queue.sleep = Sleep::Short;
        std::mem::swap(&mut queue.messages, spare);
    }

    /// The thread is about to sleep until it is woken. False if there is mail already.
    pub(crate) fn may_sleep(&self) -> bool {
        let mut queue = self.lock();
        if queue.messages.is_empty() {
            queue.sleep = Sleep::Long;
        }
        queue.messages.is_empty()
    }

    /// The thread was woken by [`Mailbox::wake_fd`].
    pub(crate) fn woken(&self) {
        let mut counter = [0; 8];
        let _ = rustix::io::read(&self.wake, &mut counter);
    }

    /// What to wait on.
    pub(crate) fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        // Nothing that holds this lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::ShardId;

    fn command(command: Command) -> Message {
        let leg = LegId {
            shard: ShardId(0),
            slot: 0,
            generation: 0,
        };
        Message::Command { leg, command }
    }

    #[test]
    fn a_full_mailbox_refuses_commands_but_never_a_close() {
        let mailbox = Mailbox::new().unwrap();
        let with = LegId {
            shard: ShardId(0),
            slot: 1,
            generation: 0,
        };
        for _ in 0..MESSAGES_MAX {
            mailbox.push(command(Command::Bridge { with })).unwrap();
        }
        assert!(mailbox.push(command(Command::Bridge { with })).is_err());
        mailbox.push(command(Command::Close)).unwrap();
        let mut taken = Vec::new();
        mailbox.take(&mut taken);
        assert_eq!(taken.len(), MESSAGES_MAX + 1);
        mailbox.push(command(Command::Bridge { with })).unwrap();
    }

    #[test]
    fn nothing_is_taken_after_the_stop() {
        let mailbox = Mailbox::new().unwrap();
        mailbox.push(Message::Stop).unwrap();
        assert!(mailbox.push(command(Command::Close)).is_err());
    }

    #[test]
    fn only_a_thread_that_sleeps_for_long_is_woken_and_once() {
        let mailbox = Mailbox::new().unwrap();
        let woken = || {
            let mut counter = [0; 8];
            rustix::io::read(&mailbox.wake, &mut counter).is_ok()
        };
        mailbox.push(command(Command::Close)).unwrap();
        assert!(!woken());
        assert!(!mailbox.may_sleep(), "there is mail");
        mailbox.take(&mut Vec::new());
        assert!(mailbox.may_sleep());
        mailbox.push(command(Command::Close)).unwrap();
        mailbox.push(command(Command::Close)).unwrap();
        assert!(woken());
        mailbox.take(&mut Vec::new());
        mailbox.push(command(Command::Close)).unwrap();
        assert!(!woken(), "it has looked since");
    }
}
