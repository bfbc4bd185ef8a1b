//! Records of calls: handed to the store when a call begins and when it is over (`keeper.rs`), forgotten when they are too
//! old, and shown to people: as a report (`report.rs`).

mod asked;
mod keeper;
mod report;

pub(crate) use asked::{call, page};
pub(crate) use keeper::RecordsOfStore;
pub(crate) use report::report;

use crate::keeping::utc_now_ms;
use crate::reload::ConfigInForce;
use std::time::Duration;
use store::Store;
use tokio::time::{MissedTickBehavior, interval};

/// How often what is too old is forgotten: much oftener than the day within which it has to be.
const FORGOTTEN_EVERY: Duration = Duration::from_secs(3_600);

/// Has what is older than the settings say forgotten, as long as the process lives.
pub(crate) async fn forget(store: Store, config: ConfigInForce) {
    let mut every = interval(FORGOTTEN_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let keep = config.loaded().server.records_keep;
        store.keep_calls_since(since_ms(keep, utc_now_ms()));
    }
}

/// From when on something is kept at `now_ms`.
pub(crate) fn since_ms(keep: Duration, now_ms: u64) -> u64 {
    now_ms.saturating_sub(u64::try_from(keep.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Changes: records.keep_days, audit.keep_days
    #[test]
    fn calls_are_kept_for_as_long_as_is_set() {
        let day = Duration::from_secs(86_400);
        assert_eq!(since_ms(day * 30, 30 * 86_400_000 + 1_000), 1_000);
        assert_eq!(since_ms(day, 1_000), 0, "a clock that is wrong");
    }
}
