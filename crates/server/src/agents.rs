//! Agents over a restart: whoever has changed is handed to the store, and those that were kept are recalled at the
//! start. All of it belongs to the task that owns the queue engine.

use crate::keeping::moment;
use acd::{Carried, Engine, Fact, Input, KnownAs, Origin, Talk};
use base::{Time, UserId};
use serde::{Deserialize, Serialize};
use sip::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::time::Duration;
use store::{Acknowledgement, AgentRow, Store, Write};
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
    /// The mark of the key by which callers stand in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callers_key: Option<u64>,
}

/// Keeps agents over a restart.
pub(crate) struct AgentKeeper {
    clock: Clock,
    store: Store,
    renewed: watch::Receiver<u64>,
    /// The mark of the key by which callers are known again.
    callers_key: Option<u64>,
    /// Whose row the store has, and the callers who stand in it.
    kept: BTreeMap<UserId, Vec<KnownAs>>,
    /// Whose row is not as he is.
    changed: BTreeSet<UserId>,
    /// Whether callers may stand in rows with whom, as far as is known now, nobody has talked, or somebody else since.
    has_too_much: bool,
    /// Whose log-in or pause somebody has changed since the start, while what was kept is not known.
    decided: Option<BTreeSet<UserId>>,
    /// Whose row lacks only what may wait a moment: to write a row for each call that he makes would cost more than the
    /// call.
    lately: BTreeSet<UserId>,
    /// When they are handed on.
    due: Option<Instant>,
}

impl AgentKeeper {
    /// For an engine of which is not known yet what was kept, whose callers are known again by the key with that mark.
    pub(crate) fn new(clock: Clock, store: Store, callers_key: Option<u64>) -> AgentKeeper {
        AgentKeeper {
            clock,
            renewed: store.renewed(),
            store,
            callers_key,
            kept: BTreeMap::new(),
            changed: BTreeSet::new(),
            has_too_much: false,
            decided: Some(BTreeSet::new()),
            lately: BTreeSet::new(),
            due: None,
        }
    }

    /// With what was kept: what the engine is to be given, in this order. Who has been changed by somebody since the
    /// start stays as he is; whom he talked with is true all the same, but for callers who stand there by another key: whoever
    /// they are, they are taken out of his row.
    pub(crate) fn take_up(&mut self, rows: Vec<AgentRow>) -> Vec<Input> {
        let at = moment(self.clock);
        let decided = self.decided.take().unwrap_or_default();
        let mut recalled = Vec::new();
        let mut inputs = Vec::new();
        for row in rows {
            let agent = row.user;
            self.kept.insert(agent.clone(), Vec::new());
            let Kept {
                carried,
                mut talks,
                callers_key,
            } = match serde_json::from_str(&row.state) {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::warn!(user = %agent, %error, "an agent's state that was kept can't be read");
                    continue;
                }
            };
            if !talks.is_empty() && (callers_key.is_none() || callers_key != self.callers_key) {
                tracing::info!(user = %agent, talks = talks.len(), "talks by another key are forgotten");
                talks.clear();
                self.changed.insert(agent.clone());
            }
            if !talks.is_empty() {
                let callers = talks.iter().map(|talk| talk.caller).collect();
                self.kept.insert(agent.clone(), callers);
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
                self.changed.extend(self.kept.keys().filter(gone).cloned());
                // Queues may not ask for it any more.
                self.has_too_much = true;
            }
            // He may stand in the row of one who is not the last any more who talked with him.
            Fact::CallerForgotten { .. } => self.has_too_much = true,
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
        for write in self.writes(engine) {
            self.store.write_soon(write);
        }
    }

    /// The same, to be awaited where all of that has to be on disk.
    pub(crate) fn hand_over_now(&mut self, engine: &Engine) -> Vec<Acknowledgement> {
        let writes = self.writes(engine).into_iter();
        writes.map(|write| self.store.write(write)).collect()
    }

