//! A person's own calls as he sees them away from his telephone.

use base::{CallId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};

/// What a leg's person knows of its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCall {
    /// The call: several devices that ring for one are one to him.
    pub call: CallId,
    /// How far it is.
    pub stage: Stage,
    /// The other's number; none where it isn't shown.
    pub number: Option<Box<str>>,
    /// The other's name, where there is one.
    pub name: Option<Box<str>>,
    /// Who that is, where it is a colleague.
    pub colleague: Option<UserId>,
    /// The queue that it came by, or that somebody is called for.
    pub queue: Option<QueueId>,
    /// When its caller came: he has waited since then.
    pub arrived: Time,
    /// Since when the two talk.
    pub connected: Option<Time>,
    /// Whether its person lets the other wait.
    pub held: Held,
    /// Whether he can take it away from his telephone.
    pub taking: Taking,
}

/// How far somebody's own call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// His device rings: a queue offers him its caller.
    Offered,
    /// His device rings: somebody calls him.
    Ringing,
    /// His device rings because he dialled elsewhere than on it, or is to call somebody back.
    Dialling,
    /// He is on his way to somebody.
    Calling,
    /// He talks.
    Talking,
    /// He has sent the other elsewhere, which is still under way.
    Sending,
}

/// Whether somebody can take a call that rings away from his telephone: the better for him, the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Taking {
    /// On his telephone alone, which has not said that it answers when it is told to; or it does not ring.
    #[default]
    OnPhone,
    /// His telephone was told to answer and would not: on it alone, therefore.
    Refused,
    /// His telephone answers when it is told to.
    Possible,
    /// It has been told to.
    Asked,
}

/// Whether somebody lets the other wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// He does not.
    No,
    /// On his telephone, where alone he can end it.
    OnPhone,
    /// By a command.
    ByCommand,
}
