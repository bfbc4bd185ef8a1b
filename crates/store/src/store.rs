//! The store as the rest of the process sees it: what is handed in waits here, bounded, for the thread that writes it.

use crate::audit::{AUDIT_WAITING_MAX, AuditRow, Audits};
use crate::backlog::{self, Backlog};
use crate::backup::{self, NoBackup};
use crate::call_erasure::Erasing;
use crate::callbacks::CallbackStep;
use crate::calls::{CALLS_WAITING_MAX, CallRow, Calls};
use crate::failure::FailureKind;
use crate::journal::{Journal, Keep, Run};
use crate::kept::Kept;
use crate::location::{Kind, Location};
use crate::pending::{Full, PENDING_MAX, Pending};
use crate::steps::{STEPS_MAX, Steps};
use crate::write::{Key, Write};
use crate::writer::Writer;
use metrics::{counter, gauge};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{sleep, timeout};

/// Storage that has not done what it was asked for so long is as good as away for promises.
const SLOW: Duration = Duration::from_secs(1);

/// How long the start waits for what was kept. A disk slower than that must not keep phones from being answered.
pub(crate) const START_WAIT: Duration = Duration::from_secs(5);

/// How long the end waits for the last writes.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// The way to what is kept. Clones lead to the same.
#[derive(Clone, Debug)]
pub struct Store(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) location: Location,
    pending: Mutex<Pending<Waiter>>,
    backlog: Mutex<Backlog<Waiter>>,
    steps: Mutex<Steps<Waiter>>,
    calls: Mutex<Calls>,
    audits: Mutex<Audits>,
    /// Numbers that are to be erased from records of calls.
    erasures: Mutex<Vec<Erasure>>,
    /// What the journal is to be cut down to, until it is.
    keep: Mutex<Option<Keep>>,
    /// The moment before which records of calls are to be forgotten, until they are, in milliseconds of UTC.
    calls_since_ms: Mutex<Option<u64>>,
    /// The same of the audit.
    audit_since_ms: Mutex<Option<u64>>,
    /// Rung when there is something to do, or to end for.
    pub(crate) bell: Notify,
    health: Mutex<Health>,
    asked: Mutex<Option<Instant>>,
    pub(crate) stage: watch::Sender<Stage>,
    /// Counts files that were begun anew while the process runs.
    pub(crate) renewed: watch::Sender<u64>,
    /// Whether what was kept could not be read at the first attempt, and need not be waited for.
    pub(crate) is_late: watch::Sender<bool>,
    /// Whether it has been taken up. Before that nothing is written: a row of a process that doesn't know what was kept
    /// would take the place of one that somebody was promised.
    pub(crate) is_taken_up: watch::Sender<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    Closing,
    Closed,
}

/// A number that is to be erased from records of an organisation's calls, and who waits for how many those are.
#[derive(Debug)]
pub(crate) struct Erasure {
    pub(crate) erasing: Erasing,
    pub(crate) waiter: oneshot::Sender<Result<u64, NotStored>>,
}

/// Numbers that may wait to be erased: somebody asks for each by hand.
const ERASURES_MAX: usize = 64;

pub(crate) type Waiter = oneshot::Sender<Result<(), NotStored>>;

/// How storage is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// The last attempt to write succeeded, or there was none yet.
    Ok,
    /// It failed, and is being repeated.
    Failing {
        /// In which way.
        kind: FailureKind,
        /// In storage's own words.
        message: String,
    },
}

/// It isn't stored, and won't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// Too much waits for storage already.
    #[error("too much waits for storage already")]
    NoRoom,
    /// Storage doesn't take this row.
    #[error("the row can't be stored")]
    Row,
    /// Storage is away, or so slow that nobody knows.
    #[error("storage is away")]
    Away,
    /// It took longer than whoever promises it waits.
    #[error("storage is slow")]
    Slow,
    /// What was kept has not been read yet.
    #[error("storage has not been read yet")]
    Unread,
    /// The process is going down.
    #[error("the store is closed")]
    Closed,
}

