//! Where what is kept is, and copies of it.

use crate::commands::Commands;
use crate::ctl::protocol::Failure;
use crate::documents::{Answer, BackedUp};
use config::{DatabaseUrl, ServerSettings};
use control::Principal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{Location, NoUrl};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// How long whoever asks for a copy waits for it: half of what he gives a server for an answer.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// Where a server with these settings keeps what outlives it.
pub(crate) fn location(settings: &ServerSettings) -> Result<Location, NoUrl> {
    let url = settings.store.as_ref().map(DatabaseUrl::as_str);
    url.map_or_else(|| Ok((&settings.state_dir).into()), Location::postgres)
}

/// Whether whoever connects can make out where it is.
pub(crate) fn judge(url: &DatabaseUrl) -> Result<(), String> {
    let location = Location::postgres(url.as_str());
    location.map(drop).map_err(|error| error.to_string())
}

impl Commands {
    /// Copies all that is kept into a new file.
    pub(crate) async fn back_up(&self, by: &Principal, file: PathBuf) -> Result<Answer, Failure> {
        tracing::info!(%by, file = %file.display(), "backup");
        let (store, runtime) = (self.0.store.clone(), Handle::current());
        let named = file.clone();
        let copy = move || {
            let bytes = runtime.block_on(store.back_up(&named));
            bytes.map_err(|error| Failure::new(error.to_string()))
        };
        let copied = self.0.backups.make(file, TOLD_WITHIN, copy).await;
        copied.map(Answer::BackedUp)
    }
}

/// Copies that are being made: one at a time, by a thread of its own. Files are made and flushed for it, and storage that
/// hangs keeps whoever asked of it for as long as it likes; nobody else may be kept by that.
#[derive(Clone)]
pub(crate) struct Backups(Arc<Semaphore>);

impl Backups {
    pub(crate) fn new() -> Backups {
        Backups(Arc::new(Semaphore::new(1)))
    }

    /// Has `copy` make one, and tells what came of it where that is known `within` a while. The log tells it in any case.
    async fn make(
        &self,
        file: PathBuf,
        within: Duration,
        copy: impl FnOnce() -> Result<u64, Failure> + Send + 'static,
    ) -> Result<BackedUp, Failure> {
        let file = file.display().to_string();
        let Ok(place) = self.0.clone().try_acquire_owned() else {
            let busy = "another copy is being made already: the log tells when it is done";
            return Err(Failure::new(busy));
        };
        let (tell, told) = oneshot::channel();
        let named = file.clone();
        let thread = std::thread::Builder::new().name("backup".into());
        let begun = thread.spawn(move || {
            let copied = copy();
            match &copied {
                Ok(bytes) => tracing::info!(file = named, bytes, "backup done"),
                Err(error) => tracing::error!(file = named, %error, "backup failed"),
            }
            drop(place);
            // Whoever asked may wait no more.
            let _ = tell.send(copied);
        });
        begun.map_err(|error| Failure::new(format!("no thread for a copy: {error}")))?;
        match timeout(within, told).await {
            Ok(Ok(copied)) => copied.map(|bytes| BackedUp { file, bytes }),
            Ok(Err(_)) => Err(Failure::new("the copy was given up")),
            Err(_) => {
                let seconds = within.as_secs();
                Err(Failure::new(format!(
                    "{file} is not done after {seconds} s: the copying goes on, and the log tells when it is done"
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(60);

    /// As few threads as there can be.
    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .enable_all()
            .build()
            .unwrap()
    }

    #[test]
    fn a_copy_that_hangs_is_told_of_keeps_the_next_out_and_takes_no_thread_from_a_reload() {
        let backups = Backups::new();
        let (let_go, hangs) = mpsc::channel::<()>();
        runtime().block_on(async {
            let hanging = backups.make("a.db".into(), Duration::ZERO, move || {
                let _ = hangs.recv();
                Ok(1)
            });
            let told = hanging.await.unwrap_err().message;
            assert!(
                told.starts_with("a.db is not done after 0 s: the copying goes on"),
                "{told}"
            );
            let second = backups.make("b.db".into(), LONG, || Ok(2));
            let refused = second.await.unwrap_err().message;
            assert!(
                refused.starts_with("another copy is being made already"),
                "{refused}"
            );
            let reload = tokio::task::spawn_blocking(|| "read");
            assert_eq!(timeout(LONG, reload).await.unwrap().unwrap(), "read");
            drop(let_go);
            // The first has its place until it is done.
            drop(timeout(LONG, backups.0.acquire()).await.unwrap());
            let third = backups.make("c.db".into(), LONG, || Ok(3)).await.unwrap();
            assert_eq!((third.file.as_str(), third.bytes), ("c.db", 3));
        });
    }

    #[test]
    fn a_copy_that_fails_or_panics_gives_its_place_back() {
        let backups = Backups::new();
        runtime().block_on(async {
            let failed = backups.make("a.db".into(), LONG, || Err(Failure::new("no room")));
            assert_eq!(failed.await.unwrap_err().message, "no room");
            let broken = backups.make("b.db".into(), LONG, || panic!("on purpose"));
            assert_eq!(broken.await.unwrap_err().message, "the copy was given up");
            drop(timeout(LONG, backups.0.acquire()).await.unwrap());
            assert!(backups.make("c.db".into(), LONG, || Ok(3)).await.is_ok());
        });
    }
}
