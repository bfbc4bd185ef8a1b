//! Many calls: callers who start at a given pace, and devices that answer at once. Each call is held for a while and
//! then ended by its caller. Devices are told apart by the user in their Contact, so one socket serves all of them.

mod callers;
mod devices;
mod witness;

pub use witness::Wire;

use super::{Account, Spread, socket, wait};
use crate::digest::Challenge;
use crate::random;
use crate::sip::Msg;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use witness::Witness;

/// RFC 3261's T1: after which a request or a 200 without its ACK is sent again.
const T1: Duration = Duration::from_millis(500);
/// How often before a call is given up.
const ATTEMPTS: u32 = 7;
/// Of devices that ring for the same caller each answers so much later than the one before.
const ANSWERS_APART: Duration = Duration::from_millis(40);

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
    /// Rings for callers of whom a later one had been rung for before.
    pub overtaken: usize,
    /// What a watched generator saw.
    pub wire: Wire,
    /// Whole time.
    pub elapsed: Duration,
}

/// Callers who hang up when nobody has answered so soon.
#[derive(Clone, Copy, Debug)]
pub struct Impatience {
    /// One caller in so many.
    pub one_in: usize,
    /// After they began to wait.
    pub after: Duration,
}

/// What callers want to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hears {
    Sound,
    Nothing,
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
struct Caller {
    // How many called before.
    index: u64,
    began: Instant,
    call_id: String,
}

#[derive(Debug)]
struct Device {
    user: String,
    // Call-ID of the call that rings it.
    caller: Option<String>,
    answer: Vec<u8>,
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
    hears: Hears,
    callers: UdpSocket,
    devices: UdpSocket,
    outgoing: HashMap<String, Outgoing>,
    incoming: HashMap<String, Device>,
    // When each device answers that has yet to.
    ringing: BTreeSet<(Instant, String)>,
    hanging_up: VecDeque<(Instant, String)>,
    challenge: Option<(Challenge, u32)>,
    // Who called from each number.
    numbers: HashMap<String, Caller>,
    // How many have called, and which is the latest of those whom a device has rung for.
    called: u64,
    latest_rung_for: u64,
    // The first number that a caller shows.
    first_number: u64,
    // Devices without a call, and since when.
    freed: HashMap<String, Instant>,
    // How many devices have rung for each caller.
    rings: HashMap<String, u32>,
    impatience: Option<Impatience>,
    // Callers who will have waited long enough, and when.
    giving_up: VecDeque<(Instant, String)>,
    witness: Option<Witness>,
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
            hears: Hears::Sound,
            callers: socket(),
            devices: socket(),
            outgoing: HashMap::new(),
            incoming: HashMap::new(),
            ringing: BTreeSet::new(),
            hanging_up: VecDeque::new(),
            challenge: None,
            numbers: HashMap::new(),
            called: 0,
            latest_rung_for: 0,
            first_number: random::number() % 10_000_000,
            freed: HashMap::new(),
            rings: HashMap::new(),
            impatience: None,
            giving_up: VecDeque::new(),
            witness: None,
            legs: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// The same, with a look at all that must never be, and with callers who give up.
    #[must_use]
    pub fn watched(mut self, impatience: Impatience) -> Generator {
        self.witness = Some(Witness::default());
        self.impatience = Some(impatience);
        self
    }

    /// The same, with callers who hold the line and are sent nothing: an only core has no room for ten thousand streams.
    #[must_use]
    pub fn on_hold(mut self) -> Generator {
        self.hears = Hears::Nothing;
        self
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
        self.run_until(plan, usize::MAX)
    }

    /// The same, and returns sooner when `ended` calls have ended, whatever of the others stands then.
    pub fn run_until(&mut self, plan: &Plan, ended: usize) -> Tally {
        self.tally = Tally::default();
        let began = Instant::now();
        let mut resend_at = began + T1;
        let patience = Duration::from_secs(40) + plan.hold.unwrap_or_default();
        let mut last_start = began;
        while self.tally.ended < ended && (self.tally.started < plan.total || !self.settled(plan)) {
            let now = Instant::now();
            let due = (now.duration_since(began).as_secs_f64() * plan.per_second) as usize + 1;
            while self.tally.started < due.min(plan.total) {
                self.start(self.tally.started);
                last_start = now;
            }
            self.answer_due(now);
            self.hang_up_due(now);
            self.give_up_due(now);
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
            self.read_devices(plan);
            if let Some(witness) = &mut self.witness {
                witness.settle();
            }
            self.read_callers(plan);
        }
        if let Some(witness) = &self.witness {
            self.tally.wire = witness.tell();
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
        if let Some((at, _)) = self.ringing.first() {
            until = until.min(*at);
        }
        for (at, _) in [self.hanging_up.front(), self.giving_up.front()]
            .into_iter()
            .flatten()
        {
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
