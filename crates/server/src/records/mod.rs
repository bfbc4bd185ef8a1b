//! Records of calls: handed to the store when a call begins and when it is over (`keeper.rs`), and shown to people: by the API
//! (`asked.rs`) and as a report (`report.rs`).

mod asked;
mod keeper;
mod report;

pub(crate) use asked::{call, page};
pub(crate) use keeper::RecordsOfStore;
pub(crate) use report::report;

use std::time::Duration;

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
