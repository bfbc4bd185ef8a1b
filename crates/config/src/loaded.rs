//! A configuration that is whole and right, and what can be asked of it.

use crate::callback_windows::CallbackWindows;
use crate::describe::Description;
use crate::edit::Snapshot;
use crate::error::{ConfigError, Spot};
use crate::problems::ERRORS_MAX;
use crate::server::{HTTP, Listener, ServerSettings};
use crate::web_accounts::WebAccounts;
use base::{OrgId, UserId};
use call::settings::Directory;
use control::Sight;
use media_core::PromptId;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration that is whole and right.
#[derive(Clone)]
pub struct Loaded {
    /// What the process as a whole is told.
    pub server: ServerSettings,
    /// What calls need to know.
    pub directory: Arc<Directory>,
    /// What the queue engine needs to know.
    pub acd: Arc<acd::Settings>,
    /// What callback lists need to know.
    pub callback: Arc<callback::Settings>,
    /// Who sees which queues.
    pub sight: Arc<Sight>,
    /// When the windows of callback lists are.
    pub callback_windows: Arc<CallbackWindows>,
    /// Every prompt's file: the standard ones (`sv/queue-welcome`, `music/waiting`) and those of
    /// organisations (`demo/our-greeting`).
    pub prompts: Vec<(PromptId, PathBuf)>,
    /// Accounts whose password everybody may know.
    pub demo_accounts: Vec<UserId>,
    /// What those who come in by HTTP are proven by.
    pub web: Arc<WebAccounts>,
    /// How much there is of what.
    pub summary: Summary,
    /// Every TOML file that was read, `kolapp.toml` first.
    pub files: Vec<PathBuf>,
    /// What is allowed but hardly meant.
    pub warnings: Vec<ConfigError>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) demo: Vec<DemoAccount>,
    /// An operator whose password everybody may know, and where it stands.
    pub(crate) demo_operator: Option<(Box<str>, Spot)>,
    pub(crate) readable: Vec<ReadableAccount>,
    pub(crate) description: Description,
    pub(crate) store_at: Option<Spot>,
    /// What each organisation's files said.
    pub(crate) fingerprints: BTreeMap<OrgId, u64>,
}

#[derive(Clone)]
pub(crate) struct DemoAccount {
    pub(crate) user: UserId,
    pub(crate) password: Option<Box<str>>,
    pub(crate) at: Spot,
}

/// An account whose password stands in a file as it is.
#[derive(Clone)]
pub(crate) struct ReadableAccount {
    pub(crate) user: UserId,
    pub(crate) domain: Box<str>,
    pub(crate) at: Spot,
}

/// How much there is of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Organisations.
    pub organisations: usize,
    /// Users of all organisations.
    pub users: usize,
    /// Queues of all organisations.
    pub queues: usize,
    /// Public numbers of all organisations.
    pub numbers: usize,
    /// Trunks of all organisations.
    pub trunks: usize,
    /// Prompts, standard ones and organisations' own.
    pub prompts: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.organisations, "organisation"),
            (self.users, "user"),
            (self.queues, "queue"),
            (self.numbers, "number"),
            (self.trunks, "trunk"),
            (self.prompts, "prompt"),
        ];
        for (index, (count, what)) in counts.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let plural = if count == 1 { "" } else { "s" };
            write!(f, "{comma}{count} {what}{plural}")?;
        }
        Ok(())
    }
}

impl Loaded {
    /// Whether it was made of these files of an organisation's.
    pub fn is_made_of(&self, org: &OrgId, files: &Snapshot) -> bool {
        self.fingerprints.get(org) == Some(&files.fingerprint())
    }

    /// The password of a demo account, which is no secret; `None` for every other account.
    pub fn demo_password(&self, user: &UserId) -> Option<&str> {
        let account = self.demo.iter().find(|account| account.user == *user)?;
        account.password.as_deref()
    }

    /// Warns of a file that the configuration names, and says how to mend it.
    pub fn warn_of(&mut self, file: &Path, problem: String, mend: &str) {
        let warning = ConfigError::about(file, problem).mend(mend);
        self.warnings.push(warning.into_warning());
    }

    /// Refuses listeners that others than this machine can reach while demo accounts exist, and passwords that
    /// stand in a file as they are while phones register from elsewhere: such a server's files are backed up,
    /// shown and sent around.
    pub fn check_exposure(&self) -> Result<(), Vec<ConfigError>> {
        let beyond = || {
            let listeners = self.listeners.iter();
            listeners.filter(|listener| !listener.address.ip().is_loopback())
        };
        let user = self.demo.first();
        let demo = user.map(|account| (account.user.as_str(), &account.at));
        let operator = self.demo_operator.as_ref();
        let demo = demo.or(operator.map(|(name, at)| (&**name, at)));
        let mut errors: Vec<ConfigError> = beyond()
            .filter_map(|listener| Some(exposed(listener, demo?)))
            .collect();
        if let Some(listener) = beyond().find(|listener| listener.what != HTTP) {
            let readable = self.readable.iter().take(ERRORS_MAX);
            errors.extend(readable.map(|account| readable_beyond(account, listener)));
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}

fn readable_beyond(account: &ReadableAccount, listener: &Listener) -> ConfigError {
    let (name, domain) = (account.user.name(), &account.domain);
    let problem = format!(
        "refuses a password that can be read here while phones register from elsewhere: {} at {}, account `{}`",
        listener.what, listener.address, account.user
    );
    let error = ConfigError::at(account.at.clone(), problem).mend(format!(
        "run kolapp secret {name}@{domain}, and write the two lines it prints instead"
    ));
    match &listener.at {
        Some(spot) => error.see(spot.clone(), "it listens here"),
        None => error,
    }
}

fn exposed(listener: &Listener, (account, written): (&str, &Spot)) -> ConfigError {
    let Listener { what, address, at } = listener;
    let problem = format!(
        "refuses to bind a demo password to a non-loopback address: {what} at {address}, account `{account}`"
    );
    let error = match at {
        Some(spot) => ConfigError::at(spot.clone(), problem),
        None => ConfigError::named(what, problem),
    };
    error
        .mend(format!(
            "listen on 127.0.0.1:{}, or give every account a password of its own and remove `demo = true`",
            address.port()
        ))
        .see(written.clone(), "the demo password is here")
}

/// Without passwords.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("server", &self.server)
            .field("summary", &self.summary)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
