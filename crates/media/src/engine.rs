//! The engine as others hold it: opens sessions, hands commands to the thread that has them, reads figures.

use crate::counters::{Published, Stats};
use crate::mailbox::{Mailbox, Message};
use crate::ports::{BindError, PortPool, Watched};
use crate::prompts::{Prompt, Prompts};
use crate::worker::{Setup, Worker};
use base::{CallId, LegId, Time};
use media_core::{Command, Event, Session};
use metrics::counter;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Where and how media runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaConfig {
    /// The address that sockets are bound to.
    pub bind: IpAddr,
    /// Ports for RTP (even) and RTCP (odd).
    pub ports: RangeInclusive<u16>,
    /// OS threads; at least one is started.
    pub threads: usize,
}

/// A session could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Every pair of ports in the range is taken, by us or by others on the machine.
    #[error("no free pair of RTP ports: all {pairs} of the range are in use")]
    NoPort {
        /// Pairs in the range.
        pairs: usize,
    },
    /// The thread has more messages waiting than it may.
    #[error("the media thread is too far behind to take a new session")]
    Busy,
    /// The kernel refused a socket.
    #[error("cannot open RTP sockets: {0}")]
    Io(#[from] io::Error),
}

/// A command was not taken: its thread has more messages waiting than it may, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media thread takes no more commands")]
pub struct CommandRefused;

/// The media of all calls. Cheap to clone; when the last clone goes, the threads end.
#[derive(Clone, Debug)]
pub struct MediaEngine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: Arc<PortPool>,
    /// The threads' clock's start.
    epoch: Instant,
    threads: Vec<Thread>,
    running: Mutex<Vec<JoinHandle<()>>>,
    /// The prompts of before the last reload are kept until the next, so that it is never a media thread
    /// that has to free them.
    retired: Mutex<(Arc<Prompts>, Option<Arc<Prompts>>)>,
}

#[derive(Debug)]
struct Thread {
    mailbox: Arc<Mailbox>,
    published: Arc<Published>,
}

impl MediaEngine {
    /// Starts the threads. `events` is called on them and must not block.
    pub fn start(
        config: MediaConfig,
        prompts: Arc<Prompts>,
        events: impl Fn(Event) + Send + Sync + Clone + 'static,
    ) -> io::Result<MediaEngine> {
        let count = config.threads.max(1);
        let pool = Arc::new(PortPool::new(config.bind, &config.ports, count));
        let epoch = Instant::now();
        let mut threads = Vec::new();
        let mut running = Vec::new();
        for number in 0..count {
            let mailbox = Arc::new(Mailbox::new()?);
            let published = Arc::new(Published::default());
            let worker = Worker::new(Setup {
                number,
                mailbox: Arc::clone(&mailbox),
                published: Arc::clone(&published),
                pool: Arc::clone(&pool),
                prompts: Arc::clone(&prompts),
                epoch,
                events: events.clone(),
            })?;
            threads.push(Thread { mailbox, published });
            let name = format!("kolapp-media-{number}");
            running.push(
                std::thread::Builder::new()
                    .name(name)
                    .spawn(move || worker.run())?,
            );
        }
        let shared = Shared {
            pool,
            epoch,
            threads,
            running: Mutex::new(running),
            retired: Mutex::new((prompts, None)),
        };
        Ok(MediaEngine {
            shared: Arc::new(shared),
        })
    }

    /// Opens a session: has its sockets here and now, on the caller's thread, and says which address
    /// the party is to send its RTP to. It sends nothing before its first [`Command::SetRemote`].
    pub fn open(&self, session: &Session) -> Result<SocketAddr, OpenError> {
        let Shared { pool, threads, .. } = &*self.shared;
        let number = self.thread_of(session.call);
        let now = Time::ZERO + self.shared.epoch.elapsed();
        let taken = pool.take(number, now).map_err(|error| match error {
            BindError::Exhausted => {
                let pairs = pool.pairs();
                refused("no_port", OpenError::NoPort { pairs })
            }
            BindError::Io(error) => refused("io", OpenError::Io(error)),
        })?;
        let message = Message::Open {
            session: session.clone(),
            taken: taken.clone(),
        };
        if threads[number].mailbox.push(message).is_err() {
            pool.put_back(taken, now);
            return Err(refused("busy", OpenError::Busy));
        }
        if let Watched::By { thread, line } = taken.watched
            && thread != number
        {
            // A thread that has ended watches nothing.
            let _ = threads[thread].mailbox.push(Message::Forget { line });
        }
        Ok(taken.pair.address)
    }

