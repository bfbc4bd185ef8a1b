//! What somebody does with his own calls away from his telephone: from a page, say. Nobody does it with another's.

use crate::command::{Command, Governed};
use crate::principal::{Permitted, Principal};
use base::{LegId, UserId};
use serde::{Deserialize, Serialize};

/// Something that a user does with his own calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCallCommand {
    /// Whose calls.
    pub user: UserId,
    /// What.
    pub act: CallAct,
}

/// What is done. A call is named by the leg to the user's own device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallAct {
    /// Call a number: his device rings first, then the number is called as if it had been dialled there.
    Dial {
        /// What he would dial.
        number: Box<str>,
    },
    /// End it; decline it, while it rings.
    HangUp {
        /// Which.
        leg: LegId,
    },
    /// Take one that rings: his device answers it, where it does so when it is told to.
    Take {
        /// Which.
        leg: LegId,
    },
    /// Take no call that rings: it goes where it goes when he declines on his telephone.
    Decline {
        /// Which.
        leg: LegId,
    },
    /// Let the other wait with music, and hear him no more.
    Hold {
        /// Which.
        leg: LegId,
    },
    /// Talk again with whom he let wait.
    Resume {
        /// Which.
        leg: LegId,
    },
    /// Send the other elsewhere, and be out of it.
    Transfer {
        /// Which.
        leg: LegId,
        /// What he would dial to get there.
        to: Box<str>,
    },
    /// Have the others of two of his calls talk with each other, and be out of both.
    Join {
        /// The one whose other party is sent.
        leg: LegId,
        /// The one whose other party he is sent to.
        with: LegId,
    },
}

impl CallAct {
    /// The call that it is about; none of one that is to begin.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            CallAct::Dial { .. } => None,
            CallAct::HangUp { leg }
            | CallAct::Take { leg }
            | CallAct::Decline { leg }
            | CallAct::Hold { leg }
            | CallAct::Resume { leg }
            | CallAct::Transfer { leg, .. }
            | CallAct::Join { leg, .. } => Some(*leg),
        }
    }
}

/// Longest number that somebody dials away from his telephone, in characters.
pub const DIALLED_CHARS_MAX: usize = 64;

/// Why something can't be done with one's own call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnCallRefusal {
    /// It is not there any more, or never was his.
    #[error("this call is over")]
    NoSuchCall,
    /// It is not far enough, or further.
    #[error("this can't be done with the call as it is now")]
    NotNow,
    /// He holds on his telephone.
    #[error("the call is held on your telephone: resume it there")]
    HeldOnPhone,
    /// His telephone does not answer when it is told to.
    #[error("your telephone can't be answered from here: answer the call on it")]
    AnsweredOnPhone,
    /// What he wants to call is no number.
    #[error("expected a number of 1 to {DIALLED_CHARS_MAX} characters")]
    NoNumber,
    /// The number leads nowhere.
    #[error("nobody has that number")]
    UnknownNumber,
    /// He may not call it.
    #[error("your plan does not allow calls to that number")]
    NotAllowed,
    /// He has no telephone that could ring.
    #[error("no telephone of yours is registered")]
    NoTelephone,
    /// His telephone rings already for another number that he dialled.
    #[error("you are dialling already: your telephone rings")]
    DiallingAlready,
    /// As many calls as may be go on.
    #[error("there are as many calls as there may be: try again in a moment")]
    TooManyCalls,
    /// No new calls are taken.
    #[error("the server is about to stop and takes no new calls")]
    Draining,
}

impl Governed for OwnCallCommand {
    /// His own alone: neither his supervisor nor whoever runs the server speaks for him.
    fn is_allowed_to(&self, by: &Principal) -> bool {
        matches!(by, Principal::User { user, .. } if *user == self.user)
    }
}

impl Permitted<Command> {
    /// The command about somebody's own calls inside, permitted as the whole was; or the whole back.
    pub fn into_own_call_command(self) -> Result<Permitted<OwnCallCommand>, Permitted<Command>> {
        self.split(|command| match command {
            Command::OwnCall(command) => Ok(command),
            other => Err(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::{Role, permit};

    #[test]
    fn somebody_does_as_he_likes_with_his_own_calls_and_nobody_else_with_them() {
        let command = || {
            Command::OwnCall(OwnCallCommand {
                user: "demo/anna".parse().unwrap(),
                act: CallAct::Dial {
                    number: "102".into(),
                },
            })
        };
        let by = |user: &str, role| Principal::User {
            user: user.parse().unwrap(),
            role,
        };
        let permitted = permit(by("demo/anna", Role::Agent), command()).unwrap();
        let own = permitted.into_own_call_command().unwrap();
        assert_eq!(own.command().user.name(), "anna");
        assert!(permit(by("demo/bosse", Role::Agent), command()).is_err());
        assert!(permit(by("other/anna", Role::Agent), command()).is_err());
        assert!(permit(by("demo/eva", Role::Supervisor), command()).is_err());
        assert!(permit(by("demo/admin", Role::Administrator), command()).is_err());
        assert!(permit(Principal::Operator, command()).is_err());
    }
}
