//! What a call is for, from when it begins until it ends or is sent elsewhere. The same whether its caller is still
//! to be answered or has been talking for an hour: a menu, a transfer and a forward all come by here.

use super::called_back::Begun;
use super::{Due, Shard};
use crate::call::{
    About, Call, DirectCall, FeatureCall, MessageCall, OutsideCall, Purpose, QueueCall, token,
};
use crate::crosswise::Crosswise;
use crate::hunt::Hunt;
use crate::input::{EndCause, Output};
use crate::journey::{CallTimer, Journey};
use crate::menu::{Choosing, Keys};
use crate::routing::Target;
use crate::settings::{Destination, FeatureCode, Organisation, PickUp};
use acd::LeaveCause;
use base::{CallId, LegId, QueueId, Time, UserId};
use media_core::PromptId;
use sip_core::StatusCode;
use std::sync::Arc;

/// Times a call is sent on at most. People pass a few menus; a circle that no rule of the configuration's saw, such
/// as a silent line in a menu that leads back to itself, ends here.
const MOVES_MAX: u8 = 100;

/// The call can't be sent there: no such queue or user any more, or it has been sent on too often.
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
        let goes_on = |call: &&Call| call.ending.is_none() && call.moves < MOVES_MAX;
        let entry = self.call(call).filter(goes_on).ok_or(NoSuchDestination)?;
        let organisation = directory.organisations.get(&entry.org);
        let organisation = organisation.ok_or(NoSuchDestination)?;
        let asking = self.asking(now, &entry.caller_number);
        let target = Target::of(organisation, destination, &asking).ok_or(NoSuchDestination)?;
        let moves = entry.moves + 1;
        let purpose = purpose_of(organisation, &target, entry.caller_user.as_ref(), moves);
        self.leave(now, call, cause, out);
        if let Some(call) = self.call_mut(call) {
            call.purpose = purpose;
            call.moves = moves;
            if !matches!(call.purpose, Purpose::Menu(_) | Purpose::Message(_)) {
                call.keys = Keys::new();
            }
        }
        self.begin(now, call, out);
        Ok(())
    }

    /// The same, where a call that can't be sent there ends with `status`.
    pub(super) fn enter_or_end(
        &mut self,
        now: Time,
        call: CallId,
        destination: &Destination,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let cause = LeaveCause::SentOn;
        if self.enter(now, call, destination, cause, out).is_err() {
            self.end_call(now, call, EndCause::NotCompleted, status, out);
        }
    }

    /// Goes about what the call is for.
    pub(super) fn begin(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.comes_to_purpose();
        let Some(entry) = self.call(call) else {
            return;
        };
        let leg = entry.caller;
        match &entry.purpose {
            Purpose::Queue(_) => self.arrive(now, call, out),
            Purpose::Direct(_) => {
                if self.hears_us(leg) {
                    // He hears us already, so nobody but us lets him hear that it goes on.
                    self.play_hold_music(call, leg, out);
                }
                self.ring_colleagues(now, call, out);
            }
            Purpose::Feature(_) => self.do_feature(now, call, out),
            Purpose::Between(_) => self.claim(now, call, out),
            // Begun by a code, and never sent to.
            Purpose::Joined(_)
            | Purpose::Referring(_)
            | Purpose::Dictation(_)
            | Purpose::Closing(_)
            | Purpose::CallingBack
            | Purpose::Dialling(_) => {}
            Purpose::Message(_) => self.begin_message(now, call, out),
            Purpose::Outside(_) => {
                if self.hears_us(leg) {
                    self.play_hold_music(call, leg, out);
                }
                self.call_outside(now, call, out);
            }
            Purpose::Menu(_) => {
                self.transfer_reached(call, StatusCode::OK, out);
                self.offer_menu(now, call, out);
            }
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
        entry.parts(now);
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
                && (talking == Some(leg) || !entry.role.is_at_work())
            {
                // Its end means nothing to the call any more; an agent who was only rung is still to be reported.
                entry.settled = true;
            }
            self.hang_up(now, leg, StatusCode::REQUEST_TERMINATED, out);
        }
    }

    /// Tells everybody outside that what the call was for is over, and stops its clocks.
    pub(super) fn stop_purpose(&mut self, call: CallId, cause: LeaveCause, out: &mut Vec<Output>) {
        // What somebody began who hung up may be of use; of one who goes elsewhere nothing is kept.
        let begun = match cause {
            LeaveCause::Abandoned => Begun::Kept,
            _ => Begun::Forgotten,
        };
        self.drop_callback(call, begun, out);
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
            Purpose::Joined(joined) => {
                let gone = Crosswise::Gone {
                    call: joined.far.call,
                    from: call,
                    reasons: entry.reasons.clone(),
                };
                self.tell(gone, out);
            }
            Purpose::Direct(_)
            | Purpose::Feature(_)
            | Purpose::Message(_)
            | Purpose::Menu(_)
            | Purpose::Dictation(_)
            | Purpose::Closing(_)
            | Purpose::CallingBack
            | Purpose::Dialling(_)
            | Purpose::Referring(_)
            | Purpose::Between(_)
            | Purpose::Outside(_) => {}
        }
        self.stop_ringing(call, out);
        for timer in [
            CallTimer::RepeatMessage,
            CallTimer::RingTooLong,
            CallTimer::NextRound,
            CallTimer::KeyAwaited,
            CallTimer::PlayedLost,
        ] {
            self.timers.disarm(&Due::Call(call, timer));
        }
    }
}

