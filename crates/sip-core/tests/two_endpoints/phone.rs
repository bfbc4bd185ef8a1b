//! One endpoint: a transaction layer and a user of it that plays its side of each call's plan.

use crate::plan::{Kind, Plan, Side};
use base::{Core, ShardId, Time};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_core::dialog::Dialog;
use sip_core::transaction::{
    ClientKey, Due, Input, Output, Repeats, ServerKey, Timers, Transactions,
};
use sip_core::{Flow, HeaderName, Limits, Method, Request, Response, StatusCode, parse_datagram};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    call: String,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    Invite,
    Reinvite,
    Bye,
    Options,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Alarm {
    Start,
    Decide,
    Cancel,
    Reinvite,
    HangUp,
    Repeat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// The INVITE or OPTIONS was answered, and that was all.
    Answered,
    /// After an answered call.
    HungUp,
    /// Nobody answered our request.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) plan: Plan,
    pub(crate) ending: Option<Ending>,
    /// Of the INVITE or OPTIONS, on whichever side.
    pub(crate) final_status: Option<u16>,
    dialog: Option<Dialog>,
    /// As a caller.
    client: Option<ClientKey>,
    sent: Option<Request>,
    cancel_wanted: bool,
    /// As a callee: the INVITE or re-INVITE being answered.
    server: Option<ServerKey>,
    received: Option<Request>,
    /// Of our 2xx, until its ACK comes.
    repeats: Option<Repeats>,
    happened: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Phone {
    pub(crate) side: Side,
    pub(crate) flow: Flow,
    pub(crate) layer: Transactions<Mark>,
    pub(crate) calls: BTreeMap<String, Call>,
    plans: BTreeMap<String, Plan>,
    alarms: BTreeSet<(Time, String, Alarm)>,
}

type Outputs = Vec<Output<Mark>>;

impl Call {
    fn new(plan: Plan) -> Call {
        Call {
            plan,
            ending: None,
            final_status: None,
            dialog: None,
            client: None,
            sent: None,
            cancel_wanted: false,
            server: None,
            received: None,
            repeats: None,
            happened: BTreeSet::new(),
        }
    }

    pub(crate) fn happenings(&self) -> impl Iterator<Item = &str> {
        self.happened.iter().map(|what| &**what)
    }

    fn note(&mut self, what: &str) {
        self.happened.insert(what.to_owned());
    }
}

impl Phone {
    pub(crate) fn new(side: Side, flow: Flow, seed: u64, plans: BTreeMap<String, Plan>) -> Phone {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&seed.to_be_bytes());
        let mut phone = Phone {
            side,
            flow,
            layer: Transactions::new(ShardId(side as u8), secret),
            calls: BTreeMap::new(),
            plans,
            alarms: BTreeSet::new(),
        };
        if side == Side::Caller {
            for (id, plan) in &phone.plans {
                phone.calls.insert(id.clone(), Call::new(plan.clone()));
                let at = Time::from_millis(plan.starts_ms);
                phone.alarms.insert((at, id.clone(), Alarm::Start));
            }
        }
        phone
    }

    pub(crate) fn next_deadline(&self) -> Option<Time> {
        let alarm = self.alarms.first().map(|(time, ..)| *time);
        let timer = self.layer.poll_timeout().map(|(time, _)| time);
        alarm.into_iter().chain(timer).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Time, out: &mut Outputs) {
        let mut told = Vec::new();
        self.layer.handle_timeout(now, &mut told);
        self.hear(now, told, out);
        while self.alarms.first().is_some_and(|(time, ..)| *time <= now) {
            let (_, id, alarm) = self.alarms.pop_first().expect("there is one");
            self.ring(now, &id, alarm, out);
        }
    }

    pub(crate) fn receive(&mut self, now: Time, flow: Flow, bytes: &Bytes, out: &mut Outputs) {
        let message = parse_datagram(bytes.clone(), &Limits::default()).expect("it is one of ours");
        self.give(now, Input::Received { flow, message }, out);
    }

    fn give(&mut self, now: Time, input: Input<Mark>, out: &mut Outputs) {
        let mut told = Vec::new();
        self.layer.handle(now, input, &mut told);
        self.hear(now, told, out);
    }

    /// Acts on what the layer says; what that makes the layer say comes after it.
    fn hear(&mut self, now: Time, told: Outputs, out: &mut Outputs) {
        let mut waiting: VecDeque<Output<Mark>> = told.into();
        while let Some(output) = waiting.pop_front() {
            out.push(output.clone());
            let mut answers = Vec::new();
            match output {
                Output::Request { key, request, .. } => self.asked(now, key, request, &mut answers),
                Output::Ack { request, .. } => self.acknowledged(now, &request),
                Output::Cancelled { key, .. } => self.cancelled(now, key, &mut answers),
                Output::Started { user, key } if user.what == What::Invite => {
                    self.call(&user.call).client = Some(key);
                }
                Output::Response { user, response, .. } if response.is_final() => {
                    self.answered(now, &user, &response, &mut answers);
                }
                Output::Failed { user, .. } => self.call(&user.call).ending = Some(Ending::Failed),
                _ => {}
            }
            waiting.extend(answers);
        }
    }

    fn call(&mut self, id: &str) -> &mut Call {
        self.calls.get_mut(id).expect("a call that was begun here")
    }

    fn set(&mut self, now: Time, ms: u64, id: &str, alarm: Alarm) {
        self.alarms
            .insert((now + Duration::from_millis(ms), id.to_owned(), alarm));
    }

    fn ring(&mut self, now: Time, id: &str, alarm: Alarm, out: &mut Outputs) {
        match alarm {
            Alarm::Start => self.start(now, id, out),
            Alarm::Decide => self.decide(now, id, out),
            Alarm::Cancel => {
                let call = self.call(id);
                if let (Some(key), None) = (call.client, call.final_status) {
                    call.cancel_wanted = true;
                    self.give(now, Input::Cancel { key }, out);
                }
            }
            Alarm::Reinvite => self.in_dialog(now, id, Method::Invite, What::Reinvite, out),
            Alarm::HangUp => self.hang_up(now, id, out),
            Alarm::Repeat => self.repeat(now, id, out),
        }
    }

    fn contact(&self) -> String {
        format!("<sip:phone@{}>", self.flow.local)
    }

    fn start(&mut self, now: Time, id: &str, out: &mut Outputs) {
        let kind = self.call(id).plan.kind.clone();
        let (method, what) = match kind {
            Kind::Options => (Method::Options, What::Options),
            _ => (Method::Invite, What::Invite),
        };
        let uri = format!("sip:phone@{}", self.flow.remote);
        let mut request = Request::new(method, uri.parse().unwrap());
        let number = format!("1 {}", request.method);
        let headers = &mut request.headers;
        headers.push(
            HeaderName::From,
            format!("<sip:phone@{}>;tag=from-{id}", self.flow.local),
        );
        headers.push(HeaderName::To, format!("<{uri}>"));
        headers.push(HeaderName::CallId, id);
        headers.push(HeaderName::CSeq, number);
        headers.push(HeaderName::Contact, self.contact());
        self.call(id).sent = Some(request.clone());
        if let Kind::Cancelled { cancelled_ms, .. } = kind {
            self.set(now, cancelled_ms, id, Alarm::Cancel);
        }
        self.send(now, id, what, request, out);
    }

    fn send(&mut self, now: Time, id: &str, what: What, request: Request, out: &mut Outputs) {
        let user = Mark {
            call: id.to_owned(),
            what,
        };
        let flow = self.flow;
        let input = Input::Send {
            user,
            flow,
            request,
        };
        self.give(now, input, out);
    }

    fn in_dialog(&mut self, now: Time, id: &str, method: Method, what: What, out: &mut Outputs) {
        let contact = self.contact();
        let call = self.call(id);
        if call.ending.is_some() {
            return;
        }
        let dialog = call.dialog.as_mut().expect("an answered call has a dialog");
        let mut request = dialog.request(method);
        request.headers.push(HeaderName::Contact, contact);
        self.send(now, id, what, request, out);
    }

    fn hang_up(&mut self, now: Time, id: &str, out: &mut Outputs) {
        let side = self.side;
        let call = self.call(id);
        call.note(match side {
            Side::Caller => "hung up by the caller",
            Side::Callee => "hung up by the callee",
        });
        self.in_dialog(now, id, Method::Bye, What::Bye, out);
    }

    /// The call has begun for this side: what it has to do comes later.
    fn talk(&mut self, now: Time, id: &str) {
        let side = self.side;
        if let Kind::Answered {
            reinvited_by,
            talks_ms,
            ended_by,
            ..
        } = self.call(id).plan.kind
        {
            if reinvited_by == Some(side) {
                self.set(now, talks_ms / 2, id, Alarm::Reinvite);
            }
            if ended_by == side {
                self.set(now, talks_ms, id, Alarm::HangUp);
            }
        }
    }

    fn answered(&mut self, now: Time, user: &Mark, response: &Response, out: &mut Outputs) {
        let id = &user.call;
        let is_success = response.is_success();
        if is_success && matches!(user.what, What::Invite | What::Reinvite) {
            return self.answered_2xx(now, user, response, out);
        }
        let call = self.call(id);
        match user.what {
            What::Invite => {
                call.final_status = Some(response.status.code());
                call.ending = Some(Ending::Answered);
                if response.status == StatusCode::REQUEST_TERMINATED {
                    call.note("cancelled");
                }
            }
            What::Options => {
                call.final_status = Some(response.status.code());
                call.ending = Some(Ending::Answered);
                call.note("options answered");
            }
            What::Bye => call.ending = Some(Ending::HungUp),
            What::Reinvite => {}
        }
    }

    fn answered_2xx(&mut self, now: Time, user: &Mark, response: &Response, out: &mut Outputs) {
        let id = &user.call;
        let call = self.call(id);
        let is_first = user.what == What::Invite && call.dialog.is_none();
        if is_first {
            let sent = call.sent.as_ref().expect("an INVITE was sent");
            call.dialog = Some(Dialog::from_response(sent, response).unwrap());
            call.final_status = Some(response.status.code());
            call.note("answered");
        }
        if user.what == What::Reinvite {
            call.note("re-INVITE answered");
        }
        let dialog = call.dialog.as_mut().expect("just made, or made before");
        dialog.refresh(response);
        let request = dialog.ack(response.headers.cseq().unwrap().number);
        let flow = self.flow;
        self.give(now, Input::SendAck { flow, request }, out);
        if !is_first {
            return;
        }
        if self.call(id).cancel_wanted {
            self.call(id).note("cancel crossed the 2xx");
        }
        match self.call(id).plan.kind {
            // RFC 3261 §15: too late to cancel, so the call that came of it is ended.
            Kind::Cancelled { .. } => self.hang_up(now, id, out),
            _ => self.talk(now, id),
        }
    }

    fn asked(&mut self, now: Time, key: ServerKey, request: Request, out: &mut Outputs) {
        let id = request.headers.call_id().unwrap().to_owned();
        if request.is_in_dialog() {
            return self.asked_in_dialog(now, &id, key, request, out);
        }
        let plan = self.plans[&id].clone();
        let mut call = Call::new(plan.clone());
        if request.method == Method::Options {
            call.ending = Some(Ending::Answered);
            call.final_status = Some(200);
            self.calls.insert(id, call);
            return self.respond(now, key, &request, StatusCode::OK, out);
        }
        call.dialog = Some(Dialog::from_invite(&request, &format!("to-{id}")).unwrap());
        call.server = Some(key);
        call.received = Some(request.clone());
        self.calls.insert(id.clone(), call);
        self.respond(now, key, &request, StatusCode::RINGING, out);
        self.set(now, plan.rings_ms(), &id, Alarm::Decide);
    }

    fn asked_in_dialog(
        &mut self,
        now: Time,
        id: &str,
        key: ServerKey,
        request: Request,
        out: &mut Outputs,
    ) {
        // A caller who never got the 2xx knows no dialog when the callee gives up on his ACK.
        let accepted = self.calls.get_mut(id).and_then(|call| {
            let dialog = call.dialog.as_mut()?;
            assert!(dialog.matches(&request));
            Some(dialog.accept(&request))
        });
        match accepted {
            None => return self.respond(now, key, &request, StatusCode::CALL_DOES_NOT_EXIST, out),
            Some(Err(_)) => {
                let status = StatusCode::SERVER_INTERNAL_ERROR;
                return self.respond(now, key, &request, status, out);
            }
            Some(Ok(())) => {}
        }
        let call = self.call(id);
        match request.method {
            // A 2xx that waits for its ACK is repeated all the same: its sender may not have it yet.
            Method::Bye => {
                call.ending = Some(Ending::HungUp);
                self.respond(now, key, &request, StatusCode::OK, out);
            }
            _ if call.ending.is_some() => {
                self.respond(now, key, &request, StatusCode::CALL_DOES_NOT_EXIST, out);
            }
            _ if call.repeats.is_some() => {
                self.respond(now, key, &request, StatusCode::REQUEST_PENDING, out);
            }
            _ => {
                call.server = Some(key);
                call.received = Some(request);
                self.accept(now, id, out);
            }
        }
    }

    fn respond(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        status: StatusCode,
        out: &mut Outputs,
    ) {
        let id = request.headers.call_id().unwrap();
        let mut response = request.response_with_tag(status, &format!("to-{id}"));
        response.headers.push(HeaderName::Contact, self.contact());
        self.give(now, Input::Respond { key, response }, out);
    }

    fn decide(&mut self, now: Time, id: &str, out: &mut Outputs) {
        let call = self.call(id);
        let (None, Some(key), Some(request)) =
            (call.final_status, call.server, call.received.clone())
        else {
            return;
        };
        if let Kind::Refused { .. } = call.plan.kind {
            call.final_status = Some(486);
            call.ending = Some(Ending::Answered);
            call.note("refused");
            return self.respond(now, key, &request, StatusCode::BUSY_HERE, out);
        }
        call.final_status = Some(200);
        self.accept(now, id, out);
    }

    /// 200 to the INVITE or re-INVITE at hand, again and again until its ACK comes.
    fn accept(&mut self, now: Time, id: &str, out: &mut Outputs) {
        let call = self.call(id);
        let (Some(key), Some(request)) = (call.server, call.received.clone()) else {
            panic!("nothing to accept in {call:?}");
        };
        let repeats = Repeats::of_success(now, &Timers::default());
        call.repeats = Some(repeats);
        self.alarms
            .insert((repeats.deadline().0, id.to_owned(), Alarm::Repeat));
        self.respond(now, key, &request, StatusCode::OK, out);
    }

    fn repeat(&mut self, now: Time, id: &str, out: &mut Outputs) {
        let call = self.call(id);
        let (Some(repeats), Some(key)) = (&mut call.repeats, call.server) else {
            return;
        };
        match repeats.step(now) {
            Some(Due::Again) => {
                let next = repeats.deadline().0;
                call.note("2xx repeated");
                self.alarms.insert((next, id.to_owned(), Alarm::Repeat));
                self.give(now, Input::Repeat { key }, out);
            }
            // RFC 3261 §13.3.1.4: no ACK, so the session is ended.
            Some(Due::End) => {
                call.repeats = None;
                self.hang_up(now, id, out);
            }
            // The alarm was an earlier 2xx's.
            None => {}
        }
    }

    fn acknowledged(&mut self, now: Time, ack: &Request) {
        let id = ack.headers.call_id().unwrap();
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let of = |request: &Request| request.headers.cseq().unwrap().number;
        let is_awaited = call
            .received
            .as_ref()
            .is_some_and(|invite| of(invite) == of(ack));
        if !is_awaited || call.repeats.take().is_none() {
            return;
        }
        let is_first = call
            .received
            .as_ref()
            .is_some_and(|invite| !invite.is_in_dialog());
        if is_first {
            let id = id.to_owned();
            self.talk(now, &id);
        }
    }

    fn cancelled(&mut self, now: Time, key: ServerKey, out: &mut Outputs) {
        let ringing = self
            .calls
            .values_mut()
            .find(|call| call.server == Some(key));
        let call = ringing.expect("a CANCEL finds the call it was told for");
        assert_eq!(call.final_status, None, "told after the final response");
        call.final_status = Some(487);
        call.ending = Some(Ending::Answered);
        let request = call.received.clone().expect("it was received");
        self.respond(now, key, &request, StatusCode::REQUEST_TERMINATED, out);
    }
}
