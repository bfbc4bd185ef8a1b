//! Principals, roles, and the one place where a permission is given.

use crate::command::{AgentCommand, Command, Governed, PromptCommand, QueueCommand};
use base::UserId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a user is to his organisation.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes calls; may change his own state.
    #[default]
    Agent,
    /// May also change the state of the organisation's agents.
    Supervisor,
    /// May also change the organisation's settings.
    Administrator,
}

/// On whose behalf something is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// Who runs the server: known by owning its control socket.
    Operator,
    /// A user of an organisation: known by credentials.
    User {
        /// Who.
        user: UserId,
        /// What he is to his organisation.
        role: Role,
    },
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Principal::Operator => f.write_str("the operator"),
            Principal::User { user, .. } => write!(f, "{user}"),
        }
    }
}

/// A command that someone may have carried out. Only [`permit`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Permitted<T> {
    by: Principal,
    command: T,
}

impl<T> Permitted<T> {
    /// Who asked.
    pub fn by(&self) -> &Principal {
        &self.by
    }

    /// What is to be done.
    pub fn command(&self) -> &T {
        &self.command
    }

    /// Both, taken apart.
    pub fn into_parts(self) -> (Principal, T) {
        (self.by, self.command)
    }
}

impl Permitted<Command> {
    /// The queue command inside, permitted as the whole was; or the whole back.
    pub fn into_queue_command(self) -> Result<Permitted<QueueCommand>, Permitted<Command>> {
        self.split(|command| match command {
            Command::Queue(command) => Ok(command),
            other => Err(other),
        })
    }

    /// The agent command inside, permitted as the whole was; or the whole back.
    pub fn into_agent_command(self) -> Result<Permitted<AgentCommand>, Permitted<Command>> {
        self.split(|command| match command {
            Command::Agent(command) => Ok(command),
            other => Err(other),
        })
    }

    /// The prompt command inside, permitted as the whole was; or the whole back.
    pub fn into_prompt_command(self) -> Result<Permitted<PromptCommand>, Permitted<Command>> {
        self.split(|command| match command {
            Command::Prompt(command) => Ok(command),
            other => Err(other),
        })
    }

    pub(crate) fn split<T>(
        self,
        take: impl FnOnce(Command) -> Result<T, Command>,
    ) -> Result<Permitted<T>, Permitted<Command>> {
        let by = self.by;
        match take(self.command) {
            Ok(command) => Ok(Permitted { by, command }),
            Err(command) => Err(Permitted { by, command }),
        }
    }
}

/// The principal's role does not reach that far.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} may not do this: it takes a role that reaches further")]
pub struct Refusal {
    /// Who asked.
    pub by: Principal,
}