/// A fresh purpose for a call of `caller` that goes there, as its destination number `moves`.
pub(super) fn purpose_of(
    organisation: &Organisation,
    target: &Target<'_>,
    caller: Option<&UserId>,
    moves: u8,
) -> Purpose {
    let direct = |hunt| {
        Purpose::Direct(DirectCall {
            hunt,
            leg: None,
            ringing_told: false,
            pick_up: PickUp::ByHand,
        })
    };
    match target {
        Target::Queue(queue, journey, terms) => Purpose::Queue(QueueCall {
            queue: (*queue).clone(),
            terms: terms.clone(),
            journey: Journey::new((*journey).clone()).announcing(announcement(organisation, queue)),
            joined: false,
            first_offer: None,
            agent: None,
            way_out: None,
        }),
        Target::User(callee, forwards) => {
            direct(Hunt::of_user(callee, forwards, organisation.ring))
        }
        Target::Group(group) => direct(Hunt::of_group(group, caller)),
        Target::Menu(menu) => Purpose::Menu(Choosing::new((*menu).clone(), token(moves))),
        Target::Shut(refused) => Purpose::Message(MessageCall {
            message: refused.message.clone(),
            more: refused.more.clone(),
            shut: Some(refused.why),
            offers: refused.offers.clone(),
            then: refused.then.clone(),
            status: StatusCode::BUSY_HERE,
        }),
        Target::Message(message) => Purpose::Message(MessageCall::of(
            message.clone(),
            StatusCode::TEMPORARILY_UNAVAILABLE,
        )),
        Target::Feature(FeatureCode::Intercom, About::User(callee))
            if may_be_spoken_to(organisation, callee) =>
        {
            Purpose::Direct(DirectCall {
                hunt: Hunt::at_once(callee, organisation.ring),
                leg: None,
                ringing_told: false,
                pick_up: PickUp::ByItself,
            })
        }
        Target::Feature(code, about) => Purpose::Feature(FeatureCall {
            code: *code,
            about: about.clone(),
            answered: false,
        }),
        Target::Outside(outside, payer) => Purpose::Outside(OutsideCall {
            outside: outside.clone(),
            payer: payer.clone(),
            leg: None,
            ringing_told: false,
        }),
    }
}

/// What callers of a queue hear who are offered to be called back.
pub(super) fn announcement(organisation: &Organisation, queue: &QueueId) -> Option<PromptId> {
    let offer = organisation.callbacks.get(queue)?;
    offer.announcement.clone()
}

/// Whether a person's phone answers colleagues by itself.
fn may_be_spoken_to(organisation: &Organisation, user: &UserId) -> bool {
    let user = organisation.users.get(user);
    user.is_some_and(|user| user.intercom == PickUp::ByItself)
}
