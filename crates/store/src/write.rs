//! What can be kept, as rows, and what can be done to them.

use crate::statement::Statement;
use crate::together;
use base::{QueueId, UserId};

/// Where a user can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingsRow {
    /// Whose.
    pub user: UserId,
    /// When the last of them ends, in milliseconds of UTC.
    pub ends_at_ms: u64,
    /// The contacts, in a text that is for whoever wrote it to read.
    pub contacts: String,
}

/// What a user has asked for by telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishesRow {
    /// Who.
    pub user: UserId,
    /// What, in a text that is for whoever wrote it to read.
    pub wishes: String,
}

/// How an agent stands in the queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRow {
    /// Who.
    pub user: UserId,
    /// How, in a text that is for whoever wrote it to read.
    pub state: String,
}

/// Who staffs which callback lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRow {
    /// Who.
    pub user: UserId,
    /// Which, in a text that is for whoever wrote it to read.
    pub lists: String,
}

/// A licence in use, from its activation to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceRow {
    /// Whose.
    pub user: UserId,
    /// Which, in a word of its writer's.
    pub licence: String,
    /// Its activation, in milliseconds of UTC.
    pub since_ms: u64,
    /// Its end; none while it lasts.
    pub until_ms: Option<u64>,
}

/// A queue calls back, from its activation to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationRow {
    /// Which.
    pub queue: QueueId,
    /// Its activation, in milliseconds of UTC.
    pub since_ms: u64,
    /// Its end; none while it lasts.
    pub until_ms: Option<u64>,
}

/// What is closed or opened by hand for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickCloseRow {
    /// Which.
    pub id: u32,
    /// Until when, in milliseconds of UTC.
    pub until_ms: u64,
    /// What, in a text that is for whoever wrote it to read.
    pub text: String,
}

/// A source that is kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanRow {
    /// An address or a block of addresses, as text.
    pub source: String,
    /// Why, in a word of its writer's.
    pub cause: String,
    /// Since when, in milliseconds of UTC.
    pub since_ms: u64,
    /// Until when, in milliseconds of UTC.
    pub until_ms: u64,
    /// How many times it has been banned.
    pub times: u32,
}

/// What lets a program in by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Which.
    pub id: String,
    /// Its hash and whose it is, in a text that is for whoever wrote it to read.
    pub token: String,
}

/// What lets somebody in by HTTP who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Which: a hash.
    pub id: String,
    /// When it ends at the latest, in milliseconds of UTC.
    pub ends_at_ms: u64,
    /// Whose it is, in a text that is for whoever wrote it to read.
    pub session: String,
}

/// The password that a user has chosen for HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRow {
    /// Whose.
    pub user: UserId,
    /// Its hash, in a text that is for whoever wrote it to read.
    pub credential: String,
}

/// The second step of somebody's log-in by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactorRow {
    /// Whose, in words.
    pub who: String,
    /// What it is tried by, in a text that is for whoever wrote it to read.
    pub factor: String,
}

/// A change of what is kept. Each names one row; of several for the same row only the latest need be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// These are a user's bindings now.
    PutBindings(BindingsRow),
    /// A user has none any more.
    RemoveBindings(UserId),
    /// A source is kept out.
    PutBan(BanRow),
    /// It is no more.
    RemoveBan(String),
    /// A user wishes this.
    PutWishes(WishesRow),
    /// He wishes nothing any more.
    RemoveWishes(UserId),
    /// This is closed or opened by hand, until its end.
    PutQuickClose(QuickCloseRow),
    /// An agent stands so.
    PutAgent(AgentRow),
    /// He is no agent any more.
    RemoveAgent(UserId),
    /// A licence is in use, or has ended. One that begins while another of the same user's lasts is not written: who
    /// says so has not read what was kept.
    PutLicence(LicenceRow),
    /// The same of a queue that calls back.
    PutActivation(ActivationRow),
    /// A user staffs these callback lists.
    PutStaff(StaffRow),
    /// He staffs none any more.
    RemoveStaff(UserId),
    /// This lets a program in.
    PutToken(TokenRow),
    /// It does no more.
    RemoveToken(String),
    /// This lets somebody in.
    PutSession(SessionRow),
    /// It does no more.
    RemoveSession(String),
    /// A user has chosen this password.
    PutCredential(CredentialRow),
    /// He has none of his own any more.
    RemoveCredential(UserId),
    /// Somebody's log-in has this second step.
    PutSecondFactor(SecondFactorRow),
    /// It has none any more.
    RemoveSecondFactor(String),
    /// The clock on the wall was believed at this moment, in milliseconds of UTC.
    BelieveClock(u64),
}

