//! Whoever asks for what is kept waits for a while at most. Reading that hangs goes on by itself, since nothing can be done
//! about it, and keeps its place; so no more hang than there are places, and whoever comes then is refused soon. Of what one
//! account asks for by HTTP one thing is read at a time, so that nobody takes all places.

use super::FactsError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::Failure;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use web::Who;

/// How many read at once. To find a database by its name takes one of the runtime's few threads for files, of which
/// reloads need one too.
const READS_MAX: usize = 2;

/// What one account may ask for at once, of which one is read and the others wait: a person with two pages open, and a
/// program beside him.
const OF_ONE_MAX: usize = 4;

/// How long it is waited for.
#[derive(Clone, Copy)]
struct Limits {
    /// For others who read.
    place: Duration,
    /// For what is read: half of what whoever asks gives a server for an answer.
    answer: Duration,
}

const LIMITS: Limits = Limits {
    place: Duration::from_secs(2),
    answer: Duration::from_secs(30),
};

/// Places for those who read. Clones lead to the same.
#[derive(Clone)]
pub(super) struct Reads {
    places: Arc<Semaphore>,
    accounts: Arc<Mutex<BTreeMap<Who, Account>>>,
}

/// An account that asks for something.
struct Account {
    asks: usize,
    turn: Arc<Semaphore>,
}

/// Somebody asks. Dropped, he does no longer.
struct Asker {
    who: Who,
    turn: Arc<Semaphore>,
    reads: Reads,
}

impl Reads {
    pub(super) fn new() -> Reads {
        Reads {
            places: Arc::new(Semaphore::new(READS_MAX)),
            accounts: Arc::default(),
        }
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<Who, Account>> {
        // Whole between any two statements, whoever panicked.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked_by(&self, who: &Who) -> Option<Asker> {
        let mut accounts = self.accounts();
        let account = accounts.entry(who.clone()).or_insert_with(|| Account {
            asks: 0,
            turn: Arc::new(Semaphore::new(1)),
        });
        (account.asks < OF_ONE_MAX).then(|| {
            account.asks += 1;
            Asker {
                who: who.clone(),
                turn: account.turn.clone(),
                reads: self.clone(),
            }
        })
    }

    /// What `reading` comes to, which that account asks for.
    pub(super) async fn read_for<T: Send + 'static>(
        &self,
        who: &Who,
        reading: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, FactsError> {
        self.read_for_within(LIMITS, who, reading).await
    }

    async fn read_for_within<T: Send + 'static>(
        &self,
        limits: Limits,
        who: &Who,
        reading: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, FactsError> {
        let asker = self.asked_by(who).ok_or(FactsError::InTurn)?;
        let turn = timeout(limits.place, asker.turn.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(FactsError::InTurn);
        };
        // Until it is done, also where nobody waits for it any more.
        let in_turn = async move {
            let read = reading.await;
            drop((turn, asker));
            read
        };
        self.read_within(limits, in_turn).await
    }

    /// What `reading` comes to.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, FactsError> {
        self.read_within(LIMITS, reading).await
    }

    async fn read_within<T: Send + 'static>(
        &self,
        limits: Limits,
        reading: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, FactsError> {
        let place = timeout(limits.place, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(FactsError::Busy(READS_MAX));
        };
        let reading = tokio::spawn(async move {
            let read = reading.await;
            drop(place);
            read
        });
        match timeout(limits.answer, reading).await {
            Ok(Ok(read)) => Ok(read?),
            Ok(Err(broken)) => Err(FactsError::Broken(broken.to_string())),
            Err(_) => Err(FactsError::Slow(limits.answer.as_secs())),
        }
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        let mut accounts = self.reads.accounts();
        let Some(account) = accounts.get_mut(&self.who) else {
            return;
        };
        account.asks -= 1;
        if account.asks == 0 {
            accounts.remove(&self.who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Notify;

    const SHORT: Limits = Limits {
        place: Duration::from_millis(10),
        answer: Duration::from_millis(10),
    };

    #[tokio::test]
    async fn reading_that_hangs_is_given_up_by_whoever_asks_and_keeps_its_place_until_it_is_done() {
        let (reads, storage) = (Reads::new(), Arc::new(Notify::new()));
        for _ in 0..READS_MAX {
            let answers = storage.clone();
            let hangs = async move {
                answers.notified().await;
                Ok(())
            };
            let told = reads.read_within(SHORT, hangs).await.unwrap_err();
            assert!(
                told.to_string().starts_with("storage does not answer"),
                "{told}"
            );
        }
        let refused = reads.read_within(SHORT, async { Ok(1) }).await.unwrap_err();
        assert!(refused.to_string().contains("2 others"), "{refused}");
        storage.notify_one();
        // By the usual limits, which one that is done leaves time for.
        assert_eq!(reads.read(async { Ok(1) }).await.unwrap(), 1);
    }
    #[tokio::test]
    async fn of_one_account_one_thing_is_read_at_a_time_and_others_have_the_other_place() {
        let (reads, storage) = (Reads::new(), Arc::new(Notify::new()));
        let of = |name: &str| Who::Operator(name.into());
        let hangs = || {
            let answers = storage.clone();
            async move {
                answers.notified().await;
                Ok(())
            }
        };
        let told = reads.read_for_within(SHORT, &of("anna"), hangs()).await;
        assert!(matches!(told, Err(FactsError::Slow(_))), "{told:?}");
        // She waits for it no more, and it goes on.
        for _ in 0..2 {
            let told = reads.read_for_within(SHORT, &of("anna"), hangs()).await;
            assert!(matches!(told, Err(FactsError::InTurn)), "{told:?}");
        }
        let bosse = reads.read_for(&of("bosse"), async { Ok(1) }).await;
        assert_eq!(bosse.unwrap(), 1);
        // Those who wait are bounded too.
        let waiting: Vec<Asker> = (1..OF_ONE_MAX)
            .map(|_| reads.asked_by(&of("anna")).unwrap())
            .collect();
        assert!(reads.asked_by(&of("anna")).is_none());
        drop(waiting);
        storage.notify_one();
        let anna = reads.read_for(&of("anna"), async { Ok(2) }).await;
        assert_eq!(anna.unwrap(), 2);
        assert!(reads.accounts().is_empty(), "nobody asks any more");
    }
}
