//! Where numbers, menus and failed attempts lead, as the configuration says: the parts of a destination that are
//! more than a name.

use crate::settings::Destination;
use base::{GroupId, UserId};
use media_core::PromptId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where callers are led on the way to somebody, and what they hear there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// People who are rung together or in order.
    pub groups: BTreeMap<GroupId, Group>,
    /// Heard by a caller who hears us already while somebody's phone rings.
    pub ringing_tone: Option<PromptId>,
    /// Heard by such a caller where nobody answers and he goes nowhere else: "can not answer right now".
    pub not_available: Option<PromptId>,
}

/// Where a public number leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// There.
    pub otherwise: Destination,
}

impl From<Destination> for Number {
    fn from(otherwise: Destination) -> Number {
        Number { otherwise }
    }
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
    pub members: Vec<UserId>,
    /// How.
    pub policy: GroupPolicy,
    /// How long their phones ring; each one's, where they are rung in order.
    pub ring: Duration,
    /// Where the caller goes when nobody answers: busy, declined, unreachable or no answer.
    pub then: Option<Destination>,
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
