//! Bans over a restart: each is handed to the store when it is made, and those that were kept are put in force
//! again at the start.

use crate::keeping::moment;
use sip::{BanKeeper, Clock, Gate, Moment};
use sip_core::guard::{Ban, Cause, Source};
use store::{BanRow, Store, Write};

/// Hands bans to the store.
pub(crate) struct BansOfStore {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
}

impl BanKeeper for BansOfStore {
    fn keep(&self, ban: &Ban) {
        let row = row(moment(self.clock), ban);
        self.store.write_soon(Write::PutBan(row));
    }

    fn lift(&self, source: Source) {
        let source = source.to_string();
        self.store.write_soon(Write::RemoveBan(source));
    }
}

/// Puts kept bans in force.
pub(crate) fn restore(gate: &Gate, clock: Clock, rows: &[BanRow]) {
    let at = moment(clock);
    for row in rows {
        match ban(at, row) {
            Some(ban) => gate.restore_ban(at.now, ban),
            None => tracing::warn!(source = row.source, "a ban that was kept can't be read"),
        }
    }
}

fn row(at: Moment, ban: &Ban) -> BanRow {
    BanRow {
        source: ban.source.to_string(),
        cause: ban.cause.label().into(),
        since_ms: at.utc_ms_of(ban.since),
        until_ms: at.utc_ms_of(ban.until),
        times: ban.times,
    }
}

/// The ban in the process's time.
fn ban(at: Moment, row: &BanRow) -> Option<Ban> {
    Some(Ban {
        source: row.source.parse().ok()?,
        cause: Cause::from_label(&row.cause)?,
        since: at.time_of(row.since_ms),
        until: at.time_of(row.until_ms),
        times: row.times,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Time;

    #[test]
    fn a_ban_kept_by_one_process_ends_at_the_same_time_of_day_in_the_next() {
        let made = Ban {
            source: "192.0.2.7".parse().unwrap(),
            cause: Cause::Scanner,
            since: Time::from_millis(90_000),
            until: Time::from_millis(400_000),
            times: 2,
        };
        let before = Moment {
            now: Time::from_millis(100_000),
            utc_ms: 1_000_000_000,
        };
        let kept = row(before, &made);
        assert_eq!((kept.since_ms, kept.until_ms), (999_990_000, 1_000_300_000));
        let after = Moment {
            now: Time::from_millis(1_000),
            utc_ms: 1_000_060_000,
        };
        let again = ban(after, &kept).unwrap();
        assert_eq!(again.until, Time::from_millis(241_000));
        assert_eq!(
            (again.source, again.cause, again.times),
            (made.source, made.cause, 2)
        );
        let unreadable = BanRow {
            cause: "weather".into(),
            ..kept
        };
        assert_eq!(ban(after, &unreadable), None);
    }
}
