//! What the API needs of the server, and nothing else of it.

use crate::audit::{AuditAsked, AuditFound};
use crate::calls::{CallShown, CallsAsked, CallsFound};
use crate::changes::Changes;
use crate::configuration::{Configured, NotConfigured};
use crate::credentials::Credential;
use crate::directory::Directory;
use crate::figures::{FiguresAsked, FiguresReport, NoFigures};
use crate::floor::Floor;
use crate::hours::DoorHours;
use crate::licences::LicenceReport;
use crate::me::Person;
use crate::operation::{Look, RegistrationsAsked, RegistrationsFound};
use crate::own_calls::OwnCallView;
use crate::passes::{SessionRow, TokenRow};
use crate::password::PasswordHash;
use crate::prompts::{Piece, PromptsTold};
use crate::quick_closes::{QuickAsked, QuickChoices, QuickDone};
use crate::second_factors::SecondFactor;
use crate::turns::OwnTurn;
use base::{CallbackId, OrgId, QueueId, Time, UserId};
use calendar::{QuickClose, QuickCloses};
use callback::{
    AheadRow, Attempt, Done, Number, Page, Query, Refusal, Row, Settings, Utc, Waiting, Window,
};
use control::{
    CallbackCommand, Command, OwnCallRefusal, Permitted, Principal, SettingsCommand, Sight,
};
use serde::{Deserialize, Serialize};
use sip_core::digest::Ha1;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What comes later.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The server, as whoever comes by HTTP sees it. What can be read is read at once, from what is published; what changes
/// something is answered when it is done.
pub trait Office: Send + Sync + 'static {
    /// Whom somebody names when he logs in: `anna` (in the default organisation), `anna@sip.example.com`, or an operator's
    /// name. Also where there is no such account; none where there is no such organisation.
    fn named(&self, name: &str) -> Option<Who>;

    /// An account that is known.
    fn account(&self, who: &Who) -> Option<Account>;

    /// Whether that address is a proxy before the server, which says whom it has a request from.
    fn is_proxy(&self, address: IpAddr) -> bool;

    /// How callback lists are set.
    fn settings(&self) -> Arc<Settings>;

    /// Who staffs which lists.
    fn staff(&self) -> Arc<BTreeMap<UserId, BTreeSet<QueueId>>>;

    /// How many people met nobody lately, of lists on which they are called before an agent has taken them.
    fn ahead(&self) -> Arc<BTreeMap<QueueId, AheadRow>>;

    /// A page of the lists that the query names. It takes a while.
    fn page(&self, query: &Query) -> Page;

    /// The rows of all pages. It takes a while.
    fn all_pages(&self, query: &Query) -> Vec<Row>;

    /// How many wait on each list. It takes a while.
    fn waiting(&self) -> BTreeMap<QueueId, Waiting>;

    /// The windows of a list that have not begun, the first first. It takes a while.
    fn windows(&self, list: &QueueId) -> Vec<Window>;

    /// An entry with its attempts.
    fn entry(&self, entry: CallbackId) -> Option<Shown>;

    /// What came about with each of these entries.
    fn histories(&self, entries: Vec<CallbackId>) -> Soon<'_, Result<Vec<Vec<Happened>>, Unread>>;

    /// All entries of a number.
    fn of_number(&self, org: OrgId, number: Number) -> Soon<'_, Result<Vec<Told>, Refused>>;

    /// Has a command carried out.
    fn command(&self, command: Permitted<CallbackCommand>) -> Soon<'_, Result<Done, Refused>>;

    /// What has changed lately, and what changes.
    fn changes(&self) -> &Changes;

    /// A page of the records of calls. Of one account one thing is read at a time, here and in the next two.
    fn calls(&self, by: Who, asked: CallsAsked) -> Soon<'_, Result<CallsFound, Unread>>;

    /// One of them.
    fn call(&self, by: Who, id: String) -> Soon<'_, Result<Option<CallShown>, Unread>>;

    /// A page of what people had done.
    fn audit(&self, by: Who, asked: AuditAsked) -> Soon<'_, Result<AuditFound, Unread>>;

    /// Keeps in the audit what somebody had done that is no command.
    fn did(&self, deed: Deed);

    /// What queues and agents came to, of those that he sees. The turn is over when nothing is read for it any more.
    fn figures(
        &self,
        by: &Principal,
        asked: FiguresAsked,
        turn: OwnTurn,
    ) -> Soon<'_, Result<FiguresReport, NoFigures>>;

    /// Keeps something over restarts, or forgets it; answered when that is stored.
    fn keep(&self, change: Keeping) -> Soon<'_, Result<(), Unstored>>;

    /// Every organisation that has queues or agents, as it was within the last second.
    fn organisations(&self) -> Soon<'_, Result<Arc<BTreeSet<OrgId>>, Declined>>;

    /// The queues and agents of an organisation as they were within the last second, and after all that was carried out by
    /// now; another floor than `told`, where one is given. Those of an organisation come in the order of time.
    fn floor<'a>(
        &'a self,
        org: &'a OrgId,
        told: Option<&'a Arc<Floor>>,
    ) -> Soon<'a, Result<Arc<Floor>, Declined>>;

    /// Who sees which queues.
    fn sight(&self) -> Arc<Sight>;

    /// What is known of a user beside how he stands as an agent.
    fn person(&self, user: &UserId) -> Person;

    /// What may be said in an organisation's files, as JSON Schema.
    fn configuration_schema(&self) -> serde_json::Value;

    /// Has something seen of an organisation's settings, or done with them. What was begun is done, also where nobody waits.
    fn configure(
        &self,
        command: Permitted<SettingsCommand>,
    ) -> Soon<'_, Result<Configured, NotConfigured>>;

    /// The calls that somebody has now.
    fn own_calls(&self, user: &UserId) -> Vec<OwnCallView>;

    /// Told whenever those change.
    fn own_calls_changes(&self, user: &UserId) -> watch::Receiver<u64>;

    /// Who and what of an organisation has a number within it. It takes a while.
    fn directory(&self, org: &OrgId) -> Directory;

    /// Has something done that is not about callback lists.
    fn carry_out(&self, command: Permitted<Command>) -> Soon<'_, Result<(), Declined>>;

    /// When a queue lets callers in; none where there is no such queue.
    fn hours(&self, queue: &QueueId) -> Option<DoorHours>;

    /// What is closed and opened by hand, of all organisations.
    fn quick_closes(&self) -> Arc<QuickCloses>;

    /// What an organisation's quick-closes may be made of.
    fn quick_choices(&self, org: &OrgId) -> QuickChoices;

    /// The quick-close that somebody means, or what is wrong with it.
    fn quick_meant(&self, asked: QuickAsked) -> Result<QuickClose, String>;

    /// Has a command about quick-closes carried out.
    fn quick(&self, command: Permitted<Command>) -> Soon<'_, Result<QuickDone, Declined>>;

    /// Has a command about prompts carried out that nothing comes along with.
    fn prompts(&self, command: Permitted<Command>) -> Soon<'_, Result<PromptsTold, Declined>>;

    /// Takes a sound file as a prompt's newest version, which it gives the number of.
    fn upload(
        &self,
        command: Permitted<Command>,
        pieces: mpsc::Receiver<Piece>,
    ) -> Soon<'_, Result<u32, Declined>>;

    /// Who is billed for licences.
    fn licences(&self, command: Permitted<Command>) -> Soon<'_, Result<LicenceReport, Declined>>;

    /// Shows what a command asks to look at.
    fn look(&self, command: Permitted<Command>) -> Soon<'_, Result<Look, Declined>>;

    /// Registered devices. It takes a while.
    fn registrations(&self, asked: &RegistrationsAsked) -> RegistrationsFound;

    /// The same, whenever that is: nobody is promised anything by it.
    fn keep_soon(&self, change: Keeping);

    /// The process's clock.
    fn now(&self) -> Time;

    /// What the clock on the wall shows then.
    fn utc(&self, at: Time) -> Utc;

    /// Bytes that nobody can guess.
    fn random(&self) -> io::Result<[u8; 32]>;
}

