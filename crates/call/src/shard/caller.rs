//! The calling leg: its INVITE, what it called for, and its CANCEL. How we answer is in `answering`.

use super::enter::purpose_of;
use super::replaces::replaced_by;
use super::requests::{Refused, body_is_readable, no_extension_required};
use super::{OwnCall, Shard};
use crate::call::{Alternatives, Between, Call, MessageCall, Purpose, Standing};
use crate::crosswise::{Holding, Named, Rules};
use crate::exchange::{Exchange, Owner};
use crate::forward::ForwardedBy;
use crate::identity::{Calling, Trust, account, caller_over, wish_of};
use crate::input::{Admission, CallEvent, EndCause, Output, RefusedCause};
use crate::inward;
use crate::keys::Keying;
use crate::ledger::Held;
use crate::leg::{Leg, PendingInvite, Role, State};
use crate::reliable::Reliability;
use crate::routing;
use crate::seeking::Seeking;
use crate::session_timer::Asked;
use crate::settings::{Answering, Message, Organisation, Trunk};
use crate::tag;
use crate::unanswered::Unanswered;
use acd::{Priority, Skills};
use base::{BoundedVec, CallId, LegId, OrgId, Time, UserId};
use sip_core::dialog::Dialog;
use sip_core::transaction::ServerKey;
use sip_core::{Flow, NameAddr, Reasons, Request, SdpError, StatusCode, Uri};
use std::net::SocketAddr;
use std::sync::Arc;

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
        let hops = hops_left(request)?;
        self.room_for_a_call(admission)?;
        self.is_no_copy(request)?;
        let asked = self.session_asked(request)?;
        let directory = Arc::clone(&self.directory);
        let unknown = || Refused::new(StatusCode::NOT_FOUND, RefusedCause::UnknownNumber);
        let (org, organisation) =
            routing::organisation(&directory, admission).ok_or_else(unknown)?;
        let dialled = dialled_of(organisation, admission, request);
        let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
        // The tag is drawn with the leg's id; a dialog with an empty one tells whether the rest is sound.
        let dialog = Dialog::from_invite(request, "").map_err(malformed)?;
        let from = request
            .headers
            .from()
            .map_err(|_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed))?;
        let calling = who_calls(organisation, admission, request, &from);
        let asking = self.asking(now, &calling.number);
        let caller = calling.user.as_ref();
        let purpose = wanted_of(organisation, admission, request, &dialled, caller, &asking)?;
        if matches!(&purpose, Purpose::Message(said) if said.status == StatusCode::NOT_FOUND) {
            out.push(Output::Event(CallEvent::Refused {
                status: StatusCode::NOT_FOUND.code(),
                cause: RefusedCause::UnknownNumber,
            }));
        }
        let call = self.new_call(now, org, calling, &dialled, &dialog.call_id, purpose);
        if let Some(call) = self.call_mut(call) {
            call.hops = hops;
            if matches!(admission, Admission::User(_)) {
                call.wish = wish_of(organisation, &request.headers);
            }
            let trunk = trunk_of(organisation, admission);
            if trunk.is_some_and(|trunk| trunk.identity.trust == Trust::Yes) {
                call.diverted = request.headers.diversions();
            }
        }
        let leg = self.new_caller_leg(call, key, flow, (request, asked), dialog, admission);
        self.pending.insert(*key, leg);
        self.tell_own_call(admitted_user(admission), call, OwnCall::Active, out);
        self.call_began(call, None, out);
        match admission {
            Admission::Trunk(trunk) => self.occupy_inward(leg, trunk, out),
            _ => self.open_media(leg, out),
        }
        Ok(())
    }

    /// RFC 3261 §8.2.2.2: the same INVITE by another path is no second call, answered though the first may be.
    fn is_no_copy(&self, request: &Request) -> Result<(), Refused> {
        let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
        let call_id = request.headers.call_id().map_err(malformed)?;
        let from_tag = request.headers.from_tag();
        let cseq = request.headers.cseq().map_err(malformed)?.number;
        let copied = self
            .calls_with(call_id)
            .filter(|call| *call.sip_call_id == *call_id)
            .filter_map(|call| self.leg(call.caller)?.dialog())
            .any(|dialog| {
                dialog.remote_cseq == Some(cseq) && Some(&*dialog.remote_tag) == from_tag.as_deref()
            });
        if copied {
            return Err(Refused::new(
                StatusCode::LOOP_DETECTED,
                RefusedCause::Malformed,
            ));
        }
        Ok(())
    }

    /// The calls whose Call-ID may be this one.
    fn calls_with(&self, sip_call_id: &str) -> impl Iterator<Item = &Call> {
        let hash = tag::hash(sip_call_id.as_bytes());
        let place = |number| CallId {
            shard: self.id,
            slot: number,
            generation: number,
        };
        self.calls_by_sip_id
            .range((hash, place(0))..=(hash, place(u32::MAX)))
            .filter_map(|(_, call)| self.call(*call))
    }

    pub(super) fn new_call(
        &mut self,
        now: Time,
        org: OrgId,
        calling: Calling,
        dialled: &str,
        sip_call_id: &str,
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
                wish: None,
                dialled: dialled.into(),
                hops: MAX_FORWARDS,
                sip_call_id: sip_call_id.into(),
                started: now,
                connected: None,
                purpose,
                legs: BoundedVec::new(),
                rings: BoundedVec::new(),
                keys: BoundedVec::new(),
                moves: 0,
                ending: None,
                reasons: Reasons::default(),
                arrived: now,
                priority: Priority::default(),
                requires: Skills::new(),
                referral: None,
                referred_by: None,
                transfers: 0,
                diverted: Vec::new(),
                forwarded: ForwardedBy::new(),
                redirects: 0,
                alternatives: Alternatives::new(),
                asks_back: None,
                dialogues: 0,
                standing: Standing::Counted,
                placing: None,
                record: None,
            }
        });
        let made = made.expect("insert_with calls its closure");
        let hash = tag::hash(sip_call_id.as_bytes());
        self.calls_by_sip_id.insert((hash, made));
        made
    }

    fn new_caller_leg(
        &mut self,
        call: CallId,
        key: &ServerKey,
        flow: Flow,
        (request, asked): (&Request, Asked),
        mut dialog: Dialog,
        admission: &Admission,
    ) -> LegId {
        let shard = self.id;
        let random = self.random();
        let invite = PendingInvite::new(*key, request, asked);
        let mut exchange = Exchange::new(Owner::Them);
        exchange.hear(&request.headers);
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
                exchange,
                way: None,
                reach: None,
                held: Held::default(),
                trunk: match admission {
                    Admission::Trunk(trunk) => Some(trunk.clone()),
                    _ => None,
                },
                seeking: Seeking::default(),
                keys: Keying::default(),
                unanswered: Unanswered::default(),
                media_open: false,
                media_home: call,
                notifier: None,
                held_refer: None,
                referred: 0,
                early_media: false,
                bye_due: false,
                bye_reason: None,
                settled: false,
                acceptance: Default::default(),
                holds: Holding::No,
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
        self.begin(now, call, out);
    }

    /// Lets a caller hear us. One who does already is only answered, where that is due.
    pub(super) fn let_hear(
        &mut self,
        now: Time,
        leg: LegId,
        answering: Answering,
        out: &mut Vec<Output>,
    ) {
        let can_hear_early = self.leg(leg).is_some_and(|leg| match &leg.state {
            State::Incoming { invite, .. } => {
                invite.offered || invite.provisionals.reliability != Reliability::Never
            }
            _ => false,
        });
        // An unreliable 183 can't carry an offer (RFC 3261 §13.2.1), so without one of his we answer.
        if answering == Answering::WhenAgentAnswers && can_hear_early {
            if !self.hears_us(leg) {
                self.progress(now, leg, StatusCode::SESSION_PROGRESS, out);
                self.apply_media(leg, out);
            }
            if let Some(leg) = self.leg_mut(leg) {
                leg.early_media = true;
            }
        } else {
            self.progress(now, leg, StatusCode::RINGING, out);
            self.answer(now, leg, out);
        }
    }

    /// Whether a caller hears us: he is answered, or has early media.
    pub(super) fn hears_us(&self, leg: LegId) -> bool {
        self.leg(leg)
            .is_some_and(|leg| leg.is_up() || (leg.early_media && leg.pending_key().is_some()))
    }

    /// The caller gave up before we answered; his CANCEL has been answered.
    pub(super) fn cancelled(
        &mut self,
        now: Time,
        key: &ServerKey,
        reason: Option<&str>,
        out: &mut Vec<Output>,
    ) {
        let Some(call) = self
            .pending
            .get(key)
            .and_then(|leg| Some(self.leg(*leg)?.call))
        else {
            return;
        };
        if let Some(call) = self.call_mut(call) {
            call.reasons = Reasons::parse(reason.iter().map(|reason| reason.as_bytes()));
        }
        let status = StatusCode::REQUEST_TERMINATED;
        self.end_call(now, call, EndCause::CallerHungUp, status, out);
    }
}

