//! Work that takes a processor's time, done on threads that may block: a few at a time, whoever asks, so that calls have the
//! rest of the processors, and never on those that carry signalling.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// Where work takes turns.
#[derive(Debug)]
pub(crate) struct Turns {
    at_once: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

/// Too many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Turns {
    /// So many at once, and so many that wait for their turn; more are turned away.
    pub(crate) fn new(at_once: usize, waiting: usize) -> Turns {
        Turns {
            at_once: Arc::new(Semaphore::new(at_once)),
            room: Arc::new(Semaphore::new(at_once + waiting)),
        }
    }

    /// Has this done when its turn comes. Whoever goes away after it has begun gives its turn to nobody before it is done.
    pub(crate) async fn take<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TooMany> {
        let room = self.room.clone().try_acquire_owned();
        let room = room.map_err(|_| TooMany)?;
        let turn = self.at_once.clone().acquire_owned().await;
        let turn = turn.map_err(|_| TooMany)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((room, turn));
            done
        });
        done.await.map_err(|_| TooMany)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn so_many_work_at_once_so_many_wait_and_who_goes_away_frees_no_turn_early() {
        let turns = Arc::new(Turns::new(1, 1));
        let (end, ended) = mpsc::channel::<()>();
        let (begin, mut begun) = tokio::sync::mpsc::channel(1);
        let first = tokio::spawn({
            let turns = turns.clone();
            async move {
                let work = move || {
                    begin.blocking_send(()).unwrap();
                    ended.recv().unwrap();
                };
                turns.take(work).await
            }
        });
        begun.recv().await.unwrap();
        first.abort();
        assert!(first.await.is_err());
        // One waits, and there is no room for another.
        let mut second = Box::pin(turns.take(|| 2));
        let soon = std::time::Duration::ZERO;
        assert!(tokio::time::timeout(soon, &mut second).await.is_err());
        assert_eq!(turns.take(|| 3).await, Err(TooMany));
        end.send(()).unwrap();
        assert_eq!(second.await, Ok(2));
    }
}
