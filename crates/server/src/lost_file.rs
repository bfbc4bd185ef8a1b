//! For tests of what is kept: a file of the store's that is lost while the server runs, and what a process after a kill
//! would find.

use std::path::Path;
use std::time::Duration;
use store::{Kept, Store, Write};

const LIMIT: Duration = Duration::from_secs(20);

/// What the files hold as they are now.
pub(crate) async fn after_a_kill(folder: &Path) -> Kept {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        // One that has been renamed meanwhile is looked for again.
        let _ = std::fs::copy(file.path(), copy.path().join(file.file_name()));
    }
    let (store, loading) = Store::start(copy.path());
    let kept = loading.kept().await;
    store.close().await;
    kept
}

/// Takes the store's files away, and waits until the new ones hold what is looked for.
pub(crate) async fn lost_and_told_again(
    store: &Store,
    folder: &Path,
    mut is_there: impl AsyncFnMut() -> bool,
) {
    let nobody = || Write::RemoveBindings("demo/nobody".parse().unwrap());
    store.write(nobody()).stored().await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let mut renewed = store.renewed();
    // Any write finds the file gone.
    store.write(nobody()).stored().await.unwrap();
    let seen = tokio::time::timeout(LIMIT, renewed.changed());
    seen.await.unwrap().unwrap();
    let told_again = async {
        while !is_there().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, told_again).await.unwrap();
}
