//! The thread that writes. It is a thread of its own since a disk that hangs would otherwise hang a task that carries
//! calls.

use crate::audit;
use crate::batch::Batch;
use crate::call_erasure::{self, Forgotten};
use crate::database::{self, Database, Identity};
use crate::failure::{Failure, FailureKind};
use crate::forgetting::{self, Progress};
use crate::journal::Run;
use crate::kept::Kept;
use crate::location::Kind;
use crate::sqlite;
use crate::store::{Health, START_WAIT, Shared, Stage};
use crate::wiping::Wiping;
use metrics::{counter, gauge};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::oneshot;
use tokio::time::{self, sleep, timeout, timeout_at};

/// How long the first write waits for others to share its commit, which costs a flush of the disk however many
/// rows it has.
const GATHER: Duration = Duration::from_millis(3);

/// How often at most what nobody waits for is committed by itself: beyond 40 calls a second a commit for each would cost a
/// third of what the call does. Below that a call's record is on disk as soon as ever.
const SHARE_EVERY: Duration = Duration::from_millis(25);

/// Rows of one commit: enough that its cost is shared, few enough that it is over in tens of milliseconds.
const BATCH_MAX: usize = 1_024;

/// Records of one commit: they are smaller and come in greater numbers than rows, which wait for them.
const RECORDS_MAX: usize = 4_096;

/// The same where the database is somewhere else: each statement of theirs takes a round trip.
const RECORDS_MAX_AFAR: usize = 512;

/// Steps of callback lists of one commit.
const STEPS_MAX: usize = 1_024;

/// Records of calls of one commit.
const CALLS_MAX: usize = 1_024;

/// Rows of the audit of one commit: each is a statement of its own, and nobody waits for them.
const AUDIT_MAX: usize = 256;

/// After a failure storage is tried again so soon, then each time after twice as long …
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// … up to this: storage that has come back is noticed within seconds.
const RETRY_MOST: Duration = Duration::from_secs(5);

/// After there was no room for what the start needs to write: somebody has to make some, and each attempt takes up the
/// disk.
const RETRY_FULL: Duration = Duration::from_secs(60);

