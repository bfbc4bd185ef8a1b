//! One call at a phone, from either end: its dialog, its offers and answers, its media. What comes in between is
//! answered as phones do: re-INVITEs with 200, BYE and CANCEL at once.

use super::description::{self, Description};
use super::{Inner, T1};
use crate::random;
use crate::rtp::Media;
use crate::sip::{Msg, address_uri, tag_of};
use crate::sound::Codec;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The other side said BYE.
    Bye,
    /// The other side said CANCEL.
    Cancel,
    /// We said BYE, and it was answered.
    OwnBye,
    /// The INVITE was refused.
    Refused(u16),
}

/// A call.
#[derive(Debug)]
pub struct Call {
    pub(super) phone: Arc<Inner>,
    inbox: Receiver<Msg>,
    pub(super) invite: Msg,
    call_id: String,
    pub(super) local: String,
    remote: String,
    pub(super) target: String,
    routes: Vec<String>,
    cseq: u32,
    pub(super) version: u64,
    pub(super) direction: &'static str,
    pub(super) codecs: Vec<Codec>,
    /// Sound of both directions.
    pub media: Media,
    /// Provisional answers that came, in order.
    pub provisionals: Vec<u16>,
    /// How it ended, once it has.
    pub ended: Option<Ending>,
    /// The last message with a Reason or Retry-After or the like: the final answer, BYE or CANCEL.
    pub last: Option<Msg>,
    /// The other side's last session description.
    pub theirs: Option<Description>,
}

impl Call {
    pub(super) fn place(phone: Arc<Inner>, number: &str) -> Call {
        let uri = if number.contains(':') {
            number.to_owned()
        } else {
            format!("sip:{number}@{}", super::DOMAIN)
        };
        let call_id = random::token();
        let inbox = phone.route(&call_id);
        let media = Media::open(phone.local.ip());
        let codecs = phone.codecs.clone();
        let local = format!(
            "<sip:{}@{}>;tag={}",
            phone.user,
            super::DOMAIN,
            random::token()
        );
        let invite = Msg::request("INVITE", &uri)
            .with("Via", phone.via())
            .with("Max-Forwards", "70")
            .with("From", local.clone())
            .with("To", format!("<{uri}>"))
            .with("Call-ID", call_id.clone())
            .with("CSeq", "1 INVITE")
            .with("Contact", phone.contact())
            .with("Allow", super::ALLOW)
            .with("User-Agent", phone.user_agent.clone())
            .with_body(
                "application/sdp",
                description::write(media.local(), 1, &codecs, ("sendrecv", phone.keys)),
            );
        phone.send(&invite);
        Call {
            inbox,
            call_id,
            local,
            remote: format!("<{uri}>"),
            target: uri,
            routes: Vec::new(),
            cseq: 1,
            version: 1,
            direction: "sendrecv",
            codecs,
            media,
            provisionals: Vec::new(),
            ended: None,
            last: None,
            theirs: None,
            invite,
            phone,
        }
    }

    pub(super) fn offered(phone: Arc<Inner>, invite: Msg) -> Call {
        let call_id = invite.call_id().to_owned();
        let inbox = phone.route(&call_id);
        let media = Media::open(phone.local.ip());
        let tag = random::token();
        let mut call = Call {
            inbox,
            call_id,
            local: format!("{};tag={tag}", invite.header("To").unwrap_or_default()),
            remote: invite.header("From").unwrap_or_default().to_owned(),
            target: invite.contact_uri().unwrap_or_default(),
            routes: invite.all("Record-Route").map(str::to_owned).collect(),
            cseq: 0,
            version: 0,
            direction: "sendrecv",
            codecs: phone.codecs.clone(),
            media,
            provisionals: Vec::new(),
            ended: None,
            last: None,
            theirs: Description::parse(&invite.body_text()),
            invite,
            phone,
        };
        call.aim();
        call
    }

    /// The INVITE that made the call: sent, or received.
    pub fn invite(&self) -> &Msg {
        &self.invite
    }

