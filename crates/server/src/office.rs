//! The server as the HTTP API sees it: accounts from the configuration in force, callback lists from the task that owns
//! them, tokens from the store.

use crate::audit::{self, Way};
use crate::callbacks::{Callbacks, history};
use crate::commands::Commands;
use crate::ctl::protocol::Failure;
use crate::looking;
use crate::quick::Quick;
use crate::random;
use crate::records;
use crate::reload::ConfigInForce;
use axum::Router;
use base::{CallbackId, OrgId, QueueId, Time, UserId};
use calendar::{QuickClose, QuickCloses};
use callback::{
    AheadRow, Done, ListSettings, Number, Page, Query, Row, Settings, Utc, Waiting, Window,
};
use config::{Loaded, OPERATORS_REALM, OperatorProof, Schema};
use control::{CallbackCommand, Command, Permitted, Principal, SettingsCommand, Sight};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sip::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::{CredentialRow, SecondFactorRow, SessionRow, Store, TokenRow, Write};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;
use web::{
    Account, AuditAsked, AuditFound, CallShown, CallsAsked, CallsFound, Changes, Configured,
    Credential, Declined, Deed, Desk, Directory, DoorHours, FiguresAsked, FiguresReport, Floor,
    Follower, Happened, Keeping, LicenceReport, Look, NoFigures, NotConfigured, Office,
    OwnCallView, OwnTurn, Person, Piece, PromptsTold, Proof, QuickAsked, QuickChoices, QuickDone,
    Refused, RegistrationsAsked, RegistrationsFound, SecondFactor, Shown, Soon, Told, Unread,
    Unstored, Who,
};

/// How long somebody waits for a token or a password to be on disk.
const STORED_WITHIN: Duration = Duration::from_secs(5);

/// The API, once the server is far enough to answer.
pub(crate) type Api = Arc<OnceLock<Router>>;

/// What the office is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) config: ConfigInForce,
    pub(crate) callbacks: Callbacks,
    pub(crate) commands: Commands,
    pub(crate) store: Store,
    pub(crate) quick: Quick,
}

struct ServerOffice(Parts, Semaphore);

/// Histories of callbacks that are read at once: each opens what is kept anew.
const HISTORIES_AT_ONCE: usize = 4;

/// How long somebody waits for his turn to read one.
const HISTORY_TURN_WITHIN: Duration = Duration::from_secs(2);

fn unseen(error: Failure) -> Declined {
    tracing::warn!(%error, "queues and agents can't be shown");
    Declined::Away
}

/// Opens the office.
pub(crate) fn open(parts: Parts) -> Desk {
    let store = parts.store.clone();
    let desk = Desk::new(Arc::new(ServerOffice(
        parts,
        Semaphore::new(HISTORIES_AT_ONCE),
    )));
    tokio::spawn(rewrite(desk.clone(), store));
    tokio::spawn(Follower::new(desk.clone()).run());
    desk
}

/// Takes up what lets people and programs in, as it was kept.
pub(crate) fn take_up(
    desk: &Desk,
    tokens: Vec<TokenRow>,
    sessions: Vec<SessionRow>,
    credentials: Vec<CredentialRow>,
    factors: Vec<SecondFactorRow>,
) {
    let tokens = tokens.into_iter();
    let tokens = tokens.filter_map(|row| read(&row.token).map(Keeping::Keep));
    let sessions = sessions.into_iter();
    let sessions = sessions.filter_map(|row| read(&row.session).map(Keeping::Session));
    let passwords = credentials.into_iter();
    let passwords = passwords.filter_map(|row| {
        Some(Keeping::Password {
            now: Some(read(&row.credential)?),
            user: row.user,
            before: None,
        })
    });
    let factors = factors.into_iter().filter_map(|row| {
        let factor: SecondFactor = read(&row.factor)?;
        Some(Keeping::SecondFactor {
            who: factor.who.clone(),
            now: Some(factor),
            before: None,
        })
    });
    desk.take_up(tokens.chain(sessions).chain(passwords).chain(factors));
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let read = serde_json::from_str(text);
    read.inspect_err(|error| tracing::warn!(%error, "what lets somebody in by HTTP can't be read"))
        .ok()
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers can be written")
}

