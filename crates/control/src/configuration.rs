//! Commands about the configuration's files. What they come to is known by whoever reads the files.

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
        match by {
            Principal::Operator => true,
            Principal::User { user, role } => match &self.scope {
                ConfigScope::Server => false,
                ConfigScope::Organisation(org) => *role == Role::Administrator && user.is_of(org),
            },
        }
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
    fn a_value_that_was_written_is_never_printed() {
        let change = ConfigChange::Set(Written("the-password".into()));
        assert!(!format!("{change:?}").contains("password"));
    }
}
