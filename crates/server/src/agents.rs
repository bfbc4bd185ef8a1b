//! Agents over a restart: whoever has changed is handed to the store, and those that were kept are recalled at the
//! start. All of it belongs to the task that owns the queue engine.

use crate::keeping::moment;
use acd::{Carried, Engine, Fact, Input, Settings};
use base::{Time, UserId};
use sip::Clock;
use std::collections::BTreeSet;
use std::mem;
use std::time::Duration;
use store::{AgentRow, Store, Write};
use tokio::sync::watch;
use tokio::time::Instant;

/// For how long what calls change of agents is gathered: with hundreds of calls a second, writing each by itself costs
/// as much as the calls.
const TOGETHER: Duration = Duration::from_millis(100);

/// Keeps agents over a restart.
pub(crate) struct AgentKeeper {
    clock: Clock,
    store: Store,
    renewed: watch::Receiver<u64>,
    /// Whose row the store has.
    kept: BTreeSet<UserId>,
    /// Whose row is not as he is.
    changed: BTreeSet<UserId>,
    /// Whose row lacks only what may wait a moment: to write a row for each call that he makes would cost more than the
    /// call.
    lately: BTreeSet<UserId>,
    /// When they are handed on.
    due: Option<Instant>,
}

impl AgentKeeper {
    /// With what was kept: what the engine is to be given, in this order. Whoever is no agent any more is forgotten.
    pub(crate) fn restore(
        clock: Clock,
        store: Store,
        rows: Vec<AgentRow>,
        settings: &Settings,
    ) -> (AgentKeeper, Vec<Input>) {
        let at = moment(clock);
        let is_agent = |user: &&UserId| settings.agents.contains_key(*user);
        let kept: BTreeSet<UserId> = rows.iter().map(|row| row.user.clone()).collect();
        let changed = kept.iter().filter(|user| !is_agent(user)).cloned();
        let mut recalled = Vec::new();
        for row in rows {
            match serde_json::from_str::<Carried<u64>>(&row.state) {
                Ok(carried) => recalled.push((carried, row.user)),
                Err(error) => {
                    tracing::warn!(user = %row.user, %error, "an agent's state that was kept can't be read");
                }
            }
        }
        recalled.sort_by(|(one, a), (other, b)| (one.idle_since, a).cmp(&(other.idle_since, b)));
        let input = |(carried, agent): (Carried<u64>, UserId)| Input::Recall {
            agent,
            carried: Box::new(carried.map(|utc_ms| at.time_of(utc_ms))),
        };
        let keeper = AgentKeeper {
            clock,
            renewed: store.renewed(),
            store,
            changed: changed.collect(),
            lately: BTreeSet::new(),
            due: None,
            kept,
        };
        (keeper, recalled.into_iter().map(input).collect())
    }

    /// Something came about.
    pub(crate) fn note(&mut self, fact: &Fact) {
        match fact {
            // As it was kept.
            Fact::Recalled { .. } => {}
            Fact::Configured { settings } => {
                let gone = |user: &&UserId| !settings.agents.contains_key(*user);
                self.changed.extend(self.kept.iter().filter(gone).cloned());
            }
            other if may_wait(other) => {
                self.lately.extend(other.agent().cloned());
                if !self.lately.is_empty() {
                    self.due.get_or_insert_with(|| Instant::now() + TOGETHER);
                }
            }
            other => self.changed.extend(other.agent().cloned()),
        }
    }

    /// Hands on whoever has changed at all: when nothing more will come.
    pub(crate) fn hand_over_all(&mut self, engine: &Engine) {
        self.changed.append(&mut self.lately);
        self.hand_over(engine);
    }

    /// When those who may wait have waited long enough.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Hands on whoever has changed in what can't wait, and the others when it is time.
    pub(crate) fn hand_over(&mut self, engine: &Engine) {
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.due = None;
            self.changed.append(&mut self.lately);
        }
        if self.changed.is_empty() {
            return;
        }
        let at = moment(self.clock);
        for user in mem::take(&mut self.changed) {
            self.lately.remove(&user);
            match engine.carried(&user) {
                Some(carried) => {
                    self.kept.insert(user.clone());
                    let carried = carried.map(|time: Time| at.utc_ms_of(time));
                    let state = serde_json::to_string(&carried)
                        .expect("names, numbers and texts can be written");
                    self.store
                        .write_soon(Write::PutAgent(AgentRow { user, state }));
                }
                None if self.kept.remove(&user) => {
                    self.store.write_soon(Write::RemoveAgent(user));
                }
                None => {}
            }
        }
    }

    /// Ready when a new file had to be begun, which is then told of all again.
    pub(crate) async fn renewed(&mut self) {
        if self.renewed.changed().await.is_err() {
            return std::future::pending().await;
        }
        self.changed.extend(self.kept.iter().cloned());
    }
}

/// Whether a call did it: a crash may cost a moment of what calls change, and nobody his log-in or pause.
fn may_wait(fact: &Fact) -> bool {
    !matches!(
        fact,
        Fact::LoggedIn { .. }
            | Fact::LoggedOut { .. }
            | Fact::Paused { .. }
            | Fact::Resumed { .. }
            | Fact::WrapUpExtended { .. }
    )
}
