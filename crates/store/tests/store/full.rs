//! A disk that is full: the test runs itself again where no file may grow beyond a limit, which is lifted in its middle.

use crate::journal;
use crate::place::{bindings, start, wait};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;
use std::process::Command;
use store::{Health, NotStored, Write};

/// Says to the test where it has been started anew.
const FOLDER: &str = "KOLAPP_TEST_FULL_FOLDER";

/// Of 512 bytes each, as a shell counts: the tables have room, some hundred rows more do not.
const BLOCKS_MAX: u32 = 400;

#[test]
fn on_a_full_disk_nothing_is_promised_and_what_waits_is_written_in_order_once_there_is_room() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(fill(Path::new(&folder)));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "full::on_a_full_disk_nothing_is_promised_and_what_waits_is_written_in_order_once_there_is_room";
    // The signal that a write beyond the limit gets stays ignored in what is executed.
    let script =
        format!("trap '' XFSZ; ulimit -S -f {BLOCKS_MAX}; exec \"$0\" --exact {name} --nocapture");
    let mut again = Command::new("dash");
    again
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap());
    let done = again.env(FOLDER, folder.path()).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(said.contains("1 passed"), "{said}");
}

async fn fill(folder: &Path) {
    let (store, journal) = journal::start(folder).await;
    let mut added = 0;
    // Some at a time, until one time they don't fit.
    while store.health() == Health::Ok {
        for _ in 0..100 {
            journal.append_soon(added, vec![b'x'; 200]);
            added += 1;
        }
        assert!(added < 100_000, "the disk is never full");
        wait("it is written or fails", || {
            store.journal_pending() == 0 || store.health() != Health::Ok
        })
        .await;
    }
    let row = Write::PutBindings(bindings(1, "promised"));
    let undo = Write::RemoveBindings(bindings(1, "").user);
    let promised = store.promise(row, undo, crate::place::LIMIT).await;
    assert_eq!(promised, Err(NotStored::Away));
    store.write_soon(Write::PutBindings(bindings(2, "waits")));
    let limit = getrlimit(Resource::Fsize);
    let lifted = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Fsize, lifted).unwrap();
    journal::add(&journal, [added]).await;
    wait("it is known to work", || store.health() == Health::Ok).await;
    let records = journal::all(folder).await;
    assert_eq!(journal::moments(&records), Vec::from_iter(0..=added));
    store.close().await;
    let (again, kept) = start(folder).await;
    assert_eq!(kept.bindings, [bindings(2, "waits")]);
    again.close().await;
}
