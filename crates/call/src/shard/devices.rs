//! Legs that we make: an agent's or colleague's device is located, given a media session, and invited; and
//! what becomes of that INVITE.

use super::forward::Forwarding;
use super::hang_up::Gone;
use super::requests::{ACCEPT, ALLOW, SUPPORTED};
use super::{Due, Mark, Shard};
use crate::cause;
use crate::crosswise::Holding;
use crate::diverted::by_colleagues;
use crate::early::{Forks, dialog_of};
use crate::exchange::{Exchange, Owner};
use crate::identity::{NOT_SHOWN, Trust, anonymous, is_nobody};
use crate::input::{Asker, CallEvent, Output};
use crate::keys::Keying;
use crate::ledger::Held;
use crate::leg::{Acceptance, DEVICE_SILENCE_MAX, Leg, LegTimer, Role, SentInvite, State};
use crate::rest;
use crate::seeking::Seeking;
use crate::settings::PickUp;
use crate::tag;
use crate::unanswered::Unanswered;
use base::{CallId, LegId, Time, UserId};
use media_core::Codec;
use sip_core::registrar::Binding;
use sip_core::transaction;
use sip_core::{
    CSeq, Flow, HeaderName, HeaderValue, Host, Method, NameAddr, Reasons, Request, Response,
    StatusCode, Transport, Uri,
};
use std::net::SocketAddr;

impl Shard {
    /// A new leg to a user's device, which [`Shard::prepare`] is told. None where the call is gone or has too
    /// many legs.
    pub(super) fn new_device_leg(
        &mut self,
        call: CallId,
        role: Role,
        user: UserId,
    ) -> Option<LegId> {
        self.new_leg(call, role, Some(user))
    }

    /// A leg that has still to find out where it goes. None where the call is gone or has too many legs.
    pub(super) fn new_leg(
        &mut self,
        call: CallId,
        role: Role,
        user: Option<UserId>,
    ) -> Option<LegId> {
        let (random, id_random) = (self.random(), self.random());
        let shard = self.id;
        self.call(call)?;
        let place = self.legs.insert_with(|place| {
            let id = LegId {
                shard,
                slot: place.slot,
                generation: place.generation,
            };
            Leg {
                id,
                call,
                role,
                user,
                local_tag: tag::tag(id, random),
                sip_call_id: format!("{id_random:016x}{random:016x}").into(),
                // Replaced by the flow of the binding or trunk before anything is sent.
                flow: nowhere(),
                pinned: false,
                state: State::Preparing { binding: None },
                offer_waiting: None,
                negotiation: None,
                unacknowledged: None,
                exchange: Exchange::new(Owner::Us),
                way: None,
                reach: None,
                held: Held::default(),
                trunk: None,
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
                acceptance: Acceptance::default(),
                holds: Holding::No,
            }
        });
        let leg = LegId {
            shard,
            slot: place.slot,
            generation: place.generation,
        };
        let kept = self.call_mut(call).map(|call| call.legs.push(leg));
        if kept != Some(Ok(())) {
            self.legs.remove(leg.slot, leg.generation);
            return None;
        }
        Some(leg)
    }

    /// The leg's device is known; next it needs a media session.
    pub(super) fn prepare(
        &mut self,
        now: Time,
        leg: LegId,
        device: Binding,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        entry.flow = device.way();
        entry.pinned = device.is_pinned();
        let (pinned, remote) = (entry.pinned, entry.flow.remote);
        let elsewhere = device.elsewhere();
        entry.state = State::Preparing {
            binding: Some(device),
        };
        if pinned {
            self.transactions.takes_no_connection(now, remote);
        }
        match elsewhere {
            Some(uri) => out.push(Output::Resolve {
                asker: Asker::Leg(leg),
                uri,
            }),
            None => self.open_media(leg, out),
        }
    }

    /// Our RTP address is known: invite the device.
    pub(super) fn device_media_ready(
        &mut self,
        now: Time,
        leg: LegId,
        address: SocketAddr,
        out: &mut Vec<Output>,
    ) {
        let mut negotiation = self.new_negotiation(address);
        // The caller's codec first, so that nothing needs transcoding where the device has it too.
        let caller = self.call_of(leg).and_then(|call| self.leg(call.caller));
        if let Some(agreed) = caller.and_then(Leg::agreed) {
            negotiation.prefer(&agreed.format.encoding);
        }
        let sdp = negotiation.offer(sip_core::Direction::SendRecv);
        let Some(mut request) = self.invite_for(leg) else {
            // A reload took the organisation away while this was on its way.
            return self.leg_gone(now, leg, Gone::Unreachable, out);
        };
        request.set_body(ACCEPT, sdp);
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        entry.negotiation = Some(negotiation);
        entry.state = State::Calling {
            invite: SentInvite {
                key: None,
                heard: false,
                forks: Forks::default(),
            },
        };
        let flow = entry.flow;
        out.push(Output::Event(CallEvent::LegInvited {
            call: entry.call,
            sip_call_id: entry.sip_call_id.clone(),
        }));
        let silent = Due::Leg(leg, LegTimer::DeviceSilent);
        self.timers.arm(silent, now + DEVICE_SILENCE_MAX);
        self.send(now, Mark::Invite(leg), flow, request, out);
    }