/// Lets `command` pass if `by` may have it carried out.
pub fn permit<T: Governed>(by: Principal, command: T) -> Result<Permitted<T>, Refusal> {
    if command.is_allowed_to(&by) {
        Ok(Permitted { by, command })
    } else {
        Err(Refusal { by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{BanCommand, PromptAction, QueueCommand, Queues, QuickCommand, View};
    use base::OrgId;

    fn user(org: &str, name: &str) -> UserId {
        UserId::new(&OrgId::new(org).unwrap(), name).unwrap()
    }

    fn principal(org: &str, name: &str, role: Role) -> Principal {
        Principal::User {
            user: user(org, name),
            role,
        }
    }

    fn log_in(org: &str, name: &str) -> AgentCommand {
        AgentCommand::LogIn {
            agent: user(org, name),
            queues: Queues::All,
        }
    }

    #[test]
    fn an_agent_may_log_in_himself_and_nobody_else() {
        let anna = || principal("demo", "anna", Role::Agent);
        assert!(permit(anna(), log_in("demo", "anna")).is_ok());
        assert!(permit(anna(), log_in("demo", "bosse")).is_err());
        assert!(permit(anna(), log_in("other", "anna")).is_err());
    }

    #[test]
    fn a_supervisor_reaches_his_organisation_and_stops_at_its_border() {
        let eva = || principal("demo", "eva", Role::Supervisor);
        assert!(permit(eva(), log_in("demo", "anna")).is_ok());
        assert!(permit(eva(), log_in("other", "anna")).is_err());
        assert!(permit(eva(), Command::Reload).is_err());
        assert!(permit(eva(), Command::Show(View::Calls)).is_err());
        assert!(permit(eva(), Command::Show(View::Queues)).is_ok());
        let admin = || principal("demo", "admin", Role::Administrator);
        for view in [View::Trunks, View::Registrations] {
            assert!(permit(admin(), Command::Show(view)).is_ok());
            assert!(permit(eva(), Command::Show(view)).is_err());
        }
        for view in [View::Status, View::Bans, View::Organisations, View::Log] {
            assert!(permit(admin(), Command::Show(view)).is_err());
            assert!(permit(Principal::Operator, Command::Show(view)).is_ok());
        }
        let ladder = |org: Option<&str>| Command::ShowLadder {
            org: org.map(|org| OrgId::new(org).unwrap()),
            call: "c1-2-3".into(),
        };
        assert!(permit(admin(), ladder(Some("demo"))).is_ok());
        assert!(permit(admin(), ladder(Some("other"))).is_err());
        assert!(permit(admin(), ladder(None)).is_err());
        assert!(permit(eva(), ladder(Some("demo"))).is_err());
        assert!(permit(Principal::Operator, ladder(None)).is_ok());
        let callers = |queue: &str| Command::ShowCallers {
            queue: queue.parse().unwrap(),
        };
        assert!(permit(eva(), callers("demo/support")).is_ok());
        assert!(permit(eva(), callers("other/support")).is_err());
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let lift = BanCommand::Remove { address };
        assert!(permit(eva(), Command::Ban(lift)).is_err());
    }

    #[test]
    fn registrations_are_ended_and_passwords_reset_by_an_administrator_of_the_same_organisation() {
        let commands: [fn(UserId) -> Command; 3] = [
            |user| Command::EndRegistrations { user },
            |user| Command::ResetPassword { user },
            |user| Command::ResetTotp { user },
        ];
        for command in commands {
            let of = |org| command(user(org, "anna"));
            let by = |role| principal("demo", "eva", role);
            assert!(permit(by(Role::Administrator), of("demo")).is_ok());
            assert!(permit(by(Role::Administrator), of("other")).is_err());
            assert!(permit(by(Role::Supervisor), of("demo")).is_err());
            assert!(permit(principal("demo", "anna", Role::Agent), of("demo")).is_err());
            assert!(permit(Principal::Operator, of("demo")).is_ok());
        }
    }

    #[test]
    fn queues_are_closed_by_a_supervisor_of_their_organisation_alone() {
        let undo = |queues: &[&str]| {
            let queues = queues.iter().map(|queue| queue.parse().unwrap()).collect();
            Command::Quick(QuickCommand::Undo { id: 1, queues })
        };
        let by = |role| principal("demo", "eva", role);
        assert!(permit(by(Role::Supervisor), undo(&["demo/support"])).is_ok());
        assert!(permit(by(Role::Supervisor), undo(&["demo/support", "other/x"])).is_err());
        assert!(permit(by(Role::Agent), undo(&["demo/support"])).is_err());
        assert!(permit(by(Role::Supervisor), Command::Show(View::QuickCloses)).is_ok());
        assert!(permit(by(Role::Agent), Command::Show(View::QuickCloses)).is_err());
        assert!(permit(Principal::Operator, undo(&["demo/support"])).is_ok());
    }

    #[test]
    fn prompts_are_changed_by_an_administrator_and_heard_by_a_supervisor_of_the_same_organisation()
    {
        let command = |org: &str, action| PromptCommand {
            org: OrgId::new(org).unwrap(),
            action,
        };
        let name = || "welcome".into();
        let record = |org| command(org, PromptAction::Record { name: name() });
        let listen = |org| {
            let (name, version) = (name(), None);
            command(org, PromptAction::Listen { name, version })
        };
        let upload = |org| {
            let (name, ending) = (name(), "wav".into());
            command(org, PromptAction::Upload { name, ending })
        };
        let by = |role| principal("demo", "eva", role);
        assert!(permit(by(Role::Administrator), record("demo")).is_ok());
        assert!(permit(by(Role::Administrator), record("other")).is_err());
        assert!(permit(by(Role::Administrator), listen("other")).is_err());
        assert!(permit(by(Role::Supervisor), record("demo")).is_err());
        assert!(permit(by(Role::Administrator), upload("demo")).is_ok());
        assert!(permit(by(Role::Administrator), upload("other")).is_err());
        assert!(permit(by(Role::Supervisor), upload("demo")).is_err());
        assert!(permit(by(Role::Supervisor), listen("demo")).is_ok());
        assert!(permit(by(Role::Agent), listen("demo")).is_err());
        assert!(permit(Principal::Operator, record("demo")).is_ok());
    }

    #[test]
    fn callers_are_moved_by_a_supervisor_of_both_queues_alone() {
        let moving = |to: &str| QueueCommand::Move {
            from: "demo/support".parse().unwrap(),
            to: to.parse().unwrap(),
            callers: None,
        };
        let by = |role| principal("demo", "eva", role);
        let permitted = permit(by(Role::Supervisor), Command::Queue(moving("demo/backup")));
        assert!(permitted.unwrap().into_queue_command().is_ok());
        assert!(permit(by(Role::Administrator), moving("other/x")).is_err());
        assert!(permit(by(Role::Agent), moving("demo/backup")).is_err());
        assert!(permit(Principal::Operator, moving("demo/backup")).is_ok());
    }

    #[test]
    fn one_caller_is_put_forward_or_given_to_an_agent_by_a_supervisor_of_his_queue_alone() {
        let queue = |org: &str| format!("{org}/support").parse().unwrap();
        let call = "c1-2-3".parse().unwrap();
        let both = |org: &str| {
            [
                QueueCommand::PutForward {
                    queue: queue(org),
                    call,
                    to: 1,
                },
                QueueCommand::Give {
                    queue: queue(org),
                    call,
                    agent: "demo/anna".parse().unwrap(),
                },
            ]
        };
        let by = |role| principal("demo", "eva", role);
        for command in both("demo") {
            assert!(permit(by(Role::Supervisor), command.clone()).is_ok());
            assert!(permit(by(Role::Agent), command.clone()).is_err());
            assert!(permit(Principal::Operator, command).is_ok());
        }
        for command in both("other") {
            assert!(permit(by(Role::Administrator), command).is_err());
        }
    }

    #[test]
    fn what_is_kept_is_copied_by_the_operator_alone() {
        let copy = || Command::BackUp {
            file: "/backup/kolapp.db".into(),
        };
        let admin = principal("demo", "admin", Role::Administrator);
        assert!(permit(admin, copy()).is_err());
        assert!(permit(Principal::Operator, copy()).is_ok());
    }

    #[test]
    fn the_operator_may_do_all() {
        assert!(permit(Principal::Operator, Command::Reload).is_ok());
        assert!(permit(Principal::Operator, log_in("demo", "anna")).is_ok());
    }
}
