//! Files that come by HTTP, on their way to be a prompt: written as they come, in a folder of their own, and gone when they have
//! become one, are refused, or did not come whole.

use crate::ctl::protocol::Failure;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Semaphore, mpsc};
use web::Piece;

/// Folder of them in the state folder.
const FOLDER: &str = "uploads";
/// Files that come at once: as many people as there are who record just now, over all organisations.
const AT_ONCE: usize = 4;
/// Bytes that are written at once, so that the threads that may block are not asked for each packet.
const WRITTEN_BYTES: usize = 1 << 20;

/// Where they come to.
pub(super) struct Inbox {
    folder: PathBuf,
    next: AtomicU64,
    room: Semaphore,
}

/// One that is there as a whole; gone with this.
#[derive(Debug)]
pub(super) struct Received {
    path: PathBuf,
}

impl Drop for Received {
    fn drop(&mut self) {
        // One that can't be removed takes room until the next start, and does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Received {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Inbox {
    /// Empty: what a process before has left there came to nothing.
    pub(super) fn new(state_dir: &Path) -> Inbox {
        let folder = state_dir.join(FOLDER);
        // Where there is none, there is nothing to remove.
        let _ = std::fs::remove_dir_all(&folder);
        Inbox {
            folder,
            next: AtomicU64::new(0),
            room: Semaphore::new(AT_ONCE),
        }
    }

    /// Takes one, whose name has that ending.
    pub(super) async fn take(
        &self,
        ending: &str,
        mut pieces: mpsc::Receiver<Piece>,
    ) -> Result<Received, Failure> {
        let full = |_| {
            let problem = format!(
                "{AT_ONCE} files are coming, which is as many as may: try again in a moment"
            );
            Failure::new(problem)
        };
        let _room = self.room.try_acquire().map_err(full)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number}.{ending}"));
        let received = Received { path: path.clone() };
        let folder = self.folder.clone();
        let mut file = blocking(move || {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
            File::create(path)
        })
        .await?;
        let mut gathered: Vec<u8> = Vec::with_capacity(WRITTEN_BYTES);
        loop {
            let piece = pieces.recv().await;
            match &piece {
                Some(Piece::Bytes(bytes)) => gathered.extend_from_slice(bytes),
                Some(Piece::End) => {}
                None => return Err(Failure::new("the file did not come whole")),
            }
            let is_whole = piece == Some(Piece::End);
            if is_whole || gathered.len() >= WRITTEN_BYTES {
                let bytes = std::mem::replace(&mut gathered, Vec::with_capacity(WRITTEN_BYTES));
                file = blocking(move || file.write_all(&bytes).map(|()| file)).await?;
            }
            if is_whole {
                return Ok(received);
            }
        }
    }
}

/// Done on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|broken| Failure::new(broken.to_string()))?;
    done.map_err(|error| Failure::new(format!("the file can't be kept: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn come(inbox: &Inbox, pieces: Vec<Piece>) -> Result<Received, Failure> {
        let (send, receive) = mpsc::channel(pieces.len());
        for piece in pieces {
            send.send(piece).await.unwrap();
        }
        drop(send);
        inbox.take("wav", receive).await
    }

    fn left(inbox: &Inbox) -> usize {
        std::fs::read_dir(&inbox.folder).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn a_file_is_there_as_it_came_until_nobody_needs_it() {
        let state = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(state.path());
        let large = vec![7; WRITTEN_BYTES + 1];
        let pieces = vec![
            Piece::Bytes(large.clone().into()),
            Piece::Bytes(vec![8].into()),
            Piece::End,
        ];
        let received = come(&inbox, pieces).await.unwrap();
        let bytes = std::fs::read(received.path()).unwrap();
        assert_eq!(bytes, [large, vec![8]].concat());
        drop(received);
        assert_eq!(left(&inbox), 0);
    }

    #[tokio::test]
    async fn one_that_did_not_come_whole_is_none_and_a_start_leaves_nothing_of_one() {
        let state = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(state.path());
        let half = vec![Piece::Bytes(vec![1].into())];
        let failure = come(&inbox, half).await.unwrap_err();
        assert!(failure.message.contains("did not come whole"), "{failure}");
        assert_eq!(left(&inbox), 0);
        std::fs::write(inbox.folder.join("9.wav"), "left by a crash").unwrap();
        let inbox = Inbox::new(state.path());
        assert_eq!(left(&inbox), 0);
    }
}