/// How often the file is looked for when there is nothing to write: a folder that was deleted by mistake is made
/// anew, and what is in memory written again.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The thread that writes.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    database: Option<Database>,
    /// The one that was open last.
    latest: Option<Identity>,
    /// The run whose records were written last, and what it is called in the journal.
    run: Option<(Run, u64)>,
    wiping: Wiping,
    /// When the next commit is due that nobody waits for.
    share_at: time::Instant,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>) -> Writer {
        Writer {
            shared,
            database: None,
            latest: None,
            run: None,
            wiping: Wiping::default(),
            share_at: time::Instant::now(),
        }
    }

    pub(crate) fn run_thread(mut self, loaded: oneshot::Sender<Kept>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(async {
                if let Some(kept) = self.load().await {
                    // Nobody may want it any more.
                    let _ = loaded.send(kept);
                    self.until_taken_up().await;
                    self.run().await;
                }
            }),
            Err(error) => tracing::error!(%error, "nothing will be kept over a restart"),
        }
        self.shared.stage.send_replace(Stage::Closed);
    }

    /// What was kept, once it can be read; none where the process ends before. Until then nothing is written. A damaged
    /// file is moved aside and a new one begun.
    async fn load(&mut self) -> Option<Kept> {
        let begun = Instant::now();
        let mut retry = RETRY_FIRST;
        loop {
            let failure = match self.try_load().await {
                Ok(kept) => {
                    self.recovered();
                    return Some(kept);
                }
                Err(failure) => failure,
            };
            self.failed(&failure);
            if !database::is_beyond_use(&failure) && !failure.kind.may_pass_soon() {
                self.shared.is_late.send_replace(true);
            }
            if self.is_closing() {
                let (rows, records) = (self.shared.pending().len(), self.shared.backlog().len());
                tracing::warn!(
                    rows,
                    records,
                    "what was kept could not be read, so nothing was added to it"
                );
                return None;
            }
            // While somebody waits for it.
            if begun.elapsed() > START_WAIT {
                retry = (retry * 2).min(RETRY_MOST);
            }
            let is_full = failure.kind == FailureKind::Full;
            self.rest(if is_full { RETRY_FULL } else { retry }).await;
        }
    }

    /// Back at once where the process ends.
    async fn rest(&self, rest: Duration) {
        let mut stage = self.shared.stage.subscribe();
        let _ = timeout(rest, stage.wait_for(|stage| *stage != Stage::Open)).await;
    }

    /// Rows of this process may take the place of what was kept from then on.
    async fn until_taken_up(&self) {
        let (mut taken_up, mut stage) = (
            self.shared.is_taken_up.subscribe(),
            self.shared.stage.subscribe(),
        );
        tokio::select! {
            _ = taken_up.wait_for(|is_taken_up| *is_taken_up) => {}
            // It is taken up within moments, or not at all.
            _ = stage.wait_for(|stage| *stage != Stage::Open) => {}
        }
    }

    fn is_closing(&self) -> bool {
        *self.shared.stage.borrow() != Stage::Open
    }

    async fn try_load(&mut self) -> Result<Kept, Failure> {
        let mut opened = Database::open(&self.shared.location).await?;
        let kept = opened.load(now_ms()).await?;
        self.wiping = Wiping::begun(opened.connection()).await?;
        self.latest = Some(opened.identity().clone());
        self.database = Some(opened);
        Ok(kept)
    }

    fn set_aside(&mut self, failure: &Failure) {
        self.database = None;
        let Kind::File(path) = &self.shared.location.0 else {
            return;
        };
        match sqlite::set_aside(path) {
            Ok(aside) => tracing::error!(
                storage = %self.shared.location, error = %failure, aside = %aside.display(),
                "what was kept is damaged; it was moved aside, and a new file is begun"
            ),
            Err(error) => tracing::error!(
                storage = %self.shared.location, %error,
                "what was kept is damaged, and can't be moved aside"
            ),
        }
    }

    async fn run(&mut self) {
        let mut retry = RETRY_FIRST;
        loop {
            let is_closing = self.is_closing();
            if is_closing && self.shared.has_written_all() {
                break;
            }
            if self.shared.is_idle() {
                let _ = timeout(LOOK_EVERY, self.shared.bell.notified()).await;
            }
            if !is_closing {
                self.gather().await;
            }
            let done = self.step().await;
            *self.shared.asked() = None;
            match done {
                Ok(()) => {
                    retry = RETRY_FIRST;
                    self.recovered();
                }
                Err(failure) => {
                    self.failed(&failure);
                    // Whoever closes has a limit of his own.
                    sleep(retry).await;
                    retry = (retry * 2).min(RETRY_MOST);
                }
            }
            self.shared.show_waiting();
            gauge!("kolapp_journal_pending").set(self.shared.backlog().len() as f64);
            gauge!("kolapp_call_records_pending").set(self.shared.calls().len() as f64);
        }
        if let Some(database) = self.database.take()
            && let Err(error) = database.close().await
        {
            tracing::warn!(%error, "closing what is kept");
        }
    }

    /// Lets more come that shares the next commit: of what nobody waits for all that comes within [`SHARE_EVERY`].
    async fn gather(&mut self) {
        sleep(GATHER).await;
        let mut stage = self.shared.stage.subscribe();
        while !self.shared.is_waited_for() && time::Instant::now() < self.share_at {
            let more = async {
                tokio::select! {
                    () = self.shared.bell.notified() => false,
                    _ = stage.wait_for(|stage| *stage != Stage::Open) => true,
                }
            };
            match timeout_at(self.share_at, more).await {
                // Whoever waits now shares his commit with those who come right after him.
                Ok(false) if self.shared.is_waited_for() => sleep(GATHER).await,
                Ok(false) => {}
                Ok(true) | Err(_) => break,
            }
        }
        self.share_at = time::Instant::now() + SHARE_EVERY;
    }

    /// Writes what waits, a batch of each kind, once the file is known to be in its place. Rows first, and committed by
    /// themselves: somebody may have been promised one, and nobody waits for records.
    async fn step(&mut self) -> Result<(), Failure> {
        self.asks();
        self.reopen_if_lost().await?;
        let rows = self.shared.pending().take(BATCH_MAX);
        self.write(Batch::Rows(rows)).await?;
        self.asks();
        // Before what is promised in a call: whoever was promised something has a record.
        let calls = self.shared.calls().take(CALLS_MAX);
        self.write(Batch::Calls(calls)).await?;
        self.asks();
        self.erase_of_calls().await?;
        self.asks();
        let steps = Batch::Steps(self.shared.steps().take(STEPS_MAX));
        let erases = steps.erases();
        self.write(steps).await?;
        if erases {
            self.wiping.is_needed();
        }
        self.asks();
        let audit = self.shared.audits().take(AUDIT_MAX);
        self.write(Batch::Audit(audit)).await?;
        self.asks();
        if let Some(run) = self.begun_run().await? {
            let most = match &self.shared.location.0 {
                Kind::File(_) => RECORDS_MAX,
                Kind::Postgres(_) => RECORDS_MAX_AFAR,
            };
            let records = self.shared.backlog().take(most);
            self.write(Batch::Records(run, records)).await?;
        }
        self.asks();
        self.wipe().await;
        self.asks();
        self.forget().await
    }

    /// Erases a number from some records of calls that have been written; the rest is for the next step.
    async fn erase_of_calls(&mut self) -> Result<(), Failure> {
        let Some(database) = &mut self.database else {
            return Ok(());
        };
        let Some(mut erasure) = self.shared.next_erasure() else {
            return Ok(());
        };
        let done = erasure.erasing.step(database.connection()).await;
        if erasure.erasing.erased > 0 {
            self.wiping.is_needed_of_calls();
        }
        match done {
            Ok(true) => {
                self.wiping.is_needed_of_agents();
                // Whoever asked may have gone away.
                let _ = erasure.waiter.send(Ok(erasure.erasing.erased));
                return Ok(());
            }
            Ok(false) => self.shared.erasures().push(erasure),
            Err(failure) => {
                self.shared.erasures().push(erasure);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Wipes what was erased off the disk, as soon as nobody reads there.
    async fn wipe(&mut self) {
        if self.is_closing() {
            // The next process has time for it.
            return;
        }
        let Some(database) = &mut self.database else {
            return;
        };
        if let Err(error) = self.wiping.step(database.connection()).await {
            // What is to be kept is, so this fails nobody; it is tried again.
            tracing::debug!(%error, "wiping what was erased");
            if !error.kind.leaves_connection() {
                self.database = None;
            }
        }
    }

    /// It is for storage now.
    fn asks(&self) {
        *self.shared.asked() = Some(Instant::now());
    }

    /// Writes all of it or nothing, but for what can't be stored.
    async fn write(&mut self, batch: Batch) -> Result<(), Failure> {
        let Some(database) = &mut self.database else {
            self.put_back(batch);
            return Ok(());
        };
        if batch.is_empty() {
            return Ok(());
        }
        match database.apply(batch.statements()).await {
            Ok(()) => batch.acknowledge(),
            Err(failure) if failure.kind == FailureKind::Row => self.one_by_one(batch).await?,
            Err(failure) => {
                self.put_back(batch);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// What the run is called in the journal whose records are to be written next.
    async fn begun_run(&mut self) -> Result<Option<u64>, Failure> {
        let (Some(database), Some(next)) = (&mut self.database, self.shared.backlog().run()) else {
            return Ok(None);
        };
        let number = match self.run {
            Some((run, number)) if run == next => number,
            _ => database.begin_run(next).await?,
        };
        self.run = Some((next, number));
        Ok(Some(number))
    }

    /// One of these can't be stored: the others must not suffer for it.
    async fn one_by_one(&mut self, batch: Batch) -> Result<(), Failure> {
        let mut left = batch.parts().into_iter();
        while let Some(part) = left.next() {
            let Some(database) = &mut self.database else {
                break;
            };
            match database.apply(part.statements()).await {
                Ok(()) => part.acknowledge(),
                Err(failure) if failure.kind == FailureKind::Row => part.refuse(&failure),
                Err(failure) => {
                    for part in std::iter::once(part).chain(left) {
                        self.put_back(part);
                    }
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    fn put_back(&self, batch: Batch) {
        match batch {
            Batch::Rows(rows) => self.shared.pending().put_back(rows),
            Batch::Records(_, records) => self.shared.backlog().put_back(records),
            Batch::Steps(steps) => self.shared.steps().put_back(steps),
            Batch::Calls(calls) => self.shared.calls().put_back(calls),
            Batch::Audit(rows) => self.shared.audits().put_back(rows),
        }
    }

    /// Forgets a little of the journal, of calls' records and of the audit, where something is to be forgotten.
    async fn forget(&mut self) -> Result<(), Failure> {
        if self.is_closing() {
            // The next process has time for it.
            return Ok(());
        }
        let since_ms = *self.shared.calls_since_ms();
        if let (Some(since_ms), Some(database)) = (since_ms, &mut self.database) {
            let forgotten = call_erasure::forget(database.connection(), since_ms).await?;
            if forgotten != Forgotten::Nothing {
                self.wiping.is_needed_of_calls();
            }
            let mut wanted = self.shared.calls_since_ms();
            // It may have been told something else meanwhile.
            if forgotten != Forgotten::Some && *wanted == Some(since_ms) {
                *wanted = None;
            }
        }
        let since_ms = *self.shared.audit_since_ms();
        if let (Some(since_ms), Some(database)) = (since_ms, &mut self.database) {
            let is_all = audit::forget(database.connection(), since_ms).await?;
            let mut wanted = self.shared.audit_since_ms();
            if is_all && *wanted == Some(since_ms) {
                *wanted = None;
            }
        }
        let keep = *self.shared.keep();
        let (Some(keep), Some(database)) = (keep, &mut self.database) else {
            return Ok(());
        };
        if forgetting::step(database.connection(), keep).await? == Progress::Done {
            let mut wanted = self.shared.keep();
            // It may have been told something else meanwhile.
            if *wanted == Some(keep) {
                *wanted = None;
            }
        }
        Ok(())
    }

    async fn reopen_if_lost(&mut self) -> Result<(), Failure> {
        if let Some(database) = &mut self.database {
            match database.check().await {
                Ok(()) => return Ok(()),
                Err(failure) => {
                    self.failed(&failure);
                    self.database = None;
                    if failure.kind == FailureKind::Lost {
                        // The new one may get the old one's inode.
                        self.latest = None;
                    }
                }
            }
        }
        let opened = Database::open(&self.shared.location).await?;
        if self.latest.as_ref() != Some(opened.identity()) {
            self.latest = Some(opened.identity().clone());
            self.run = None;
            self.shared.renewed.send_modify(|count| *count += 1);
        }
        self.database = Some(opened);
        Ok(())
    }

    fn failed(&mut self, failure: &Failure) {
        counter!("kolapp_store_failures_total", "kind" => failure.kind.label()).increment(1);
        let failing = Health::Failing {
            kind: failure.kind,
            message: failure.message.clone(),
        };
        let before = mem::replace(&mut *self.shared.health(), failing.clone());
        if before != failing {
            tracing::error!(
                storage = %self.shared.location, kind = %failure.kind, error = %failure,
                "nothing can be kept just now; it is tried again"
            );
        }
        if failure.kind == FailureKind::Corrupt {
            self.set_aside(failure);
        } else if !failure.kind.leaves_connection() {
            self.database = None;
        }
    }

    fn recovered(&self) {
        let before = mem::replace(&mut *self.shared.health(), Health::Ok);
        if before != Health::Ok {
            tracing::info!(storage = %self.shared.location, "what changes is kept again");
        }
    }
}

pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