/// What the moment is called, among the highest numbers, at which the clock on the wall was believed.
pub(crate) const BELIEVED_CLOCK: &str = "believed-clock";

/// The row that a write is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Bindings(UserId),
    Ban(String),
    Wishes(UserId),
    QuickClose(u32),
    Agent(UserId),
    Licence(UserId, u64),
    Activation(QueueId, u64),
    Staff(UserId),
    Token(String),
    Session(String),
    Credential(UserId),
    SecondFactor(String),
    Clock,
}

impl Write {
    pub(crate) fn key(&self) -> Key {
        match self {
            Write::PutBindings(row) => Key::Bindings(row.user.clone()),
            Write::RemoveBindings(user) => Key::Bindings(user.clone()),
            Write::PutBan(row) => Key::Ban(row.source.clone()),
            Write::RemoveBan(source) => Key::Ban(source.clone()),
            Write::PutWishes(row) => Key::Wishes(row.user.clone()),
            Write::RemoveWishes(user) => Key::Wishes(user.clone()),
            Write::PutQuickClose(row) => Key::QuickClose(row.id),
            Write::PutAgent(row) => Key::Agent(row.user.clone()),
            Write::RemoveAgent(user) => Key::Agent(user.clone()),
            Write::PutLicence(row) => Key::Licence(row.user.clone(), row.since_ms),
            Write::PutActivation(row) => Key::Activation(row.queue.clone(), row.since_ms),
            Write::PutStaff(row) => Key::Staff(row.user.clone()),
            Write::RemoveStaff(user) => Key::Staff(user.clone()),
            Write::PutToken(row) => Key::Token(row.id.clone()),
            Write::RemoveToken(id) => Key::Token(id.clone()),
            Write::PutSession(row) => Key::Session(row.id.clone()),
            Write::RemoveSession(id) => Key::Session(id.clone()),
            Write::PutCredential(row) => Key::Credential(row.user.clone()),
            Write::RemoveCredential(user) => Key::Credential(user.clone()),
            Write::PutSecondFactor(row) => Key::SecondFactor(row.who.clone()),
            Write::RemoveSecondFactor(who) => Key::SecondFactor(who.clone()),
            Write::BelieveClock(_) => Key::Clock,
        }
    }

