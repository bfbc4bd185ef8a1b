//! The callers' half: INVITE, credentials, ACK, BYE.

use super::{Caller, Generator, Hears, Impatience, Outgoing, Plan, Route, State};
use crate::digest::{self, Challenge};
use crate::phone::{DOMAIN, Description};
use crate::random;
use crate::sip::Msg;
use std::time::Instant;

impl Hears {
    /// The direction in a caller's description (RFC 3264 §6.1).
    fn attribute(self) -> &'static str {
        match self {
            Hears::Sound => "",
            Hears::Nothing => "a=inactive\r\n",
        }
    }
}

impl Generator {
    pub(super) fn start(&mut self, index: usize) {
        let (from, to, account) = match &self.route {
            Route::Trunk { number } => (
                // One that no other caller of ours shows.
                format!("+4670{:07}", (self.first_number + self.called) % 10_000_000),
                number.clone(),
                None,
            ),
            Route::Internal {
                callers,
                extensions,
            } => {
                let caller = index % callers.len();
                (
                    callers[caller].user.clone(),
                    extensions[index % extensions.len()].clone(),
                    Some(caller),
                )
            }
        };
        let uri = format!("sip:{to}@{DOMAIN}");
        let local = self.callers.local_addr().expect("a bound socket");
        let call_id = random::token();
        let mut invite = Msg::request("INVITE", &uri)
            .with("Via", self.via())
            .with("Max-Forwards", "70")
            .with(
                "From",
                format!("<sip:{from}@{DOMAIN}>;tag={}", random::token()),
            )
            .with("To", format!("<{uri}>"))
            .with("Call-ID", call_id.clone())
            .with("CSeq", "1 INVITE")
            .with("Contact", format!("<sip:{from}@{local}>"))
            .with_body(
                "application/sdp",
                self.description() + self.hears.attribute(),
            );
        if let Some(account) = account {
            self.authorise(&mut invite, account);
        }
        let now = Instant::now();
        let caller = Caller {
            index: self.called,
            began: now,
            call_id: call_id.clone(),
        };
        self.numbers.insert(from, caller);
        self.called += 1;
        if let Some(witness) = &mut self.witness {
            witness.came(&call_id, now);
        }
        self.tally.started += 1;
        let request = invite.to_bytes();
        let _ = self.callers.send_to(&request, self.server);
        let call = Outgoing {
            to: format!("<{uri}>"),
            target: uri,
            invite,
            began: now,
            sent: now,
            attempts: 1,
            state: State::Inviting,
            provisional: false,
            account,
            ack: None,
            request,
        };
        self.outgoing.insert(call_id, call);
    }

    // With the nonce at hand, if there is one: its count grows with each use.
    fn authorise(&mut self, invite: &mut Msg, account: usize) {
        let (Some((challenge, count)), Route::Internal { callers, .. }) =
            (&mut self.challenge, &self.route)
        else {
            return;
        };
        *count += 1;
        let answer = digest::Answer {
            user: &callers[account].user,
            password: &callers[account].password,
            method: "INVITE",
            uri: invite.uri(),
            count: *count,
            cnonce: "0a4f113b",
        };
        let value = digest::authorization(challenge, &answer);
        invite.headers.retain(|(name, _)| name != "Authorization");
        invite.headers.push(("Authorization".to_owned(), value));
    }

    pub(super) fn read_callers(&mut self, plan: &Plan) {
        let mut buffer = [0; 8_192];
        while let Ok(length) = self.callers.recv(&mut buffer) {
            let Some(message) = Msg::parse(&buffer[..length]) else {
                continue;
            };
            if message.is_request() {
                self.asked(&message);
            } else {
                self.replied(&message, plan);
            }
        }
    }

    // A BYE for a caller: the server ended a call that we did not.
    fn asked(&mut self, request: &Msg) {
        let _ = self
            .callers
            .send_to(&request.reply(200, "OK", "x").to_bytes(), self.server);
        if request.method() == "BYE" && self.outgoing.remove(request.call_id()).is_some() {
            self.tally.lost += 1;
        }
    }

    fn replied(&mut self, reply: &Msg, plan: &Plan) {
        let Some(mut call) = self.outgoing.remove(reply.call_id()) else {
            return;
        };
        let keep = if reply.method() == "BYE" {
            self.left(&call, reply)
        } else if reply.cseq() == call.invite.cseq() {
            self.invited(&mut call, reply, plan)
        } else {
            true
        };
        if keep {
            self.outgoing.insert(reply.call_id().to_owned(), call);
        }
    }

    fn left(&mut self, call: &Outgoing, reply: &Msg) -> bool {
        if call.state != State::Leaving || reply.status() < 200 {
            return true;
        }
        match reply.status() {
            200 => self.tally.ended += 1,
            _ => self.tally.lost += 1,
        }
        if let Some(witness) = &mut self.witness {
            witness.left(reply.call_id());
        }
        false
    }

