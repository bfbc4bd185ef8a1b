//! The commands, as values.

use crate::configuration::ConfigCommand;
use crate::month::Month;
use crate::own_call::OwnCallCommand;
use crate::principal::{Principal, Role};
use base::{CallId, CallbackId, OrgId, QueueId, UserId};
use calendar::QuickClose;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Which of an agent's queues a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Queues {
    /// All that he is a member of.
    All,
    /// This one.
    One(QueueId),
}

/// Something about which a queue decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// A caller's call.
    Call(CallId),
    /// A person who is to be called back.
    Callback(CallbackId),
}

/// A change of an agent's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentCommand {
    /// Start taking calls from these queues.
    LogIn {
        /// Whose state.
        agent: UserId,
        /// In which queues.
        queues: Queues,
    },
    /// Stop taking calls from these queues.
    LogOut {
        /// Whose state.
        agent: UserId,
        /// In which queues.
        queues: Queues,
    },
    /// Take no calls for a while, staying logged in.
    Pause {
        /// Whose state.
        agent: UserId,
        /// The reason code, where one was given.
        reason: Option<String>,
    },
    /// Take calls again.
    Resume {
        /// Whose state.
        agent: UserId,
    },
    /// Take calls again before wrap-up time is over.
    EndWrapUp {
        /// Whose.
        agent: UserId,
    },
    /// Have more wrap-up time.
    ExtendWrapUp {
        /// Whose.
        agent: UserId,
        /// By how much; as much as the settings say, where not given.
        span: Option<Duration>,
    },
}

impl AgentCommand {
    /// Whose state it would change.
    pub fn agent(&self) -> &UserId {
        match self {
            AgentCommand::LogIn { agent, .. }
            | AgentCommand::LogOut { agent, .. }
            | AgentCommand::Pause { agent, .. }
            | AgentCommand::Resume { agent }
            | AgentCommand::EndWrapUp { agent }
            | AgentCommand::ExtendWrapUp { agent, .. } => agent,
        }
    }
}

/// Something done to a queue's callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueCommand {
    /// Have callers who wait in one queue wait in another.
    Move {
        /// Where they wait.
        from: QueueId,
        /// Where they are to.
        to: QueueId,
        /// How many, the first in line; all, where not given.
        callers: Option<u32>,
    },
    /// Have a caller who waits stand further forward.
    PutForward {
        /// Where he waits.
        queue: QueueId,
        /// His call.
        call: CallId,
        /// At which place, 1 being next in turn.
        to: u32,
    },
    /// Have a caller who waits offered to an agent now, whoever's turn it is.
    Give {
        /// Where he waits.
        queue: QueueId,
        /// His call.
        call: CallId,
        /// Who is rung.
        agent: UserId,
    },
}

/// What can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Version, uptime, counts.
    Status,
    /// Live calls.
    Calls,
    /// Queues and who waits in them.
    Queues,
    /// Agents and their states.
    Agents,
    /// Registered devices.
    Registrations,
    /// Banned addresses.
    Bans,
    /// Trunks and whether they are up.
    Trunks,
    /// Which queues are open, and why.
    Doors,
    /// What is closed or opened by hand.
    QuickCloses,
    /// Organisations, and how large they are.
    Organisations,
    /// The last lines of the log.
    Log,
}

/// What is closed or opened by hand, and its undoing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuickCommand {
    /// Close or open these queues for a while.
    Set(Box<QuickClose>),
    /// Say what that would do.
    Preview(Box<QuickClose>),
    /// End it before its time.
    Undo {
        /// Which.
        id: u32,
        /// Its queues.
        queues: Vec<QueueId>,
    },
}

impl QuickCommand {
    fn queues(&self) -> &[QueueId] {
        match self {
            QuickCommand::Set(quick) | QuickCommand::Preview(quick) => &quick.queues,
            QuickCommand::Undo { queues, .. } => queues,
        }
    }
}

/// A change of who is banned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BanCommand {
    /// Keep whoever is at this address out.
    Add {
        /// Whose messages are dropped.
        address: IpAddr,
        /// For how long.
        lasts: Duration,
    },
    /// Let him in again, and forget what he did.
    Remove {
        /// Who.
        address: IpAddr,
    },
}