/// A file of the store's that is new knows nothing of them: hands all over again. Never ends by itself.
async fn rewrite(desk: Desk, store: Store) {
    let mut renewed = store.renewed();
    while renewed.changed().await.is_ok() {
        for kept in desk.kept() {
            store.write_soon(writes(kept).0);
        }
    }
}

/// What is to be written, and what undoes it.
fn writes(change: Keeping) -> (Write, Write) {
    match change {
        Keeping::Keep(row) => {
            let token = written(&row);
            let undo = Write::RemoveToken(row.id.clone());
            (Write::PutToken(TokenRow { id: row.id, token }), undo)
        }
        Keeping::Forget(id) => (Write::RemoveToken(id.clone()), Write::RemoveToken(id)),
        Keeping::Session(row) => {
            let undo = Write::RemoveSession(row.hash.clone());
            let seconds = u64::try_from(row.ends().as_seconds()).unwrap_or(0);
            let put = SessionRow {
                ends_at_ms: seconds.saturating_mul(1_000),
                session: written(&row),
                id: row.hash,
            };
            (Write::PutSession(put), undo)
        }
        Keeping::SessionOver(hash) => (
            Write::RemoveSession(hash.clone()),
            Write::RemoveSession(hash),
        ),
        Keeping::Password { user, now, before } => {
            let write = |credential: Option<Credential>| match credential {
                Some(credential) => Write::PutCredential(CredentialRow {
                    user: user.clone(),
                    credential: written(&credential),
                }),
                None => Write::RemoveCredential(user.clone()),
            };
            (write(now), write(before))
        }
        Keeping::SecondFactor { who, now, before } => {
            let write = |factor: Option<SecondFactor>| match factor {
                Some(factor) => Write::PutSecondFactor(SecondFactorRow {
                    who: who.to_string(),
                    factor: written(&factor),
                }),
                None => Write::RemoveSecondFactor(who.to_string()),
            };
            (write(now), write(before))
        }
    }
}

/// Has something done to its end, also where whoever asks goes away: what was begun is done, and is to be kept in the audit.
/// None where it broke off.
fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Option<T>> + Send {
    let done = tokio::spawn(work);
    async { done.await.ok() }
}

impl ServerOffice {
    /// What commands come to, which are carried out to their end.
    fn told<T: Send + 'static, F: Future<Output = Result<T, Failure>> + Send + 'static>(
        &self,
        work: impl FnOnce(Commands) -> F,
    ) -> Soon<'_, Result<T, Declined>> {
        let done = to_its_end(work(self.0.commands.clone()));
        Box::pin(async {
            let told = done.await.ok_or(Declined::Away)?;
            told.map_err(|failure| match failure.own_call {
                Some(refusal) => Declined::OwnCall(refusal),
                None => Declined::Because(failure.message),
            })
        })
    }

    fn user(&self, loaded: &Loaded, id: UserId) -> Option<Account> {
        let user = loaded.directory.user(&id)?;
        let organisation = loaded.directory.organisations.get(id.org_name())?;
        let own = loaded.web.users.get(&id);
        let proof = match own.map(|hash| hash.parse()) {
            Some(Ok(hash)) => Proof::Web(hash),
            // The configuration has looked at it; whoever can't be asked for it comes in by nothing else.
            Some(Err(_)) => return None,
            None => Proof::Digest {
                user: id.name().into(),
                realm: organisation.domain.clone(),
                ha1: user.ha1_sha256.clone(),
            },
        };
        Some(Account {
            who: Who::User(id.clone()),
            display_name: user.display_name.as_deref().map(Into::into),
            proof,
            principal: Principal::User {
                user: id,
                role: user.role,
            },
        })
    }

    fn operator(loaded: &Loaded, name: &str) -> Option<Account> {
        let proof = match loaded.web.operators.get(name)? {
            OperatorProof::Hash(hash) => Proof::Web(hash.parse().ok()?),
            OperatorProof::Demo(ha1) => Proof::Digest {
                user: name.into(),
                realm: OPERATORS_REALM.into(),
                ha1: ha1.clone(),
            },
        };
        Some(Account {
            who: Who::Operator(name.into()),
            display_name: None,
            proof,
            principal: Principal::Operator,
        })
    }
}

