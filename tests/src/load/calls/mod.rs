//! Many calls: callers who start at a given pace, and devices that answer at once. Each call is held for a while and
//! then ended by its caller. Devices are told apart by the user in their Contact, so one socket serves all of them.

mod callers;
mod devices;

use super::{Account, Spread, socket, wait};
use crate::digest::Challenge;
use crate::random;
use crate::sip::Msg;
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
            // A device's BYE comes after its caller's has been answered.
            Some(_) => self.outgoing.is_empty() && self.incoming.is_empty(),
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