/// On which of his devices an agent takes calls from queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// On all phones that he has registered.
    #[default]
    Phone,
    /// On his mobile, while his settings have one.
    Mobile,
    /// On both at once.
    Both,
    /// On his desk phones alone.
    DeskPhone,
    /// On the programs on his computer or mobile that are telephones.
    Softphone,
    /// On the telephone in his browser.
    Browser,
}

impl Device {
    /// Whether his mobile is rung.
    pub fn is_on_mobile(self) -> bool {
        match self {
            Device::Mobile | Device::Both => true,
            Device::Phone | Device::DeskPhone | Device::Softphone | Device::Browser => false,
        }
    }
}

/// Something about one of an organisation's prompts, or all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptCommand {
    /// Whose prompts.
    pub org: OrgId,
    /// What.
    pub action: PromptAction,
}

/// What is done about prompts. Those that change one make a new version of it, which is heard from the next caller on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PromptAction {
    /// Which versions there are.
    List,
    /// Hear it.
    Listen {
        /// Its name.
        name: Box<str>,
        /// Which version; the one that callers hear, where not given.
        version: Option<u32>,
    },
    /// Take what was recorded by telephone.
    Record {
        /// Its name.
        name: Box<str>,
    },
    /// Take a file.
    Import {
        /// Its name.
        name: Box<str>,
        /// The file, where the server finds it.
        file: PathBuf,
    },
    /// Take a file that comes along.
    Upload {
        /// Its name.
        name: Box<str>,
        /// Its ending, by which its kind is known: `wav`.
        ending: Box<str>,
    },
    /// Take an older version again.
    Restore {
        /// Its name.
        name: Box<str>,
        /// Which version.
        version: u32,
    },
}

/// Figures of queues and agents, by interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiguresCommand {
    /// Only this queue; all that whoever asks may see, where not given.
    pub queue: Option<QueueId>,
    /// Where intervals begin and end, in milliseconds of UTC, in order.
    pub moments_ms: Vec<u64>,
}

/// Callers who were in queues, and agents who came and went, as a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficCommand {
    /// From then on, in milliseconds of UTC; of a week, where not given.
    pub from_ms: Option<u64>,
    /// Up to then; until now, where not given.
    pub until_ms: Option<u64>,
}

/// Anything that can be asked of the running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Change an agent's state.
    Agent(AgentCommand),
    /// Look at something, over all organisations.
    Show(View),
    /// Read the configuration anew.
    Reload,
    /// Copy all that is kept into a new file.
    BackUp {
        /// Its path.
        file: Box<str>,
    },
    /// Say what was decided about a call or a callback, and why.
    Explain(Subject),
    /// End every registration of a user: his phones are reached again once they register anew.
    EndRegistrations {
        /// Whose.
        user: UserId,
    },
    /// A user has no password for the web any more that he chose himself, but the configuration's.
    ResetPassword {
        /// Whose.
        user: UserId,
    },
    /// A user's log-in by HTTP has no second step any more.
    ResetTotp {
        /// Whose.
        user: UserId,
    },
    /// Change who is banned.
    Ban(BanCommand),
    /// Tell who is billed for licences in a month: to an administrator, of his own organisation.
    ReportLicences {
        /// Which.
        month: Month,
    },
    /// Choose where an agent takes calls from queues.
    UseDevice {
        /// Whose calls.
        agent: UserId,
        /// There.
        device: Device,
    },
    /// Close or open queues by hand.
    Quick(QuickCommand),
    /// Look after prompts.
    Prompt(PromptCommand),
    /// Do something to a queue's callers.
    Queue(QueueCommand),
    /// Look at the callers in a queue's line, and their numbers.
    ShowCallers {
        /// Which queue's.
        queue: QueueId,
    },
    /// Look at the SIP messages of a call.
    ShowLadder {
        /// Whose call it is; none where that is not known.
        org: Option<OrgId>,
        /// Which, as its record or as live calls are named.
        call: Box<str>,
    },
    /// Look at a setting in the configuration's files, or change it.
    Configuration(ConfigCommand),
    /// Tell what queues and agents came to: those that whoever asks sees.
    ReportFigures(FiguresCommand),
    /// Tell who was in queues: in those that whoever asks sees.
    ReportTraffic(TrafficCommand),
    /// Do something with one's own calls.
    OwnCall(OwnCallCommand),
}

