//! Forgetting what is older than the settings say: facts, records of calls and the audit here, closed callbacks by their lists. All of
//! it goes by the clock on the wall, and none of it while that clock is not believed (`belief.rs`): what is forgotten is gone.

mod belief;

use crate::keeping::utc_now_ms;
use crate::reload::ConfigInForce;
use crate::{facts, records};
use belief::{Belief, HOLDS_FOR, Look, Reading};
use config::ServerSettings;
use sip::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Store, Write};
use tokio::time::{MissedTickBehavior, interval};

/// How often what is too old is forgotten: much oftener than the day within which it has to be.
const FORGOTTEN_EVERY: Duration = Duration::from_secs(3_600);

/// How often the clocks are looked at meanwhile.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(60);

/// Whether anything is forgotten by the clock on the wall. Clones lead to the same.
#[derive(Clone)]
pub(crate) struct Forgetting {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    belief: Belief,
    /// What the log said last.
    said: Option<bool>,
}

impl Forgetting {
    /// `believed_ms` is what a process before this one believed last, if that is known.
    pub(crate) fn new(clock: Clock, believed_ms: Option<u64>) -> Forgetting {
        let forgetting = Forgetting {
            clock,
            state: Arc::default(),
        };
        forgetting.take_up(believed_ms);
        forgetting
    }

    /// What was believed before, where that is known late.
    pub(crate) fn take_up(&self, believed_ms: Option<u64>) {
        if let Some(wall_ms) = believed_ms {
            let at = self.clock.now();
            self.state().belief.take_up(Reading { at, wall_ms });
        }
    }

    /// What the clock on the wall shows, in milliseconds of UTC, if something may be forgotten by it.
    pub(crate) fn believed_ms(&self) -> Option<u64> {
        let mut state = self.state();
        let now = Reading {
            at: self.clock.now(),
            wall_ms: utc_now_ms(),
        };
        let look = state.belief.look(now);
        state.say(look);
        (look == Look::Believed).then_some(now.wall_ms)
    }

    /// Forgets, as long as the process lives.
    pub(crate) async fn run(self, store: Store, config: ConfigInForce) {
        let mut every = interval(LOOKED_AT_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut done_at = None;
        loop {
            every.tick().await;
            let now = self.clock.now();
            let is_due = done_at.is_none_or(|at| now.since(at) >= FORGOTTEN_EVERY);
            if let Some(now_ms) = self.believed_ms().filter(|_| is_due) {
                done_at = Some(now);
                store.write_soon(Write::BelieveClock(now_ms));
                forget(&store, &config.loaded().server, now_ms);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements, whoever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(store: &Store, settings: &ServerSettings, now_ms: u64) {
    store.keep_only(facts::kept(settings.facts, now_ms));
    store.keep_calls_since(records::since_ms(settings.records_keep, now_ms));
    store.keep_audit_since(records::since_ms(settings.audit_keep, now_ms));
}

impl State {
    fn say(&mut self, look: Look) {
        let is_believed = look == Look::Believed;
        if self.said.replace(is_believed) == Some(is_believed) {
            return;
        }
        let minutes = HOLDS_FOR.as_secs() / 60;
        match look {
            Look::Believed => tracing::info!("what is too old is forgotten"),
            Look::Doubted(Some(ahead)) => tracing::warn!(
                ahead_by_hours = ahead.as_secs() / 3_600,
                "the clock on the wall was set far ahead, or no server ran for so long: nothing is forgotten until it has held for {minutes} minutes"
            ),
            Look::Doubted(None) => tracing::info!(
                "nobody knows what the clock on the wall showed before: nothing is forgotten until it has held for {minutes} minutes"
            ),
        }
    }
}
