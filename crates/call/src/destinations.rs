//! Where numbers, menus and failed attempts lead, as the configuration says: the parts of a destination that are
//! more than a name.

use crate::door::Door;
use crate::outward::Outside;
use crate::settings::Destination;
use base::{GroupId, HoursId, MenuId, QueueId, UserId};
use calendar::Hours;
use media_core::PromptId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where callers are led on the way to somebody, and what they hear there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ways {
    /// People who are rung together or in order.
    pub groups: BTreeMap<GroupId, Group>,
    /// What callers choose in by key.
    pub menus: BTreeMap<MenuId, Menu>,
    /// When what is open. The note of a day is the name of the prompt that is said on it.
    pub hours: BTreeMap<HoursId, Hours>,
    /// Whose clock counts where hours say nothing else.
    pub zone: Option<Box<str>>,
    /// Queues that are closed and opened together.
    pub queue_groups: BTreeMap<Box<str>, Vec<QueueId>>,
    /// When queues let callers in; one that is not there always does.
    pub doors: BTreeMap<QueueId, Door>,
    /// Heard by a caller who hears us already while somebody's phone rings.
    pub ringing_tone: Option<PromptId>,
    /// Heard by such a caller where nobody answers and he goes nowhere else: "can not answer right now".
    pub not_available: Option<PromptId>,
    /// Said before a number that is not there is refused; where not set, it is refused at once.
    pub unknown_number: Option<PromptId>,
    /// Said before a call outside that is not made is refused; where not set, it is refused at once.
    pub outside_refused: Option<OutsideRefused>,
}

/// What is said to whoever's call outside is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideRefused {
    /// He may not call that number, or no more of them.
    pub not_allowed: PromptId,
    /// No trunk takes the call.
    pub no_trunk: PromptId,
    /// There is no such number.
    pub no_such_number: PromptId,
}

/// Where a public number leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// The first that holds decides.
    pub routes: Vec<Route>,
    /// There, where none does.
    pub otherwise: Destination,
}

impl From<Destination> for Number {
    fn from(otherwise: Destination) -> Number {
        let routes = Vec::new();
        Number { routes, otherwise }
    }
}

/// Where some of a number's callers are led.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// While these are open, if set.
    pub open: Option<HoursId>,
    /// While these are closed, if set. On a day with a message of its own that is said, if the route leads to one.
    pub closed: Option<HoursId>,
    /// Callers whom one of these fits, if there are any.
    pub from: Vec<CallerPattern>,
    /// There.
    pub to: Destination,
}

/// Which callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallerPattern {
    /// The one with that number.
    Number(Box<str>),
    /// All whose number starts so.
    Prefix(Box<str>),
    /// Those who show no number.
    Withheld,
}

/// Something that is said to a caller. Where he goes nowhere after it, the call ends: a caller who was not
/// answered hears it as early media and is then told 480.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What is said.
    pub prompt: PromptId,
    /// Where he goes then.
    pub then: Option<Box<Destination>>,
}

/// People who are rung together or in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Name shown on their phones beside the caller's.
    pub display_name: Box<str>,
    /// Who, in the order in which they are rung.
    pub members: Vec<Member>,
    /// How.
    pub policy: GroupPolicy,
    /// How long their phones ring; each one's, where they are rung in order.
    pub ring: Duration,
    /// Where the caller goes when nobody answers: busy, declined, unreachable or no answer.
    pub then: Option<Destination>,
}

/// One of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Member {
    /// A colleague, on his devices.
    User(UserId),
    /// A number outside, on the organisation's account.
    Outside(Outside),
}

/// A menu that callers choose in by key. Each caller has some tries in all, of which a key that means nothing and a
/// time without any take one each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// What is there to choose from.
    pub prompt: PromptId,
    /// What each key means.
    pub keys: BTreeMap<char, Choice>,
    /// From the end of the prompt.
    pub timeout: Duration,
    /// Where a caller goes who pressed nothing the last time; where not set, `otherwise`.
    pub on_timeout: Option<Destination>,
    /// Said before the prompt is heard again, where a key meant nothing.
    pub invalid: Option<PromptId>,
    /// Times that the prompt is heard at most.
    pub tries: u8,
    /// Where a caller goes who has chosen nothing; where not set, the call ends.
    pub otherwise: Option<Destination>,
    /// Whether a key cuts the prompt off.
    pub listening: Listening,
    /// Whether internal numbers may be dialled.
    pub takes_extensions: bool,
}

/// What a key of a menu means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// The caller goes there.
    To(Destination),
    /// The prompt is heard again.
    Again,
}

/// From when a menu acts on keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listening {
    /// At once; the first key cuts the prompt off.
    #[default]
    WhilePrompt,
    /// Once the prompt has been heard; what was pressed before counts then.
    AfterPrompt,
}

/// How a group's members are rung.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupPolicy {
    /// All at once; the first to answer has the call.
    #[default]
    All,
    /// One after another.
    InOrder,
}
