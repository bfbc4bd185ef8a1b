//! A call as it is shown to people: `kolapp ctl calls`, logs.

use base::{CallId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};

/// One live call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// Its id.
    pub id: CallId,
    /// SIP Call-ID of the calling leg.
    pub sip_call_id: Box<str>,
    /// Who calls: user part of his address, or his display name's number.
    pub caller: Box<str>,
    /// What was dialled.
    pub dialled: Box<str>,
    /// Which queue it came to, if it did.
    pub queue: Option<QueueId>,
    /// Who is rung or talking at the other end.
    pub with: Option<UserId>,
    /// What it is doing.
    pub state: CallState,
    /// When it came in.
    pub started: Time,
    /// When the two parties were joined.
    pub connected: Option<Time>,
}

/// What a call is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallState {
    /// Being set up.
    Starting,
    /// In a queue.
    Waiting,
    /// In a queue while an agent's device rings, or ringing a colleague.
    Ringing,
    /// In conversation.
    Connected,
    /// A prompt is played and then it ends.
    Announcing,
    /// Being ended.
    Ending,
}