/// To be awaited where something may be promised only once it is on disk.
#[derive(Debug)]
#[must_use = "nothing is known of it otherwise: see write_soon"]
pub struct Acknowledgement(oneshot::Receiver<Result<(), NotStored>>);

impl Acknowledgement {
    /// Ready when it is on disk, or never will be. Takes as long as storage is away: whoever promises something to
    /// a person sets himself a limit.
    pub async fn stored(mut self) -> Result<(), NotStored> {
        self.ready().await
    }

    /// The same, for whoever waits for other things too and may look away; not to be asked again when it has answered.
    pub async fn ready(&mut self) -> Result<(), NotStored> {
        (&mut self.0).await.unwrap_or(Err(NotStored::Closed))
    }
}

impl Acknowledgement {
    pub(crate) fn of(hand_in: impl FnOnce(Waiter)) -> Acknowledgement {
        let (waiter, acknowledgement) = oneshot::channel();
        hand_in(waiter);
        Acknowledgement(acknowledgement)
    }
}

impl Store {
    /// Begins to open what is there, a folder's file or a database, and to read what was kept. Never fails: what can't
    /// be opened is tried again and again, and a file that is damaged is moved aside; either way the log says so, and
    /// the process goes on.
    pub fn start(location: impl Into<Location>) -> (Store, Loading) {
        let store = Store(Arc::new(Shared {
            location: location.into(),
            pending: Mutex::new(Pending::bounded(PENDING_MAX)),
            backlog: Mutex::new(Backlog::bounded(backlog::WAITING_MAX)),
            steps: Mutex::new(Steps::bounded(STEPS_MAX)),
            calls: Mutex::new(Calls::bounded(CALLS_WAITING_MAX)),
            audits: Mutex::new(Audits::bounded(AUDIT_WAITING_MAX)),
            erasures: Mutex::new(Vec::new()),
            keep: Mutex::new(None),
            calls_since_ms: Mutex::new(None),
            audit_since_ms: Mutex::new(None),
            bell: Notify::new(),
            health: Mutex::new(Health::Ok),
            asked: Mutex::new(None),
            stage: watch::Sender::new(Stage::Open),
            renewed: watch::Sender::new(0),
            is_late: watch::Sender::new(false),
            is_taken_up: watch::Sender::new(false),
        }));
        let writer = Writer::new(store.0.clone());
        let (loaded, kept) = oneshot::channel();
        let thread = std::thread::Builder::new().name("store".into());
        if let Err(error) = thread.spawn(move || writer.run_thread(loaded)) {
            tracing::error!(%error, "nothing will be kept over a restart: no thread for it");
            store.0.stage.send_replace(Stage::Closed);
        }
        let taking_up = TakingUp(store.0.clone());
        (store, Loading { kept, taking_up })
    }

    /// Has it written, and says when it is.
    pub fn write(&self, write: Write) -> Acknowledgement {
        Acknowledgement::of(|waiter| self.put(write, Some(waiter)))
    }

    /// Has it written, whenever that is.
    pub fn write_soon(&self, write: Write) {
        self.put(write, None);
    }

    /// Has something written that a person is told of once it is on disk. Where storage is known to be away it is refused
    /// at once and not tried. Where it takes longer than `within`, `undo` is written, which is about the same row: it may
    /// have been stored, and nobody counts on it.
    pub async fn promise(
        &self,
        write: Write,
        undo: Write,
        within: Duration,
    ) -> Result<(), NotStored> {
        debug_assert_eq!(write.key(), undo.key(), "a promise and what undoes it");
        self.can_promise()?;
        match timeout(within, self.write(write).stored()).await {
            Ok(result) => result,
            Err(_) => {
                self.write_soon(undo);
                Err(NotStored::Slow)
            }
        }
    }

    /// Whether something may be promised to a person that is to be stored first.
    pub fn can_promise(&self) -> Result<(), NotStored> {
        if !*self.0.is_taken_up.borrow() {
            return Err(NotStored::Unread);
        }
        match self.0.is_at_hand() {
            true => Ok(()),
            false => Err(NotStored::Away),
        }
    }

