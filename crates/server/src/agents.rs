//! Agents over a restart: whoever has changed is handed to the store, and those that were kept are recalled at the
//! start. All of it belongs to the task that owns the queue engine.

use crate::keeping::moment;
use acd::{Carried, Engine, Fact, Input, Origin, Talk};
use base::{Time, UserId};
use serde::{Deserialize, Serialize};
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

/// An agent as his row has him, with times of day.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    carried: Carried<u64>,
    /// Whom he talked with last. Rows of versions before this one have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    talks: Vec<Talk<u64>>,
}

/// Keeps agents over a restart.
pub(crate) struct AgentKeeper {
    clock: Clock,
    store: Store,
    renewed: watch::Receiver<u64>,
    /// Whose row the store has.
    kept: BTreeSet<UserId>,
    /// Whose row is not as he is.
    changed: BTreeSet<UserId>,
    /// Whose log-in or pause somebody has changed since the start, while what was kept is not known.
    decided: Option<BTreeSet<UserId>>,
    /// Whose row lacks only what may wait a moment: to write a row for each call that he makes would cost more than the
    /// call.
    lately: BTreeSet<UserId>,
    /// When they are handed on.
    due: Option<Instant>,
}

impl AgentKeeper {
    /// For an engine of which is not known yet what was kept.
    pub(crate) fn new(clock: Clock, store: Store) -> AgentKeeper {
        AgentKeeper {
            clock,
            renewed: store.renewed(),
            store,
            kept: BTreeSet::new(),
            changed: BTreeSet::new(),
            decided: Some(BTreeSet::new()),
            lately: BTreeSet::new(),
            due: None,
        }
    }

    /// With what was kept: what the engine is to be given, in this order. Who has been changed by somebody since the
    /// start stays as he is; whom he talked with is true all the same.
    pub(crate) fn take_up(&mut self, rows: Vec<AgentRow>) -> Vec<Input> {
        let at = moment(self.clock);
        let decided = self.decided.take().unwrap_or_default();
        let mut recalled = Vec::new();
        let mut inputs = Vec::new();
        for row in rows {
            let agent = row.user;
            self.kept.insert(agent.clone());
            let Kept { carried, talks } = match serde_json::from_str(&row.state) {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::warn!(user = %agent, %error, "an agent's state that was kept can't be read");
                    continue;
                }
            };
            if !talks.is_empty() {
                let talks = talks.into_iter();
                let talks = talks.map(|talk| talk.map(|utc_ms| at.time_of(utc_ms)));
                inputs.push(Input::RecallTalks {
                    agent: agent.clone(),
                    talks: talks.collect(),
                });
            }
            if !decided.contains(&agent) {
                recalled.push((carried, agent));
            }
        }
        recalled.sort_by(|(one, a), (other, b)| (one.idle_since, a).cmp(&(other.idle_since, b)));
        let input = |(carried, agent): (Carried<u64>, UserId)| Input::Recall {
            agent,
            carried: Box::new(carried.map(|utc_ms| at.time_of(utc_ms))),
        };
        inputs.extend(recalled.into_iter().map(input));
        inputs
    }

    /// Something came about.
    pub(crate) fn note(&mut self, fact: &Fact) {
        if let Some(decided) = &mut self.decided
            && is_decision(fact)
        {
            decided.extend(fact.agent().cloned());
        }
        match fact {
            // As it was kept.
            Fact::Recalled { .. } | Fact::TalksRecalled { .. } => {}
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
                    let utc_ms = |time: Time| at.utc_ms_of(time);
                    let talks = engine.carried_talks(&user).into_iter();
                    let kept = Kept {
                        carried: carried.map(utc_ms),
                        talks: talks.map(|talk| talk.map(utc_ms)).collect(),
                    };
                    let state = serde_json::to_string(&kept)
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
        self.all_have_changed();
    }

    /// Has every row written again, as its agent is now.
    pub(crate) fn all_have_changed(&mut self) {
        self.changed.extend(self.kept.iter().cloned());
    }
}

/// Whether an agent's log-in or pause has been changed otherwise than by what the configuration says of a start.
fn is_decision(fact: &Fact) -> bool {
    match fact {
        Fact::LoggedIn { by, .. }
        | Fact::LoggedOut { by, .. }
        | Fact::Paused { by, .. }
        | Fact::Resumed { by, .. } => *by != Origin::Configuration,
        _ => false,
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