    /// Waits for the final answer to our INVITE and acknowledges it; its status.
    ///
    /// # Panics
    /// When none comes in `limit`.
    pub fn answered(&mut self, limit: Duration) -> u16 {
        self.try_answered(limit).unwrap_or_else(|| {
            panic!(
                "no final answer to INVITE {} in {limit:?}\n{}",
                self.target,
                self.trace()
            )
        })
    }

    /// The final answer's status, if one comes in `limit`; it is acknowledged.
    pub fn try_answered(&mut self, limit: Duration) -> Option<u16> {
        if let Some(Ending::Refused(status)) = self.ended {
            return Some(status);
        }
        if self.last.as_ref().is_some_and(|last| last.status() == 200) {
            return Some(200);
        }
        let deadline = Instant::now() + limit;
        let mut resend = Instant::now() + T1;
        loop {
            let silent = self.provisionals.is_empty();
            let until = if silent {
                resend.min(deadline)
            } else {
                deadline
            };
            match self.next(until) {
                Some(reply) if !reply.is_request() && reply.method() == "INVITE" => {
                    if let Some(status) = self.final_answer(&reply) {
                        return Some(status);
                    }
                }
                Some(_) => {}
                None if silent && Instant::now() < deadline => {
                    self.phone.send_again(&self.invite);
                    resend = Instant::now() + 2 * T1;
                }
                None => return None,
            }
        }
    }

    pub(super) fn under_way(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.provisionals.is_empty() && self.ended.is_none() && self.last.is_none() {
            let Some(reply) = self.next(deadline) else {
                panic!(
                    "no answer to INVITE {} in {limit:?}\n{}",
                    self.target,
                    self.trace()
                )
            };
            if !reply.is_request() && reply.method() == "INVITE" {
                self.final_answer(&reply);
            }
        }
    }

    /// Waits for 200, or says what came instead.
    ///
    /// # Panics
    /// When the call is not answered in `limit`.
    pub fn expect_answer(&mut self, limit: Duration) {
        let status = self.answered(limit);
        assert_eq!(status, 200, "{} was answered with {status}", self.target);
    }

    /// Waits for a provisional answer of this status.
    ///
    /// # Panics
    /// When it does not come in `limit`.
    pub fn expect_provisional(&mut self, status: u16, limit: Duration) {
        let deadline = Instant::now() + limit;
        while !self.provisionals.contains(&status) {
            let Some(reply) = self.next(deadline) else {
                panic!(
                    "no {status} for {} in {limit:?}\n{}",
                    self.target,
                    self.trace()
                )
            };
            if !reply.is_request() && reply.method() == "INVITE" {
                let ended = self.final_answer(&reply);
                assert_eq!(
                    ended, None,
                    "expected {status} of {}, came a final answer",
                    self.target
                );
            }
        }
    }

    // Status if this ends the INVITE; a challenge is answered and does not.
    fn final_answer(&mut self, reply: &Msg) -> Option<u16> {
        let status = reply.status();
        if reply.cseq() != self.invite.cseq() {
            return None;
        }
        if status < 200 {
            self.provisionals.push(status);
            self.take_description(reply);
            return None;
        }
        if status >= 300 {
            let mut ack = self.ack_of(reply);
            // RFC 3261 §17.1.1.3: the ACK to a refusal is of the INVITE's own transaction.
            ack.headers[0].1 = self.invite.header("Via").unwrap_or_default().to_owned();
            ack.start = format!("ACK {} SIP/2.0", self.invite.uri());
            self.phone.send(&ack);
            if self.cseq == self.invite.cseq()
                && self.invite.header("Authorization").is_none()
                && self.invite.header("Proxy-Authorization").is_none()
                && let Some(again) = self.phone.with_credentials(&self.invite, reply)
            {
                self.cseq = again.cseq();
                self.invite = again;
                self.phone.send(&self.invite);
                return None;
            }
            self.last = Some(reply.clone());
            self.ended = Some(Ending::Refused(status));
            return Some(status);
        }
        self.remote = reply.header("To").unwrap_or_default().to_owned();
        self.target = reply.contact_uri().unwrap_or_else(|| self.target.clone());
        self.routes = reply.all("Record-Route").map(str::to_owned).collect();
        self.routes.reverse();
        self.take_description(reply);
        let ack = self.ack_of(reply);
        self.phone.acknowledged(&self.call_id, reply.cseq(), &ack);
        self.last = Some(reply.clone());
        Some(status)
    }

