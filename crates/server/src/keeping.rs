//! Registrations over a restart: what changes is handed to the store, what was kept is taken up at the start.

use base::{Time, UserId};
use jiff::Timestamp;
use sip::{Clock, KeptBinding, Moment, Registrations};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::{BindingsRow, Store, Write};
use tokio::time::{MissedTickBehavior, interval};

/// How often those are written that only last longer. What is on disk is then so much older at most, of a time that
/// phones renew when half of it is left.
const PROLONGED_EVERY: Duration = Duration::from_secs(5);

/// Keeps registrations over a restart.
#[derive(Clone)]
pub(crate) struct Keeping {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) registrations: Arc<Registrations>,
}

impl Keeping {
    /// Takes up what was kept; gives back who can be reached by it. Whoever is not in the configuration any more
    /// is forgotten.
    pub(crate) fn restore(
        &self,
        kept: Vec<BindingsRow>,
        is_account: impl Fn(&UserId) -> bool,
    ) -> Vec<UserId> {
        let at = moment(self.clock);
        let mut reachable = Vec::new();
        for row in kept {
            if !is_account(&row.user) {
                self.store.write_soon(Write::RemoveBindings(row.user));
                continue;
            }
            let contacts: Vec<KeptBinding> = match serde_json::from_str(&row.contacts) {
                Ok(contacts) => contacts,
                Err(error) => {
                    tracing::warn!(user = %row.user, %error, "a registration that was kept can't be read");
                    continue;
                }
            };
            if self.registrations.restore(at, &row.user, contacts) {
                reachable.push(row.user);
            }
        }
        reachable
    }

    /// Hands on what changes; never ends by itself.
    pub(crate) async fn run(self) {
        let changes = self.registrations.changes();
        let mut renewed = self.store.renewed();
        let mut every = interval(PROLONGED_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let users = tokio::select! {
                users = changes.changed() => users,
                _ = every.tick() => changes.take_all(),
                Ok(()) = renewed.changed() => self.registrations.users(),
            };
            self.keep(users);
        }
    }

    /// Hands on all that is left, and waits for it.
    pub(crate) async fn finish(&self) {
        self.keep(self.registrations.changes().take_all());
        self.store.close().await;
    }

    fn keep(&self, users: impl IntoIterator<Item = UserId>) {
        let at = moment(self.clock);
        for user in users {
            let write = match self.registrations.kept(at, &user) {
                Some((contacts, ends_at_ms)) => Write::PutBindings(BindingsRow {
                    user,
                    ends_at_ms,
                    contacts: serde_json::to_string(&contacts)
                        .expect("texts and numbers can be written"),
                }),
                None => Write::RemoveBindings(user),
            };
            self.store.write_soon(write);
        }
    }
}

/// Now, on both clocks.
pub(crate) fn moment(clock: Clock) -> Moment {
    Moment {
        now: clock.now(),
        utc_ms: utc_now_ms(),
    }
}

/// When the process's clock shows 0, in milliseconds of UTC.
pub(crate) fn zero_ms(clock: Clock) -> u64 {
    let shown = (clock.now() - Time::ZERO).as_millis();
    utc_now_ms().saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX))
}

/// A moment of UTC as it is written, to the second.
pub(crate) fn written_utc(utc_ms: u64) -> String {
    let seconds = i64::try_from(utc_ms / 1_000).unwrap_or(i64::MAX);
    let stamp = Timestamp::from_second(seconds);
    stamp.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The same to the millisecond.
pub(crate) fn written_utc_ms(utc_ms: u64) -> String {
    let stamp = Timestamp::from_millisecond(i64::try_from(utc_ms).unwrap_or(i64::MAX));
    stamp.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Now, in milliseconds of UTC.
pub(crate) fn utc_now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
