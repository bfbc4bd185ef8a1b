//! What an administrator set, in the shape the engine works with.

use crate::reunion::LastAgent;
use crate::share::Share;
use crate::skills::{Asked, Skills};
use base::{OrgId, QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU8;
use std::time::Duration;

/// All queues and agents. A new value replaces the old; the engine works out the difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Every queue of every organisation.
    pub queues: BTreeMap<QueueId, QueueSettings>,
    /// Every agent of every organisation.
    pub agents: BTreeMap<UserId, AgentSettings>,
    /// What holds for all agents of an organisation; the default where it isn't named.
    pub rules: BTreeMap<OrgId, AgentRules>,
    /// Everybody who has an account, agent or not: whoever is in none of `queues` any more may still be needed in one
    /// that is being drained.
    pub accounts: BTreeSet<UserId>,
    /// Those of `queues` that are no more, and serve whoever is in them. The engine fills this in.
    pub draining: BTreeSet<QueueId>,
    /// Those of `agents` who are so only for `draining`. The engine fills this in too.
    pub lent: BTreeSet<UserId>,
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// What it is sold as.
    pub kind: QueueKind,
    /// Who may log in to it.
    pub members: BTreeMap<UserId, Member>,
    /// In which order free agents are offered a call.
    pub policy: Policy,
    /// What callers ask for, whatever the policy.
    pub asked: Asked,
    /// What a caller's wait counts for beside that of callers in other queues with the same agents: 1 to
    /// [`WEIGHT_MAX`](crate::WEIGHT_MAX).
    pub weight: u8,
    /// How long an agent's device rings before the next agent is tried.
    pub ring: Duration,
    /// Time after a call before the agent is free again.
    pub wrap_up: Duration,
    /// By how much earlier one step of a caller's priority lets him count as having come.
    pub ageing: Duration,
    /// How many may wait; a caller beyond it is refused.
    pub waiting_max: u32,
    /// How long an agent is left in peace after an offer that came to nothing.
    pub deferral: Deferral,
    /// When callers are sent elsewhere.
    pub exits: Exits,
    /// Whether whoever comes again is given to the agent whom he talked with.
    pub last_agent: Option<LastAgent>,
    /// By what figures judge a wait.
    pub judged: Yardstick,
    /// Whether its callbacks take their turn among callers, and which share of turns that both want they get at most.
    #[serde(default)]
    pub callbacks: Option<Share>,
}

/// By what a wait is judged in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Yardstick {
    /// Who is answered within this time counts for the service level.
    pub within: Duration,
    /// Who hangs up sooner than this couldn't have been helped, and doesn't count against it.
    pub soon: Duration,
}

impl Default for Yardstick {
    /// As call centres mostly agree.
    fn default() -> Yardstick {
        Yardstick {
            within: Duration::from_secs(20),
            soon: Duration::from_secs(5),
        }
    }
}

/// When callers who wait, or would, are sent elsewhere. Where to is not the engine's matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exits {
    /// Whoever has waited so long in this queue.
    pub after: Option<Duration>,
    /// While no agent is logged in.
    pub no_agents: Applies,
    /// While none who is has a device that can be called.
    pub none_reachable: Applies,
    /// While all who are have paused.
    pub all_paused: Applies,
    /// While the load is too high; only those who come.
    pub load: Option<Load>,
}

/// Whom a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applies {
    /// Nobody.
    #[default]
    Never,
    /// Callers who come.
    Newcomers,
    /// Also those who wait already.
    Everybody,
}

/// When a queue closes and opens again by its load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// It closes at either of these.
    pub close: Marks,
    /// It opens once it has been below both of these.
    pub open: Marks,
    /// For so long.
    pub held: Duration,
    /// Which wait the marks are about.
    pub wait_of: WaitOf,
}

/// How full a queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Callers who wait or are being offered.
    pub waiting: Option<u32>,
    /// A wait.
    pub wait: Option<Duration>,
}

/// A wait of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitOf {
    /// Its average.
    #[default]
    Average,
    /// That of whoever has waited longest.
    Longest,
}

/// How long an agent is passed over after an offer that came to nothing, so that the same device is not
/// rung over and over when nobody else is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// After no answer in time.
    pub no_answer: Duration,
    /// After the agent declined.
    pub declined: Duration,
    /// After the device said busy.
    pub busy: Duration,
    /// After the device or the network failed.
    pub error: Duration,
}