    /// Has a step of callback lists written, behind all before it, and says when it is. One for which there is no room is not
    /// written, whatever comes after it.
    pub fn change_callbacks(&self, step: CallbackStep) -> Acknowledgement {
        Acknowledgement::of(|waiter| {
            if *self.0.stage.borrow() == Stage::Closed {
                return;
            }
            let mut steps = self.0.steps();
            let was_empty = steps.is_empty();
            let put = steps.put(step, waiter);
            drop(steps);
            match put {
                Ok(()) if was_empty => self.0.has_work(),
                Ok(()) => {}
                Err(Full(waiter)) => {
                    counter!("kolapp_store_refused_total").increment(1);
                    if let Some(waiter) = waiter {
                        let _ = waiter.send(Err(NotStored::NoRoom));
                    }
                }
            }
        })
    }

    fn put(&self, write: Write, waiter: Option<Waiter>) {
        if *self.0.stage.borrow() == Stage::Closed {
            return;
        }
        let mut pending = self.0.pending();
        let was_empty = pending.is_empty();
        let put = pending.put(write, waiter);
        drop(pending);
        match put {
            Ok(()) if was_empty => self.0.has_work(),
            Ok(()) => {}
            Err(Full(waiter)) => {
                counter!("kolapp_store_refused_total").increment(1);
                if let Some(waiter) = waiter {
                    let _ = waiter.send(Err(NotStored::NoRoom));
                }
            }
        }
    }

    /// The journal of this process, as long as this belongs to all its records.
    pub fn journal(&self, run: Run) -> Journal {
        let store = self.clone();
        Journal { store, run }
    }

    pub(crate) fn add(&self, run: Run, at_ms: u64, record: Vec<u8>, waiter: Option<Waiter>) {
        if *self.0.stage.borrow() == Stage::Closed {
            return;
        }
        let mut backlog = self.0.backlog();
        let was_empty = backlog.is_empty();
        match backlog.put(run, at_ms, record, waiter) {
            Ok(()) if was_empty => self.0.bell.notify_one(),
            Ok(()) => {}
            Err(Full(waiter)) => {
                counter!("kolapp_journal_lost_total").increment(1);
                if let Some(waiter) = waiter {
                    let _ = waiter.send(Err(NotStored::NoRoom));
                }
            }
        }
    }

    /// Has a call's record written as it is now, whenever that is.
    pub fn record_call(&self, row: CallRow) {
        if *self.0.stage.borrow() == Stage::Closed {
            return;
        }
        let mut calls = self.0.calls();
        let was_empty = calls.is_empty();
        let put = calls.put(row);
        drop(calls);
        match put {
            Ok(()) if was_empty => self.0.bell.notify_one(),
            Ok(()) => {}
            Err(_) => counter!("kolapp_call_records_lost_total").increment(1),
        }
    }

    /// Has it kept what somebody had done, whenever that is.
    pub fn audit(&self, row: AuditRow) {
        if *self.0.stage.borrow() == Stage::Closed {
            return;
        }
        let mut audits = self.0.audits();
        let was_empty = audits.is_empty();
        let put = audits.put(row);
        drop(audits);
        match put {
            Ok(()) if was_empty => self.0.bell.notify_one(),
            Ok(()) => {}
            Err(lost) => {
                counter!("kolapp_audit_lost_total").increment(1);
                if lost.is_first {
                    tracing::error!(
                        waiting = AUDIT_WAITING_MAX,
                        "not all is kept any more that people have done: too much waits for storage"
                    );
                }
            }
        }
    }

    /// How much of the audit waits.
    pub fn audit_pending(&self) -> usize {
        self.0.audits().len()
    }

    /// Has forgotten what people had done before then, in milliseconds of UTC, in small steps.
    pub fn keep_audit_since(&self, since_ms: u64) {
        *self.0.audit_since_ms() = Some(since_ms);
        self.0.bell.notify_one();
    }