/// A command that permission is asked for.
pub trait Governed {
    /// Whether `by` may have this done.
    fn is_allowed_to(&self, by: &Principal) -> bool;
}

impl Governed for AgentCommand {
    fn is_allowed_to(&self, by: &Principal) -> bool {
        may_change(by, self.agent())
    }
}

/// Whether `by` may change how this agent works: his own doing, or a supervisor's of his organisation.
fn may_change(by: &Principal, agent: &UserId) -> bool {
    match by {
        Principal::Operator => true,
        Principal::User { user, role } => match role {
            Role::Agent => user == agent,
            Role::Supervisor | Role::Administrator => agent.is_of(&user.org()),
        },
    }
}

impl Governed for PromptCommand {
    fn is_allowed_to(&self, by: &Principal) -> bool {
        let Principal::User { user, role } = by else {
            return true;
        };
        let may = match self.action {
            PromptAction::List | PromptAction::Listen { .. } => *role >= Role::Supervisor,
            PromptAction::Record { .. }
            | PromptAction::Import { .. }
            | PromptAction::Upload { .. }
            | PromptAction::Restore { .. } => *role >= Role::Administrator,
        };
        may && user.is_of(&self.org)
    }
}

impl Governed for FiguresCommand {
    /// He is told of what he sees: `Sight`.
    fn is_allowed_to(&self, _: &Principal) -> bool {
        true
    }
}

/// Whether `by` has a say about all of these queues: a supervisor of their organisation.
fn supervises<'a>(by: &Principal, queues: impl IntoIterator<Item = &'a QueueId>) -> bool {
    match by {
        Principal::Operator => true,
        Principal::User { user, role } => {
            let org = user.org();
            *role >= Role::Supervisor && queues.into_iter().all(|it| it.is_of(&org))
        }
    }
}

impl Governed for QueueCommand {
    fn is_allowed_to(&self, by: &Principal) -> bool {
        match self {
            QueueCommand::Move { from, to, .. } => supervises(by, [from, to]),
            QueueCommand::PutForward { queue, .. } | QueueCommand::Give { queue, .. } => {
                supervises(by, [queue])
            }
        }
    }
}

impl Governed for Command {
    fn is_allowed_to(&self, by: &Principal) -> bool {
        match self {
            Command::Agent(command) => command.is_allowed_to(by),
            Command::UseDevice { agent, .. } => may_change(by, agent),
            Command::Prompt(command) => command.is_allowed_to(by),
            Command::Configuration(command) => command.is_allowed_to(by),
            // He is shown what he sees: `Sight`.
            Command::Show(View::Queues | View::Agents | View::Doors)
            | Command::ReportTraffic(_) => true,
            Command::ReportFigures(command) => command.is_allowed_to(by),
            // The same, of those who may close any.
            Command::Show(View::QuickCloses) => supervises(by, []),
            // He is shown those of his organisation.
            Command::Show(View::Trunks | View::Registrations) => match by {
                Principal::Operator => true,
                Principal::User { role, .. } => *role == Role::Administrator,
            },
            Command::ShowCallers { queue } => supervises(by, [queue]),
            Command::ShowLadder { org, .. } => match by {
                Principal::Operator => true,
                Principal::User { user, role } => {
                    *role == Role::Administrator && org.as_ref().is_some_and(|org| user.is_of(org))
                }
            },
            // These reach over every organisation, so they are the operator's alone.
            Command::Show(_)
            | Command::Reload
            | Command::BackUp { .. }
            | Command::Explain(_)
            | Command::Ban(_) => matches!(by, Principal::Operator),
            Command::Quick(command) => supervises(by, command.queues()),
            Command::Queue(command) => command.is_allowed_to(by),
            Command::OwnCall(command) => command.is_allowed_to(by),
            Command::ReportLicences { .. } => match by {
                Principal::Operator => true,
                Principal::User { role, .. } => *role == Role::Administrator,
            },
            Command::EndRegistrations { user }
            | Command::ResetPassword { user }
            | Command::ResetTotp { user } => match by {
                Principal::Operator => true,
                Principal::User { user: by, role } => {
                    *role == Role::Administrator && user.is_of(&by.org())
                }
            },
        }
    }
}