    /// Hands a command to a leg's session. What is unknown there (any more) is counted and has no effect.
    ///
    /// [`Command::Close`] is refused only by an engine that has been shut down; anything else also when
    /// 65,536 messages are waiting already.
    pub fn command(
        &self,
        call: CallId,
        leg: LegId,
        command: Command,
    ) -> Result<(), CommandRefused> {
        if let Command::MoveTo { home } = command {
            self.hand_over(leg, call, home);
            return Ok(());
        }
        let message = Message::Command { leg, command };
        let thread = &self.shared.threads[self.thread_of(call)];
        thread.mailbox.push(message).map_err(|_| {
            counter!("kolapp_media_commands_refused_total").increment(1);
            CommandRefused
        })
    }

    /// Takes a session to the thread of another call. Whoever says what follows to that thread comes after this.
    fn hand_over(&self, leg: LegId, from: CallId, home: CallId) {
        let (from, to) = (self.thread_of(from), self.thread_of(home));
        if from == to {
            return;
        }
        let (from, to) = (&self.shared.threads[from], &self.shared.threads[to]);
        // Refused only by threads that have ended, and then there is no session to lose.
        let _ = to.mailbox.push(Message::Expect { leg });
        let to = Arc::clone(&to.mailbox);
        let _ = from.mailbox.push(Message::HandOver { leg, to });
    }

    /// Asks for what a leg's party has said and had recorded, before anything that is said of it later. The answer
    /// comes within milliseconds; none is in it, or comes, where there is nothing.
    pub fn recording(&self, call: CallId, leg: LegId) -> Receiver<Option<Arc<Prompt>>> {
        let (answer, answered) = mpsc::sync_channel(1);
        // Refused only by a thread that has ended: then no answer comes.
        let _ = self.shared.threads[self.thread_of(call)]
            .mailbox
            .push(Message::Fetch { leg, answer });
        answered
    }

    /// Sessions take their playlists from these from now on; those playing go on with what they have.
    pub fn replace_prompts(&self, prompts: Arc<Prompts>) {
        for thread in &self.shared.threads {
            // A thread that has ended needs no prompts.
            let _ = thread.mailbox.push(Message::Prompts(Arc::clone(&prompts)));
        }
        let mut retired = self
            .shared
            .retired
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut retired.0, prompts);
        retired.1 = Some(before);
    }

    /// The prompts now in use; the next load reuses what of them has not changed.
    pub fn prompts(&self) -> Arc<Prompts> {
        let retired = self
            .shared
            .retired
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&retired.0)
    }

    /// Figures of all threads together.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            pairs: self.shared.pool.pairs(),
            pairs_in_use: self.shared.pool.in_use(),
            ..Stats::default()
        };
        for thread in &self.shared.threads {
            thread.published.add_to(&mut stats);
        }
        stats
    }

    /// Says BYE on every open session, ends the threads and waits for them.
    pub fn shutdown(&self) {
        self.shared.stop();
        let running = std::mem::take(
            &mut *self
                .shared
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for thread in running {
            if thread.join().is_err() {
                tracing::error!("a media thread had ended by a panic");
            }
        }
    }

    fn thread_of(&self, call: CallId) -> usize {
        // Slots are reused from the lowest: neighbours go to different threads.
        let spread = call.slot as usize + usize::from(call.shard.0);
        spread % self.shared.threads.len()
    }
}

impl Shared {
    fn stop(&self) {
        for thread in &self.threads {
            // Refused only if it was stopped before.
            let _ = thread.mailbox.push(Message::Stop);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop();
    }
}

fn refused(reason: &'static str, error: OpenError) -> OpenError {
    counter!("kolapp_media_opens_refused_total", "reason" => reason).increment(1);
    error
}