/// RFC 3261 §8.1.1.6.
const MAX_FORWARDS: u32 = 70;

/// How many more hops a call may take; 483 where there is none left (RFC 3261 §16.3).
fn hops_left(request: &Request) -> Result<u32, Refused> {
    let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
    let came = request.headers.max_forwards().map_err(malformed)?;
    came.unwrap_or(MAX_FORWARDS)
        .checked_sub(1)
        .ok_or_else(|| Refused::new(StatusCode::TOO_MANY_HOPS, RefusedCause::Malformed))
}

/// RFC 3581 and what phones do behind address translators: the Via names another address or port than the
/// request came from, so the Contact can't be reached either.
pub(super) fn is_translated(request: &Request, flow: &Flow) -> bool {
    let Ok(hop) = request.headers.hop() else {
        return false;
    };
    let Some((host, port)) = hop.sent_by() else {
        return false;
    };
    let port = port.unwrap_or(flow.transport.default_port());
    let other_address = host.ip().is_some_and(|ip| ip != flow.remote.ip());
    // The port of a connection is never the one where connections are taken.
    let asks_for_port = hop.rport().is_some() && !flow.transport.is_reliable();
    other_address || (asks_for_port && port != flow.remote.port())
}

/// What an INVITE asks for: the place of another, or what it dialled.
fn wanted_of(
    organisation: &Organisation,
    admission: &Admission,
    request: &Request,
    dialled: &str,
    caller: Option<&UserId>,
    asking: &routing::Asking<'_>,
) -> Result<Purpose, Refused> {
    if let Some(replaces) = replaced_by(request, admission)? {
        let rules = Rules::OfInvite;
        return Ok(Purpose::Between(Between::Claiming {
            named: Named::Dialog(replaces),
            rules,
        }));
    }
    let target = routing::target(organisation, admission, dialled, asking);
    let status = StatusCode::NOT_FOUND;
    match (target, &organisation.ways.unknown_number) {
        (Some(target), _) => Ok(purpose_of(organisation, &target, caller, 0)),
        (None, Some(prompt)) => {
            let message = Message {
                prompt: prompt.clone(),
                then: None,
            };
            Ok(Purpose::Message(MessageCall::of(message, status)))
        }
        (None, None) => Err(Refused::new(status, RefusedCause::UnknownNumber)),
    }
}