    fn invited(&mut self, call: &mut Outgoing, reply: &Msg, plan: &Plan) -> bool {
        match reply.status() {
            0..200 => call.provisional = true,
            200..300 => {
                if let Some(ack) = &call.ack {
                    let _ = self.callers.send_to(ack, self.server);
                    return true;
                }
                self.tally.answered += 1;
                self.tally.answer.push(call.began.elapsed());
                call.to = reply.header("To").unwrap_or_default().to_owned();
                call.target = reply.contact_uri().unwrap_or_default();
                let ack = self.within(call, "ACK", call.invite.cseq()).to_bytes();
                let _ = self.callers.send_to(&ack, self.server);
                call.ack = Some(ack);
                call.state = State::Up;
                if let Some(Impatience { one_in, after }) = self.impatience
                    && self.tally.answered.is_multiple_of(one_in)
                {
                    let id = reply.call_id().to_owned();
                    self.giving_up.push_back((Instant::now() + after, id));
                }
                self.legs
                    .extend(Description::parse(&reply.body_text()).map(|theirs| theirs.address));
                if let (Some(hold), Route::Internal { .. }) = (plan.hold, &self.route) {
                    self.hanging_up
                        .push_back((Instant::now() + hold, reply.call_id().to_owned()));
                }
            }
            401 => return self.challenged(call, reply),
            status => {
                self.acknowledge_refusal(call, reply);
                *self.tally.refused.entry(status).or_default() += 1;
                return false;
            }
        }
        true
    }

    fn challenged(&mut self, call: &mut Outgoing, reply: &Msg) -> bool {
        self.acknowledge_refusal(call, reply);
        let challenge = reply.all("WWW-Authenticate").find_map(Challenge::parse);
        let (Some(challenge), Some(account), 0..3) = (challenge, call.account, call.invite.cseq())
        else {
            *self.tally.refused.entry(401).or_default() += 1;
            return false;
        };
        self.challenge = Some((challenge, 0));
        let (via, cseq) = (self.via(), format!("{} INVITE", call.invite.cseq() + 1));
        for (name, value) in &mut call.invite.headers {
            match name.as_str() {
                "Via" => value.clone_from(&via),
                "CSeq" => value.clone_from(&cseq),
                _ => {}
            }
        }
        self.authorise(&mut call.invite, account);
        call.request = call.invite.to_bytes();
        call.sent = Instant::now();
        let _ = self.callers.send_to(&call.request, self.server);
        true
    }

    fn acknowledge_refusal(&self, call: &Outgoing, reply: &Msg) {
        let mut ack = self.within(call, "ACK", call.invite.cseq());
        ack.start = format!("ACK {} SIP/2.0", call.invite.uri());
        for (name, value) in &mut ack.headers {
            match name.as_str() {
                "Via" => *value = call.invite.header("Via").unwrap_or_default().to_owned(),
                "To" => *value = reply.header("To").unwrap_or_default().to_owned(),
                _ => {}
            }
        }
        let _ = self.callers.send_to(&ack.to_bytes(), self.server);
    }

    fn within(&self, call: &Outgoing, method: &str, cseq: u32) -> Msg {
        Msg::request(method, &call.target)
            .with("Via", self.via())
            .with("Max-Forwards", "70")
            .with("From", call.invite.header("From").unwrap_or_default())
            .with("To", call.to.clone())
            .with("Call-ID", call.invite.call_id())
            .with("CSeq", format!("{cseq} {method}"))
    }

    pub(super) fn hang_up_due(&mut self, now: Instant) {
        while self.hanging_up.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, id)) = self.hanging_up.pop_front() {
                self.hang_up(now, id);
            }
        }
    }

    pub(super) fn give_up_due(&mut self, now: Instant) {
        while self.giving_up.front().is_some_and(|(at, _)| *at <= now) {
            let (Some((_, id)), Some(witness)) = (self.giving_up.pop_front(), &mut self.witness)
            else {
                continue;
            };
            if witness.gives_up(&id) {
                self.hang_up(now, id);
            }
        }
    }

    fn hang_up(&mut self, now: Instant, id: String) {
        // Of several devices that answered at once, each has its caller hang up after a while.
        let is_up = |call: &Outgoing| call.state == State::Up;
        if !self.outgoing.get(&id).is_some_and(is_up) {
            return;
        }
        let Some(mut call) = self.outgoing.remove(&id) else {
            return;
        };
        call.request = self.within(&call, "BYE", call.invite.cseq() + 1).to_bytes();
        call.state = State::Leaving;
        (call.sent, call.attempts) = (now, 1);
        let _ = self.callers.send_to(&call.request, self.server);
        self.outgoing.insert(id, call);
    }
}
