//! What goes over the control socket: one line of JSON each way a request. Names are texts here; they
//! become ids, and the request a command that needs permission, on the server's side.

use crate::documents::Answer;
use calendar::{Effect, Waiting};
use callback::{Direction, Heading, Outcome, Status, Then, When};
use control::{ConfigChange, Device, OwnCallRefusal, View};
use jiff::Timestamp;
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
    /// Do something as a user would have it done, with his rights.
    As {
        /// `organisation/name`, or the name alone where it is clear.
        user: String,
        request: Box<Request>,
    },
    /// Look at callback lists, or change what is on them.
    Callbacks(CallbackRequest),
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
    /// Copy what is kept into a new file.
    BackUp {
        /// Seen from the root.
        file: PathBuf,
    },
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
    /// A user has the configuration's password for the web again.
    ResetPassword {
        /// `organisation/name`, or the name alone where it is clear.
        user: String,
    },
    /// A user's log-in to the web has no second step any more.
    ResetTotp {
        /// `organisation/name`, or the name alone where it is clear.
        user: String,
    },
    /// The SIP messages of a call.
    Ladder {
        /// As `calls` shows it, or its record.
        call: String,
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
    /// Look at the callers in a queue's line, or do something about one.
    Callers(CallersRequest),
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
    /// What queues and agents came to.
    Figures(FiguresRequest),
    /// Who was in queues, as a log.
    Traffic(TrafficRequest),
    /// End that before its time.
    UndoQuickClose { id: u32 },
}

/// Something about callback lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum CallbackRequest {
    List(ListRequest),
    /// One entry, with its attempts and what came about.
    Show {
        entry: String,
    },
    /// All that is kept of a number.
    Export {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        org: Option<String>,
        number: String,
    },
    /// All that is kept of a number is forgotten.
    Erase {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        org: Option<String>,
        number: String,
    },
    /// Somebody staffs lists, or takes what comes next.
    Staff {
        agent: String,
        /// Only this one; all that he works on otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list: Option<String>,
        act: StaffAct,
    },
    /// Something is done with an entry.
    Act {
        entry: String,
        /// The version that was seen, where nothing is to be done to a later one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
        act: CallbackAct,
    },
}

/// Which entries, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListRequest {
    /// `organisation/name`, or the name alone where it is clear; all otherwise.
    pub(crate) lists: Vec<String>,
    pub(crate) statuses: Vec<Status>,
    pub(crate) when: When,
    pub(crate) agent: Option<String>,
    pub(crate) search: String,
    pub(crate) heading: Heading,
    pub(crate) direction: Direction,
    pub(crate) page: usize,
    pub(crate) page_rows: usize,
}

/// What somebody does with lists as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StaffAct {
    LogIn,
    LogOut,
    Next,
}

/// What is done with an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum CallbackAct {
    Lease {
        agent: String,
    },
    Release {
        agent: String,
    },
    Call {
        agent: String,
    },
    Note {
        agent: String,
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<Then>,
    },
    Requeue {
        text: Option<String>,
    },
    Cancel {
        text: Option<String>,
    },
    Move {
        /// As soon as possible where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<WindowName>,
    },
    Waive,
    Reveal,
}

/// A window of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowName {
    pub(crate) name: String,
    /// When it begins; the first that is still to come otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Timestamp>,
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

/// Whose callers, and what is done about one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallersRequest {
    /// `organisation/name`, or the name alone where it is clear.
    pub(crate) queue: String,
    /// They are looked at, otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<CallerAct>,
}

/// What is done about a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum CallerAct {
    PutForward {
        /// His call.
        caller: String,
        /// 1 is next in turn.
        place: u32,
    },
    Give {
        /// His call.
        caller: String,
        /// `organisation/name`, or the name alone where it is clear.
        agent: String,
    },
}

/// What queues and agents came to, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FiguresRequest {
    /// `organisation/name`, or the name alone where it is clear; all otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) queue: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<IntervalName>,
}

/// Of which time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrafficRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
}

/// How long intervals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IntervalName {
    /// Quarters of an hour.
    Quarter,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks, from Monday on.
    Week,
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
    /// Where it is about somebody's own call: why that can't be, for a program to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own_call: Option<OwnCallRefusal>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            details: Vec::new(),
            own_call: None,
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
