//! Many calls: callers who start at a given pace, and devices that answer at once. Each call is held for a while and
//! then ended by its caller. Devices are told apart by the user in their Contact, so one socket serves all of them.

use super::{Account, Spread, socket, wait};
use crate::digest::{self, Challenge};
use crate::phone::{DOMAIN, Description};
use crate::random;
use crate::sip::{Msg, tag_of};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// RFC 3261's T1: after which a request or a 200 without its ACK is sent again.
const T1: Duration = Duration::from_millis(500);
/// How often before a call is given up.
const ATTEMPTS: u32 = 7;

/// Who calls what.
#[derive(Clone, Debug)]
pub enum Route {
    /// From outside to a public number; the caller is told by his number.
    Trunk {
        /// Number dialled.
        number: String,
    },
    /// From account to account, with digest credentials.
    Internal {
        /// Who calls.
        callers: Vec<Account>,
        /// Extensions called, in turn.
        extensions: Vec<String>,
    },
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Calls in all.
    pub total: usize,
    /// Calls started a second.
    pub per_second: f64,
    /// From the conversation's start until the caller hangs up; `None` leaves calls standing.
    pub hold: Option<Duration>,
    /// How long devices ring.
    pub ring: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Calls started.
    pub started: usize,
    /// INVITEs answered with 200.
    pub answered: usize,
    /// Devices' answers acknowledged: conversations.
    pub connected: usize,
    /// Calls ended in good order.
    pub ended: usize,
    /// Refusals by status.
    pub refused: BTreeMap<u16, usize>,
    /// Calls or BYEs that got no answer, or that the server ended.
    pub lost: usize,
    /// Requests and answers sent more than once by us.
    pub resent: usize,
    /// From INVITE to the caller's 200.
    pub answer: Spread,
    /// From the caller's INVITE to the INVITE at the device, where they can be matched.
    pub offer: Spread,
    /// From a device's last BYE to its next INVITE.
    pub refill: Spread,
    /// Whole time.
    pub elapsed: Duration,
}

#[derive(Debug, PartialEq)]
enum State {
    Inviting,
    Up,
    Leaving,
}

#[derive(Debug)]
struct Outgoing {
    invite: Msg,
    began: Instant,
    sent: Instant,
    attempts: u32,
    state: State,
    provisional: bool,
    account: Option<usize>,
    ack: Option<Vec<u8>>,
    request: Vec<u8>,
    to: String,
    target: String,
}

#[derive(Debug)]
struct Device {
    user: String,
    // Call-ID of the call that rings it.
    caller: Option<String>,
    answer: Vec<u8>,
    answer_at: Instant,
    sent: Option<Instant>,
    attempts: u32,
    acknowledged: bool,
}

/// Callers and devices.
#[derive(Debug)]
pub struct Generator {
    server: SocketAddr,
    route: Route,
    rtp: SocketAddr,
    callers: UdpSocket,
    devices: UdpSocket,
    outgoing: HashMap<String, Outgoing>,
    incoming: HashMap<String, Device>,
    // Devices that have yet to answer, in the order of when.
    ringing: VecDeque<String>,
    hanging_up: VecDeque<(Instant, String)>,
    challenge: Option<(Challenge, u32)>,
    // When each caller's number called, and his Call-ID.
    numbers: HashMap<String, (Instant, String)>,
    // Devices without a call, and since when.
    freed: HashMap<String, Instant>,
    /// The server's RTP addresses of legs that were answered: callers' and devices'.
    pub legs: Vec<SocketAddr>,
    tally: Tally,
}

