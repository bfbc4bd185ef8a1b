//! Whoever asks for what is in the journal waits for a while at most. Reading that hangs goes on by itself, since nothing
//! can be done about it, and keeps its place; so no more hang than there are places, and whoever comes then is refused
//! soon.

use super::FactsError;
use std::sync::Arc;
use std::time::Duration;
use store::Failure;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many read at once. To find a database by its name takes one of the runtime's few threads for files, of which
/// reloads need one too.
const READS_MAX: usize = 2;

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
pub(super) struct Reads(Arc<Semaphore>);

impl Reads {
    pub(super) fn new() -> Reads {
        Reads(Arc::new(Semaphore::new(READS_MAX)))
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
        let place = timeout(limits.place, self.0.clone().acquire_owned()).await;
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
}
