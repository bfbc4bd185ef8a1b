//! What people do with callback lists. Who may is said here as far as roles and organisations go; that he works on
//! this very list is the engine's to check, which knows the lists.

use crate::command::{Governed, Queues};
use crate::principal::{Principal, Role};
use base::{CallbackId, OrgId, QueueId, UserId};
use serde::{Deserialize, Serialize};

/// Something that a person wants done with callback lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallbackCommand {
    /// An agent begins or ends to staff lists, or takes what comes next.
    Staff {
        /// Who.
        agent: UserId,
        /// What he does.
        action: StaffAction,
    },
    /// Something is done with an entry.
    Entry {
        /// The list that it is on.
        list: QueueId,
        /// Which.
        entry: CallbackId,
        /// The version of it that whoever asks has seen, where he wants nothing done to a later one.
        version: Option<u32>,
        /// What is done.
        action: EntryAction,
    },
    /// All that is known of a number is forgotten.
    Erase {
        /// In which organisation.
        org: OrgId,
        /// The number, in international form (`+46701234567`).
        number: String,
    },
}

/// What an agent does with lists as a whole. A list is known by its queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StaffAction {
    /// Staffs these lists.
    LogIn(Queues),
    /// Staffs them no longer.
    LogOut(Queues),
    /// Takes the entry whose turn it is in these lists.
    TakeNext(Queues),
}

/// What is done with an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryAction {
    /// An agent takes it for himself, for a while.
    Lease(UserId),
    /// He gives it back.
    Release(UserId),
    /// He calls: his device is rung, then the person. He takes it first, if he hasn't.
    Call(UserId),
    /// He says what came of his call.
    Note {
        /// Who.
        agent: UserId,
        /// What.
        note: Note,
    },
    /// It is to be called again, now, also if it was closed.
    Requeue {
        /// Why.
        text: Option<String>,
    },
    /// The person wants to be called at another time.
    Move(Option<WindowChoice>),
    /// Nobody is to be called.
    Cancel {
        /// Why.
        text: Option<String>,
    },
    /// Its agent need not say what came of his call.
    Waive,
    /// What the caller keyed is shown whole.
    Reveal,
}

/// A time window that callers choose from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WindowChoice {
    /// What the administrator called it.
    pub name: String,
    /// When it begins, in seconds since 1970 (UTC); the first of that name that is still to come otherwise.
    pub starts: Option<i64>,
}

/// What an agent says of his call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// In his words.
    pub text: String,
    /// What came of it, if it isn't what it seemed.
    pub outcome: Option<Outcome>,
    /// What becomes of the entry, if not what its queue has as a rule.
    pub then: Option<Then>,
}

/// What came of a call to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The two have talked.
    Reached,
    /// The person's line was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// A machine answered.
    Voicemail,
    /// Somebody else answered, who doesn't know of it.
    WrongNumber,
    /// The call could not be set up.
    Failed,
    /// The server went down in the middle of it.
    Interrupted,
    /// The person answered, and no agent was there in time.
    Abandoned,
}

/// What becomes of an entry after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// The person is called again.
    Requeue,
    /// It is done with.
    Close,
}

impl Governed for CallbackCommand {
    fn is_allowed_to(&self, by: &Principal) -> bool {
        let Principal::User { user, role } = by else {
            return true;
        };
        let org = user.org();
        let himself = |agent: &UserId| match role {
            Role::Agent => user == agent,
            Role::Supervisor | Role::Administrator => agent.is_of(&org),
        };
        match self {
            CallbackCommand::Staff { agent, action } => {
                let lists = match action {
                    StaffAction::LogIn(lists)
                    | StaffAction::LogOut(lists)
                    | StaffAction::TakeNext(lists) => lists,
                };
                let theirs = match lists {
                    Queues::All => true,
                    Queues::One(list) => list.is_of(&org),
                };
                theirs && himself(agent)
            }
            CallbackCommand::Entry { list, action, .. } => {
                let may = match action {
                    EntryAction::Lease(agent)
                    | EntryAction::Release(agent)
                    | EntryAction::Call(agent)
                    | EntryAction::Note { agent, .. } => himself(agent),
                    EntryAction::Requeue { .. }
                    | EntryAction::Move(_)
                    | EntryAction::Cancel { .. }
                    | EntryAction::Reveal => true,
                    EntryAction::Waive => *role >= Role::Supervisor,
                };
                may && list.is_of(&org)
            }
            CallbackCommand::Erase { org: of, .. } => *role >= Role::Administrator && *of == org,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::permit;

    fn by(name: &str, role: Role) -> Principal {
        Principal::User {
            user: name.parse().unwrap(),
            role,
        }
    }

    fn entry(list: &str, action: EntryAction) -> CallbackCommand {
        CallbackCommand::Entry {
            list: list.parse().unwrap(),
            entry: CallbackId(1),
            version: None,
            action,
        }
    }

    #[test]
    fn an_agent_takes_entries_for_himself_and_a_supervisor_for_those_of_his_organisation() {
        let lease = |agent: &str| entry("demo/support", EntryAction::Lease(agent.parse().unwrap()));
        assert!(permit(by("demo/anna", Role::Agent), lease("demo/anna")).is_ok());
        assert!(permit(by("demo/anna", Role::Agent), lease("demo/bosse")).is_err());
        assert!(permit(by("demo/eva", Role::Supervisor), lease("demo/anna")).is_ok());
        assert!(permit(by("demo/eva", Role::Supervisor), lease("other/anna")).is_err());
        let foreign = entry(
            "other/support",
            EntryAction::Lease("demo/anna".parse().unwrap()),
        );
        assert!(permit(by("demo/anna", Role::Agent), foreign).is_err());
    }

    #[test]
    fn a_description_is_waived_by_a_supervisor_and_a_number_erased_by_an_administrator() {
        let waive = || entry("demo/support", EntryAction::Waive);
        assert!(permit(by("demo/anna", Role::Agent), waive()).is_err());
        assert!(permit(by("demo/eva", Role::Supervisor), waive()).is_ok());
        assert!(permit(by("other/eva", Role::Supervisor), waive()).is_err());
        let erase = |org: &str| CallbackCommand::Erase {
            org: OrgId::new(org).unwrap(),
            number: "+46701234567".to_owned(),
        };
        assert!(permit(by("demo/eva", Role::Supervisor), erase("demo")).is_err());
        assert!(permit(by("demo/admin", Role::Administrator), erase("demo")).is_ok());
        assert!(permit(by("demo/admin", Role::Administrator), erase("other")).is_err());
    }
}