impl Generator {
    /// A generator whose session descriptions name `rtp`.
    pub fn new(server: SocketAddr, route: Route, rtp: SocketAddr) -> Generator {
        Generator {
            server,
            route,
            rtp,
            callers: socket(),
            devices: socket(),
            outgoing: HashMap::new(),
            incoming: HashMap::new(),
            ringing: VecDeque::new(),
            hanging_up: VecDeque::new(),
            challenge: None,
            numbers: HashMap::new(),
            freed: HashMap::new(),
            legs: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Where devices are to be registered.
    ///
    /// # Panics
    /// Never: the socket is bound.
    pub fn contact(&self) -> SocketAddr {
        self.devices.local_addr().expect("a bound socket")
    }

    /// Does what `plan` says and returns when every call is over, or stands if it is to.
    pub fn run(&mut self, plan: &Plan) -> Tally {
        self.tally = Tally::default();
        let began = Instant::now();
        let mut resend_at = began + T1;
        let patience = Duration::from_secs(40) + plan.hold.unwrap_or_default();
        let mut last_start = began;
        while self.tally.started < plan.total || !self.settled(plan) {
            let now = Instant::now();
            let due = (now.duration_since(began).as_secs_f64() * plan.per_second) as usize + 1;
            while self.tally.started < due.min(plan.total) {
                self.start(self.tally.started);
                last_start = now;
            }
            self.answer_due(now);
            self.hang_up_due(now);
            if now >= resend_at {
                self.send_again(now);
                resend_at = now + Duration::from_millis(100);
            }
            if self.tally.started == plan.total && now.duration_since(last_start) > patience {
                self.tally.lost += self
                    .outgoing
                    .values()
                    .filter(|call| call.state != State::Up)
                    .count();
                break;
            }
            self.wait(plan, began, resend_at);
            self.read_callers(plan);
            self.read_devices(plan);
        }
        self.tally.elapsed = began.elapsed();
        self.tally.clone()
    }

    /// Hangs up every call that stands.
    pub fn hang_up_all(&mut self) -> Tally {
        let now = Instant::now();
        let standing = self
            .outgoing
            .iter()
            .filter(|(_, call)| call.state == State::Up);
        // At a pace that no server is asked to bear beyond its calls per second.
        let due = |index: usize| now + Duration::from_micros(500) * index as u32;
        self.hanging_up = standing
            .enumerate()
            .map(|(index, (id, _))| (due(index), id.clone()))
            .collect();
        self.run(&Plan {
            total: 0,
            per_second: 1.0,
            hold: Some(Duration::ZERO),
            ring: Duration::ZERO,
        })
    }

    fn settled(&self, plan: &Plan) -> bool {
        match plan.hold {
            Some(_) => self.outgoing.is_empty(),
            None => {
                self.outgoing.values().all(|call| call.state == State::Up)
                    && self.incoming.values().all(|device| device.acknowledged)
            }
        }
    }

    fn wait(&self, plan: &Plan, began: Instant, resend_at: Instant) {
        let mut until = resend_at;
        if self.tally.started < plan.total {
            until = until
                .min(began + Duration::from_secs_f64(self.tally.started as f64 / plan.per_second));
        }
        if let Some(device) = self.ringing.front().and_then(|id| self.incoming.get(id)) {
            until = until.min(device.answer_at);
        }
        if let Some((at, _)) = self.hanging_up.front() {
            until = until.min(*at);
        }
        wait(&[&self.callers, &self.devices], until);
    }

    fn via(&self) -> String {
        let local = self.callers.local_addr().expect("a bound socket");
        format!(
            "SIP/2.0/UDP {local};branch=z9hG4bK{};rport",
            random::token()
        )
    }

    fn description(&self) -> String {
        let (ip, port) = (self.rtp.ip(), self.rtp.port());
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
    }

    fn start(&mut self, index: usize) {
        let (from, to, account) = match &self.route {
            Route::Trunk { number } => (
                format!("+4670{:07}", random::number() % 10_000_000),
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
            .with_body("application/sdp", self.description());
        if let Some(account) = account {
            self.authorise(&mut invite, account);
        }
        let now = Instant::now();
        self.numbers.insert(from, (now, call_id.clone()));
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

    fn read_callers(&mut self, plan: &Plan) {
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

    fn hang_up_due(&mut self, now: Instant) {
        while self.hanging_up.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.hanging_up.pop_front() else {
                break;
            };
            let Some(mut call) = self.outgoing.remove(&id) else {
                continue;
            };
            call.request = self.within(&call, "BYE", call.invite.cseq() + 1).to_bytes();
            call.state = State::Leaving;
            (call.sent, call.attempts) = (now, 1);
            let _ = self.callers.send_to(&call.request, self.server);
            self.outgoing.insert(id, call);
        }
    }

    fn read_devices(&mut self, plan: &Plan) {
        let mut buffer = [0; 8_192];
        while let Ok(length) = self.devices.recv(&mut buffer) {
            let Some(message) = Msg::parse(&buffer[..length]) else {
                continue;
            };
            match message.method() {
                _ if !message.is_request() => {}
                "INVITE" => self.called(&message, plan),
                "ACK" => {
                    if let Some(device) = self.incoming.get_mut(message.call_id())
                        && !device.acknowledged
                    {
                        device.acknowledged = true;
                        self.tally.connected += 1;
                        if let (Some(hold), Some(caller)) = (plan.hold, device.caller.clone()) {
                            self.hanging_up.push_back((Instant::now() + hold, caller));
                        }
                    }
                }
                "BYE" => {
                    if let Some(device) = self.incoming.remove(message.call_id()) {
                        self.freed.insert(device.user, Instant::now());
                    }
                    let _ = self
                        .devices
                        .send_to(&message.reply(200, "OK", "x").to_bytes(), self.server);
                }
                "CANCEL" => self.cancelled(&message),
                _ => {
                    let _ = self
                        .devices
                        .send_to(&message.reply(200, "OK", "x").to_bytes(), self.server);
                }
            }
        }
    }

    fn called(&mut self, invite: &Msg, plan: &Plan) {
        if self.incoming.contains_key(invite.call_id()) {
            return;
        }
        let now = Instant::now();
        let caller = invite
            .header("From")
            .map(crate::sip::address_uri)
            .unwrap_or_default();
        let caller = caller
            .trim_start_matches("sip:")
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned();
        let caller = self.numbers.get(&caller).map(|(began, call_id)| {
            self.tally.offer.push(now - *began);
            call_id.clone()
        });
        let user = invite
            .uri()
            .trim_start_matches("sip:")
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned();
        if let Some(since) = self.freed.remove(&user) {
            self.tally.refill.push(now - since);
        }
        let tag = random::token();
        let contact = format!("<sip:{user}@{}>", self.contact());
        let ringing = invite
            .reply(180, "Ringing", &tag)
            .with("Contact", contact.clone());
        let _ = self.devices.send_to(&ringing.to_bytes(), self.server);
        let answer = invite
            .reply(200, "OK", &tag)
            .with("Contact", contact)
            .with_body("application/sdp", self.description())
            .to_bytes();
        debug_assert!(
            invite.header("To").and_then(tag_of).is_none(),
            "a device's first INVITE opens a dialog"
        );
        self.legs
            .extend(Description::parse(&invite.body_text()).map(|theirs| theirs.address));
        let device = Device {
            user,
            caller,
            answer,
            answer_at: now + plan.ring,
            sent: None,
            attempts: 0,
            acknowledged: false,
        };
        self.incoming.insert(invite.call_id().to_owned(), device);
        self.ringing.push_back(invite.call_id().to_owned());
        self.answer_due(now);
    }

    fn cancelled(&mut self, cancel: &Msg) {
        let _ = self
            .devices
            .send_to(&cancel.reply(200, "OK", "x").to_bytes(), self.server);
        if let Some(device) = self.incoming.remove(cancel.call_id())
            && let Some(answer) = Msg::parse(&device.answer)
        {
            let mut refusal = answer;
            refusal.start = "SIP/2.0 487 Request Terminated".to_owned();
            refusal
                .headers
                .retain(|(name, _)| !matches!(name.as_str(), "Content-Type" | "Content-Length"));
            refusal.body.clear();
            let _ = self.devices.send_to(&refusal.to_bytes(), self.server);
        }
    }

    fn answer_due(&mut self, now: Instant) {
        while let Some(id) = self.ringing.front() {
            if let Some(device) = self.incoming.get_mut(id) {
                if device.answer_at > now {
                    break;
                }
                let _ = self.devices.send_to(&device.answer, self.server);
                (device.sent, device.attempts) = (Some(now), 1);
            }
            self.ringing.pop_front();
        }
    }

    fn send_again(&mut self, now: Instant) {
        let overdue = |sent: Instant, attempts: u32| {
            now.duration_since(sent) >= T1 * (1 << attempts.min(4)) / 2
        };
        let mut lost = Vec::new();
        for (id, call) in &mut self.outgoing {
            let waiting = call.state == State::Leaving
                || (call.state == State::Inviting && !call.provisional);
            if !waiting || !overdue(call.sent, call.attempts) {
                continue;
            }
            if call.attempts == ATTEMPTS {
                lost.push(id.clone());
                continue;
            }
            (call.sent, call.attempts) = (now, call.attempts + 1);
            self.tally.resent += 1;
            let _ = self.callers.send_to(&call.request, self.server);
        }
        self.tally.lost += lost.len();
        for id in lost {
            self.outgoing.remove(&id);
        }
        for device in self
            .incoming
            .values_mut()
            .filter(|device| !device.acknowledged)
        {
            let Some(sent) = device.sent else { continue };
            if overdue(sent, device.attempts) && device.attempts < ATTEMPTS {
                (device.sent, device.attempts) = (Some(now), device.attempts + 1);
                self.tally.resent += 1;
                let _ = self.devices.send_to(&device.answer, self.server);
            }
        }
    }
}
