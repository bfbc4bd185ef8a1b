//! Bans over a restart: each is handed to the store when it is made, and those that were kept are put in force
//! again at the start.

use crate::keeping::moment;
use sip::{BanKeeper, Clock, Gate, Moment};
use sip_core::guard::{Ban, Cause, Source};
use std::sync::Arc;
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

/// A file of the store's that is new knows nothing of them: hands all over again. Never ends by itself.
pub(crate) async fn rewrite(gate: Arc<Gate>, clock: Clock, store: Store) {
    let mut renewed = store.renewed();
    while renewed.changed().await.is_ok() {
        let at = moment(clock);
        for ban in gate.bans(at.now) {
            store.write_soon(Write::PutBan(row(at, &ban)));
        }
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
    use std::time::Duration;

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

    #[tokio::test]
    async fn a_new_file_is_told_again_who_is_banned_and_nothing_of_whose_ban_was_lifted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("var");
        let (store, loading) = Store::start(&path);
        loading.kept().await;
        let clock = Clock::start();
        let keeper = Box::new(BansOfStore {
            clock,
            store: store.clone(),
        });
        let secrets = sip::Secrets {
            nonce_key: [1; 32],
            table_seed: [1, 2],
        };
        let gate = Arc::new(Gate::new(&secrets, Duration::from_secs(60), keeper));
        let (banned, forgiven): (Source, Source) =
            ("192.0.2.7".parse().unwrap(), "192.0.2.8".parse().unwrap());
        for source in [banned, forgiven] {
            gate.ban(clock.now(), source, Duration::from_secs(3_600));
        }
        assert!(gate.lift_ban(clock.now(), forgiven));
        tokio::spawn(rewrite(gate, clock, store.clone()));
        let (path, known) = (&path, banned.to_string());
        crate::lost_file::lost_and_told_again(&store, path, async || {
            let kept = crate::lost_file::after_a_kill(path).await.bans;
            kept.len() == 1 && kept[0].source == known
        })
        .await;
        store.close().await;
    }
}
