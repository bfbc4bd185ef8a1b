//! A telephone in virtual time: enough of a user agent to call, ring, answer, hold and hang up over a network
//! that loses messages, with the transaction machines of `sip-core` underneath.

mod keys;
mod reliable;
mod told;

pub(crate) use keys::{KeysBy, PhoneKeys};
pub(crate) use reliable::Rings;
pub(crate) use told::Told;

use base::{Core, ShardId, Time};
use bytes::Bytes;
use sip_core::dialog::Dialog;
use sip_core::digest::{Challenge, Credentials, Ha1};
use sip_core::transaction::{
    ClientKey, Due, Input, Output, Repeats, ServerKey, Timers, Transactions,
};
use sip_core::{
    CSeq, Flow, Format, HeaderName, Headers, Limits, Method, NameAddr, Negotiation, Request,
    Response, StatusCode, Transport, Uri,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// What a phone does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Rings, and answers after this time.
    Answers(Duration),
    /// Rings for ever.
    Rings,
    /// Refuses at once.
    Refuses(StatusCode),
    /// Says nothing at all.
    Dead,
    /// Refuses each time, for a session that stands a second longer.
    WantsLonger,
}

/// What a phone did and saw, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Invited,
    Ringing,
    Progress,
    Answered,
    Refused(u16),
    Cancelled,
    HungUpOn,
    /// A BYE that no dialog of the phone's belongs to (any more).
    StrayBye,
    Reinvited(u16),
    /// What came back to an INFO.
    Informed(u16),
    /// The response to a REFER.
    Referred(u16),
    /// A NOTIFY with that status in its sipfrag.
    Notified(u16),
    Updated(u16),
    /// Its own provisional response was acknowledged.
    Pracked,
    /// It was told to answer, and did.
    ToldToAnswer,
    /// The server refreshed or changed the session.
    Asked(Method),
}

#[derive(Debug)]
enum Side {
    Idle,
    Calling {
        key: Option<ClientKey>,
        cancel: bool,
        /// The other's tag, once he rings.
        tag: Option<String>,
    },
    Called {
        key: ServerKey,
        request: Box<Request>,
        answer_at: Option<Time>,
    },
    Up {
        dialog: Dialog,
        unacknowledged: Option<(ServerKey, Repeats)>,
        hang_up: bool,
    },
    Reinviting {
        dialog: Dialog,
    },
}

/// Credentials that a provider demands.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) realm: String,
    pub(crate) ha1: Ha1,
    /// As a proxy would: 407.
    pub(crate) as_proxy: bool,
}

impl Demand {
    /// The challenge to a request without the right credentials.
    fn challenge(&self, request: &Request, nonce: usize) -> Option<Response> {
        let (status, asks, answers) = match self.as_proxy {
            true => (
                StatusCode::PROXY_AUTHENTICATION_REQUIRED,
                HeaderName::ProxyAuthenticate,
                HeaderName::ProxyAuthorization,
            ),
            false => (
                StatusCode::UNAUTHORIZED,
                HeaderName::WwwAuthenticate,
                HeaderName::Authorization,
            ),
        };
        let proves = |credentials: &Credentials<'_>| credentials.verify(&request.method, &self.ha1);
        if request.headers.credentials(&answers).iter().any(proves) {
            return None;
        }
        let challenge = Challenge::new(&self.realm, &nonce.to_string(), self.ha1.algorithm());
        let mut response = request.response_with_tag(status, "phone");
        response.headers.push(asks, challenge.to_string());
        Some(response)
    }
}