    fn writes(&mut self, engine: &Engine) -> Vec<Write> {
        if self.due.is_some_and(|due| due <= Instant::now()) {
            self.due = None;
            self.changed.append(&mut self.lately);
        }
        if mem::take(&mut self.has_too_much) {
            let of_kept = self.kept.iter();
            let differs = of_kept.filter(|(user, callers)| {
                let talks = engine.carried_talks(user).into_iter();
                !callers.is_empty() && !talks.map(|talk| talk.caller).eq(callers.iter().copied())
            });
            self.changed.extend(differs.map(|(user, _)| user.clone()));
        }
        if self.changed.is_empty() {
            return Vec::new();
        }
        let at = moment(self.clock);
        let utc_ms = |time: Time| at.utc_ms_of(time);
        let mut writes = Vec::new();
        for user in mem::take(&mut self.changed) {
            self.lately.remove(&user);
            match engine.carried(&user) {
                Some(carried) => {
                    let talks = engine.carried_talks(&user);
                    let callers = talks.iter().map(|talk| talk.caller).collect();
                    self.kept.insert(user.clone(), callers);
                    let kept = Kept {
                        carried: carried.map(utc_ms),
                        callers_key: self.callers_key.filter(|_| !talks.is_empty()),
                        talks: talks.into_iter().map(|talk| talk.map(utc_ms)).collect(),
                    };
                    let state = serde_json::to_string(&kept)
                        .expect("names, numbers and texts can be written");
                    writes.push(Write::PutAgent(AgentRow { user, state }));
                }
                None if self.kept.remove(&user).is_some() => {
                    writes.push(Write::RemoveAgent(user));
                }
                None => {}
            }
        }
        writes
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
        self.changed.extend(self.kept.keys().cloned());
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

#[cfg(test)]
mod tests {
    use super::*;
    use acd::{LastAgent, Output, Settings};
    use base::{Core, QueueId};
    use std::path::Path;
    use std::sync::Arc;

    const KEY: u64 = 7;

    fn anna() -> UserId {
        "demo/anna".parse().unwrap()
    }

    /// The demo's settings, where callers of support are known again.
    fn knowing() -> Settings {
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
        let loaded = config::load(&demo, &config::Environment::default()).unwrap();
        let mut settings = Settings::clone(&loaded.acd);
        let support: QueueId = "demo/support".parse().unwrap();
        settings.queues.get_mut(&support).unwrap().last_agent = Some(LastAgent {
            within: Duration::from_secs(3_600),
            wait: Duration::ZERO,
        });
        settings
    }

    /// An engine and whoever keeps its agents over a restart.
    struct Desk {
        engine: Engine,
        keeper: AgentKeeper,
    }

    impl Desk {
        fn new(store: Store) -> Desk {
            let mut desk = Desk {
                engine: Engine::new(),
                keeper: AgentKeeper::new(Clock::start(), store, Some(KEY)),
            };
            desk.give(Input::Configure(Arc::new(knowing())));
            desk
        }

        fn give(&mut self, input: Input) {
            let mut output = Output::default();
            let now = self.keeper.clock.now();
            self.engine.handle(now, input, &mut output);
            output
                .facts
                .iter()
                .for_each(|it| self.keeper.note(&it.fact));
        }

        fn take_up(&mut self, row: AgentRow) {
            let inputs = self.keeper.take_up(vec![row]);
            inputs.into_iter().for_each(|input| self.give(input));
        }

        /// Anna's row, once all that has changed is on disk.
        async fn row(&mut self, folder: &Path) -> Kept {
            for row in self.keeper.hand_over_now(&self.engine) {
                row.stored().await.unwrap();
            }
            let kept = crate::lost_file::after_a_kill(folder).await;
            let mut rows = kept.agents.into_iter();
            let row = rows.find(|row| row.user == anna()).unwrap();
            serde_json::from_str(&row.state).unwrap()
        }
    }

    /// Anna's row of a talk with this caller, who stands there by that key.
    fn row_of(caller: KnownAs, callers_key: Option<u64>) -> AgentRow {
        let kept = Kept {
            carried: Carried::default(),
            talks: vec![Talk {
                queue: "demo/support".parse().unwrap(),
                caller,
                at: crate::keeping::utc_now_ms() - 60_000,
            }],
            callers_key,
        };
        AgentRow {
            user: anna(),
            state: serde_json::to_string(&kept).unwrap(),
        }
    }

    fn callers(kept: &Kept) -> Vec<KnownAs> {
        kept.talks.iter().map(|talk| talk.caller).collect()
    }

    #[tokio::test]
    async fn talks_by_this_key_are_taken_up_and_kept_on() {
        let folder = tempfile::tempdir().unwrap();
        let (store, loading) = Store::start(folder.path());
        loading.kept().await;
        let mut desk = Desk::new(store.clone());
        desk.take_up(row_of(KnownAs(1), Some(KEY)));
        assert_eq!(desk.engine.carried_talks(&anna()).len(), 1);
        desk.keeper.all_have_changed();
        let kept = desk.row(folder.path()).await;
        assert_eq!(
            (callers(&kept), kept.callers_key),
            (vec![KnownAs(1)], Some(KEY))
        );
        store.close().await;
    }

    #[tokio::test]
    async fn talks_by_another_key_or_by_none_are_not_believed_and_taken_out_of_the_row() {
        for key in [None, Some(KEY + 1)] {
            let folder = tempfile::tempdir().unwrap();
            let (store, loading) = Store::start(folder.path());
            loading.kept().await;
            let row = row_of(KnownAs(1), key);
            let put = store.write(Write::PutAgent(row.clone()));
            put.stored().await.unwrap();
            let mut desk = Desk::new(store.clone());
            desk.take_up(row);
            assert_eq!(desk.engine.carried_talks(&anna()), []);
            let kept = desk.row(folder.path()).await;
            assert_eq!((callers(&kept), kept.callers_key), (vec![], None));
            store.close().await;
        }
    }

    #[tokio::test]
    async fn a_caller_who_is_forgotten_goes_also_out_of_the_row_of_one_who_is_not_his_last_any_more()
     {
        let folder = tempfile::tempdir().unwrap();
        let (store, loading) = Store::start(folder.path());
        loading.kept().await;
        let mut desk = Desk::new(store.clone());
        let row = row_of(KnownAs(1), Some(KEY));
        desk.take_up(row.clone());
        // Bosse has talked with him since.
        desk.give(Input::RecallTalks {
            agent: "demo/bosse".parse().unwrap(),
            talks: vec![Talk {
                queue: "demo/support".parse().unwrap(),
                caller: KnownAs(1),
                at: desk.keeper.clock.now(),
            }],
        });
        desk.row(folder.path()).await;
        assert_eq!(desk.engine.carried_talks(&anna()), []);
        // Nothing of Anna has changed, and her row is as it was.
        let put = store.write(Write::PutAgent(row));
        put.stored().await.unwrap();
        desk.keeper.kept.insert(anna(), vec![KnownAs(1)]);
        desk.give(Input::ForgetCaller(KnownAs(1)));
        assert_eq!(callers(&desk.row(folder.path()).await), []);
        store.close().await;
    }

    #[tokio::test]
    async fn who_talked_with_whom_goes_out_of_rows_when_no_queue_asks_for_it_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let (store, loading) = Store::start(folder.path());
        loading.kept().await;
        let mut desk = Desk::new(store.clone());
        desk.take_up(row_of(KnownAs(1), Some(KEY)));
        desk.keeper.all_have_changed();
        assert_eq!(callers(&desk.row(folder.path()).await), [KnownAs(1)]);
        let mut settings = knowing();
        for queue in settings.queues.values_mut() {
            queue.last_agent = None;
        }
        desk.give(Input::Configure(Arc::new(settings)));
        assert_eq!(callers(&desk.row(folder.path()).await), []);
        store.close().await;
    }
}