fn admitted_user(admission: &Admission) -> Option<UserId> {
    match admission {
        Admission::User(user) => Some(user.clone()),
        Admission::Trunk(_) | Admission::Anyone | Admission::NoRoom => None,
    }
}

/// What was called: over a trunk the organisation's number as it writes it itself, else what stands in the Request-URI.
fn dialled_of(organisation: &Organisation, admission: &Admission, request: &Request) -> Box<str> {
    let number = match admission {
        Admission::Trunk(trunk) => inward::called(organisation, trunk, request),
        Admission::User(_) | Admission::Anyone | Admission::NoRoom => None,
    };
    match number {
        Some(number) => number.into(),
        None => request.uri.dialled().unwrap_or_default().into(),
    }
}

fn trunk_of<'a>(organisation: &'a Organisation, admission: &Admission) -> Option<&'a Trunk> {
    match admission {
        Admission::Trunk(trunk) => organisation.trunks.get(trunk),
        Admission::User(_) | Admission::Anyone | Admission::NoRoom => None,
    }
}

/// A user's number and name are those of his account, whatever his phone wrote; a trunk's are the caller's.
fn who_calls(
    organisation: &Organisation,
    admission: &Admission,
    request: &Request,
    from: &NameAddr,
) -> Calling {
    let account = admitted_user(admission).and_then(|id| account(organisation, id));
    account.unwrap_or_else(|| {
        let trust = trunk_of(organisation, admission).map_or(Trust::No, |it| it.identity.trust);
        caller_over(organisation, trust, &request.headers, from)
    })
}

/// RFC 3261 §13.3.1.3: an offer that can't be met is 488; one that can't be read, 400.
pub(super) fn status_of(error: &SdpError) -> StatusCode {
    match error {
        SdpError::Unreadable { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::NOT_ACCEPTABLE_HERE,
    }
}
