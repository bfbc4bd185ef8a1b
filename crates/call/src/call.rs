//! One call: a caller's leg and what it is for. A plain value.

use crate::hunt::Rings;
use crate::journey::Journey;
use crate::settings::FeatureCode;
use crate::view::{CallState, CallView};
use crate::{EndCause, view};
use base::{CallId, LegId, OfferId, OrgId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};

/// Offers of one caller at once; more than one only while withdrawn ones are not yet confirmed gone.
pub(crate) const OFFERS_MAX: usize = 16;

/// Legs of a call at once: each of its offers on several devices, as they are in life, and some to spare.
pub(crate) const LEGS_MAX: usize = OFFERS_MAX * 4 + 2;

/// One call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) org: OrgId,
    pub(crate) caller: LegId,
    /// Who calls, where he proved it.
    pub(crate) caller_user: Option<UserId>,
    /// User part of the caller's address.
    pub(crate) caller_number: Box<str>,
    pub(crate) caller_name: Option<Box<str>>,
    pub(crate) dialled: Box<str>,
    pub(crate) sip_call_id: Box<str>,
    pub(crate) started: Time,
    pub(crate) connected: Option<Time>,
    pub(crate) purpose: Purpose,
    /// Every live leg.
    pub(crate) legs: base::BoundedVec<LegId, LEGS_MAX>,
    /// Who is rung for it, or was and talks.
    pub(crate) rings: Rings,
    /// Set once the call is being taken down.
    pub(crate) ending: Option<EndCause>,
}

/// What a call is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// It goes to a queue.
    Queue(QueueCall),
    /// It goes to a colleague.
    Direct(DirectCall),
    /// It has something done.
    Feature(FeatureCall),
}

/// A call to a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct QueueCall {
    pub(crate) queue: QueueId,
    pub(crate) journey: Journey,
    /// The queue engine knows of him, and has not been told that he left.
    pub(crate) joined: bool,
    /// The agent he talks with.
    pub(crate) agent: Option<(OfferId, LegId)>,
}

/// A call to a colleague.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DirectCall {
    pub(crate) callee: UserId,
    /// The device that answered.
    pub(crate) leg: Option<LegId>,
    /// 180 has been passed on.
    pub(crate) ringing_told: bool,
}

/// A call to a feature code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FeatureCall {
    pub(crate) code: FeatureCode,
    pub(crate) answered: bool,
}

/// Token of the only playlist that a feature code's confirmation needs.
pub(crate) const CONFIRMATION: u32 = 1;

impl Call {
    /// The call as people see it.
    pub(crate) fn view(&self, with: Option<UserId>, state: CallState) -> CallView {
        view::CallView {
            id: self.id,
            sip_call_id: self.sip_call_id.clone(),
            caller: self.caller_number.clone(),
            dialled: self.dialled.clone(),
            queue: self.queue().cloned(),
            with,
            state,
            started: self.started,
            connected: self.connected,
        }
    }

    fn queue(&self) -> Option<&QueueId> {
        match &self.purpose {
            Purpose::Queue(queue) => Some(&queue.queue),
            Purpose::Direct(_) | Purpose::Feature(_) => None,
        }
    }

    /// The two legs that talk with each other, caller first.
    pub(crate) fn talking(&self) -> Option<(LegId, LegId)> {
        let other = match &self.purpose {
            Purpose::Queue(queue) => queue.agent.as_ref().map(|(_, leg)| *leg),
            Purpose::Direct(direct) => self.connected.and(direct.leg),
            Purpose::Feature(_) => None,
        };
        other.map(|other| (self.caller, other))
    }
}
