//! The calling leg: from its INVITE to our answer and its ACK.

use super::requests::{ALLOW, Refused, body_is_readable, no_extension_required};
use super::{Due, OwnCall, Shard};
use crate::call::{Call, DirectCall, FeatureCall, Purpose, QueueCall};
use crate::input::{Admission, CallEvent, EndCause, Output, RefusedCause};
use crate::journey::Journey;
use crate::leg::{Leg, LegTimer, PendingInvite, Role, State, Unacknowledged};
use crate::routing::{self, Target};
use crate::settings::Answering;
use crate::tag;
use base::{BoundedVec, CallId, LegId, OrgId, Time, UserId};
use sip_core::dialog::Dialog;
use sip_core::transaction::{self, Due as Repeat, Repeats, ServerKey, Timers};
use sip_core::{
    Flow, HeaderName, HeaderValue, Host, NameAddr, Request, Response, SdpError, StatusCode, Uri,
};
use std::net::SocketAddr;
use std::sync::Arc;

/// Who calls, as the other party is told.
struct Calling {
    user: Option<UserId>,
    number: Box<str>,
    name: Option<Box<str>>,
}

impl Shard {
    /// An INVITE outside a dialog.
    pub(super) fn invited(
        &mut self,
        now: Time,
        key: &ServerKey,
        flow: Flow,
        request: &Request,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        if matches!(request.uri, Uri::Other(_)) {
            let status = StatusCode::UNSUPPORTED_URI_SCHEME;
            return Err(Refused::new(status, RefusedCause::Unsupported));
        }
        no_extension_required(request)?;
        body_is_readable(request)?;
        self.room_for_a_call(admission)?;
        self.is_no_copy(request)?;
        let directory = Arc::clone(&self.directory);
        let unknown = || Refused::new(StatusCode::NOT_FOUND, RefusedCause::UnknownNumber);
        let (org, organisation) =
            routing::organisation(&directory, admission).ok_or_else(unknown)?;
        let dialled = request.uri.user().unwrap_or_default();
        let target = routing::target(organisation, admission, dialled).ok_or_else(unknown)?;
        let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
        // The tag is drawn with the leg's id; a dialog with an empty one tells whether the rest is sound.
        let dialog = Dialog::from_invite(request, "").map_err(malformed)?;
        let from = request
            .headers
            .from()
            .map_err(|_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed))?;
        let calling = who_calls(organisation, admission, &from);
        let purpose = purpose_of(&target);
        let call = self.new_call(now, org, calling, dialled, &dialog, purpose);
        let leg = self.new_caller_leg(call, key, flow, request, dialog, admission);
        self.pending.insert(*key, leg);
        self.tell_own_call(admitted_user(admission), call, OwnCall::Active, out);
        if let Some(call) = self.call(call) {
            out.push(Output::Event(CallEvent::Started(self.view(call))));
        }
        self.open_media(leg, out);
        Ok(())
    }

    /// RFC 3261 §8.2.2.2: the same INVITE by another path is no second call.
    fn is_no_copy(&self, request: &Request) -> Result<(), Refused> {
        let (Ok(call_id), Ok(from)) = (request.headers.call_id(), request.headers.from()) else {
            return Err(Refused::new(
                StatusCode::BAD_REQUEST,
                RefusedCause::Malformed,
            ));
        };
        let copied = self
            .pending
            .values()
            .filter_map(|leg| self.leg(*leg))
            .any(|leg| {
                *leg.sip_call_id == *call_id
                    && leg
                        .dialog()
                        .is_some_and(|dialog| Some(&*dialog.remote_tag) == from.tag())
            });
        if copied {
            return Err(Refused::new(
                StatusCode::LOOP_DETECTED,
                RefusedCause::Malformed,
            ));
        }
        Ok(())
    }

    fn new_call(
        &mut self,
        now: Time,
        org: OrgId,
        calling: Calling,
        dialled: &str,
        dialog: &Dialog,
        purpose: Purpose,
    ) -> CallId {
        let shard = self.id;
        let mut made = None;
        self.calls.insert_with(|place| {
            let id = CallId {
                shard,
                slot: place.slot,
                generation: place.generation,
            };
            made = Some(id);
            Call {
                id,
                org,
                // Set as soon as the leg is there, before anything looks.
                caller: LegId {
                    shard,
                    slot: u32::MAX,
                    generation: 0,
                },
                caller_user: calling.user,
                caller_number: calling.number,
                caller_name: calling.name,
                dialled: dialled.into(),
                sip_call_id: dialog.call_id.clone(),
                started: now,
                connected: None,
                purpose,
                legs: BoundedVec::new(),
                ending: None,
            }
        });
        made.expect("insert_with calls its closure")
    }

    fn new_caller_leg(
        &mut self,
        call: CallId,
        key: &ServerKey,
        flow: Flow,
        request: &Request,
        mut dialog: Dialog,
        admission: &Admission,
    ) -> LegId {
        let shard = self.id;
        let random = self.random();
        let invite = PendingInvite::new(*key, request);
        let mut made = None;
        self.legs.insert_with(|place| {
            let id = LegId {
                shard,
                slot: place.slot,
                generation: place.generation,
            };
            made = Some(id);
            let local_tag = tag::tag(id, random);
            dialog.local_tag = local_tag.clone();
            Leg {
                id,
                call,
                role: Role::Caller,
                user: admitted_user(admission),
                local_tag,
                sip_call_id: dialog.call_id.clone(),
                flow,
                pinned: is_translated(request, &flow),
                offer_waiting: (!request.body.is_empty()).then(|| request.body.to_vec().into()),
                negotiation: None,
                unacknowledged: None,
                media_open: false,
                bye_due: false,
                settled: false,
                state: State::Incoming { invite, dialog },
            }
        });
        let leg = made.expect("insert_with calls its closure");
        if let Some(call) = self.call_mut(call) {
            call.caller = leg;
            // A new call has room for its first leg.
            let _room = call.legs.push(leg);
        }
        leg
    }

    /// Our RTP address is known: look at the caller's offer, then go about what he called for.
    pub(super) fn caller_media_ready(
        &mut self,
        now: Time,
        leg: LegId,
        address: SocketAddr,
        out: &mut Vec<Output>,
    ) {
        let negotiation = self.new_negotiation(address);
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let offer = entry.offer_waiting.take();
        let negotiation = entry.negotiation.insert(negotiation);
        let wanted = sip_core::Direction::SendRecv;
        if let Some(offer) = offer
            && let Err(error) = negotiation.answer_to(&offer, wanted)
        {
            let call = entry.call;
            let status = status_of(&error);
            out.push(Output::Event(CallEvent::Refused {
                status: status.code(),
                cause: RefusedCause::NoCommonCodec,
            }));
            return self.end_call(now, call, EndCause::NotCompleted, status, out);
        }
        let call = entry.call;
        match self.call(call).map(|call| &call.purpose) {
            Some(Purpose::Queue(queue)) => {
                let answering = queue.journey.settings().answer;
                self.greet(now, call, leg, answering, out);
            }
            Some(Purpose::Direct(direct)) => {
                let callee = direct.callee.clone();
                self.ring_colleague(now, call, callee, out);
            }
            Some(Purpose::Feature(_)) => self.do_feature(now, call, out),
            None => {}
        }
    }

    /// Lets a caller to a queue hear us, and starts his journey.
    fn greet(
        &mut self,
        now: Time,
        call: CallId,
        leg: LegId,
        answering: Answering,
        out: &mut Vec<Output>,
    ) {
        let offered = self.leg(leg).is_some_and(|leg| match &leg.state {
            State::Incoming { invite, .. } => invite.offered,
            _ => false,
        });
        // An unreliable 183 can't carry an offer (RFC 3261 §13.2.1), so without one of his we answer.
        if answering == Answering::WhenAgentAnswers && offered {
            self.progress(now, leg, StatusCode::SESSION_PROGRESS, out);
            self.apply_media(leg, out);
        } else {
            self.progress(now, leg, StatusCode::RINGING, out);
            self.answer(now, leg, out);
        }
        self.start_journey(now, call, out);
    }

    /// A provisional response; 183 carries our answer to his offer.
    pub(super) fn progress(
        &mut self,
        now: Time,
        leg: LegId,
        status: StatusCode,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let State::Incoming { invite, .. } = &entry.state else {
            return;
        };
        let key = invite.key;
        let mut response = invite.response(status, &entry.local_tag);
        self.complete(entry, &mut response);
        if status == StatusCode::SESSION_PROGRESS
            && let Some(sdp) = entry.negotiation.as_ref().and_then(|it| it.local())
        {
            let sdp = bytes::Bytes::copy_from_slice(sdp);
            response.set_body(super::requests::ACCEPT, sdp);
        }
        self.respond(now, key, response, out);
    }

    /// 200: with our answer, or with our offer if the INVITE had none. Sent again until the ACK comes.
    pub(super) fn answer(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let State::Incoming { invite, dialog } = &entry.state else {
            return;
        };
        let (invite, dialog) = (invite.clone(), dialog.clone());
        let Some(negotiation) = entry.negotiation.as_mut() else {
            return;
        };
        let sdp = if invite.offered {
            bytes::Bytes::copy_from_slice(negotiation.local().unwrap_or_default())
        } else {
            negotiation.offer(sip_core::Direction::SendRecv)
        };
        let cseq = dialog.remote_cseq.unwrap_or_default();
        entry.state = State::Up { dialog };
        let (tag, offered) = (entry.local_tag.clone(), invite.offered);
        let response = invite.response(StatusCode::OK, &tag);
        self.pending.remove(&invite.key);
        self.answer_with(now, leg, invite.key, cseq, offered, (response, sdp), out);
        if offered {
            self.apply_media(leg, out);
        }
    }

    /// Sends a 2xx to an INVITE or re-INVITE, and again until its ACK comes.
    #[expect(clippy::too_many_arguments, reason = "one 2xx, named parts")]
    pub(super) fn answer_with(
        &mut self,
        now: Time,
        leg: LegId,
        key: ServerKey,
        cseq: u32,
        offered: bool,
        (mut response, sdp): (Response, bytes::Bytes),
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        self.complete(entry, &mut response);
        response
            .headers
            .push(HeaderName::Allow, HeaderValue::of(ALLOW));
        response.set_body(super::requests::ACCEPT, sdp);
        let repeats = Repeats::of_success(now, &Timers::default());
        let (at, _) = repeats.deadline();
        self.timers
            .arm(Due::Leg(leg, LegTimer::RetransmitAnswer), at);
        if let Some(entry) = self.leg_mut(leg) {
            entry.unacknowledged = Some(Unacknowledged {
                key,
                cseq,
                expects_answer: !offered,
                repeats,
            });
        }
        self.respond(now, key, response, out);
    }

    /// Contact, so that requests within the dialog come here.
    fn complete(&self, leg: &Leg, response: &mut Response) {
        response
            .headers
            .push(HeaderName::Contact, HeaderValue::from(contact(leg)));
    }

    /// An ACK to a 2xx of ours.
    pub(super) fn acknowledged(&mut self, now: Time, request: &Request, out: &mut Vec<Output>) {
        let to = request.headers.to().ok();
        let Some(leg) = to
            .as_ref()
            .and_then(|to| self.leg_named(to.tag()?, request))
            .map(|leg| leg.id)
        else {
            return;
        };
        let cseq = request.headers.cseq().map(|cseq| cseq.number).ok();
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let Some(answered) = entry.unacknowledged.take_if(|it| Some(it.cseq) == cseq) else {
            return;
        };
        let concluded = match (&mut entry.negotiation, answered.expects_answer) {
            (Some(negotiation), true) => negotiation.conclude(&request.body).map(|_| ()),
            _ => Ok(()),
        };
        let (call, bye_due) = (entry.call, entry.bye_due);
        self.timers
            .disarm(&Due::Leg(leg, LegTimer::RetransmitAnswer));
        if bye_due {
            return self.send_bye(now, leg, out);
        }
        match concluded {
            Ok(()) if answered.expects_answer => self.media_agreed(leg, out),
            Ok(()) => {}
            Err(_) => {
                let status = StatusCode::NOT_ACCEPTABLE_HERE;
                self.end_call(now, call, EndCause::SignallingFailed, status, out);
            }
        }
    }

    /// Time to send our 2xx again, or to give up on its ACK.
    pub(super) fn answer_unacknowledged(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let Some(answered) = entry.unacknowledged.as_mut() else {
            return;
        };
        let due = answered.repeats.step(now);
        let (at, key) = (answered.repeats.deadline().0, answered.key);
        if due == Some(Repeat::End) {
            // RFC 3261 §13.3.1.4: the dialog is confirmed, the session is ended with BYE.
            entry.unacknowledged = None;
            let (call, bye_due) = (entry.call, entry.bye_due);
            if bye_due {
                return self.send_bye(now, leg, out);
            }
            let status = StatusCode::REQUEST_TIMEOUT;
            return self.end_call(now, call, EndCause::SignallingFailed, status, out);
        }
        self.timers
            .arm(Due::Leg(leg, LegTimer::RetransmitAnswer), at);
        if due.is_some() {
            self.transact(now, transaction::Input::Repeat { key }, out);
        }
    }

    /// The caller gave up before we answered; his CANCEL has been answered.
    pub(super) fn cancelled(&mut self, now: Time, key: &ServerKey, out: &mut Vec<Output>) {
        let Some(call) = self
            .pending
            .get(key)
            .and_then(|leg| Some(self.leg(*leg)?.call))
        else {
            return;
        };
        let status = StatusCode::REQUEST_TERMINATED;
        self.end_call(now, call, EndCause::CallerHungUp, status, out);
    }
}

