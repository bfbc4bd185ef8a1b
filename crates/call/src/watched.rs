//! What a phone may watch of another person in its organisation: his calls, or one of his switches. Where it all is
//! kept together, over all shards, is the shell's matter; a shard tells what its own legs do.

use crate::call::About;
use crate::own_call::OwnCall;
use crate::routing;
use crate::settings::{Destination, FeatureCode, Organisation};
use base::{LegId, QueueId, UserId};
use serde::{Deserialize, Serialize};
use sip_core::dialog_info::{DialogState, Phase, Rendering, Side};

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watched {
    /// The calls on a person's phones.
    Calls(UserId),
    /// A switch of a person's: a lamp that is on or off.
    Switch(UserId, Switch),
}

/// A switch of an agent's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switch {
    /// Logged in to any queue.
    LoggedIn,
    /// Logged in to this one.
    LoggedInTo(QueueId),
    /// Paused.
    Paused,
    /// Left in peace.
    DoNotDisturb,
    /// All his calls go elsewhere, because he asked for it.
    ForwardedAlways,
}

impl Watched {
    /// Whose state it is.
    pub fn user(&self) -> &UserId {
        match self {
            Watched::Calls(user) | Watched::Switch(user, _) => user,
        }
    }
}

/// What there is to be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sight {
    /// Each call, in no order that means anything.
    Calls(Vec<Line>),
    /// The lamp.
    Lamp(Lamp),
}

/// A lamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lamp {
    /// Dark.
    Off,
    /// Lit.
    On,
}

/// What one leg of a person's is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The leg.
    pub leg: LegId,
    /// How far it has come.
    pub phase: Phase,
    /// Who began it.
    pub side: Side,
    /// Whether the person holds the other.
    pub rendering: Rendering,
    /// The other party's URI.
    pub remote: Box<str>,
    /// What the person himself knows of it.
    pub own: Box<OwnCall>,
}

/// What `dialled` names that `by` may watch: a colleague by extension or name; by a feature code, his own switch, and
/// by the code for logging in with a queue's extension behind it his log-in there.
pub(crate) fn watched(organisation: &Organisation, by: &UserId, dialled: &str) -> Option<Watched> {
    if let Some((code, about)) = routing::feature(organisation, dialled) {
        let switch = match (code, about) {
            // Another's switch is for supervisors to move, not for lamps.
            (_, About::User(_)) => return None,
            (FeatureCode::Pause | FeatureCode::Resume, _) => Switch::Paused,
            (FeatureCode::LogIn | FeatureCode::LogOut, About::Queue(queue)) => {
                Switch::LoggedInTo(queue)
            }
            (FeatureCode::LogIn | FeatureCode::LogOut, _) => Switch::LoggedIn,
            (FeatureCode::DoNotDisturbOn | FeatureCode::DoNotDisturbOff, _) => Switch::DoNotDisturb,
            (FeatureCode::ForwardAlways, _) => Switch::ForwardedAlways,
            _ => return None,
        };
        return Some(Watched::Switch(by.clone(), switch));
    }
    match organisation.extensions.get(dialled) {
        Some(Destination::User(user)) => Some(Watched::Calls(user.clone())),
        Some(_) => None,
        None => routing::user_named(organisation, by, dialled).map(Watched::Calls),
    }
}

/// A sight as the dialogs that a NOTIFY tells of: a lit lamp is a confirmed dialog.
pub(crate) fn dialogs(sight: &Sight, entity: &str) -> Vec<DialogState> {
    match sight {
        Sight::Calls(lines) => lines
            .iter()
            .map(|line| DialogState {
                id: line.leg.to_string().into(),
                phase: line.phase,
                side: line.side,
                rendering: line.rendering,
                remote: line.remote.clone(),
            })
            .collect(),
        Sight::Lamp(Lamp::Off) => Vec::new(),
        Sight::Lamp(Lamp::On) => vec![DialogState {
            id: "lamp".into(),
            phase: Phase::Confirmed,
            side: Side::Initiator,
            rendering: Rendering::Heard,
            remote: entity.into(),
        }],
    }
}