/// What a queue is sold as, which decides who may use what in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueueKind {
    /// The plain queue.
    Ko,
    /// Kö Plus.
    #[default]
    KoPlus,
    /// Kö Telefonist: an organisation's operators.
    Operator,
}

/// What a user is sold as, which decides the kinds of queue that he may log in to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Licence {
    /// A telephone, and plain queues.
    Basic,
    /// All queues.
    #[default]
    Pro,
    /// The same.
    Business,
    /// The same.
    Enterprise,
}

impl Licence {
    /// Whether it lets its user log in to queues of that kind.
    pub fn admits_to(self, kind: QueueKind) -> bool {
        kind != QueueKind::KoPlus || self != Licence::Basic
    }
}

impl Settings {
    /// Whether an agent may log in to a queue: he is a member, and his licence goes for its kind.
    pub fn admits(&self, agent: &UserId, queue: &QueueId) -> bool {
        let known = self.agents.get(agent).zip(self.queues.get(queue));
        known.is_some_and(|(agent_settings, queue)| {
            queue.members.contains_key(agent) && agent_settings.licence.admits_to(queue.kind)
        })
    }
}

/// How a queue sees one of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// His place in the order written.
    pub rank: u32,
    /// Lower is tried first, whatever the policy.
    pub priority: u8,
    /// His share where chance decides.
    pub weight: u8,
}

impl Default for Member {
    fn default() -> Member {
        Member {
            rank: 0,
            priority: 1,
            weight: 1,
        }
    }
}

/// Order in which a queue offers calls to its free agents. Where nothing else settles it, whoever has been idle
/// longest comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Policy {
    /// Whoever has been idle longest.
    #[default]
    LongestIdle,
    /// So many at once, those who have been idle longest.
    Parallel(NonZeroU8),
    /// Whoever is ablest in what callers ask for.
    BySkill,
    /// In a circle, in the order written.
    RoundRobin,
    /// Whoever has taken fewest of its calls.
    FewestCalls,
    /// By chance, each with his weight.
    Random,
    /// All at once.
    RingAll,
    /// The first who is free, in the order written.
    FixedOrder,
}

/// One agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSettings {
    /// Queues he is logged in to when the server first sees him.
    pub logged_in_at_start: BTreeSet<QueueId>,
    /// What he is able to.
    pub skills: Skills,
    /// What he is sold as.
    pub licence: Licence,
}

/// What holds for all agents of an organisation, in whichever queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRules {
    /// Calls that an agent may let ring before he takes no more; as many as come, where not set.
    pub missed: Option<MissedLimit>,
    /// Offers in a row that his device may fail before he takes no more.
    pub errors: Option<ErrorLimit>,
    /// How much longer wrap-up time lasts when it is extended and nobody says by how much.
    pub wrap_up_extension: Duration,
    /// Reasons of a pause by their codes. Where there are none, any word will do.
    pub pause_reasons: BTreeMap<Box<str>, Box<str>>,
}

/// By how much wrap-up time is extended, where nothing else is set.
pub const WRAP_UP_EXTENSION: Duration = Duration::from_secs(60);

impl Default for AgentRules {
    fn default() -> Self {
        AgentRules {
            missed: None,
            errors: None,
            wrap_up_extension: WRAP_UP_EXTENSION,
            pause_reasons: BTreeMap::new(),
        }
    }
}

/// How many calls an agent may let ring, and what becomes of him then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedLimit {
    /// The last that he may miss.
    pub max: u32,
    /// Which count.
    pub counted: Counted,
    /// What becomes of him.
    pub then: Sidelining,
}

/// How many offers in a row a device may fail, and what becomes of its agent then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLimit {
    /// The last that may fail.
    pub max: u32,
    /// What becomes of him.
    pub then: Sidelining,
}

/// Which missed calls count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// Those since the last that he took.
    #[default]
    InARow,
    /// All since he logged in.
    SinceLogIn,
}

/// How an agent is kept from taking more calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sidelining {
    /// He is logged out of all his queues.
    #[default]
    LogOut,
    /// He is paused.
    Pause,
}