/// Our Contact on a leg: the server's address on that leg's flow.
pub(super) fn contact(leg: &Leg) -> String {
    let host = Host::from(leg.flow.local.ip());
    let uri = Uri::sip(Some("kolapp"), host, Some(leg.flow.local.port()));
    format!("<{uri}>")
}

/// RFC 3581 and what phones do behind address translators: the Via names another address or port than the
/// request came from, so the Contact can't be reached either.
fn is_translated(request: &Request, flow: &Flow) -> bool {
    let Ok(via) = request.headers.via() else {
        return false;
    };
    let port = via.port.unwrap_or(flow.transport.default_port());
    let other_address = via.host.ip().is_some_and(|ip| ip != flow.remote.ip());
    other_address || (via.rport().is_some() && port != flow.remote.port())
}

fn admitted_user(admission: &Admission) -> Option<UserId> {
    match admission {
        Admission::User(user) => Some(user.clone()),
        Admission::Trunk(_) | Admission::Anyone | Admission::NoRoom => None,
    }
}

/// A user's number and name are those of his account, whatever his phone wrote; a trunk's are the caller's.
fn who_calls(
    organisation: &crate::settings::Organisation,
    admission: &Admission,
    from: &NameAddr,
) -> Calling {
    let account = admitted_user(admission).and_then(|id| {
        let user = organisation.users.get(&id)?;
        let number = user.extension.clone().unwrap_or_else(|| id.name().into());
        Some(Calling {
            user: Some(id),
            number,
            name: user.display_name.clone(),
        })
    });
    account.unwrap_or_else(|| Calling {
        user: None,
        number: from.uri.user().unwrap_or("anonymous").into(),
        name: from.display.clone(),
    })
}

fn purpose_of(target: &Target<'_>) -> Purpose {
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

/// RFC 3261 §13.3.1.3: an offer that can't be met is 488; one that can't be read, 400.
pub(super) fn status_of(error: &SdpError) -> StatusCode {
    match error {
        SdpError::Unreadable { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::NOT_ACCEPTABLE_HERE,
    }
}