impl Office for ServerOffice {
    fn named(&self, name: &str) -> Option<Who> {
        let loaded = self.0.config.loaded();
        let (user, org) = match name.split_once('@') {
            Some((user, domain)) => (user, loaded.directory.domains.get(domain)?.clone()),
            // An operator goes before a user of that name: who runs the server is not to be kept out by a user.
            None if loaded.web.operators.contains_key(name) => {
                return Some(Who::Operator(name.into()));
            }
            None => (name, loaded.directory.addressed_by_ip.clone()?),
        };
        UserId::new(&org, user).ok().map(Who::User)
    }

    fn account(&self, who: &Who) -> Option<Account> {
        let loaded = self.0.config.loaded();
        match who {
            Who::Operator(name) => ServerOffice::operator(&loaded, name),
            Who::User(user) => self.user(&loaded, user.clone()),
        }
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        let loaded = self.0.config.loaded();
        let mut proxies = loaded.server.proxies.iter();
        proxies.any(|network| network.contains(address))
    }

    fn settings(&self) -> Arc<Settings> {
        self.0.callbacks.stand().settings.clone()
    }

    fn staff(&self) -> Arc<BTreeMap<UserId, BTreeSet<QueueId>>> {
        self.0.callbacks.stand().staff.clone()
    }

    fn ahead(&self) -> Arc<BTreeMap<QueueId, AheadRow>> {
        self.0.callbacks.stand().ahead.clone()
    }

    fn page(&self, query: &Query) -> Page {
        callback::page(&self.0.callbacks.stand().rows, query)
    }

    fn all_pages(&self, query: &Query) -> Vec<Row> {
        callback::all_pages(&self.0.callbacks.stand().rows, query)
    }

    fn waiting(&self) -> BTreeMap<QueueId, Waiting> {
        callback::waiting(&self.0.callbacks.stand().rows)
    }

    fn windows(&self, list: &QueueId) -> Vec<Window> {
        let loaded = self.0.config.loaded();
        let has_windows = |list: &ListSettings| !list.windows.is_empty();
        if !loaded.callback.lists.get(list).is_some_and(has_windows) {
            return Vec::new();
        }
        let quick = self.0.quick.all();
        let now = self.utc(self.now()).as_seconds();
        let windows = &loaded.callback_windows;
        let hours = windows.hours(list, &loaded.directory, &quick, now);
        hours.windows.to_vec()
    }

    fn entry(&self, entry: CallbackId) -> Option<Shown> {
        let stand = self.0.callbacks.stand();
        let whole = stand.entry(entry)?;
        Some(Shown {
            row: whole.row.clone(),
            attempts: whole.attempts.clone(),
        })
    }

