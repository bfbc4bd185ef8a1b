//! What goes over the control socket: one line of JSON each way a request. Names are texts here; they
//! become ids, and the request a command that needs permission, on the server's side.

use crate::documents::Answer;
use calendar::{Effect, Waiting};
use control::{ConfigChange, Device, View};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Longest request line, in bytes: names and a reason, with room.
pub(crate) const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Look at something.
    Show { view: View },
    /// Change an agent's state.
    Agent {
        action: AgentAction,
        /// `organisation/name`, or the name alone where it is clear.
        agent: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u32>,
    },
    /// Choose where an agent takes calls from queues.
    UseDevice {
        /// `organisation/name`, or the name alone where it is clear.
        agent: String,
        device: Device,
    },
    /// Read the configuration anew.
    Reload,
    /// Who is billed for licences.
    ReportLicences {
        /// Such as `2026-11`.
        month: String,
    },
    /// End every registration of a user.
    EndRegistrations {
        /// `organisation/name`, or the name alone where it is clear.
        user: String,
    },
    /// What was decided about a call, and why.
    Why {
        /// As `calls` shows it.
        call: String,
    },
    /// Keep an address out.
    Ban { address: String, minutes: u32 },
    /// Look after an organisation's prompts.
    Prompts {
        /// Its name; the only one otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organisation: Option<String>,
        action: PromptRequest,
    },
    /// Let it in again.
    LiftBan { address: String },
    /// Have callers who wait in one queue wait in another.
    MoveCallers(MoveRequest),
    /// Close or open queues for a while.
    QuickClose(QuickRequest),
    /// Look at a setting in the configuration's files, or change it.
    Config {
        /// An organisation, or the server's file.
        whose: String,
        path: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<ConfigChange>,
    },
    /// End that before its time.
    UndoQuickClose { id: u32 },
}

/// Whose callers go where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveRequest {
    /// `organisation/name`, or the name alone where it is clear.
    pub(crate) from: String,
    pub(crate) to: String,
    /// The first so many; all otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callers: Option<u32>,
}

/// Which queues to close or open, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuickRequest {
    /// Whether it is only said what would come of it.
    #[serde(default)]
    pub(crate) preview: bool,
    #[serde(default)]
    pub(crate) queues: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    pub(crate) until: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(default)]
    pub(crate) waiting: Waiting,
}

/// What to do with an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AgentAction {
    LogIn,
    LogOut,
    Pause,
    Resume,
    EndWrapUp,
    ExtendWrapUp,
}

/// What to do with prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PromptRequest {
    List,
    Import { name: String, file: PathBuf },
    Restore { name: String, version: u32 },
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// It was done.
    Done { answer: Answer },
    /// It was not, and nothing changed.
    Failed(Failure),
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// In one line.
    pub(crate) message: String,
    /// One line each: the errors of a configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            details: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_as_people_would_write_them() {
        let read = |text| serde_json::from_str::<Request>(text);
        assert_eq!(
            read(r#"{"do":"show","view":"queues"}"#).unwrap(),
            Request::Show { view: View::Queues }
        );
        assert_eq!(
            read(r#"{"do":"agent","action":"log-in","agent":"anna"}"#).unwrap(),
            Request::Agent {
                action: AgentAction::LogIn,
                agent: "anna".into(),
                queue: None,
                reason: None,
                seconds: None
            }
        );
        assert!(read(r#"{"do":"agent","action":"log-in","agent":"anna","queu":"x"}"#).is_err());
        assert!(read(r#"{"do":"explode"}"#).is_err());
    }
}
