//! Where a scenario keeps things, and what it finds there.

use crate::cluster::Cluster;
use std::path::Path;
use std::time::{Duration, Instant};
use store::{AtStart, BanRow, BindingsRow, Kept, Location, Store, Write};
use tempfile::TempDir;

/// Longer than any retry of the store takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);

/// In the year 2100.
pub(crate) const LATE_MS: u64 = 4_102_444_800_000;

/// A folder, or a server.
pub(crate) enum Place {
    File(TempDir),
    Postgres(Cluster),
}

impl Place {
    pub(crate) fn file() -> Place {
        Place::File(folder())
    }

    pub(crate) async fn postgres() -> Place {
        Place::Postgres(Cluster::start())
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Place::File(folder) => folder.path().into(),
            Place::Postgres(cluster) => Location::postgres(&cluster.url()).unwrap(),
        }
    }

    /// What a process finds that starts after this one: after a kill of it where it wrote a file, of which a copy is made;
    /// after its end where it wrote to a database, which one writes to at a time.
    pub(crate) async fn found_after(&self, store: Store) -> Kept {
        match self {
            Place::File(folder) => {
                let kept = found_after_a_kill(folder.path()).await;
                store.close().await;
                kept
            }
            Place::Postgres(_) => {
                store.close().await;
                found(self.location()).await
            }
        }
    }
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) async fn start(location: impl Into<Location>) -> (Store, Kept) {
    let (store, loading) = Store::start(location);
    let kept = match loading.at_start().await {
        AtStart::Kept(kept) => *kept,
        AtStart::Later(_) => Kept::default(),
    };
    (store, kept)
}

/// What a process finds that starts there; by user.
async fn found(location: impl Into<Location>) -> Kept {
    let (store, mut kept) = start(location).await;
    store.close().await;
    kept.bindings
        .sort_by(|one, other| one.user.cmp(&other.user));
    kept
}

/// What a process that starts on a copy of the folder finds: that of one which was killed at this moment.
pub(crate) async fn found_after_a_kill(folder: &Path) -> Kept {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    found(copy.path()).await
}

pub(crate) async fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not so after {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What was taken last to be written may be on its way still; with rows after it, it is there.
pub(crate) async fn what_was_taken_is_written(store: &Store) {
    for _ in 0..2 {
        let row = store.write(Write::PutBan(ban("192.0.2.1", LATE_MS)));
        row.stored().await.unwrap();
    }
}

pub(crate) fn bindings(number: usize, contacts: &str) -> BindingsRow {
    BindingsRow {
        user: format!("demo/user-{number}").parse().unwrap(),
        ends_at_ms: LATE_MS,
        contacts: contacts.into(),
    }
}

pub(crate) fn ban(source: &str, until_ms: u64) -> BanRow {
    BanRow {
        source: source.into(),
        cause: "scanner".into(),
        since_ms: 1,
        until_ms,
        times: 2,
    }
}