    fn histories(&self, entries: Vec<CallbackId>) -> Soon<'_, Result<Vec<Vec<Happened>>, Unread>> {
        let location = self.0.store.location();
        Box::pin(async move {
            let turn = timeout(HISTORY_TURN_WITHIN, self.1.acquire()).await;
            let Ok(Ok(_turn)) = turn else {
                return Err(Unread::Away);
            };
            let histories = history::of(location, &entries).await;
            histories.map_err(|error| {
                tracing::warn!(%error, "what came about with callbacks can't be read");
                Unread::Away
            })
        })
    }

    fn of_number(&self, org: OrgId, number: Number) -> Soon<'_, Result<Vec<Told>, Refused>> {
        Box::pin(async move {
            let entries = self.0.callbacks.export(org, number).await;
            let entries = entries.map_err(|_| Refused::Away)?;
            let stand = self.0.callbacks.stand();
            let told = entries.iter().filter_map(|entry| {
                Some(Told {
                    shown: Shown {
                        row: stand.entry(entry.id)?.row.clone(),
                        attempts: entry.attempts.to_vec(),
                    },
                    keyed: entry.asked.input.as_ref().map(|input| input.revealed()),
                })
            });
            Ok(told.collect())
        })
    }

    fn command(&self, command: Permitted<CallbackCommand>) -> Soon<'_, Result<Done, Refused>> {
        let callbacks = self.0.callbacks.clone();
        let done = to_its_end(async move { callbacks.command(command, Way::Http).await });
        Box::pin(async {
            let result = done.await.ok_or(Refused::Away)?;
            result.map_err(|_| Refused::Away)?.map_err(Refused::By)
        })
    }

    fn calls(&self, by: Who, asked: CallsAsked) -> Soon<'_, Result<CallsFound, Unread>> {
        let location = self.0.store.location();
        Box::pin(records::page(&self.0.commands.0.facts, location, by, asked))
    }

    fn call(&self, by: Who, id: String) -> Soon<'_, Result<Option<CallShown>, Unread>> {
        let location = self.0.store.location();
        Box::pin(records::call(&self.0.commands.0.facts, location, by, id))
    }

    fn audit(&self, by: Who, asked: AuditAsked) -> Soon<'_, Result<AuditFound, Unread>> {
        let location = self.0.store.location();
        Box::pin(audit::page(&self.0.commands.0.facts, location, by, asked))
    }

    fn figures(
        &self,
        by: &Principal,
        asked: FiguresAsked,
        turn: OwnTurn,
    ) -> Soon<'_, Result<FiguresReport, NoFigures>> {
        let by = by.clone();
        Box::pin(async move { self.0.commands.figures_by_http(&by, asked, turn).await })
    }

    fn changes(&self) -> &Changes {
        self.0.callbacks.changes()
    }

    fn did(&self, deed: Deed) {
        self.0.commands.0.audit.keep_deed(deed);
    }

    fn keep(&self, change: Keeping) -> Soon<'_, Result<(), Unstored>> {
        let store = self.0.store.clone();
        let takes_away = matches!(
            change,
            Keeping::Forget(_)
                | Keeping::SessionOver(_)
                | Keeping::Password { now: None, .. }
                | Keeping::SecondFactor { now: None, .. }
        );
        let (write, undo) = writes(change);
        Box::pin(async move {
            let stored = match takes_away {
                false => store.promise(write, undo, STORED_WITHIN).await.is_ok(),
                true => {
                    let stored = store.write(write).stored();
                    matches!(timeout(STORED_WITHIN, stored).await, Ok(Ok(())))
                }
            };
            stored.then_some(()).ok_or(Unstored)
        })
    }

    fn keep_soon(&self, change: Keeping) {
        self.0.store.write_soon(writes(change).0);
    }

    fn organisations(&self) -> Soon<'_, Result<Arc<BTreeSet<OrgId>>, Declined>> {
        Box::pin(async { self.0.commands.organisations().await.map_err(unseen) })
    }

    fn floor<'a>(
        &'a self,
        org: &'a OrgId,
        told: Option<&'a Arc<Floor>>,
    ) -> Soon<'a, Result<Arc<Floor>, Declined>> {
        Box::pin(async move { self.0.commands.floor(org, told).await.map_err(unseen) })
    }

    fn sight(&self) -> Arc<Sight> {
        self.0.config.loaded().sight.clone()
    }

    fn person(&self, user: &UserId) -> Person {
        self.0.commands.person(user)
    }

    fn configuration_schema(&self) -> serde_json::Value {
        let schema = serde_json::from_str(&config::schema(Schema::Organisation));
        schema.expect("the schema is JSON")
    }

    fn configure(
        &self,
        command: Permitted<SettingsCommand>,
    ) -> Soon<'_, Result<Configured, NotConfigured>> {
        let commands = self.0.commands.clone();
        let done = to_its_end(async move { commands.configure(command, Way::Http).await });
        Box::pin(async { done.await.unwrap_or(Err(NotConfigured::Away)) })
    }

    fn own_calls(&self, user: &UserId) -> Vec<OwnCallView> {
        self.0.commands.own_calls(user)
    }

    fn own_calls_changes(&self, user: &UserId) -> watch::Receiver<u64> {
        self.0.commands.own_calls_changes(user)
    }

    fn directory(&self, org: &OrgId) -> Directory {
        self.0.commands.directory(org)
    }

    fn carry_out(&self, command: Permitted<Command>) -> Soon<'_, Result<(), Declined>> {
        self.told(|commands| async move {
            let answer = commands.carry_out(command, Way::Http).await;
            answer.map(drop)
        })
    }

    fn hours(&self, queue: &QueueId) -> Option<DoorHours> {
        self.0.commands.door_hours(queue)
    }

    fn quick_closes(&self) -> Arc<QuickCloses> {
        self.0.commands.quick_closes()
    }

    fn quick_choices(&self, org: &OrgId) -> QuickChoices {
        self.0.commands.quick_choices(org)
    }

    fn quick_meant(&self, asked: QuickAsked) -> Result<QuickClose, String> {
        let meant = self.0.commands.quick_by_http(asked);
        meant.map_err(|failure| failure.message)
    }

    fn quick(&self, command: Permitted<Command>) -> Soon<'_, Result<QuickDone, Declined>> {
        self.told(|commands| async move { commands.quick_done(command).await })
    }

    fn prompts(&self, command: Permitted<Command>) -> Soon<'_, Result<PromptsTold, Declined>> {
        self.told(|commands| async move { commands.prompts_told(command).await })
    }

    fn upload(
        &self,
        command: Permitted<Command>,
        pieces: mpsc::Receiver<Piece>,
    ) -> Soon<'_, Result<u32, Declined>> {
        self.told(|commands| async move { commands.upload(command, pieces).await })
    }

    fn licences(&self, command: Permitted<Command>) -> Soon<'_, Result<LicenceReport, Declined>> {
        self.told(|commands| async move { commands.licences_told(command).await })
    }

    fn look(&self, command: Permitted<Command>) -> Soon<'_, Result<Look, Declined>> {
        Box::pin(async {
            let answer = self.0.commands.carry_out(command, Way::Http).await;
            let answer = answer.map_err(|failure| Declined::Because(failure.message))?;
            looking::look(answer).ok_or(Declined::Away)
        })
    }

    fn registrations(&self, asked: &RegistrationsAsked) -> RegistrationsFound {
        self.0.commands.registrations_found(asked)
    }

    fn now(&self) -> Time {
        self.0.clock.now()
    }

    fn utc(&self, at: Time) -> Utc {
        let wall = self.0.clock.wall(self.0.clock.now());
        // Rounded down once: now and the rest rounded each by itself are a second short.
        Utc::from_seconds(wall.unix_seconds(at))
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        random::bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::{Notify, oneshot};

    #[tokio::test]
    async fn what_was_begun_is_done_when_nobody_waits_for_it_any_more() {
        let (goes_on, (kept, is_kept)) = (Arc::new(Notify::new()), oneshot::channel());
        let work = {
            let goes_on = goes_on.clone();
            async move {
                goes_on.notified().await;
                kept.send("done").unwrap();
            }
        };
        let mut asked = Box::pin(to_its_end(work));
        let soon = timeout(Duration::ZERO, &mut asked).await;
        assert!(soon.is_err(), "it waits");
        drop(asked);
        goes_on.notify_one();
        assert_eq!(is_kept.await, Ok("done"));
    }
}
