//! Agents over a restart: whoever has changed is handed to the store, and those that were kept are recalled at the
//! start. All of it belongs to the task that owns the queue engine.

use crate::keeping::moment;
use acd::{Carried, Engine, Fact, Input, Settings};
use base::{Time, UserId};
use sip::Clock;
use std::collections::BTreeSet;
use std::mem;
use store::{AgentRow, Store, Write};
use tokio::sync::watch;

/// Keeps agents over a restart.
pub(crate) struct AgentKeeper {
    clock: Clock,
    store: Store,
    renewed: watch::Receiver<u64>,
    /// Whose row the store has.
    kept: BTreeSet<UserId>,
    /// Whose row is not as he is.
    changed: BTreeSet<UserId>,
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
            other => self.changed.extend(other.agent().cloned()),
        }
    }

    /// Hands on whoever has changed.
    pub(crate) fn hand_over(&mut self, engine: &Engine) {
        if self.changed.is_empty() {
            return;
        }
        let at = moment(self.clock);
        for user in mem::take(&mut self.changed) {
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