    /// The INVITE to a device, without its body.
    fn invite_for(&self, leg: LegId) -> Option<Request> {
        let leg = self.leg(leg)?;
        if let Some(way) = &leg.way {
            return self.invite_over_trunk(leg, way);
        }
        let State::Preparing { binding } = &leg.state else {
            return None;
        };
        let call = self.call(leg.call)?;
        let organisation = self.directory.organisations.get(&call.org)?;
        let domain = || Host::Name(organisation.domain.clone());
        let user = leg.user.as_ref()?;
        let binding = binding.as_ref()?;
        let mut request = Request::new(Method::Invite, binding.contact.clone());
        let number = self.number_shown(leg, call);
        let hidden = is_nobody(number);
        let from = NameAddr {
            display: Some(self.name_shown(leg, call)),
            ..NameAddr::new(match hidden {
                true => anonymous(),
                false => Uri::sip(Some(number), domain(), None),
            })
        };
        let to = NameAddr::new(Uri::sip(Some(user.name()), domain(), None));
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, call.hops);
        // RFC 3327 §5.4: by the proxies that the REGISTER came through.
        for hop in &binding.path {
            headers.push(HeaderName::Route, hop.clone());
        }
        if !hidden {
            // RFC 3325 §7: for phones that show nothing else. It is what we know, and what From says.
            headers.push(HeaderName::PAssertedIdentity, &from);
        }
        headers.push(HeaderName::From, from.with_tag(&leg.local_tag));
        headers.push(HeaderName::To, to);
        headers.push(HeaderName::CallId, leg.sip_call_id.clone());
        headers.push(
            HeaderName::CSeq,
            CSeq {
                number: 1,
                method: Method::Invite,
            },
        );
        headers.push(
            HeaderName::Contact,
            HeaderValue::from(self.directory.addresses.contact(&leg.flow)),
        );
        headers.push(HeaderName::Allow, ALLOW);
        if self.answers_by_itself(leg, call) {
            // No two makes of telephone read the same header (RFC 5373 §4.1 has the first).
            headers.push(HeaderName::AnswerMode, "Auto");
            let call_info = format!("<sip:{}>;answer-after=0", organisation.domain);
            headers.push(HeaderName::CallInfo, HeaderValue::from(call_info));
            let alert_info = format!("<http://{}>;info=alert-autoanswer", organisation.domain);
            headers.push(HeaderName::AlertInfo, HeaderValue::from(alert_info));
        }
        // For phones that show through whom a call comes.
        headers.push_diversions(&by_colleagues(call, organisation));
        if let Some(referrer) = &call.referred_by {
            // RFC 3892 §2.2, from what we know: nobody writes himself into it.
            let uri = Uri::sip(Some(referrer.name()), domain(), None);
            headers.push(HeaderName::ReferredBy, NameAddr::new(uri));
        }
        headers.push(HeaderName::Supported, SUPPORTED);
        self.session_wanted(leg.id)?.ask(headers);
        Some(request)
    }

    /// What an agent's phone shows beside the number: which queue, and who.
    fn name_shown(&self, leg: &Leg, call: &crate::call::Call) -> Box<str> {
        let caller = match &call.caller_name {
            Some(name) => name,
            None if is_nobody(&call.caller_number) => NOT_SHOWN,
            None => &*call.caller_number,
        };
        match (&leg.role, &call.purpose) {
            (Role::Agent { .. }, crate::call::Purpose::Queue(queue)) => {
                let name = &queue.journey.settings().display_name;
                format!("{name}: {caller}").into()
            }
            (_, crate::call::Purpose::Direct(direct)) => match &direct.hunt.name {
                Some(name) => format!("{name}: {caller}").into(),
                None => caller.into(),
            },
            (Role::CallsBack { .. }, _) => {
                let shown = self.calling_back(call).map(|it| it.shown());
                // What he dialled himself elsewhere.
                shown.unwrap_or_else(|| call.dialled.clone())
            }
            _ => caller.into(),
        }
    }

    /// And the number: the caller's, or the queue's for which the agent is to call somebody back, or what he dialled.
    fn number_shown<'a>(&'a self, leg: &Leg, call: &'a crate::call::Call) -> &'a str {
        match leg.role {
            Role::CallsBack { .. } if call.placing.is_none() => &call.dialled,
            Role::CallsBack { .. } => self.number_of_list(call),
            _ => &call.caller_number,
        }
    }

    /// Whether the device is asked to answer by itself: an agent's, for a queue that wants it so; a colleague's, who is
    /// spoken to at once; that of somebody who has just dialled elsewhere.
    fn answers_by_itself(&self, leg: &Leg, call: &crate::call::Call) -> bool {
        let pick_up = match (&leg.role, &call.purpose) {
            (Role::Agent { .. }, crate::call::Purpose::Queue(queue)) => {
                queue.journey.settings().pick_up
            }
            (_, crate::call::Purpose::Dialling(_)) => {
                self.pick_up_of_own(call.caller_user.as_ref())
            }
            (Role::CallsBack { .. }, _) => self.pick_up_of_list(call),
            (_, crate::call::Purpose::Direct(direct)) => direct.pick_up,
            _ => PickUp::ByHand,
        };
        pick_up == PickUp::ByItself
    }

    pub(super) fn started(&mut self, mark: Mark, started: transaction::ClientKey) {
        let Mark::Invite(leg) = mark else {
            return;
        };
        if let Some(State::Calling { invite }) = self.leg_mut(leg).map(|leg| &mut leg.state) {
            invite.key = Some(started);
        }
    }

    /// A response to an INVITE of ours.
    pub(super) fn invite_answered(
        &mut self,
        now: Time,
        leg: LegId,
        flow: Flow,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        self.timers.disarm(&Due::Leg(leg, LegTimer::DeviceSilent));
        let Some(entry) = self.leg_mut(leg) else {
            if response.is_success() {
                self.send_away(now, flow, response, out);
            }
            return;
        };
        match &mut entry.state {
            State::Calling { invite } if response.is_provisional() => {
                invite.heard = true;
                if response.status != StatusCode::TRYING {
                    self.device_progressed(now, leg, response, out);
                }
            }
            State::Calling { .. } | State::Cancelling { .. } if response.is_success() => {
                self.device_answered(now, leg, flow, response, out);
            }
            State::Calling { .. } if response.is_final() => {
                if self.redirected(now, leg, response, out) == Forwarding::Done {
                    return;
                }
                let reasons = response.headers.reasons();
                let status = match self.trust_of(leg) {
                    Trust::Yes => cause::meant(response.status, &reasons),
                    Trust::No => response.status,
                };
                let call = self.leg(leg).map(|leg| leg.call);
                if let Some(span) = rest::asked_by(response) {
                    out.push(Output::Rest { hop: flow, span });
                }
                if let Some(call) = call.and_then(|call| self.call_mut(call)) {
                    // If it is the last that can be tried, this is why.
                    call.reasons = reasons;
                }
                self.leg_gone(now, leg, Gone::Refused(status), out);
            }
            State::Cancelling { .. } if response.is_final() => {
                self.leg_gone(now, leg, Gone::Ended, out);
            }
            State::Up { .. } | State::Leaving { .. } if response.is_success() => {
                self.answered_again(now, leg, flow, response, out);
            }
            _ => {}
        }
    }

    /// The first 2xx: ACK at once; then it is for whoever rang to say whether the answer still counts.
    fn device_answered(
        &mut self,
        now: Time,
        leg: LegId,
        flow: Flow,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let (State::Calling { invite } | State::Cancelling { invite }) = &mut entry.state else {
            return;
        };
        // A party that rang before has counted our requests.
        let (dialog, agreed) = match invite.forks.remove(response) {
            Some(early) => early.answered(response),
            None => match dialog_of(response) {
                Some(dialog) => (dialog, None),
                // A 2xx that makes no dialog can't be acknowledged either.
                None => return self.leg_gone(now, leg, Gone::Unreachable, out),
            },
        };
        // Nobody is to be asked for a key for a caller who is taken or gone.
        let called_off_mobile = matches!(entry.state, State::Cancelling { .. })
            && entry.role.is_at_work()
            && entry.way.is_some();
        entry.state = State::Up { dialog };
        entry.exchange.hear(&response.headers);
        let concluded = match (&mut entry.negotiation, agreed) {
            (negotiation, Some(agreed)) => {
                *negotiation = Some(agreed);
                true
            }
            (Some(negotiation), None) => negotiation.conclude(&response.body).is_ok(),
            (None, None) => false,
        };
        let (call, role, settled) = (entry.call, entry.role.clone(), entry.settled);
        self.session_granted(now, leg, response);
        self.acknowledge(now, leg, flow, response, out);
        let given_up = self
            .ring(call, &role)
            .is_some_and(|ring| ring.owed().is_some());
        let wanted = !settled && !given_up && self.live_call(call).is_some();
        if !concluded && wanted {
            self.settle(now, leg, Gone::Unreachable, out);
        }
        if !concluded || !wanted || called_off_mobile {
            return self.send_bye(now, leg, out);
        }
        if let Some(call) = self.call_mut(call) {
            call.reasons = Reasons::default();
        }
        if self.ask_to_accept(now, leg, out) == Acceptance::Awaited {
            return;
        }
        self.ring_answered(now, leg, out);
        match role {
            Role::Agent { offer, .. } => {
                out.push(Output::Acd(acd::Input::OfferAnswered { offer }));
            }
            Role::CallsBack { .. } => self.calls_back(now, leg, out),
            Role::Callee { .. } => self.colleague_answered(now, call, leg, out),
            Role::Outside => self.outside_answered(now, call, leg, out),
            Role::Member(_) => {
                self.colleague_answered(now, call, leg, out);
                self.pay_a_minute(leg, out);
            }
            Role::Caller => {}
        }
    }

    /// The ACK to a 2xx (RFC 3261 §13.2.2.4): the same each time the 2xx comes.
    pub(super) fn acknowledge(
        &mut self,
        now: Time,
        leg: LegId,
        arrived: Flow,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let (Some(dialog), Ok(cseq)) = (entry.dialog(), response.headers.cseq()) else {
            return;
        };
        let mut request = dialog.ack(cseq.number);
        entry.unanswered.vouch(&mut request);
        let remote = entry.request_flow().remote;
        let flow = Flow { remote, ..arrived };
        self.send_ack(now, leg, flow, request, out);
    }

    /// Another 2xx to an INVITE that has been answered: the same one again, or a fork's.
    fn answered_again(
        &mut self,
        now: Time,
        leg: LegId,
        flow: Flow,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        let tag = response.headers.to_tag();
        let known = self.leg(leg).and_then(Leg::dialog);
        if known.is_some_and(|dialog| tag.as_deref() == Some(&*dialog.remote_tag)) {
            self.acknowledge(now, leg, flow, response, out);
        } else {
            self.send_away(now, flow, response, out);
        }
    }

    /// Ends a dialog that nobody here wants: ACK and BYE, with no leg.
    fn send_away(&mut self, now: Time, flow: Flow, response: &Response, out: &mut Vec<Output>) {
        let Some(mut dialog) = dialog_of(response) else {
            return;
        };
        let next_hop = dialog.next_hop().socket_addr();
        let next_hop = next_hop.filter(|address| flow.may_lead_to(address));
        let remote = next_hop.unwrap_or(flow.remote);
        let flow = Flow { remote, ..flow };
        let request = dialog.ack(dialog.local_cseq);
        self.transact(now, transaction::Input::SendAck { flow, request }, out);
        let send = transaction::Input::Send {
            user: Mark::Stray,
            flow,
            request: dialog.request(Method::Bye),
        };
        self.transact(now, send, out);
    }

    /// No final response came, or the transport failed.
    pub(super) fn invite_unanswered(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let how = match self.leg(leg).map(|leg| &leg.state) {
            Some(State::Calling { .. }) => Gone::Unreachable,
            Some(State::Cancelling { .. }) => Gone::Ended,
            _ => return,
        };
        self.leg_gone(now, leg, how, out);
    }

    /// A device that has said nothing at all: whoever waits is not kept waiting for it.
    pub(super) fn device_silent(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let silent = self
            .leg(leg)
            .is_some_and(|leg| matches!(&leg.state, State::Calling { invite } if !invite.heard));
        if silent {
            self.settle(now, leg, Gone::Unreachable, out);
            self.hang_up(now, leg, StatusCode::REQUEST_TERMINATED, out);
        }
    }

    /// What we offer and accept, at our address.
    pub(super) fn new_negotiation(&mut self, address: SocketAddr) -> sip_core::Negotiation {
        // RFC 4566 §5.2 asks for a number; 62 bits stay positive in every reader.
        let session = self.random() >> 2;
        let formats = [Codec::Pcma, Codec::Pcmu]
            .map(super::media::format)
            .to_vec();
        sip_core::Negotiation::new(session, address, formats, super::media::EVENTS_PAYLOAD_TYPE)
    }
}

fn nowhere() -> Flow {
    let address = SocketAddr::from(([0, 0, 0, 0], 0));
    Flow {
        transport: Transport::Udp,
        local: address,
        remote: address,
        connection: 0,
    }
}