/// An entry whole.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its row.
    pub row: Row,
    /// All attempts, the first first.
    pub attempts: Vec<Attempt>,
}

/// An entry of a number, for whoever has a right to know what is kept of him.
#[derive(Clone, Debug)]
pub struct Told {
    /// The entry.
    pub shown: Shown,
    /// What was keyed, whole.
    pub keyed: Option<String>,
}

/// Something that came about with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Utc,
    /// Who or what did it, in words.
    pub by: String,
    /// What, in words.
    pub what: String,
}

/// Why what is kept can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Storage does not tell, or others have it tell.
    #[error("storage does not answer, so nothing can be told")]
    Away,
    /// Something else is being read for the same account.
    #[error(
        "something else is being read for you, and one thing is at a time: try again when it is done"
    )]
    InTurn,
}

/// What somebody had done, or was refused, that is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who; none where that is nobody's account.
    pub by: Option<Who>,
    /// What organisation it is about; none where it is about the server.
    pub org: Option<OrgId>,
    /// What, in words. No numbers, and nothing that people wrote.
    pub what: String,
    /// Why it was not done; none where it was.
    pub refused: Option<&'static str>,
}

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// This token.
    Keep(TokenRow),
    /// The token of that id no more.
    Forget(String),
    /// This session.
    Session(SessionRow),
    /// The session of that hash no more.
    SessionOver(String),
    /// A user's own password.
    Password {
        /// Whose.
        user: UserId,
        /// What it is; none any more.
        now: Option<Credential>,
        /// What it was.
        before: Option<Credential>,
    },
    /// The second step of somebody's log-in.
    SecondFactor {
        /// Whose.
        who: Who,
        /// What it is; none any more.
        now: Option<SecondFactor>,
        /// What it was.
        before: Option<SecondFactor>,
    },
}

/// It could not be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("storage does not answer, so nothing was changed")]
pub struct Unstored;

/// Why a command came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The lists say no.
    By(Refusal),
    /// Nobody is there to carry it out.
    Away,
}

/// Why what was asked of queues and agents came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declined {
    /// It can't be done as things stand, and why.
    Because(String),
    /// The same of somebody's own call.
    OwnCall(OwnCallRefusal),
    /// Nobody is there to do it.
    Away,
}

/// Who comes in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// One of those who run the server.
    Operator(Box<str>),
    /// A user of an organisation.
    User(UserId),
}

impl Who {
    /// Of which organisation he is, if he is of one.
    pub fn org(&self) -> Option<OrgId> {
        match self {
            Who::Operator(_) => None,
            Who::User(user) => Some(user.org()),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Operator(name) => write!(f, "operator {name}"),
            Who::User(user) => write!(f, "{user}"),
        }
    }
}

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who.
    pub who: Who,
    /// On whose behalf he asks.
    pub principal: Principal,
    /// What he is called.
    pub display_name: Option<Box<str>>,
    /// What proves that it is he.
    pub proof: Proof,
}

/// What an account is proven by.
#[derive(Clone)]
pub enum Proof {
    /// The password of his phone (or a demo operator's), of which the configuration keeps the hash of RFC 7616 §3.4.2.
    Digest {
        /// The user's name in it.
        user: Box<str>,
        /// The realm in it.
        realm: Box<str>,
        /// The hash.
        ha1: Ha1,
    },
    /// A password for the web alone.
    Web(PasswordHash),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof")
    }
}
