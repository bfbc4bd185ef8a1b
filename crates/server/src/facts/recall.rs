//! What the journal's facts come to when they are read back: figures of the days before this process, and the latest
//! traffic. Read by tasks of their own, which hold up nobody.

use super::replay::{Missing, Part, Tells, replay};
use acd::{Cut, Figures, Interval, Lately, QUARTER_MS, QUARTERS_KEPT, QueueCarried};
use base::{QueueId, Time};
use control::TrafficCommand;
use std::collections::BTreeMap;
use store::{Failure, Location};

/// Moments of facts that are read back are told since 1970.
const ZERO_MS: i64 = 0;

/// How long it is followed what becomes of a caller who came last in what is asked for: longer than anybody waits and
/// talks.
const FOLLOWED_MS: u64 = 12 * 3_600 * 1_000;

/// Where nobody says from when on, traffic is that of a week.
const TRAFFIC_MS: u64 = 7 * 86_400 * 1_000;

/// What is remembered of processes before this one.
pub(crate) struct Recalled {
    /// By quarters.
    pub(crate) figures: Figures,
    /// How queues did lately; moments are told since 1970.
    pub(crate) lately: BTreeMap<QueueId, QueueCarried>,
    /// From when on, in milliseconds of UTC.
    pub(crate) since_ms: u64,
    /// What could not be counted.
    pub(crate) missing: Missing,
    /// Of runs before this one.
    pub(crate) own_zero_ms: u64,
}

/// Counts what runs before the one whose clock showed 0 at `own_zero_ms` have kept, as far back as quarters are kept.
pub(crate) async fn recall(
    location: &Location,
    own_zero_ms: u64,
    now_ms: u64,
) -> Result<Recalled, Failure> {
    let kept_ms = (QUARTERS_KEPT as u64 - 1) * QUARTER_MS;
    let since_ms = (now_ms - now_ms % QUARTER_MS).saturating_sub(kept_ms);
    let mut figures = Figures::new(Cut::Quarters, ZERO_MS);
    let mut lately = Lately::default();
    let part = Part {
        from_ms: since_ms,
        until_ms: now_ms,
        before_run: Some(own_zero_ms),
    };
    let missing = replay(location, part, &mut |tells| match tells {
        Tells::Fact(fact) => {
            let told = figures.hear(fact);
            told.iter().for_each(|told| lately.hear(fact.at, told));
        }
        Tells::RunEnded => figures.run_ended(),
    })
    .await?;
    Ok(Recalled {
        figures,
        lately: lately.carried(Time::from_millis(now_ms)),
        since_ms,
        missing,
        own_zero_ms,
    })
}

/// What is read back of what is longer ago.
pub(crate) struct Before {
    pub(crate) intervals: BTreeMap<u64, Interval>,
    /// The beginning of the last interval that had to be left out, with all before it: there was more than is held.
    pub(crate) forgotten_ms: Option<u64>,
    pub(crate) missing: Missing,
}

/// Figures between moments that are longer ago, this process among those that are counted.
pub(crate) async fn figures_before(
    location: Location,
    moments_ms: Vec<u64>,
) -> Result<Before, Failure> {
    let ends = moments_ms.last().copied().unwrap_or_default();
    let part = Part {
        from_ms: moments_ms.first().copied().unwrap_or_default(),
        until_ms: ends.saturating_add(FOLLOWED_MS),
        before_run: None,
    };
    let mut figures = Figures::new(Cut::At(moments_ms.clone()), ZERO_MS);
    let missing = replay(&location, part, &mut |tells| match tells {
        Tells::Fact(fact) => {
            figures.hear(fact);
        }
        Tells::RunEnded => figures.run_ended(),
    })
    .await?;
    Ok(Before {
        intervals: figures.cut_at(&moments_ms, 0),
        forgotten_ms: figures.forgotten(),
        missing,
    })
}

/// The latest rows of traffic of a time; their moments are told since 1970. What came after it is read too: how agents stood
/// at its end is how they stand now, less what they have done since.
pub(crate) async fn traffic(
    location: Location,
    of: TrafficCommand,
    now_ms: u64,
) -> Result<sim::Tail, Failure> {
    let until_ms = of.until_ms.unwrap_or(now_ms);
    let mut tail = sim::Tail::until(match of.until_ms {
        Some(until_ms) => Time::from_millis(until_ms),
        None => Time::NEVER,
    });
    let part = Part {
        from_ms: of
            .from_ms
            .unwrap_or_else(|| until_ms.saturating_sub(TRAFFIC_MS)),
        until_ms: now_ms,
        before_run: None,
    };
    replay(&location, part, &mut |tells| match tells {
        Tells::Fact(fact) => tail.hear(fact),
        Tells::RunEnded => tail.run_ended(),
    })
    .await?;
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::keeper::run;
    use crate::facts::written;
    use acd::{Fact, RefuseCause, Stamped};
    use store::Store;

    const DAY_MS: u64 = 86_400_000;

    /// A midnight.
    const TODAY_MS: u64 = 1_795_824_000_000;

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

    /// A process whose clock showed 0 at `zero_ms`, and in which somebody was refused so many milliseconds later.
    async fn process(location: &Location, zero_ms: u64, refusals_ms: &[u64]) {
        let (store, loading) = Store::start(location.clone());
        loading.kept().await;
        let journal = store.journal(run(zero_ms));
        for at_ms in refusals_ms {
            journal.append_soon(zero_ms + at_ms, written(&refused(*at_ms)));
        }
        store.close().await;
    }

    fn refusals<'a>(intervals: impl IntoIterator<Item = &'a Interval>) -> u64 {
        let lines = intervals.into_iter().flat_map(|it| it.queues.values());
        lines.map(|line| line.tally.totals.refused).sum()
    }

    #[tokio::test]
    async fn a_run_whose_clock_was_wrong_hides_none_of_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::from(folder.path());
        let yesterday_ms = TODAY_MS - DAY_MS;
        // Before the clock was set it showed 1970, and once the year 2100.
        let (since_1970_ms, in_2100_ms) = (7, 4_102_444_800_000);
        for zero_ms in [yesterday_ms, since_1970_ms, yesterday_ms + 3_600_000] {
            process(&location, zero_ms, &[1_000, 2_000]).await;
        }
        for zero_ms in [in_2100_ms, yesterday_ms + 7_200_000, since_1970_ms + 1] {
            process(&location, zero_ms, &[1_000, 2_000]).await;
        }
        let day = vec![yesterday_ms, TODAY_MS];
        let before = figures_before(location.clone(), day).await.unwrap();
        assert_eq!(refusals(before.intervals.values()), 6);
        assert_eq!(before.missing, Missing::default());
        let own_zero_ms = TODAY_MS + 1;
        process(&location, own_zero_ms, &[1_000]).await;
        let recalled = recall(&location, own_zero_ms, TODAY_MS + 60_000);
        let figures = recalled.await.unwrap().figures;
        assert_eq!(refusals(figures.intervals().map(|(_, it)| it)), 6);
        assert_eq!(figures.forgotten(), None);
    }
}
