//! What makes the server read its configuration anew without being asked: changed files, and SIGHUP.

use crate::reload::{Cause, Reloads};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// Quiet for this long, and an editor is taken to have saved everything it will.
const QUIET: Duration = Duration::from_millis(200);

/// Read by then, even while files go on changing.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Watches the configuration's folder, and files that it names elsewhere, until the watcher is dropped.
pub(crate) fn files(
    dir: &Path,
    elsewhere: Vec<PathBuf>,
    reloads: Reloads,
) -> notify::Result<notify::RecommendedWatcher> {
    // One place is enough: a second change before the first was looked at says nothing new.
    let (changed, changes) = mpsc::channel(1);
    let (inside, named) = (dir.to_owned(), elsewhere.clone());
    let is_ours = move |path: &PathBuf| path.starts_with(&inside) || named.contains(path);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| may_have_changed(event.kind) && event.paths.iter().any(&is_ours))
        {
            let _ = changed.try_send(());
        }
    })?;
    watcher.watch(dir, RecursiveMode::Recursive)?;
    // A file that is replaced is another one by the same name: its folder tells.
    let folders = elsewhere.iter().filter_map(|path| path.parent());
    let apart: BTreeSet<&Path> = folders.filter(|folder| !folder.starts_with(dir)).collect();
    for folder in apart {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    tokio::spawn(reload_after_changes(changes, reloads));
    Ok(watcher)
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
