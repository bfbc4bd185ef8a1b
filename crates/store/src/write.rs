//! What can be kept, as rows, and what can be done to them.

use base::UserId;

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
}

/// The row that a write is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Bindings(UserId),
    Ban(String),
    Wishes(UserId),
    QuickClose(u32),
    Agent(UserId),
    Licence(UserId, u64),
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
            Write::PutLicence(_) => "licences",
        }
    }
}
