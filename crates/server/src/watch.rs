//! What makes the server read its configuration anew without being asked: changed files, and SIGHUP.

use crate::reload::{Cause, Reloads};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// Quiet for this long, and an editor is taken to have saved everything it will.
const QUIET: Duration = Duration::from_millis(200);

/// Read by then, even while files go on changing.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Watches the configuration's folder, and files that it names elsewhere, until it is dropped.
pub(crate) struct FileWatch {
    dir: PathBuf,
    watcher: Mutex<RecommendedWatcher>,
    elsewhere: Arc<RwLock<BTreeSet<PathBuf>>>,
}

impl FileWatch {
    pub(crate) fn start(dir: &Path, reloads: Reloads) -> notify::Result<FileWatch> {
        // One place is enough: a second change before the first was looked at says nothing new.
        let (changed, changes) = mpsc::channel(1);
        let elsewhere = Arc::<RwLock<BTreeSet<PathBuf>>>::default();
        let (inside, named) = (dir.to_owned(), elsewhere.clone());
        let is_ours = move |path: &PathBuf| {
            let named = named.read().unwrap_or_else(PoisonError::into_inner);
            path.starts_with(&inside) || named.contains(path)
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let matters =
                |event: Event| may_have_changed(event.kind) && event.paths.iter().any(&is_ours);
            if event.is_ok_and(matters) {
                let _ = changed.try_send(());
            }
        })?;
        watcher.watch(dir, RecursiveMode::Recursive)?;
        tokio::spawn(reload_after_changes(changes, reloads));
        Ok(FileWatch {
            dir: dir.to_owned(),
            watcher: Mutex::new(watcher),
            elsewhere,
        })
    }

    /// These are the files that are named, from now on.
    pub(crate) fn follow(&self, elsewhere: Vec<PathBuf>) -> notify::Result<()> {
        let now: BTreeSet<PathBuf> = elsewhere.into_iter().collect();
        let (there, wanted) = {
            let mut named = self
                .elsewhere
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let wanted = self.folders(&now);
            (self.folders(&std::mem::replace(&mut *named, now)), wanted)
        };
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in there.difference(&wanted) {
            // One that is gone is watched no more.
            let _ = watcher.unwatch(folder);
        }
        let mut fresh = wanted.difference(&there);
        fresh.try_for_each(|folder| watcher.watch(folder, RecursiveMode::NonRecursive))
    }

    /// A file that is replaced is another one by the same name: its folder tells.
    fn folders(&self, files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let folders = files.iter().filter_map(|path| path.parent());
        let apart = folders.filter(|folder| !folder.starts_with(&self.dir));
        apart.map(Path::to_owned).collect()
    }
}

/// Reading a file is an event too, and reading is what a reload does.
fn may_have_changed(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

async fn reload_after_changes(mut changes: mpsc::Receiver<()>, reloads: Reloads) {
    while changes.recv().await.is_some() {
        let latest = Instant::now() + WAIT_MAX;
        while Instant::now() < latest && timeout(QUIET, changes.recv()).await == Ok(Some(())) {}
        // The log says what came of it.
        let _ = reloads.reload(Cause::FilesChanged).await;
    }
}

/// Reloads at each SIGHUP.
pub(crate) async fn hang_ups(reloads: Reloads) -> std::io::Result<()> {
    let mut hang_ups = signal(SignalKind::hangup())?;
    while hang_ups.recv().await.is_some() {
        let _ = reloads.reload(Cause::Signal).await;
    }
    Ok(())
}