/// A phone with one line.
pub(crate) struct Phone {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) habit: Habit,
    pub(crate) seen: Vec<Seen>,
    /// Its preference among the phones of its name, in thousandths.
    pub(crate) q: u16,
    /// What the Reason of the last CANCEL said.
    pub(crate) reason: Option<String>,
    /// What it says itself of why it ends a call.
    pub(crate) gives_reason: Option<&'static str>,
    /// Where it says to call instead, if it refuses with 3xx.
    pub(crate) moved_to: Vec<String>,
    /// The name that its Contact gives, and where its REGISTER seemed to come from.
    pub(crate) home: Option<(&'static str, SocketAddr)>,
    /// Requests that came, ACK and CANCEL left out.
    pub(crate) requests: Vec<Request>,
    /// What it demands of whoever sends it a request.
    pub(crate) demands: Option<Demand>,
    /// How long it wants a session to stand at least, in seconds.
    pub(crate) min_se: Option<u32>,
    server: SocketAddr,
    transactions: Transactions<Method>,
    side: Side,
    negotiation: Negotiation,
    offers_in_ack: bool,
    calls_made: u32,
    /// What it writes beside the rest in its INVITE, re-INVITE, UPDATE, and in its 2xx to the server's.
    pub(crate) extra: Vec<(HeaderName, &'static str)>,
    /// What it answers to the server's re-INVITE and UPDATE, in turn; 200 when none is left.
    pub(crate) rings: Rings,
    reliable: reliable::Reliable,
    pub(crate) verdicts: VecDeque<(StatusCode, Vec<(HeaderName, &'static str)>)>,
    pub(crate) lamp: crate::lamps::LampKey,
    pub(crate) texts: crate::texts::Texts,
    pub(crate) keys: PhoneKeys,
    /// What it does when it is told to answer.
    pub(crate) told: Told,
}

impl Phone {
    pub(crate) fn new(name: &str, address: SocketAddr, server: SocketAddr, seed: u8) -> Phone {
        Phone {
            name: name.to_owned(),
            address,
            habit: Habit::Rings,
            seen: Vec::new(),
            q: 1_000,
            reason: None,
            gives_reason: None,
            moved_to: Vec::new(),
            home: None,
            requests: Vec::new(),
            demands: None,
            min_se: None,
            server,
            transactions: Transactions::new(ShardId(0), [seed; 32]),
            side: Side::Idle,
            negotiation: negotiation(address),
            offers_in_ack: false,
            calls_made: 0,
            extra: Vec::new(),
            rings: Rings::default(),
            reliable: reliable::Reliable::default(),
            verdicts: VecDeque::new(),
            lamp: crate::lamps::LampKey::default(),
            texts: crate::texts::Texts::default(),
            keys: PhoneKeys::default(),
            told: Told::default(),
        }
    }

    /// Calls without an offer: the answer goes out in the ACK.
    pub(crate) fn without_offer(mut self) -> Phone {
        self.offers_in_ack = true;
        self
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.side, Side::Idle)
    }

    pub(crate) fn talks(&self) -> bool {
        matches!(self.side, Side::Up { .. } | Side::Reinviting { .. })
    }

    /// Whether it may ask something of the server within its call.
    pub(crate) fn is_up_and_quiet(&self) -> bool {
        let up = matches!(
            self.side,
            Side::Up {
                unacknowledged: None,
                hang_up: false,
                ..
            }
        );
        up && !self.negotiation.is_offering()
    }

    pub(crate) fn flow(&self) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: self.address,
            remote: self.server,
            connection: 0,
        }
    }

    /// Dials a number.
    pub(crate) fn call(&mut self, now: Time, dialled: &str, out: &mut Vec<Bytes>) {
        self.call_with(now, dialled, &[], out);
    }

    /// Dials a number; `more` are further headers.
    pub(crate) fn call_with(
        &mut self,
        now: Time,
        dialled: &str,
        more: &[(HeaderName, &str)],
        out: &mut Vec<Bytes>,
    ) {
        self.calls_made += 1;
        self.calls_anew();
        self.negotiation = negotiation(self.address);
        let mut request = Request::new(
            Method::Invite,
            format!("sip:{dialled}@{}", self.server).parse().unwrap(),
        );
        let us: Uri = format!("sip:{}@{}", self.name, self.server)
            .parse()
            .unwrap();
        let headers = &mut request.headers;
        headers.push(HeaderName::From, NameAddr::new(us).with_tag("phone"));
        headers.push(HeaderName::To, NameAddr::new(request.uri.clone()));
        headers.push(
            HeaderName::CallId,
            format!("{}-{}", self.name, self.calls_made),
        );
        headers.push(
            HeaderName::CSeq,
            CSeq {
                number: 1,
                method: Method::Invite,
            },
        );
        headers.push(
            HeaderName::Contact,
            format!("<sip:{}@{}>", self.name, self.address),
        );
        for (name, value) in more {
            headers.push(name.clone(), (*value).to_owned());
        }
        if !self.offers_in_ack {
            let sdp = self.negotiation.offer(sip_core::Direction::SendRecv);
            request.set_body("application/sdp", self.says(&sdp));
        }
        self.describe(&mut request.headers);
        self.side = Side::Calling {
            key: None,
            cancel: false,
            tag: None,
        };
        self.send(now, Method::Invite, request, out);
    }

    /// A description as it goes out.
    fn says(&self, sdp: &[u8]) -> Bytes {
        if self.keys.by == KeysBy::Events {
            return Bytes::copy_from_slice(sdp);
        }
        let text = std::str::from_utf8(sdp).unwrap();
        let lines = text.lines().filter(|line| !line.contains(":101 "));
        let lines = lines.map(|line| format!("{}\r\n", line.trim_end_matches(" 101")));
        lines.collect::<String>().into()
    }

    fn describe(&self, headers: &mut Headers) {
        for (name, value) in &self.extra {
            headers.push(name.clone(), *value);
        }
    }

    /// UPDATE, with an offer or without.
    pub(crate) fn update(
        &mut self,
        now: Time,
        offer: Option<sip_core::Direction>,
        out: &mut Vec<Bytes>,
    ) {
        let Side::Up { dialog, .. } = &mut self.side else {
            panic!("{} is in no call", self.name);
        };
        let mut request = dialog.request(Method::Update);
        request.headers.push(
            HeaderName::Contact,
            format!("<sip:{}@{}>", self.name, self.address),
        );
        self.describe(&mut request.headers);
        if let Some(direction) = offer {
            request.set_body("application/sdp", self.negotiation.offer(direction));
        }
        self.send(now, Method::Update, request, out);
    }

    /// Holds or resumes with a re-INVITE.
    pub(crate) fn reinvite(
        &mut self,
        now: Time,
        direction: sip_core::Direction,
        out: &mut Vec<Bytes>,
    ) {
        let Side::Up { dialog, .. } = &mut self.side else {
            panic!("{} is in no call", self.name);
        };
        let mut request = dialog.request(Method::Invite);
        request.headers.push(
            HeaderName::Contact,
            format!("<sip:{}@{}>", self.name, self.address),
        );
        let dialog = dialog.clone();
        self.describe(&mut request.headers);
        request.set_body("application/sdp", self.negotiation.offer(direction));
        self.side = Side::Reinviting { dialog };
        self.send(now, Method::Invite, request, out);
    }

    /// How the phone names its dialog to others, as they have to name it to the server: the server's tag first.
    pub(crate) fn replaces(&self) -> String {
        let (call_id, to_tag, from_tag) = match &self.side {
            Side::Up { dialog, .. } | Side::Reinviting { dialog } => {
                let (ours, theirs) = (&dialog.local_tag, &dialog.remote_tag);
                (&*dialog.call_id, &**theirs, &**ours)
            }
            Side::Called { request, .. } => {
                let from = request.headers.from().unwrap();
                let call_id = request.headers.call_id().unwrap();
                return format!("{call_id};to-tag={};from-tag=phone", from.tag().unwrap());
            }
            Side::Calling { tag, .. } => {
                let tag = tag.as_ref().expect("the other rings");
                let call_id = format!("{}-{}", self.name, self.calls_made);
                return format!("{call_id};to-tag={tag};from-tag=phone");
            }
            Side::Idle => panic!("{} is in no call", self.name),
        };
        format!("{call_id};to-tag={to_tag};from-tag={from_tag}")
    }

    /// The next Call-ID is as if so many calls more had been made.
    pub(crate) fn skip_call_ids(&mut self, count: u32) {
        self.calls_made += count;
    }

    /// Whether it talks, and no request of its own is under way.
    pub(crate) fn may_refer(&self) -> bool {
        matches!(
            self.side,
            Side::Up {
                unacknowledged: None,
                ..
            }
        )
    }

    /// Sends the other party elsewhere; `more` are further headers.
    pub(crate) fn refer(
        &mut self,
        now: Time,
        refer_to: &str,
        more: &[(HeaderName, &str)],
        out: &mut Vec<Bytes>,
    ) {
        let Side::Up { dialog, .. } = &mut self.side else {
            panic!("{} is in no call", self.name);
        };
        let mut request = dialog.request(Method::Refer);
        request
            .headers
            .push(HeaderName::ReferTo, refer_to.to_owned());
        request.headers.push(
            HeaderName::Contact,
            format!("<sip:{}@{}>", self.name, self.address),
        );
        for (name, value) in more {
            request.headers.push(name.clone(), (*value).to_owned());
        }
        self.send(now, Method::Refer, request, out);
    }

    /// Sends an INFO within the dialog.
    pub(crate) fn info(&mut self, now: Time, kind: &str, body: &'static str, out: &mut Vec<Bytes>) {
        let Side::Up { dialog, .. } = &mut self.side else {
            panic!("{} is in no call", self.name);
        };
        let mut request = dialog.request(Method::Info);
        request.set_body(kind, Bytes::from_static(body.as_bytes()));
        self.send(now, Method::Info, request, out);
    }

    /// Puts the receiver down, whatever is going on.
    pub(crate) fn hang_up(&mut self, now: Time, out: &mut Vec<Bytes>) {
        match &mut self.side {
            Side::Idle => {}
            Side::Calling { key, cancel, .. } => {
                *cancel = true;
                let key = key.expect("the INVITE has been sent");
                let cancel = match self.gives_reason {
                    Some(reason) => Input::CancelFor {
                        key,
                        reason: reason.into(),
                    },
                    None => Input::Cancel { key },
                };
                self.step(now, cancel, out);
            }
            Side::Called { key, request, .. } => {
                let mut response = request.response_with_tag(StatusCode::BUSY_HERE, "phone");
                if let Some(reason) = self.gives_reason {
                    response.headers.push(HeaderName::Reason, reason);
                }
                let key = *key;
                self.side = Side::Idle;
                self.rings_no_more();
                self.step(now, Input::Respond { key, response }, out);
            }
            Side::Up {
                unacknowledged: Some(_),
                hang_up,
                ..
            } => *hang_up = true,
            Side::Up { dialog, .. } | Side::Reinviting { dialog } => {
                let mut request = dialog.request(Method::Bye);
                if let Some(reason) = self.gives_reason {
                    request.headers.push(HeaderName::Reason, reason);
                }
                self.side = Side::Idle;
                self.send(now, Method::Bye, request, out);
            }
        }
    }

    pub(crate) fn receive(&mut self, now: Time, bytes: Bytes, out: &mut Vec<Bytes>) {
        if self.habit == Habit::Dead {
            return;
        }
        let message =
            sip_core::parse_datagram(bytes, &Limits::default()).expect("the server sends SIP");
        let flow = self.flow();
        self.step(now, Input::Received { flow, message }, out);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        let own = match &self.side {
            Side::Called { answer_at, .. } => {
                self.prack_deadline().into_iter().chain(*answer_at).min()
            }
            Side::Up {
                unacknowledged: Some((_, repeats)),
                ..
            } => Some(repeats.deadline().0),
            _ => None,
        };
        let transactions = self.transactions.poll_timeout().map(|(at, _)| at);
        own.into_iter().chain(transactions).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Time, out: &mut Vec<Bytes>) {
        let mut steps = Vec::new();
        self.transactions.handle_timeout(now, &mut steps);
        self.took(now, steps, out);
        if let Side::Called {
            answer_at: Some(at),
            ..
        } = &self.side
            && *at <= now
        {
            self.answer(now, out);
        }
        self.ring_again(now, out);
        if let Side::Up { unacknowledged, .. } = &mut self.side
            && let Some((key, repeats)) = unacknowledged
        {
            let key = *key;
            match repeats.step(now) {
                Some(Due::Again) => self.step(now, Input::Repeat { key }, out),
                Some(Due::End) => *unacknowledged = None,
                None => {}
            }
        }
    }

    fn answer(&mut self, now: Time, out: &mut Vec<Bytes>) {
        if self.waits_for_prack(now) {
            return;
        }
        let Side::Called { key, request, .. } = &self.side else {
            return;
        };
        let key = *key;
        let mut response = request.response_with_tag(StatusCode::OK, "phone");
        let dialog = Dialog::from_invite(request, "phone").unwrap();
        response.headers.push(
            HeaderName::Contact,
            format!("<sip:{}@{}>", self.name, self.address),
        );
        if self.rings == Rings::Plainly {
            self.negotiation = negotiation(self.address);
            self.negotiation
                .answer_to(&request.body, sip_core::Direction::SendRecv)
                .expect("the server offers what phones have");
        }
        let sdp = self.says(self.negotiation.local().expect("an answer"));
        response.set_body("application/sdp", sdp);
        self.describe(&mut response.headers);
        self.seen.push(Seen::Answered);
        let repeats = Repeats::of_success(now, &Timers::default());
        self.side = Side::Up {
            dialog,
            unacknowledged: Some((key, repeats)),
            hang_up: false,
        };
        self.step(now, Input::Respond { key, response }, out);
    }

    pub(crate) fn send(&mut self, now: Time, user: Method, request: Request, out: &mut Vec<Bytes>) {
        let flow = self.flow();
        self.step(
            now,
            Input::Send {
                user,
                flow,
                request,
            },
            out,
        );
    }

    fn step(&mut self, now: Time, input: Input<Method>, out: &mut Vec<Bytes>) {
        let mut steps = Vec::new();
        self.transactions.handle(now, input, &mut steps);
        self.took(now, steps, out);
    }

    fn took(&mut self, now: Time, steps: Vec<Output<Method>>, out: &mut Vec<Bytes>) {
        for step in steps {
            match step {
                Output::Transmit { bytes, .. } => out.push(bytes),
                Output::Request { key, request, .. } => self.requested(now, key, request, out),
                Output::Ack { .. } => self.acknowledged(now, out),
                Output::Cancelled { key, reason } => {
                    self.reason = reason.map(String::from);
                    self.cancelled(now, key, out);
                }
                Output::Started {
                    user: Method::Invite,
                    key: started,
                } => {
                    if let Side::Calling { key, .. } = &mut self.side {
                        *key = Some(started);
                    }
                }
                Output::Response {
                    user: Method::Invite,
                    response,
                    ..
                } => {
                    self.invite_answered(now, &response, out);
                }
                Output::Response {
                    user: Method::Refer,
                    response,
                    ..
                } => self.seen.push(Seen::Referred(response.status.code())),
                Output::Response {
                    user: Method::Update,
                    response,
                    ..
                } if response.is_final() => self.update_answered(&response),
                Output::Response {
                    user: Method::Info,
                    response,
                    ..
                } => self.seen.push(Seen::Informed(response.status.code())),
                Output::Response {
                    user: Method::Message,
                    response,
                    ..
                } => self.texts.answers.push(response.status.code()),
                Output::Response {
                    user: Method::Subscribe,
                    response,
                    ..
                } => self.lamp.subscribed(&response, dialog_of),
                Output::Failed {
                    user: Method::Invite,
                    ..
                } => self.side = Side::Idle,
                _ => {}
            }
        }
    }

    /// 422 to a request for a session that stands too short a time (RFC 4028 §9).
    fn too_brief(&self, request: &Request) -> Option<Response> {
        let least = self.min_se?;
        let asked = request.headers.session_expires().unwrap()?;
        let least = match self.habit {
            Habit::WantsLonger => asked.interval_s + 1,
            _ => least,
        };
        let mut response = request.response_with_tag(StatusCode::new(422).unwrap(), "phone");
        response.headers.push(HeaderName::MinSe, least);
        (asked.interval_s < least).then_some(response)
    }

    fn requested(&mut self, now: Time, key: ServerKey, request: Request, out: &mut Vec<Bytes>) {
        self.requests.push(request.clone());
        let nonce = self.requests.len();
        let demanded = self.demands.as_ref();
        if let Some(response) = demanded.and_then(|demand| demand.challenge(&request, nonce)) {
            return self.step(now, Input::Respond { key, response }, out);
        }
        let say = |status| request.response_with_tag(status, "phone");
        if let Some(response) = self.too_brief(&request) {
            return self.step(now, Input::Respond { key, response }, out);
        }
        let respond = |response| Input::Respond { key, response };
        match (&request.method, &self.side, self.habit) {
            (Method::Invite | Method::Update, Side::Idle, _) if request.is_in_dialog() => {
                // It crossed a BYE.
                let response = say(StatusCode::CALL_DOES_NOT_EXIST);
                self.step(now, respond(response), out);
            }
            (Method::Invite, Side::Idle, Habit::Refuses(status)) => {
                self.seen.push(Seen::Invited);
                let mut response = say(status);
                for contact in &self.moved_to {
                    response.headers.push(HeaderName::Contact, &**contact);
                }
                if let Some(reason) = self.gives_reason {
                    response.headers.push(HeaderName::Reason, reason);
                }
                self.step(now, respond(response), out);
            }
            (Method::Invite, Side::Idle, habit) => {
                self.seen.push(Seen::Invited);
                let answer_at = match habit {
                    Habit::Answers(after) => Some(now + after),
                    _ => None,
                };
                self.side = Side::Called {
                    key,
                    request: Box::new(request.clone()),
                    answer_at,
                };
                self.ring(now, key, &request, out);
            }
            (Method::Prack, _, _) => self.pracked(now, key, &request, out),
            (Method::Invite | Method::Update, Side::Up { dialog, .. }, _)
                if dialog.matches(&request) =>
            {
                self.asked(now, key, &request, out);
            }
            (Method::Update, Side::Reinviting { dialog }, _)
                if dialog.matches(&request) && request.body.is_empty() =>
            {
                self.asked(now, key, &request, out);
            }
            (Method::Invite | Method::Update, Side::Reinviting { dialog }, _)
                if dialog.matches(&request) =>
            {
                self.seen.push(Seen::Asked(request.method.clone()));
                let response = say(StatusCode::REQUEST_PENDING);
                self.step(now, respond(response), out);
            }
            (Method::Invite, _, _) => {
                let response = say(StatusCode::BUSY_HERE);
                self.step(now, respond(response), out);
            }
            (Method::Bye, Side::Up { dialog, .. } | Side::Reinviting { dialog }, _)
                if dialog.matches(&request) =>
            {
                let reason = request.headers.text(&HeaderName::Reason);
                self.reason = reason.map(str::to_owned);
                self.seen.push(Seen::HungUpOn);
                self.side = Side::Idle;
                let response = say(StatusCode::OK);
                self.step(now, respond(response), out);
            }
            (Method::Notify, _, _) if Phone::is_told_to_answer(&request) => {
                self.told_to_answer(now, key, &request, out);
            }
            (Method::Notify, Side::Up { dialog, .. } | Side::Reinviting { dialog }, _)
                if dialog.matches(&request) && dialog.clone().accept(&request).is_ok() =>
            {
                let body = String::from_utf8(request.body.to_vec()).unwrap();
                let status = body.split(' ').nth(1).unwrap().parse().unwrap();
                self.seen.push(Seen::Notified(status));
                let response = say(StatusCode::OK);
                if let Side::Up { dialog, .. } | Side::Reinviting { dialog } = &mut self.side {
                    dialog.accept(&request).unwrap();
                }
                self.step(now, respond(response), out);
            }
            (Method::Notify, _, _) if self.lamp.is_mine(&request) => {
                let response = say(self.lamp.notified(&request));
                self.step(now, respond(response), out);
            }
            (Method::Notify, _, _) => {
                let response = say(StatusCode::CALL_DOES_NOT_EXIST);
                self.step(now, respond(response), out);
            }
            (Method::Info, Side::Up { .. }, _) => {
                let response = say(self.told_a_key(&request));
                self.step(now, respond(response), out);
            }
            (Method::Message, _, _) => {
                let response = say(self.texts.received(&request));
                self.step(now, respond(response), out);
            }
            (Method::Bye, _, _) => {
                self.seen.push(Seen::StrayBye);
                let response = say(StatusCode::CALL_DOES_NOT_EXIST);
                self.step(now, respond(response), out);
            }
            _ => {
                let response = say(StatusCode::NOT_IMPLEMENTED);
                self.step(now, respond(response), out);
            }
        }
    }

    /// The server refreshes or changes the session.
    fn asked(&mut self, now: Time, key: ServerKey, request: &Request, out: &mut Vec<Bytes>) {
        self.seen.push(Seen::Asked(request.method.clone()));
        let (status, lines) = self
            .verdicts
            .pop_front()
            .unwrap_or((StatusCode::OK, Vec::new()));
        // An offer of its own is under way.
        let glare = self.negotiation.is_offering() && !request.body.is_empty();
        let status = if glare {
            StatusCode::REQUEST_PENDING
        } else {
            status
        };
        let mut response = request.response_with_tag(status, "phone");
        for (name, value) in lines {
            response.headers.push(name, value);
        }
        if status.is_success() {
            response.headers.push(
                HeaderName::Contact,
                format!("<sip:{}@{}>", self.name, self.address),
            );
            self.describe(&mut response.headers);
            if !request.body.is_empty() {
                let (sdp, _) = self
                    .negotiation
                    .answer_to(&request.body, sip_core::Direction::SendRecv)
                    .expect("the server offers what phones have");
                response.set_body("application/sdp", sdp);
            }
        }
        if let Side::Up { dialog, .. } | Side::Reinviting { dialog } = &mut self.side {
            let in_order = dialog.accept(request);
            in_order.expect("the server counts upward");
        }
        if let Side::Up { unacknowledged, .. } = &mut self.side
            && request.method == Method::Invite
            && status.is_success()
        {
            let repeats = Repeats::of_success(now, &Timers::default());
            *unacknowledged = Some((key, repeats));
        }
        self.step(now, Input::Respond { key, response }, out);
    }

    fn update_answered(&mut self, response: &Response) {
        self.seen.push(Seen::Updated(response.status.code()));
        if response.is_success() && !response.body.is_empty() {
            self.negotiation
                .conclude(&response.body)
                .expect("an answer to our offer");
        } else {
            self.negotiation.cancel_offer();
        }
    }

    fn acknowledged(&mut self, now: Time, out: &mut Vec<Bytes>) {
        if let Side::Up {
            unacknowledged,
            hang_up,
            ..
        } = &mut self.side
        {
            *unacknowledged = None;
            if *hang_up {
                self.hang_up(now, out);
            }
        }
    }

    fn cancelled(&mut self, now: Time, cancelled: ServerKey, out: &mut Vec<Bytes>) {
        let Side::Called { key, request, .. } = &self.side else {
            return;
        };
        if *key == cancelled {
            self.seen.push(Seen::Cancelled);
            let response = request.response_with_tag(StatusCode::REQUEST_TERMINATED, "phone");
            self.reliable = reliable::Reliable::default();
            self.side = Side::Idle;
            self.step(
                now,
                Input::Respond {
                    key: cancelled,
                    response,
                },
                out,
            );
        }
    }

    fn invite_answered(&mut self, now: Time, response: &Response, out: &mut Vec<Bytes>) {
        let flow = self.flow();
        let is_of_newest_call = match &self.side {
            Side::Calling { .. } => {
                response.headers.call_id() == Ok(&*format!("{}-{}", self.name, self.calls_made))
            }
            Side::Up { dialog, .. } | Side::Reinviting { dialog } => {
                response.headers.call_id() == Ok(&*dialog.call_id)
            }
            Side::Idle | Side::Called { .. } => false,
        };
        if !is_of_newest_call {
            return;
        }
        match &mut self.side {
            Side::Calling { cancel, .. } if response.is_success() => {
                let cancel = *cancel;
                let (dialog, counts) = self.confirmed(response);
                let mut request = dialog.ack(1);
                if !counts {
                    // Agreed before the answer.
                } else if self.offers_in_ack {
                    let (sdp, _) = self
                        .negotiation
                        .answer_to(&response.body, sip_core::Direction::SendRecv)
                        .expect("the server offers what phones have");
                    request.set_body("application/sdp", sdp);
                } else {
                    self.negotiation
                        .conclude(&response.body)
                        .expect("an answer to our offer");
                }
                self.seen.push(Seen::Answered);
                self.side = Side::Up {
                    dialog,
                    unacknowledged: None,
                    hang_up: false,
                };
                self.step(now, Input::SendAck { flow, request }, out);
                if cancel {
                    self.hang_up(now, out);
                }
            }
            Side::Calling { .. } if response.is_final() => {
                self.seen.push(Seen::Refused(response.status.code()));
                self.side = Side::Idle;
            }
            Side::Calling { tag, .. } => {
                let to = response.headers.to().unwrap();
                *tag = to.tag().map(str::to_owned).or(tag.take());
                if !self.progressed(now, response, out) {
                    return;
                }
                let seen = match response.status {
                    StatusCode::RINGING => Seen::Ringing,
                    StatusCode::SESSION_PROGRESS => Seen::Progress,
                    _ => return,
                };
                self.seen.push(seen);
            }
            Side::Reinviting { dialog } if response.is_final() => {
                let mut dialog = dialog.clone();
                self.seen.push(Seen::Reinvited(response.status.code()));
                if response.is_success() {
                    dialog.refresh(response);
                    self.negotiation
                        .conclude(&response.body)
                        .expect("an answer to our offer");
                    let request = dialog.ack(dialog.local_cseq);
                    self.step(now, Input::SendAck { flow, request }, out);
                } else {
                    self.negotiation.cancel_offer();
                }
                self.side = Side::Up {
                    dialog,
                    unacknowledged: None,
                    hang_up: false,
                };
            }
            Side::Up { dialog, .. } if response.is_success() => {
                // The ACK was lost.
                let cseq = response.headers.cseq().unwrap().number;
                let request = dialog.ack(cseq);
                self.step(now, Input::SendAck { flow, request }, out);
            }
            // Hung up while the 2xx was under way, or a copy of it.
            _ => {}
        }
    }
}

fn dialog_of(response: &Response) -> Dialog {
    let headers = &response.headers;
    let to = headers.to().unwrap().without_tag();
    let mut request = Request::new(Method::Invite, to.uri.clone());
    request
        .headers
        .push(HeaderName::From, headers.from().unwrap());
    request.headers.push(HeaderName::To, to);
    request.headers.copy_from(headers, &HeaderName::CallId);
    request.headers.copy_from(headers, &HeaderName::CSeq);
    Dialog::from_response(&request, response).unwrap()
}

fn negotiation(address: SocketAddr) -> Negotiation {
    let pcmu = Format {
        payload_type: 0,
        encoding: "PCMU".into(),
        clock_rate: 8_000,
        channels: 1,
        fmtp: None,
    };
    let rtp = SocketAddr::new(address.ip(), address.port() + 10_000);
    Negotiation::new(4711, rtp, vec![pcmu], 101)
}
