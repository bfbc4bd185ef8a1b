//! Sequences of messages against a shard, made of bytes: each two of them are something that a caller, a called
//! party, the queue engine, media or the clock does, in any order and as wrong as may be. Used with random bytes
//! by a test here, and by the fuzz target `sequence`.
//!
//! Whatever was said, the shard never panics, asks for no time in the past, and comes to rest once it is told to end
//! all: no call, no leg and no timer is left.

use acd::{Command, Input as AcdInput, RefuseCause, WithdrawCause};
use base::{CallId, Core, LegId, OfferId, QueueId, ShardId, Time, TrunkId, UserId};
use bytes::Bytes;
use call::settings::Directory;
use call::{Admission, Input, Output, Shard};
use control::{CallAct, OwnCallCommand, Principal, Role, permit};
use media_core::Event;
use sip_core::registrar::Binding;
use sip_core::{Flow, HeaderName, Limits, Message, Method, NameAddr, Request, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Steps of one sequence; more bytes are not read.
const STEPS_MAX: usize = 400;
/// What the server sent that is remembered.
const SENT_MAX: usize = 24;

const SDPS: [&str; 5] = [
    "",
    "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
    "v=0\r\no=- 1 2 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4002 RTP/AVP 0\r\na=sendonly\r\n",
    "v=0\r\no=- 1 3 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n",
    "v=0\r\no=- 1 4 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n",
];
const MORE: [&str; 8] = [
    "",
    "Supported: 100rel, timer\r\n",
    "Require: 100rel\r\n",
    "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n",
    "Allow: INVITE, UPDATE\r\nSession-Expires: 4000\r\n",
    "Supported: timer\r\nSession-Expires: 5\r\n",
    "Require: teleportation\r\n",
    "Max-Forwards: 0\r\n",
];
const STATUSES: [u16; 16] = [
    100, 180, 183, 183, 181, 199, 200, 200, 200, 302, 422, 481, 486, 491, 500, 603,
];
const METHODS: [Method; 10] = [
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Update,
    Method::Prack,
    Method::Invite,
    Method::Info,
    Method::Options,
    Method::Refer,
    Method::Notify,
];

/// Whom the bytes find: what may be dialled, who may be rung, which trunk and queue there are.
pub(crate) struct Cast {
    pub(crate) directory: Arc<Directory>,
    pub(crate) dials: Vec<&'static str>,
    pub(crate) users: Vec<UserId>,
    pub(crate) trunk: TrunkId,
    pub(crate) queue: QueueId,
}

struct Script {
    cast: Cast,
    now: Time,
    shard: Shard,
    /// What the server sent, newest last.
    sent: Vec<Message>,
    /// What it was sent last, to be sent again.
    latest: Option<Message>,
    calls: Vec<CallId>,
    legs: Vec<LegId>,
    cseq: u32,
    branch: u32,
    offers: u64,
}

/// Plays a sequence.
pub(crate) fn play(bytes: &[u8], cast: Cast) {
    let shard = Shard::new(ShardId(3), [7; 32], Arc::clone(&cast.directory));
    let mut script = Script {
        cast,
        now: Time::from_millis(1_000),
        shard,
        sent: Vec::new(),
        latest: None,
        calls: Vec::new(),
        legs: Vec::new(),
        cseq: 1,
        branch: 0,
        offers: 0,
    };
    for step in bytes.chunks(2).take(STEPS_MAX) {
        script.step(step[0], step.get(1).copied().unwrap_or_default());
    }
    script.end();
}

impl Script {
    fn step(&mut self, what: u8, how: u8) {
        let how_many = usize::from(how);
        match what % 12 {
            0 => self.pass(Duration::from_millis(1 << (how % 18))),
            1 | 2 => self.request(&Method::Invite, how, ""),
            3 | 4 => self.in_dialog(what, how),
            5..=7 => self.respond(what, how),
            8 => self.called_asks(what, how),
            9 => self.queue_says(how),
            10 => {
                if let Some(leg) = pick(&self.legs, how_many / 4) {
                    let digit = char::from(b"0123456789*#ABCD"[how_many % 16]);
                    self.tell(Input::Media(match how % 4 {
                        0 => Event::Digit { leg, digit },
                        token => Event::Played {
                            leg,
                            token: token.into(),
                        },
                    }));
                }
            }
            _ => self.odd(how),
        }
    }

    /// What happens seldom: a repeat, a save and load, a broken road, a reload.
    fn odd(&mut self, how: u8) {
        match how % 5 {
            0 => {
                if let Some(latest) = self.latest.clone() {
                    self.deliver(latest);
                }
            }
            1 => {
                let saved = postcard::to_stdvec(&self.shard).expect("a shard can be saved");
                self.shard = postcard::from_bytes(&saved).expect("and loaded");
                let again = Input::Configure(Arc::clone(&self.cast.directory));
                self.tell(again);
            }
            2 => self.tell(Input::TransportFailed { flow: flow() }),
            3 => self.acts_elsewhere(how / 5),
            _ if how > 250 => self.tell(Input::Configure(Arc::default())),
            _ => self.pass(Duration::from_secs(40)),
        }
    }

    /// Somebody does something with a call that may be his, away from his telephone.
    fn acts_elsewhere(&mut self, how: u8) {
        let at = usize::from(how / 7);
        let user = pick(&self.cast.users, at).expect("a user");
        let number = pick(&self.cast.dials, at).expect("a number");
        let (leg, with) = (pick(&self.legs, at), pick(&self.legs, at + 1));
        let act = match (how % 7, leg, with) {
            (0, Some(leg), _) => CallAct::HangUp { leg },
            (1, Some(leg), _) => CallAct::Decline { leg },
            (2, Some(leg), _) => CallAct::Hold { leg },
            (3, Some(leg), _) => CallAct::Resume { leg },
            (4, Some(leg), _) => CallAct::Transfer {
                leg,
                to: number.into(),
            },
            (5, Some(leg), Some(with)) => CallAct::Join { leg, with },
            _ => CallAct::Dial {
                number: number.into(),
            },
        };
        let by = Principal::User {
            user: user.clone(),
            role: Role::Agent,
        };
        let admission = Admission::User(user.clone());
        let command = permit(by, OwnCallCommand { user, act }).expect("his own call");
        self.tell(Input::OwnCall { command, admission });
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..10_000 {
            let Some((at, _)) = self.shard.poll_timeout().filter(|(at, _)| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            let mut out = Vec::new();
            self.shard.handle_timeout(self.now, &mut out);
            self.carry_out(out);
        }
        panic!("time stands still: {:?}", self.shard.poll_timeout());
    }

    /// A request by the caller of one of three dialogs.
    fn request(&mut self, method: &Method, how: u8, to_tag: &str) {
        let dialog = how % 3;
        let dialled = self.cast.dials[usize::from(how / 3) % self.cast.dials.len()];
        let more = MORE[usize::from(how / 7) % MORE.len()];
        let sdp = match method {
            Method::Invite | Method::Update | Method::Prack | Method::Ack => {
                SDPS[usize::from(how / 5) % SDPS.len()]
            }
            _ => "",
        };
        let rack = match (method, self.heard_rseq()) {
            (Method::Prack, Some(rseq)) => format!("RAck: {rseq} {} INVITE\r\n", self.cseq),
            _ => String::new(),
        };
        if !matches!(method, Method::Ack | Method::Cancel) {
            self.branch += 1;
        }
        if *method != Method::Prack && !matches!(method, Method::Ack | Method::Cancel) {
            self.cseq += 1;
        }
        let (branch, cseq) = (self.branch, self.cseq + u32::from(*method == Method::Prack));
        let kind = match sdp {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        let text = format!(
            "{method} sip:{dialled}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bK{branch}\r\n\
             From: <sip:+46701234567@127.0.0.1>;tag=a{dialog}\r\nTo: <sip:{dialled}@127.0.0.1>{to_tag}\r\n\
             Call-ID: caller{dialog}\r\nCSeq: {cseq} {method}\r\nContact: <sip:a@127.0.0.9:5070>\r\n\
             Refer-To: <sip:102@127.0.0.1>\r\n{more}{rack}{kind}Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        self.deliver_text(text);
    }

    fn heard_rseq(&self) -> Option<u32> {
        self.sent
            .iter()
            .rev()
            .find_map(|message| message.headers().rseq().ok()?)
    }

    /// A request within the dialog that one of the server's responses to a caller belongs to.
    fn in_dialog(&mut self, what: u8, how: u8) {
        let dialog = how % 3;
        let call_id = format!("caller{dialog}");
        let tag = self.sent.iter().rev().find_map(|message| match message {
            Message::Response(response) if response.headers.call_id() == Ok(&*call_id) => {
                response.headers.to().ok()?.tag().map(String::from)
            }
            _ => None,
        });
        let to_tag = tag.map_or(String::new(), |tag| format!(";tag={tag}"));
        let method = METHODS[usize::from(what / 12) % METHODS.len()].clone();
        let to_tag = match method {
            Method::Cancel => "",
            _ => &to_tag,
        };
        self.request(&method, how, to_tag);
    }

    /// A response to one of the server's requests.
    fn respond(&mut self, what: u8, how: u8) {
        let requests: Vec<&Request> = self.sent.iter().rev().filter_map(as_request).collect();
        let Some(request) = pick(&requests, usize::from(what / 12) % 4) else {
            return;
        };
        let status = STATUSES[usize::from(how) % STATUSES.len()];
        let status = status.try_into().expect("a status");
        let mut response =
            request.response_with_tag(status, ["one", "two"][usize::from(how / 16) % 2]);
        let headers = &mut response.headers;
        headers.push(HeaderName::Contact, "<sip:b@127.0.0.8:5071>");
        if how.is_multiple_of(5) {
            headers.push(HeaderName::Require, "100rel");
            headers.push(HeaderName::RSeq, u32::from(how / 32) + 1);
        }
        if how.is_multiple_of(7) {
            headers.push(HeaderName::SessionExpires, "100;refresher=uas");
            headers.push(HeaderName::Allow, "INVITE, UPDATE");
            headers.push(HeaderName::MinSe, "200");
        }
        let sdp = SDPS[usize::from(how / 3) % SDPS.len()];
        if !sdp.is_empty() {
            response.set_body("application/sdp", Bytes::from_static(sdp.as_bytes()));
        }
        self.deliver(Message::Response(response));
    }

    /// A request by the party that the server's latest INVITE called.
    fn called_asks(&mut self, what: u8, how: u8) {
        let invite = self.sent.iter().rev().filter_map(as_request);
        let invite = invite.filter(|request| request.method == Method::Invite);
        let Some(invite) = invite.take(1 + usize::from(how % 3)).last().cloned() else {
            return;
        };
        let (Ok(from), Ok(to), Ok(call_id)) = (
            invite.headers.from(),
            invite.headers.to(),
            invite.headers.call_id(),
        ) else {
            return;
        };
        let method = METHODS[usize::from(what / 12) % METHODS.len()].clone();
        self.branch += 1;
        let mut request = Request::new(
            method.clone(),
            "sip:kolapp@127.0.0.1".parse().expect("a URI"),
        );
        let tag = ["one", "two"][usize::from(how / 16) % 2];
        let tag = to.tag().unwrap_or(tag).to_owned();
        let from_tagged: NameAddr = to.without_tag().with_tag(&tag);
        let headers = &mut request.headers;
        let via = format!("SIP/2.0/UDP 127.0.0.8:5071;branch=z9hG4bKb{}", self.branch);
        headers.push(HeaderName::Via, via);
        headers.push(HeaderName::From, from_tagged);
        headers.push(HeaderName::To, from);
        headers.push(HeaderName::CallId, call_id);
        headers.push(HeaderName::CSeq, format!("{} {method}", self.branch));
        headers.push(HeaderName::Contact, "<sip:b@127.0.0.8:5072>");
        headers.push(HeaderName::ReferTo, "<sip:101@127.0.0.1>");
        let sdp = SDPS[usize::from(how / 3) % SDPS.len()];
        if !sdp.is_empty() && matches!(method, Method::Invite | Method::Update) {
            request.set_body("application/sdp", Bytes::from_static(sdp.as_bytes()));
        }
        self.deliver(Message::Request(request));
    }

    fn queue_says(&mut self, how: u8) {
        let Some(call) = pick(&self.calls, usize::from(how / 8)) else {
            return;
        };
        let offer = OfferId(self.offers.saturating_sub(u64::from(how / 64)));
        let agent = pick(&self.cast.users, usize::from(how / 8)).expect("a user");
        let queue = self.cast.queue.clone();
        let command = match how % 8 {
            0 | 1 => {
                self.offers += 1;
                Command::Ring {
                    offer: OfferId(self.offers),
                    call,
                    queue,
                    agent,
                }
            }
            2 | 3 => Command::Connect { offer, call, agent },
            4 => Command::Withdraw {
                offer,
                call,
                cause: WithdrawCause::NoAnswer,
            },
            5 => Command::Release { offer, call },
            6 => Command::Refuse {
                call,
                queue,
                cause: RefuseCause::Full,
            },
            _ => Command::Position {
                call,
                prospect: acd::Prospect {
                    place: Some(1),
                    ..acd::Prospect::default()
                },
            },
        };
        self.tell(Input::Acd(command));
    }

    fn deliver_text(&mut self, text: String) {
        let message = sip_core::parse_datagram(text.into(), &Limits::default());
        self.deliver(message.expect("what the script writes is SIP"));
    }

    fn deliver(&mut self, message: Message) {
        self.latest = Some(message.clone());
        let admission = match &message {
            Message::Request(request) if request.is_in_dialog() => Admission::Anyone,
            _ if self.branch.is_multiple_of(2) => Admission::Trunk(self.cast.trunk.clone()),
            _ => Admission::User(self.cast.users[0].clone()),
        };
        self.tell(Input::Received {
            flow: flow(),
            message,
            admission,
        });
    }

    fn tell(&mut self, input: Input) {
        let mut out = Vec::new();
        self.shard.handle(self.now, input, &mut out);
        self.carry_out(out);
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Transmit { bytes, .. } => {
                    let message = sip_core::parse_datagram(bytes, &Limits::default());
                    self.sent.push(message.expect("the server sends SIP"));
                    if self.sent.len() > SENT_MAX {
                        self.sent.remove(0);
                    }
                }
                Output::Locate { leg, .. } => {
                    let bindings = vec![binding()];
                    let wishes = call::wishes::Wishes::default();
                    self.tell(Input::Located {
                        leg,
                        bindings,
                        wishes,
                    });
                }
                Output::Wish { call, .. } => self.tell(Input::Wished { call }),
                Output::FindRinging { call, .. } => {
                    let leg = self.legs.last().copied();
                    self.tell(Input::FoundRinging { call, leg });
                }
                Output::Occupy { leg, ask } => {
                    let result = Ok(());
                    self.tell(Input::Occupied { leg, ask, result });
                }
                Output::Spend { leg, .. } => {
                    let result = Ok(());
                    self.tell(Input::Spent { leg, result });
                }
                Output::OpenMedia(session) => {
                    let leg = session.leg;
                    self.legs.push(leg);
                    let address = Some(SocketAddr::from(([127, 0, 0, 1], 30_000)));
                    self.tell(Input::MediaOpened { leg, address });
                }
                Output::Acd(AcdInput::Join(entrance)) => self.calls.push(entrance.call),
                Output::Acd(AcdInput::AskRoom { call, .. }) => {
                    self.tell(Input::Acd(Command::Room { call }));
                }
                Output::Tell { to, message } if to == self.shard.id() => {
                    self.tell(Input::Told(message));
                }
                _ => {}
            }
        }
    }

    /// All is ended, nobody answers any more, and it comes to rest.
    fn end(mut self) {
        self.tell(Input::EndAll);
        // BYE, CANCEL and 2xx each have their 32 seconds, one after the other at worst.
        for _ in 0..20 {
            self.pass(Duration::from_secs(40));
        }
        assert_eq!(self.shard.calls_count(), 0, "{:#?}", self.shard.calls());
        assert_eq!(self.shard.legs_count(), 0);
        assert_eq!(self.shard.poll_timeout(), None);
    }
}

fn pick<T: Clone>(of: &[T], at: usize) -> Option<T> {
    of.get(at % of.len().max(1)).cloned()
}

fn as_request(message: &Message) -> Option<&Request> {
    match message {
        Message::Request(request) if request.method != Method::Ack => Some(request),
        _ => None,
    }
}

fn flow() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: SocketAddr::from(([127, 0, 0, 1], 5060)),
        remote: SocketAddr::from(([127, 0, 0, 9], 5070)),
        connection: 0,
    }
}

fn binding() -> Binding {
    Binding {
        contact: "sip:b@127.0.0.8:5071".parse().expect("a URI"),
        flow: flow(),
        expires_at: Time::NEVER,
        call_id: "register".into(),
        cseq: 1,
        user_agent: None,
        q: 1_000,
        instance: None,
        reg_id: None,
        path: Box::default(),
        natted: false,
    }
}