    /// Has a number erased from all records of an organisation's calls that have been handed in; says how many those were, once
    /// that is on disk. What agents' rows had before is wiped off the disk with it.
    pub async fn erase_calls(&self, org: String, number: String) -> Result<u64, NotStored> {
        self.can_promise()?;
        let (waiter, erased) = oneshot::channel();
        // Those that wait, and that go on.
        let (from, which) = (org.clone(), number.clone());
        self.0.calls().erase(from, which, crate::writer::now_ms());
        let erasing = Erasing::new(org, number);
        self.0.erase(Erasure { erasing, waiter })?;
        self.0.has_work();
        erased.await.unwrap_or(Err(NotStored::Closed))
    }

    /// Has records of calls forgotten that began before then, in milliseconds of UTC, in small steps.
    pub fn keep_calls_since(&self, since_ms: u64) {
        *self.0.calls_since_ms() = Some(since_ms);
        self.0.bell.notify_one();
    }

    /// How many records of calls wait.
    pub fn calls_pending(&self) -> usize {
        self.0.calls().len()
    }

    /// Has what goes beyond this forgotten of the journal, the oldest first, in small steps between what is written.
    pub fn keep_only(&self, keep: Keep) {
        *self.0.keep() = Some(keep);
        self.0.bell.notify_one();
    }

    /// Copies all that is committed into a new file, has it on disk, and says its size. It blocks as files do; whoever
    /// writes meanwhile is not held up. A file that is there is left as it is.
    pub async fn back_up(&self, file: &Path) -> Result<u64, NoBackup> {
        let Kind::File(path) = &self.0.location.0 else {
            return Err(NoBackup::Elsewhere);
        };
        backup::into(path, file).await
    }

    /// How many records of the journal wait.
    pub fn journal_pending(&self) -> usize {
        self.0.backlog().len()
    }

    /// How many rows and steps wait.
    pub fn pending(&self) -> usize {
        self.0.waiting()
    }

    /// Where it is.
    pub fn location(&self) -> Location {
        self.0.location.clone()
    }

    /// How storage is.
    pub fn health(&self) -> Health {
        self.0.health().clone()
    }

    /// Changes when a new file had to be begun: then everything that is to be kept must be written again.
    pub fn renewed(&self) -> watch::Receiver<u64> {
        self.0.renewed.subscribe()
    }

    /// Writes what waits and closes the file; gives up on slow storage.
    pub async fn close(&self) {
        let closing = |stage: &mut Stage| {
            let is_open = *stage == Stage::Open;
            if is_open {
                *stage = Stage::Closing;
            }
            is_open
        };
        self.0.stage.send_if_modified(closing);
        self.0.bell.notify_one();
        let mut stage = self.0.stage.subscribe();
        let closed = stage.wait_for(|stage| *stage == Stage::Closed);
        if timeout(CLOSE_WAIT, closed).await.is_err() {
            let (rows, records) = (self.pending(), self.journal_pending());
            tracing::warn!(rows, records, "storage is slow: not all was kept");
        }
    }
}

/// What was kept, being read. Nothing is written before it has been taken up, or whoever asked has dropped this.
#[derive(Debug)]
pub struct Loading {
    kept: oneshot::Receiver<Kept>,
    taking_up: TakingUp,
}

/// What a start finds.
#[derive(Debug)]
pub enum AtStart {
    /// What was kept.
    Kept(Box<Kept>),
    /// It can't be read yet.
    Later(Loading),
}

/// What was kept is written over from when this is dropped on.
#[derive(Debug)]
pub struct TakingUp(Arc<Shared>);

impl Loading {
    /// What was kept, as far as a start may wait for it.
    pub async fn at_start(mut self) -> AtStart {
        let mut is_late = self.taking_up.0.is_late.subscribe();
        let in_time = tokio::select! {
            biased;
            kept = &mut self.kept => kept.ok(),
            _ = is_late.wait_for(|is_late| *is_late) => None,
            () = sleep(START_WAIT) => None,
        };
        match in_time {
            Some(kept) => AtStart::Kept(Box::new(kept)),
            None => {
                tracing::error!(
                    "started without what was kept, which is taken up when it can be read"
                );
                AtStart::Later(self)
            }
        }
    }