    fn ack_of(&self, reply: &Msg) -> Msg {
        let mut ack = self.request("ACK");
        for (name, value) in &mut ack.headers {
            match name.as_str() {
                "CSeq" => *value = format!("{} ACK", reply.cseq()),
                "To" => *value = reply.header("To").unwrap_or_default().to_owned(),
                _ => {}
            }
        }
        ack
    }

    pub(super) fn take_description(&mut self, message: &Msg) {
        if let Some(theirs) = Description::parse(&message.body_text()) {
            self.theirs = Some(theirs);
            self.aim();
        }
    }

    pub(super) fn aim(&mut self) {
        let sends = matches!(self.direction, "sendrecv");
        self.media.aim(
            self.theirs
                .as_ref()
                .filter(|_| sends)
                .and_then(|theirs| theirs.target(&self.codecs)),
        );
    }

    /// Hangs up.
    ///
    /// # Panics
    /// When the BYE is not answered with 200.
    pub fn hang_up(&mut self) {
        let reply = self.transact("BYE", None);
        assert_eq!(
            reply.status(),
            200,
            "BYE: {}\n{}",
            reply.start,
            self.trace()
        );
        self.ended = Some(Ending::OwnBye);
        self.media.aim(None);
    }

    /// Sends BYE and does not wait.
    pub fn send_bye(&mut self) {
        self.cseq += 1;
        self.phone.send(&self.request("BYE"));
        self.media.aim(None);
    }

    /// Gives up a call that is not answered yet, and waits for the 487.
    ///
    /// # Panics
    /// When anything else comes.
    pub fn cancel(&mut self) {
        self.send_cancel();
        let status = self.answered(super::ANSWER_LIMIT);
        assert_eq!(
            status,
            487,
            "a cancelled INVITE was answered with {status}\n{}",
            self.trace()
        );
    }

