//! Work that takes a processor's time, done on threads that may block: a few at a time, whoever asks, so that calls have the
//! rest of the processors, and never on those that carry signalling.

use crate::office::Who;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What waits for its turn after something else that the same account asked for: a page asks for a few things at once.
const OWN_WAITING_MAX: usize = 3;

/// Where work takes turns.
#[derive(Debug)]
pub(crate) struct Turns {
    at_once: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

/// Somebody's turn; over with this.
#[derive(Debug)]
struct Turn {
    _room: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
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
        let turn = self.come().await?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| TooMany)
    }

    /// Waits for a turn, where there is room.
    async fn come(&self) -> Result<Turn, TooMany> {
        let room = self.room.clone().try_acquire_owned();
        let room = room.map_err(|_| TooMany)?;
        let turn = self.at_once.clone().acquire_owned().await;
        let turn = turn.map_err(|_| TooMany)?;
        Ok(Turn {
            _room: room,
            _turn: turn,
        })
    }
}

/// Turns of each account: one at a time, so that nobody keeps others from what all share, however often he asks.
#[derive(Debug, Default)]
pub(crate) struct OwnTurns(Mutex<BTreeMap<Who, Weak<Turns>>>);

/// An account's turn: whatever is done in it keeps this until it is done, also where nobody waits for it any more.
#[derive(Debug)]
pub struct OwnTurn {
    _turn: Turn,
    /// As long as these are, whoever comes waits behind them.
    _turns: Arc<Turns>,
}

impl OwnTurns {
    /// Waits until nothing else is done for that account.
    pub(crate) async fn come(&self, who: &Who) -> Result<OwnTurn, TooMany> {
        let turns = self.of(who);
        Ok(OwnTurn {
            _turn: turns.come().await?,
            _turns: turns,
        })
    }

    fn of(&self, who: &Who) -> Arc<Turns> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = all.get(who).and_then(Weak::upgrade) {
            return turns;
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Turns::new(1, OWN_WAITING_MAX));
        all.insert(who.clone(), Arc::downgrade(&turns));
        turns
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

    #[tokio::test]
    async fn an_account_has_one_turn_at_a_time_and_keeps_no_other_from_his() {
        let turns = OwnTurns::default();
        let operator = |name: &str| Who::Operator(name.into());
        let (anna, bosse) = (operator("anna"), operator("bosse"));
        let first = turns.come(&anna).await.unwrap();
        let mut waiting: Vec<_> = (0..OWN_WAITING_MAX)
            .map(|_| Box::pin(turns.come(&anna)))
            .collect();
        let soon = std::time::Duration::ZERO;
        for waits in &mut waiting {
            assert!(tokio::time::timeout(soon, waits).await.is_err());
        }
        assert_eq!(turns.come(&anna).await.err(), Some(TooMany));
        let others = turns.come(&bosse).await.unwrap();
        drop(first);
        assert!(waiting.remove(0).await.is_ok());
        drop((waiting, others));
        // Of those who ask for nothing more nothing is kept.
        let _third = turns.come(&operator("cecilia")).await.unwrap();
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