    /// What the row is about, for whoever counts.
    pub(crate) fn about(&self) -> &'static str {
        match self {
            Write::PutBindings(_) | Write::RemoveBindings(_) => "bindings",
            Write::PutBan(_) | Write::RemoveBan(_) => "bans",
            Write::PutWishes(_) | Write::RemoveWishes(_) => "wishes",
            Write::PutQuickClose(_) => "quick-closes",
            Write::PutAgent(_) | Write::RemoveAgent(_) => "agents",
            Write::PutLicence(_) | Write::PutActivation(_) => "licences",
            Write::PutStaff(_) | Write::RemoveStaff(_) => "callback-staff",
            Write::PutToken(_) | Write::RemoveToken(_) => "tokens",
            Write::PutSession(_) | Write::RemoveSession(_) => "sessions",
            Write::PutCredential(_) | Write::RemoveCredential(_) => "credentials",
            Write::PutSecondFactor(_) | Write::RemoveSecondFactor(_) => "second-factors",
            Write::BelieveClock(_) => "clock",
        }
    }

    /// How it is written where it stands alone.
    pub(crate) fn statement(&self) -> Statement<'_> {
        match self {
            Write::PutBindings(row) => together::bindings(row),
            Write::RemoveBindings(user) => {
                Statement::new(r#"DELETE FROM bindings WHERE "user" = $1"#).bind(user.as_str())
            }
            Write::PutBan(row) => put_ban(row),
            Write::RemoveBan(source) => {
                Statement::new("DELETE FROM bans WHERE source = $1").bind(source)
            }
            Write::PutWishes(row) => Statement::new(
                r#"INSERT INTO wishes ("user", wishes) VALUES ($1, $2)
                ON CONFLICT ("user") DO UPDATE SET wishes = excluded.wishes"#,
            )
            .bind(row.user.as_str())
            .bind(&row.wishes),
            Write::RemoveWishes(user) => {
                Statement::new(r#"DELETE FROM wishes WHERE "user" = $1"#).bind(user.as_str())
            }
            Write::PutQuickClose(row) => Statement::new(
                "INSERT INTO quick_closes (id, until_ms, text) VALUES ($1, $2, $3)
                ON CONFLICT (id) DO UPDATE
                    SET until_ms = excluded.until_ms, text = excluded.text",
            )
            .bind(row.id)
            .bind(row.until_ms)
            .bind(&row.text),
            Write::PutAgent(row) => together::agent(row),
            Write::RemoveAgent(user) => {
                Statement::new(r#"DELETE FROM agents WHERE "user" = $1"#).bind(user.as_str())
            }
            Write::PutLicence(row) => put_licence(row),
            Write::PutActivation(row) => put_activation(row),
            Write::PutToken(row) => Statement::new(
                "INSERT INTO tokens (id, token) VALUES ($1, $2)
                ON CONFLICT (id) DO UPDATE SET token = excluded.token",
            )
            .bind(&row.id)
            .bind(&row.token),
            Write::RemoveToken(id) => Statement::new("DELETE FROM tokens WHERE id = $1").bind(id),
            Write::PutSession(row) => Statement::new(
                "INSERT INTO sessions (id, ends_at_ms, session) VALUES ($1, $2, $3)
                ON CONFLICT (id) DO UPDATE
                    SET ends_at_ms = excluded.ends_at_ms, session = excluded.session",
            )
            .bind(&row.id)
            .bind(row.ends_at_ms)
            .bind(&row.session),
            Write::RemoveSession(id) => {
                Statement::new("DELETE FROM sessions WHERE id = $1").bind(id)
            }
            Write::PutCredential(row) => Statement::new(
                r#"INSERT INTO credentials ("user", credential) VALUES ($1, $2)
                ON CONFLICT ("user") DO UPDATE SET credential = excluded.credential"#,
            )
            .bind(row.user.as_str())
            .bind(&row.credential),
            Write::RemoveCredential(user) => {
                Statement::new(r#"DELETE FROM credentials WHERE "user" = $1"#).bind(user.as_str())
            }
            Write::PutSecondFactor(row) => Statement::new(
                "INSERT INTO second_factors (who, factor) VALUES ($1, $2)
                ON CONFLICT (who) DO UPDATE SET factor = excluded.factor",
            )
            .bind(&row.who)
            .bind(&row.factor),
            Write::RemoveSecondFactor(who) => {
                Statement::new("DELETE FROM second_factors WHERE who = $1").bind(who)
            }
            Write::BelieveClock(at_ms) => Statement::new(
                "INSERT INTO highest (what, number) VALUES ($1, $2)
                ON CONFLICT (what) DO UPDATE SET number = excluded.number",
            )
            .bind(BELIEVED_CLOCK)
            .bind(*at_ms),
            Write::PutStaff(row) => Statement::new(
                r#"INSERT INTO callback_staff ("user", lists) VALUES ($1, $2)
                ON CONFLICT ("user") DO UPDATE SET lists = excluded.lists"#,
            )
            .bind(row.user.as_str())
            .bind(&row.lists),
            Write::RemoveStaff(user) => {
                Statement::new(r#"DELETE FROM callback_staff WHERE "user" = $1"#)
                    .bind(user.as_str())
            }
        }
    }
}

fn put_ban(row: &BanRow) -> Statement<'_> {
    Statement::new(
        "INSERT INTO bans (source, cause, since_ms, until_ms, times) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (source) DO UPDATE
            SET cause = excluded.cause, since_ms = excluded.since_ms,
                until_ms = excluded.until_ms, times = excluded.times",
    )
    .bind(&row.source)
    .bind(&row.cause)
    .bind(row.since_ms)
    .bind(row.until_ms)
    .bind(row.times)
}

fn put_licence(row: &LicenceRow) -> Statement<'_> {
    Statement::new(
        r#"INSERT INTO licences ("user", since_ms, until_ms, licence)
        SELECT $1, $2, $3, $4
        WHERE $3 IS NOT NULL OR NOT EXISTS
            (SELECT 1 FROM licences WHERE "user" = $1 AND since_ms <> $2 AND until_ms IS NULL)
        ON CONFLICT ("user", since_ms)
            DO UPDATE SET until_ms = excluded.until_ms, licence = excluded.licence"#,
    )
    .bind(row.user.as_str())
    .bind(row.since_ms)
    .bind(row.until_ms)
    .bind(&row.licence)
}

fn put_activation(row: &ActivationRow) -> Statement<'_> {
    Statement::new(
        "INSERT INTO callback_activations (queue, since_ms, until_ms)
        SELECT $1, $2, $3
        WHERE $3 IS NOT NULL OR NOT EXISTS
            (SELECT 1 FROM callback_activations
             WHERE queue = $1 AND since_ms <> $2 AND until_ms IS NULL)
        ON CONFLICT (queue, since_ms) DO UPDATE SET until_ms = excluded.until_ms",
    )
    .bind(row.queue.as_str())
    .bind(row.since_ms)
    .bind(row.until_ms)
}