    /// Sends CANCEL and does not wait.
    pub fn send_cancel(&mut self) {
        let mut cancel = Msg::request("CANCEL", self.invite.uri());
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID"] {
            cancel = cancel.with(name, self.invite.header(name).unwrap_or_default());
        }
        let cancel = cancel.with("CSeq", format!("{} CANCEL", self.invite.cseq()));
        self.phone.send(&cancel);
    }

    /// Puts the other side on hold: a re-INVITE with `a=sendonly`.
    pub fn hold(&mut self) {
        self.reinvite("sendonly");
    }

    /// Takes the other side back.
    pub fn resume(&mut self) {
        self.reinvite("sendrecv");
    }

    fn reinvite(&mut self, direction: &'static str) {
        self.version += 1;
        self.direction = direction;
        let kind = (direction, self.phone.keys);
        let body = description::write(self.media.local(), self.version, &self.codecs, kind);
        let reply = self.transact("INVITE", Some(body));
        assert_eq!(
            reply.status(),
            200,
            "re-INVITE: {}\n{}",
            reply.start,
            self.trace()
        );
        self.take_description(&reply);
        let ack = self.ack_of(&reply);
        self.phone.acknowledged(&self.call_id, reply.cseq(), &ack);
        self.aim();
    }

    /// Sends a request within the dialog and returns its final answer.
    ///
    /// # Panics
    /// When none comes.
    pub fn transact(&mut self, method: &str, description: Option<String>) -> Msg {
        self.transact_with(method, description.map(|body| ("application/sdp", body)))
    }

    /// The same with a body of another kind.
    ///
    /// # Panics
    /// When no answer comes.
    pub fn transact_with(&mut self, method: &str, body: Option<(&str, String)>) -> Msg {
        self.cseq += 1;
        let mut request = self.request(method).with("Contact", self.phone.contact());
        if let Some((kind, body)) = body {
            request = request.with_body(kind, body);
        }
        self.transact_this(&request)
    }

    /// Sends the other side elsewhere; the answer to the REFER.
    ///
    /// # Panics
    /// When none comes.
    pub fn refer(&mut self, refer_to: &str) -> Msg {
        self.cseq += 1;
        let request = self
            .request("REFER")
            .with("Contact", self.phone.contact())
            .with("Refer-To", format!("<{refer_to}>"));
        self.transact_this(&request)
    }

    /// How this dialog is named to its other side: the value of a Replaces (RFC 3891).
    pub fn dialog(&self) -> String {
        let tag = |address: &str| tag_of(address).unwrap_or_default().to_owned();
        let (ours, theirs) = (tag(&self.local), tag(&self.remote));
        format!("{};to-tag={theirs};from-tag={ours}", self.call_id)
    }

    /// The same for whoever is sent to the other side: a URI with the Replaces escaped in it.
    pub fn replaced(&self) -> String {
        let dialog = self.dialog().replace('@', "%40");
        let dialog = dialog.replace(';', "%3B").replace('=', "%3D");
        format!("{}?Replaces={dialog}", self.target)
    }

    /// Waits until it is told that the other side's transfer has come to this status.
    ///
    /// # Panics
    /// When it is told something final that is another, or nothing.
    pub fn expect_notified(&mut self, status: u16, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let told = self.expect_request("NOTIFY", left);
            let body = told.body_text();
            let came: Option<u16> = body.split(' ').nth(1).and_then(|code| code.parse().ok());
            match came {
                Some(came) if came == status => return,
                Some(came) if came < 200 => {}
                _ => panic!("expected {status}, was told {body:?}\n{}", self.trace()),
            }
        }
    }

    fn transact_this(&mut self, request: &Msg) -> Msg {
        let method = request.method();
        let deadline = Instant::now() + super::ANSWER_LIMIT;
        let mut interval = T1;
        self.phone.send(request);
        loop {
            let until = (Instant::now() + interval).min(deadline);
            match self.next(until) {
                Some(reply) if reply.status() >= 200 && reply.cseq() == request.cseq() => {
                    return reply;
                }
                Some(_) => {}
                None if Instant::now() < deadline => {
                    self.phone.send(request);
                    interval *= 2;
                }
                None => panic!("no answer to {method} within the call\n{}", self.trace()),
            }
        }
    }

    fn request(&self, method: &str) -> Msg {
        let mut request = Msg::request(method, &self.target)
            .with("Via", self.phone.via())
            .with("Max-Forwards", "70")
            .with("From", self.local.clone())
            .with("To", self.remote.clone())
            .with("Call-ID", self.call_id.clone())
            .with("CSeq", format!("{} {method}", self.cseq));
        for route in &self.routes {
            request = request.with("Route", route.clone());
        }
        request
    }

    /// Waits for a request of the other side.
    ///
    /// # Panics
    /// When it does not come in `limit`.
    pub fn expect_request(&mut self, method: &str, limit: Duration) -> Msg {
        let deadline = Instant::now() + limit;
        loop {
            match self.next(deadline) {
                Some(message) if message.is_request() && message.method() == method => {
                    return message;
                }
                Some(_) => {}
                None => panic!("no {method} came in {limit:?}\n{}", self.trace()),
            }
        }
    }

    /// Waits until the other side hangs up.
    pub fn expect_bye(&mut self, limit: Duration) -> Msg {
        self.expect_request("BYE", limit)
    }

    /// Reads what has come, for as long as `span`; whether the call still stands.
    pub fn stands_for(&mut self, span: Duration) -> bool {
        let deadline = Instant::now() + span;
        while Instant::now() < deadline {
            self.next(deadline);
        }
        self.ended.is_none()
    }

    // The next message, answered where phones answer by themselves.
    fn next(&mut self, until: Instant) -> Option<Msg> {
        let left = until.saturating_duration_since(Instant::now());
        let message = self.inbox.recv_timeout(left).ok()?;
        if message.is_request() {
            self.asked(&message);
        }
        Some(message)
    }

    /// URI of the other side, from its From or To.
    pub fn remote_uri(&self) -> String {
        address_uri(&self.remote)
    }

    fn trace(&self) -> String {
        self.phone.trace.lock().unwrap().join("\n")
    }
}
