//! Facts on their way to the store. They are gathered for a moment, so that they share a transaction; nobody waits for
//! them, and what storage has no room for is missing in the journal, which says how many.

use super::written;
use acd::{FACTS_VERSION, Fact, Stamped};
use base::Time;
use std::borrow::Cow;
use std::time::Duration;
use store::{Acknowledgement, Journal, Run, Store};
use tokio::time::Instant;

/// For how long facts are gathered: with hundreds of calls a second, a transaction for each would cost as much as the
/// calls. A crash may cost so much of what came about.
const TOGETHER: Duration = Duration::from_millis(100);

/// Hands facts to the store.
pub(crate) struct FactKeeper {
    store: Store,
    journal: Journal,
    zero_ms: u64,
    gathered: Vec<(u64, Vec<u8>)>,
    /// When they are handed on.
    due: Option<Instant>,
    /// Of the last that was handed on: with it all before it are on disk.
    latest: Option<Acknowledgement>,
}

/// What belongs to all facts of this process as long as its clock shows 0 at `zero_ms`.
pub(crate) fn run(zero_ms: u64) -> Run {
    Run {
        zero_ms,
        version: FACTS_VERSION,
    }
}

impl FactKeeper {
    pub(crate) fn new(store: Store, zero_ms: u64) -> FactKeeper {
        FactKeeper {
            journal: store.journal(run(zero_ms)),
            store,
            zero_ms,
            gathered: Vec::new(),
            due: None,
            latest: None,
        }
    }

    /// Something came about.
    pub(crate) fn note(&mut self, fact: &Stamped) {
        match fact.fact {
            // As large as the configuration, which is a file of its own; no figure is made of it.
            Fact::Configured { .. } => return,
            // Nobody shall be found in what is kept by his number; and it stands in agents' rows.
            Fact::TalksRecalled { .. } | Fact::CallerForgotten { .. } => return,
            _ => {}
        }
        // The lists keep these themselves, and tell them again.
        if let Fact::CallbacksDue { .. } | Fact::Indebted { .. } = fact.fact {
            return;
        }
        self.gathered
            .push((self.utc_ms(fact.at), written(&anonymous(fact))));
        self.due.get_or_insert_with(|| Instant::now() + TOGETHER);
    }

    /// The clock on the wall was set, and that of the process showed 0 at `zero_ms` by it: whatever comes is another run's.
    pub(crate) fn clock_set(&mut self, zero_ms: u64) {
        self.hand_over_all();
        self.journal = self.store.journal(run(zero_ms));
        self.zero_ms = zero_ms;
    }

    /// When those that were gathered have waited long enough.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Hands them on if it is time.
    pub(crate) fn hand_over(&mut self) {
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.hand_over_all();
        }
    }

    /// Hands on what there is.
    pub(crate) fn hand_over_all(&mut self) {
        self.due = None;
        let last = self.gathered.pop();
        for (at_ms, fact) in self.gathered.drain(..) {
            self.journal.append_soon(at_ms, fact);
        }
        if let Some((at_ms, fact)) = last {
            self.latest = Some(self.journal.append(at_ms, fact));
        }
    }

    /// The same; ready when all that has been handed on since somebody asked last is on disk.
    pub(crate) fn flush(&mut self) -> Option<Acknowledgement> {
        self.hand_over_all();
        self.latest.take()
    }

    fn utc_ms(&self, at: Time) -> u64 {
        self.zero_ms + at.as_micros() / 1_000
    }
}

/// Without as whom its caller is known again: for as long as facts are kept, nobody shall be found in them by his number.
fn anonymous(stamped: &Stamped) -> Cow<'_, Stamped> {
    let mut stamped = Cow::Borrowed(stamped);
    if let Fact::Entered {
        known_as: Some(_), ..
    } = &stamped.fact
        && let Fact::Entered { known_as, .. } = &mut stamped.to_mut().fact
    {
        *known_as = None;
    }
    stamped
}

#[cfg(test)]
mod tests {
    use super::*;
    use acd::RefuseCause;
    use store::Reader;

    fn refused(at_ms: u64) -> Stamped {
        Stamped {
            at: Time::from_millis(at_ms),
            seq: 0,
            fact: Fact::Refused {
                call: "c0-0-1".parse().unwrap(),
                queue: "demo/support".parse().unwrap(),
                cause: RefuseCause::Full,
            },
        }
    }

    #[tokio::test]
    async fn what_comes_about_after_the_clock_was_set_is_dated_by_the_clock_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (store, loading) = Store::start(folder.path());
        loading.kept().await;
        let (wrong_ms, right_ms) = (5_000, 1_795_824_000_000);
        let mut keeper = FactKeeper::new(store.clone(), wrong_ms);
        keeper.note(&refused(100));
        keeper.clock_set(right_ms);
        keeper.note(&refused(200));
        keeper.flush().unwrap().stored().await.unwrap();
        let mut reader = Reader::open(folder.path()).await.unwrap();
        let runs = reader.runs().await.unwrap();
        let told: Vec<_> = runs.iter().map(|it| (it.zero_ms, it.moments_ms)).collect();
        let moment = |at_ms| Some((at_ms, at_ms));
        assert_eq!(
            told,
            [
                (wrong_ms, moment(wrong_ms + 100)),
                (right_ms, moment(right_ms + 200))
            ]
        );
        reader.close().await.unwrap();
        store.close().await;
    }
}