    /// What was kept, however long it takes to read, and what is to be dropped when it has been taken up. A row for which something newer waits to be written is left out.
    pub async fn when_read(self) -> Option<(Kept, TakingUp)> {
        let mut kept = self.kept.await.ok()?;
        let pending = self.taking_up.0.pending();
        let is_newest = |key: Key| !pending.has(&key);
        kept.bindings
            .retain(|row| is_newest(Key::Bindings(row.user.clone())));
        kept.bans
            .retain(|row| is_newest(Key::Ban(row.source.clone())));
        kept.wishes
            .retain(|row| is_newest(Key::Wishes(row.user.clone())));
        kept.staff
            .retain(|row| is_newest(Key::Staff(row.user.clone())));
        kept.tokens
            .retain(|row| is_newest(Key::Token(row.id.clone())));
        kept.sessions
            .retain(|row| is_newest(Key::Session(row.id.clone())));
        kept.credentials
            .retain(|row| is_newest(Key::Credential(row.user.clone())));
        kept.second_factors
            .retain(|row| is_newest(Key::SecondFactor(row.who.clone())));
        drop(pending);
        Some((kept, self.taking_up))
    }

    /// What was kept, however long it takes to read.
    pub async fn kept(self) -> Kept {
        self.kept.await.unwrap_or_default()
    }
}

impl Drop for TakingUp {
    fn drop(&mut self) {
        self.0.is_taken_up.send_replace(true);
    }
}

impl Shared {
    // All are whole between any two statements, whoever panicked.
    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending<Waiter>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn backlog(&self) -> MutexGuard<'_, Backlog<Waiter>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn steps(&self) -> MutexGuard<'_, Steps<Waiter>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether storage does what it is asked, as far as is known.
    fn is_at_hand(&self) -> bool {
        let asked = *self.asked();
        let is_quick = asked.is_none_or(|asked| asked.elapsed() < SLOW);
        is_quick && *self.health() == Health::Ok
    }

    /// When storage was asked for what it has not done yet.
    pub(crate) fn asked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to write where there was nothing: seen at once, so that nobody takes it for written.
    fn has_work(&self) {
        self.show_waiting();
        self.bell.notify_one();
    }

    /// How many rows and steps wait.
    fn waiting(&self) -> usize {
        self.pending().len() + self.steps().len()
    }

    /// Nothing is handed in while it is counted and told: what is told last is what was counted last.
    pub(crate) fn show_waiting(&self) {
        let (pending, steps) = (self.pending(), self.steps());
        gauge!("kolapp_store_pending").set((pending.len() + steps.len()) as f64);
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_idle(&self) -> bool {
        let has_forgotten = self.keep().is_none() && self.calls_since_ms().is_none();
        let has_forgotten = has_forgotten && self.audit_since_ms().is_none();
        self.has_written_all() && self.erasures().is_empty() && has_forgotten
    }

    /// Whether somebody may wait for what is to be written: records of calls, the audit and the journal have time.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting() > 0 || !self.erasures().is_empty()
    }

    /// Whether nothing waits to be written; something may be left to be forgotten.
    pub(crate) fn has_written_all(&self) -> bool {
        let has_written_rows = self.pending().is_empty() && self.calls().is_empty();
        let has_written_rows = has_written_rows && self.audits().is_empty();
        has_written_rows && self.backlog().is_empty() && self.steps().is_empty()
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn audits(&self) -> MutexGuard<'_, Audits> {
        self.audits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn audit_since_ms(&self) -> MutexGuard<'_, Option<u64>> {
        let since = self.audit_since_ms.lock();
        since.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn erasures(&self) -> MutexGuard<'_, Vec<Erasure>> {
        self.erasures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one.
    pub(crate) fn next_erasure(&self) -> Option<Erasure> {
        self.erasures().pop()
    }

    fn erase(&self, erasure: Erasure) -> Result<(), NotStored> {
        let mut erasures = self.erasures();
        if erasures.len() >= ERASURES_MAX {
            return Err(NotStored::NoRoom);
        }
        erasures.push(erasure);
        Ok(())
    }

    pub(crate) fn calls_since_ms(&self) -> MutexGuard<'_, Option<u64>> {
        let since = self.calls_since_ms.lock();
        since.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self) -> MutexGuard<'_, Option<Keep>> {
        self.keep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
