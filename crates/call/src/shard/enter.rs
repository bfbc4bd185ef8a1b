//! What a call is for, from when it begins until it ends or is sent elsewhere. The same whether its caller is still
//! to be answered or has been talking for an hour: a menu, a transfer and a forward all come by here.

use super::{Due, Shard};
use crate::call::{DirectCall, FeatureCall, Purpose, QueueCall};
use crate::crosswise::Crosswise;
use crate::input::Output;
use crate::journey::{CallTimer, Journey};
use crate::leg::{Leg, Role};
use crate::routing::Target;
use crate::settings::Destination;
use acd::LeaveCause;
use base::{CallId, LegId, Time};
use sip_core::StatusCode;
use std::sync::Arc;

/// The call can't be sent there: no such queue or user, any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchDestination;

impl Shard {
    /// Sends a call whose caller has a media session to a destination, and ends what it was for.
    pub(super) fn enter(
        &mut self,
        now: Time,
        call: CallId,
        destination: &Destination,
        cause: LeaveCause,
        out: &mut Vec<Output>,
    ) -> Result<(), NoSuchDestination> {
        let directory = Arc::clone(&self.directory);
        let purpose = self
            .call(call)
            .filter(|call| call.ending.is_none())
            .and_then(|call| directory.organisations.get(&call.org))
            .and_then(|organisation| Target::of(organisation, destination))
            .map(|target| purpose_of(&target))
            .ok_or(NoSuchDestination)?;
        self.leave(now, call, cause, out);
        if let Some(call) = self.call_mut(call) {
            call.purpose = purpose;
        }
        self.begin(now, call, out);
        Ok(())
    }

    /// Goes about what the call is for.
    pub(super) fn begin(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let leg = entry.caller;
        match &entry.purpose {
            Purpose::Queue(queue) => {
                let answering = queue.journey.settings().answer;
                self.transfer_reached(call, StatusCode::OK, out);
                self.greet(now, call, leg, answering, out);
            }
            Purpose::Direct(direct) => {
                let callee = direct.callee.clone();
                if self.leg(leg).is_some_and(Leg::is_up) {
                    // He has been answered before, so nobody but us lets him hear that it goes on.
                    self.play_hold_music(call, leg, out);
                }
                self.ring_colleague(now, call, callee, out);
            }
            Purpose::Feature(_) => self.do_feature(now, call, out),
            Purpose::Joined(_) | Purpose::Referring(_) | Purpose::Between(_) => {}
        }
    }

    /// Ends what the call is for, and hangs up on everybody but the caller.
    pub(super) fn leave(
        &mut self,
        now: Time,
        call: CallId,
        cause: LeaveCause,
        out: &mut Vec<Output>,
    ) {
        self.stop_purpose(call, cause, out);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.connected = None;
        let caller = entry.caller;
        let talking = entry.talking().map(|(_, other)| other);
        let others: Vec<LegId> = entry
            .legs
            .iter()
            .copied()
            .filter(|leg| *leg != caller)
            .collect();
        for leg in others {
            if let Some(entry) = self.leg_mut(leg)
                && (talking == Some(leg) || !matches!(entry.role, Role::Agent { .. }))
            {
                // Its end means nothing to the call any more; an agent who was only rung is still to be reported.
                entry.settled = true;
            }
            self.hang_up(now, leg, sip_core::StatusCode::REQUEST_TERMINATED, out);
        }
    }

    /// Tells everybody outside that what the call was for is over, and stops its clocks.
    pub(super) fn stop_purpose(&mut self, call: CallId, cause: LeaveCause, out: &mut Vec<Output>) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        match &mut entry.purpose {
            Purpose::Queue(queue) => {
                queue.journey.stop();
                if std::mem::take(&mut queue.joined) {
                    out.push(Output::Acd(match queue.agent {
                        Some(_) => acd::Input::ConversationEnded { call },
                        None => acd::Input::Leave { call, cause },
                    }));
                }
            }
            Purpose::Joined(joined) => out.push(Output::Tell {
                to: joined.far.call.shard,
                message: Crosswise::Gone {
                    call: joined.far.call,
                    from: call,
                },
            }),
            Purpose::Direct(_)
            | Purpose::Feature(_)
            | Purpose::Referring(_)
            | Purpose::Between(_) => {}
        }
        self.stop_ringing(call, out);
        for timer in [
            CallTimer::RepeatMessage,
            CallTimer::RingTooLong,
            CallTimer::NextRound,
            CallTimer::PlayedLost,
        ] {
            self.timers.disarm(&Due::Call(call, timer));
        }
    }
}

/// A fresh purpose for a call that goes there.
pub(super) fn purpose_of(target: &Target<'_>) -> Purpose {
    match target {
        Target::Queue(queue, journey) => Purpose::Queue(QueueCall {
            queue: (*queue).clone(),
            journey: Journey::new((*journey).clone()),
            joined: false,
            agent: None,
        }),
        Target::User(callee) => Purpose::Direct(DirectCall {
            callee: (*callee).clone(),
            leg: None,
            ringing_told: false,
        }),
        Target::Feature(code) => Purpose::Feature(FeatureCall {
            code: *code,
            answered: false,
        }),
    }
}
