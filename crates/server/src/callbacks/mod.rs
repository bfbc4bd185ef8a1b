//! Callback lists: the task that owns them, what it keeps, what it shows, and the one way in for whoever wants something
//! of them.

mod asking;
mod carried;
mod counting;
pub(crate) mod history;
mod keeper;
mod moving;
mod shown;
mod task;

pub(crate) use carried::{Recalled, word};
pub(crate) use shown::Stand;
pub(crate) use task::{CallbackTask, Parts, Source};

use crate::acd_task::Acd;
use crate::audit::{Audit, Doing, Way};
use arc_swap::ArcSwap;
use base::OrgId;
use callback::{Done, Entry, Number, Page, Query, Refusal};
use control::{CallbackCommand, Permitted, Principal};
use sip::Mailboxes;
use std::sync::Arc;
use std::time::Duration;
use store::{NotStored, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use web::Changes;

/// Something that people ask of the lists.
pub(crate) enum Request {
    /// New settings.
    Configure(Source),
    /// No new calls are begun any more.
    Drain,
    /// Something to be done.
    Command {
        command: Permitted<CallbackCommand>,
        answer: oneshot::Sender<Result<Done, Refusal>>,
    },
    /// What is known of that number?
    Export(OrgId, Number, oneshot::Sender<Vec<Entry>>),
    /// They were so before this process, which could not be read at the start.
    TakeUp(Recalled, oneshot::Sender<()>),
    /// Has all that came about been handed to the store?
    Settle(oneshot::Sender<()>),
}

/// The way to the lists. Clones lead to the same.
#[derive(Clone)]
pub(crate) struct Callbacks {
    requests: mpsc::Sender<Request>,
    /// As it was when the task last did something.
    stand: Arc<ArcSwap<Stand>>,
    changes: Arc<Changes>,
    /// Knows who talked with whom.
    queues: Acd,
    store: Store,
    audit: Audit,
    /// Whoever keeps calls' messages for their ladders.
    mailboxes: Mailboxes,
}

/// How long storage has to erase a number from what agents' rows and records of calls have of it.
const ERASED_WITHIN: Duration = Duration::from_secs(5);

/// The task has ended, which it does with the process.
#[derive(Debug, thiserror::Error)]
#[error("callback lists are not running any more")]
pub(crate) struct Gone;

/// Whose lists it is about.
fn org_of(command: &CallbackCommand) -> OrgId {
    match command {
        CallbackCommand::Staff { agent, .. } => agent.org(),
        CallbackCommand::Entry { list, .. } => list.org(),
        CallbackCommand::Erase { org, .. } => org.clone(),
    }
}

impl Callbacks {
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Gone> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(request(answer))
            .await
            .map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    pub(crate) async fn configure(&self, source: Source) -> Result<(), Gone> {
        let request = Request::Configure(source);
        self.requests.send(request).await.map_err(|_| Gone)
    }

    /// Has nothing more be given to free agents: no new calls are begun any more.
    pub(crate) async fn drain(&self) -> Result<(), Gone> {
        self.requests.send(Request::Drain).await.map_err(|_| Gone)
    }

    /// Has something done that somebody may have done; each is in the log, with who wanted it and what came of it. What is
    /// shown when this is answered has it.
    pub(crate) async fn command(
        &self,
        command: Permitted<CallbackCommand>,
        way: Way,
    ) -> Result<Result<Done, Refusal>, Gone> {
        let org = org_of(command.command()).to_string();
        let what = asking::in_words(command.command());
        let doing = Doing::new(command.by(), way, Some(org), what);
        let result = self.have_done(command).await;
        let refused = match &result {
            Ok(Ok(_)) => None,
            Ok(Err(refusal)) => Some(refusal.to_string()),
            Err(gone) => Some(gone.to_string()),
        };
        self.audit.keep(doing, refused.as_deref());
        result
    }

    async fn have_done(
        &self,
        command: Permitted<CallbackCommand>,
    ) -> Result<Result<Done, Refusal>, Gone> {
        let said = format!("{} {}", command.by(), asking::in_words(command.command()));
        if let CallbackCommand::Erase { org, number } = command.command()
            && let Ok(number) = number.parse::<Number>()
        {
            // Others have it too. They go first: where that can't be, nothing is said to be erased.
            match timeout(ERASED_WITHIN, self.erase_elsewhere(org, number)).await {
                Ok(Ok(calls)) => tracing::info!(calls, "talks and records of calls: {said}"),
                Ok(Err(_)) | Err(_) => {
                    let refusal = Refusal::Storage;
                    tracing::info!(%refusal, "talks and records of calls, refused: {said}");
                    return Ok(Err(refusal));
                }
            }
        }
        let result = self
            .ask(|answer| Request::Command { command, answer })
            .await?;
        match &result {
            Ok(_) => tracing::info!("callbacks: {said}"),
            Err(refusal) => tracing::info!(%refusal, "callbacks, refused: {said}"),
        }
        Ok(result)
    }

    /// Erases a number where it stands beside the lists; of how many records of calls. Agents' rows go before those: what is erased
    /// of both is wiped off the disk with the records.
    async fn erase_elsewhere(&self, org: &OrgId, number: Number) -> Result<u64, NotStored> {
        self.store.can_promise()?;
        let rows = self.queues.forget_caller(org.clone(), number.clone());
        // The task has ended with the process.
        for row in rows.await.map_err(|_| NotStored::Closed)? {
            row.stored().await?;
        }
        self.mailboxes.forget_messages().await;
        self.store
            .erase_calls(org.to_string(), number.to_string())
            .await
    }

    /// How all stands, whoever asks.
    pub(crate) fn stand(&self) -> Arc<Stand> {
        self.stand.load_full()
    }

    /// What changes.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The page that somebody asks for, of lists that he may see; of all of those where the query names none.
    pub(crate) fn page(&self, by: &Principal, mut query: Query) -> Page {
        let stand = self.stand();
        let may_see = stand.lists_for(by);
        query.lists = match query.lists.is_empty() {
            true => may_see,
            false => query.lists.intersection(&may_see).cloned().collect(),
        };
        callback::page(&stand.rows, &query)
    }

    /// All entries of a number, whole.
    pub(crate) async fn export(&self, org: OrgId, number: Number) -> Result<Vec<Entry>, Gone> {
        self.ask(|answer| Request::Export(org, number, answer))
            .await
    }

    /// Has the lists be as they were kept, which could not be read at the start.
    pub(crate) async fn take_up(&self, recalled: Recalled) -> Result<(), Gone> {
        self.ask(|answer| Request::TakeUp(recalled, answer)).await
    }

    /// Back when all that has come about so far has been handed to the store.
    pub(crate) async fn settle(&self) -> Result<(), Gone> {
        self.ask(Request::Settle).await
    }
}
