//! Commands about the configuration's files. What they come to is known by whoever reads the files.

use crate::command::Governed;
use crate::principal::{Principal, Role};
use base::OrgId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigScope {
    /// The server's own.
    Server,
    /// An organisation's.
    Organisation(OrgId),
}

/// A value as somebody wrote it. It may be a password, so it is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written(pub String);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

/// What becomes of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigChange {
    /// It stands there, with this value.
    Set(Written),
    /// It no longer stands there.
    Unset,
}

/// A question about a setting, or a change of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigCommand {
    /// In whose files.
    pub scope: ConfigScope,
    /// Which, as keys with points between them.
    pub path: String,
    /// What becomes of it; without, it is only looked at.
    pub change: Option<ConfigChange>,
}

impl ConfigCommand {
    pub(crate) fn is_allowed_to(&self, by: &Principal) -> bool {
        match &self.scope {
            ConfigScope::Server => matches!(by, Principal::Operator),
            ConfigScope::Organisation(org) => administers(by, org),
        }
    }
}

/// Whether the settings of an organisation are `by`'s to look at and change.
fn administers(by: &Principal, org: &OrgId) -> bool {
    match by {
        Principal::Operator => true,
        Principal::User { user, role } => *role == Role::Administrator && user.is_of(org),
    }
}

/// A value that a setting is to have.
#[derive(Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Yes or no.
    YesNo(bool),
    /// A list.
    List(Vec<SettingValue>),
    /// A table: keys, and what each stands for.
    Table(Vec<(String, SettingValue)>),
    /// The secret that stands there, which whoever asks has not seen.
    KeptSecret,
}

/// Texts may be passwords, so they are not printed.
impl fmt::Debug for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SettingValue")
    }
}

/// One of the edits of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingEdit {
    /// Which setting or thing: its keys.
    pub path: Vec<String>,
    /// What it is to be; nothing, and it no longer stands there.
    pub value: Option<SettingValue>,
}

/// What an organisation's files are to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// The same but for these, all of them or none.
    Edits(Vec<SettingEdit>),
    /// One of the files says this, as a whole.
    File {
        /// The file's name.
        name: String,
        /// Its text.
        text: Written,
    },
}

/// A change as it was proposed to files that somebody has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// The version that he has seen.
    pub version: String,
    /// What they are to say.
    pub what: Proposal,
}

/// What somebody wants of an organisation's settings as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsAction {
    /// See all of them.
    Show,
    /// See one file's text.
    ShowFile {
        /// The file's name.
        name: String,
    },
    /// Know what a change would do.
    Preview(Proposed),
    /// Have them changed.
    Change(Proposed),
}

/// Something about an organisation's settings as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsCommand {
    /// Whose.
    pub org: OrgId,
    /// What.
    pub action: SettingsAction,
}

impl Governed for SettingsCommand {
    fn is_allowed_to(&self, by: &Principal) -> bool {
        administers(by, &self.org)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, permit};
    use base::UserId;

    #[test]
    fn settings_are_an_administrators_of_the_same_organisation_and_the_servers_the_operators() {
        let org = |name| OrgId::new(name).unwrap();
        let eva = |role| Principal::User {
            user: UserId::new(&org("demo"), "eva").unwrap(),
            role,
        };
        let changes = [
            None,
            Some(ConfigChange::Unset),
            Some(ConfigChange::Set(Written("15s".into()))),
        ];
        for change in changes {
            let ask = |scope| {
                Command::Configuration(ConfigCommand {
                    scope,
                    path: "queues.support.ring".into(),
                    change: change.clone(),
                })
            };
            let of = |name| ask(ConfigScope::Organisation(org(name)));
            assert!(permit(eva(Role::Administrator), of("demo")).is_ok());
            assert!(permit(eva(Role::Administrator), of("other")).is_err());
            assert!(permit(eva(Role::Administrator), ask(ConfigScope::Server)).is_err());
            assert!(permit(eva(Role::Supervisor), of("demo")).is_err());
            assert!(permit(eva(Role::Agent), of("demo")).is_err());
            assert!(permit(Principal::Operator, of("demo")).is_ok());
            assert!(permit(Principal::Operator, ask(ConfigScope::Server)).is_ok());
        }
    }

    #[test]
    fn settings_as_a_whole_are_an_administrators_of_the_same_organisation() {
        let org = |name| OrgId::new(name).unwrap();
        let by = |role| Principal::User {
            user: UserId::new(&org("demo"), "eva").unwrap(),
            role,
        };
        let proposed = || Proposed {
            version: "1".into(),
            what: Proposal::Edits(Vec::new()),
        };
        let name = "organisation.toml".to_owned();
        for action in [
            SettingsAction::Show,
            SettingsAction::ShowFile { name },
            SettingsAction::Preview(proposed()),
            SettingsAction::Change(proposed()),
        ] {
            let of = |name| SettingsCommand {
                org: org(name),
                action: action.clone(),
            };
            assert!(permit(by(Role::Administrator), of("demo")).is_ok());
            assert!(permit(by(Role::Administrator), of("other")).is_err());
            assert!(permit(by(Role::Supervisor), of("demo")).is_err());
            assert!(permit(by(Role::Agent), of("demo")).is_err());
            assert!(permit(Principal::Operator, of("demo")).is_ok());
        }
    }

    #[test]
    fn a_value_that_was_written_is_never_printed() {
        let change = ConfigChange::Set(Written("the-password".into()));
        assert!(!format!("{change:?}").contains("password"));
        let edit = SettingEdit {
            path: vec!["users".into(), "anna".into(), "pin".into()],
            value: Some(SettingValue::Text("the-password".into())),
        };
        assert!(!format!("{edit:?}").contains("password"));
    }
}
