//! Where a person's calls go instead of to him, as he or his settings say; and what a call remembers of having been
//! forwarded. Carried out in `shard::forward`.

use crate::leg::Gone;
use crate::outward::Class;
use crate::routing;
use crate::settings::{Destination, Organisation};
use base::{BoundedVec, UserId};
use serde::{Deserialize, Serialize};
use sip_core::StatusCode;
use std::time::Duration;

/// Times that one call is forwarded at most: people have two or three forwards after one another, a circle has no end.
pub(crate) const FORWARDS_MAX: usize = 8;

/// Where one person's calls go instead of to him. Each is what he would dial himself: an extension, or a number
/// outside that is called on his account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwards {
    /// Every call, before anything rings.
    pub always: Option<Box<str>>,
    /// Where he is busy, or declines.
    pub busy: Option<Box<str>>,
    /// Where nobody answers in time.
    pub no_answer: Option<Box<str>>,
    /// Where none of his devices can be reached; where not set, as without an answer.
    pub unreachable: Option<Box<str>>,
    /// How long his devices ring, where that is not what the organisation's do.
    pub no_answer_after: Option<Duration>,
}

/// Why a call was forwarded (the reasons of RFC 5806 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ForwardCause {
    /// All his calls are.
    Always,
    /// He was busy, or declined.
    Busy,
    /// He did not answer.
    NoAnswer,
    /// He could not be reached.
    Unreachable,
    /// His device, or the network, said where to.
    Deflected,
}

/// Who has a call go elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// A person here: it goes on with his rights.
    User(UserId),
    /// The network, of this number outside, on the account of whoever called it.
    Network(Box<str>),
}

/// That somebody had a call forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Who.
    pub by: By,
    /// Why.
    pub cause: ForwardCause,
}

/// By whom a call has been forwarded, first one first.
pub(crate) type ForwardedBy = BoundedVec<Forwarded, FORWARDS_MAX>;

impl Forwards {
    /// Where a call goes for that cause.
    pub fn to(&self, cause: ForwardCause) -> Option<&str> {
        match cause {
            ForwardCause::Always => self.always.as_deref(),
            ForwardCause::Deflected => None,
            ForwardCause::Busy => self.busy.as_deref(),
            ForwardCause::NoAnswer => self.no_answer.as_deref(),
            ForwardCause::Unreachable => self.unreachable.as_deref().or(self.no_answer.as_deref()),
        }
    }
}

/// Where calls of that person go that are forwarded to what he would dial so. None where that is nobody, he himself,
/// or an emergency number, which nobody calls without meaning to.
pub fn destination(organisation: &Organisation, by: &UserId, to: &str) -> Option<Destination> {
    let destination = routing::onward(organisation, by, to)?;
    let is_right = match &destination {
        Destination::User(user) => user != by,
        Destination::Outside(outside, _) => outside.class != Class::Emergency,
        _ => true,
    };
    is_right.then_some(destination)
}

impl ForwardCause {
    /// What an ending of somebody's ringing is to whoever forwards; none where the trouble is the caller's.
    pub(crate) fn of(how: Gone) -> Option<ForwardCause> {
        match how {
            Gone::Refused(
                StatusCode::BUSY_HERE | StatusCode::BUSY_EVERYWHERE | StatusCode::DECLINE,
            ) => Some(ForwardCause::Busy),
            Gone::Refused(StatusCode::TEMPORARILY_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT) => {
                Some(ForwardCause::NoAnswer)
            }
            Gone::Refused(StatusCode::NOT_ACCEPTABLE_HERE | StatusCode::NOT_ACCEPTABLE_GLOBAL) => {
                None
            }
            Gone::Refused(_) | Gone::Unreachable | Gone::Lost => Some(ForwardCause::Unreachable),
            Gone::HungUp | Gone::Ended | Gone::NotTaken => None,
        }
    }
}
