//! A phone: registers, calls, is called. One wire for signalling with a thread that reads it, answers
//! retransmissions from memory, and hands each message to the call it belongs to.

mod answering;
mod call;
mod description;
mod lamp;

pub use call::{Call, Ending};
pub use description::Description;
pub use lamp::Lamp;

use crate::digest::{self, Algorithm, Challenge};
use crate::random;
use crate::server::Server;
use crate::sip::Msg;
use crate::sound::Codec;
use crate::wire::{Transport, Wire};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The demo's domain and realm.
pub const DOMAIN: &str = "demo.localhost";
/// RFC 3261's T1.
const T1: Duration = Duration::from_millis(500);
/// Longest wait for a final answer to anything but an INVITE.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A phone; its thread ends when it is dropped.
#[derive(Debug)]
pub struct Phone {
    inner: Arc<Inner>,
    incoming: Receiver<Msg>,
    thread: Option<JoinHandle<()>>,
    registration: (String, u32),
}

#[derive(Debug)]
struct Inner {
    wire: Wire,
    transport: Transport,
    local: SocketAddr,
    user: String,
    password: Option<String>,
    algorithm: Option<Algorithm>,
    codecs: Vec<Codec>,
    keys: Keys,
    user_agent: String,
    routes: Mutex<Routes>,
    trace: Mutex<Vec<String>>,
    began: Instant,
    running: AtomicBool,
}

#[derive(Debug, Default)]
struct Routes {
    calls: HashMap<String, Sender<Msg>>,
    // What was answered to a request, by branch and method: sent again when the request comes again.
    answered: HashMap<(String, String), Option<Vec<u8>>>,
    // The ACK of each INVITE's 2xx, by Call-ID and CSeq: sent again when the 2xx comes again.
    acknowledged: HashMap<(String, u32), Vec<u8>>,
}

/// What a phone takes part in.
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO";

/// How keys reach a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// As telephone events in the sound.
    Events,
    /// By INFO: it has no telephone events.
    Info,
}

/// How a phone is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// How it talks to the server.
    pub transport: Transport,
    /// Whose certificates it believes, in PEM.
    pub trusted: Option<String>,
    /// Own address.
    pub ip: IpAddr,
    /// Account or number.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<String>,
    /// Which of the offered digest algorithms is taken; the first it knows if `None`.
    pub algorithm: Option<Algorithm>,
    /// Codecs in order of preference; with none, it offers only one that nobody has.
    pub codecs: Vec<Codec>,
    /// How keys reach it.
    pub keys: Keys,
    /// What it calls itself.
    pub user_agent: String,
}

impl Options {
    /// An account of the demo.
    pub fn account(name: &str) -> Options {
        Options {
            transport: Transport::Udp,
            trusted: None,
            ip: [127, 0, 0, 1].into(),
            user: name.to_owned(),
            password: Some(format!("demo-{name}")),
            algorithm: None,
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            keys: Keys::Events,
            user_agent: "Kolapp-test-phone".to_owned(),
        }
    }

    /// A number outside, calling over the demo's trunk.
    pub fn outside(number: &str) -> Options {
        Options {
            password: None,
            ..Options::account(number)
        }
    }
}

impl Phone {
    /// A phone with these options that talks to `server`; not registered yet.
    ///
    /// # Panics
    /// When no socket can be had, or the server takes no connection.
    pub fn new(server: SocketAddr, options: Options) -> Phone {
        let trusted = options.trusted.as_deref();
        let wire = Wire::new(options.transport, options.ip, server, trusted);
        let inner = Arc::new(Inner {
            local: wire.local(),
            wire,
            transport: options.transport,
            user: options.user,
            password: options.password,
            algorithm: options.algorithm,
            codecs: options.codecs,
            keys: options.keys,
            user_agent: options.user_agent,
            routes: Mutex::default(),
            trace: Mutex::default(),
            began: Instant::now(),
            running: AtomicBool::new(true),
        });
        let (sender, incoming) = channel();
        let thread = {
            let inner = inner.clone();
            std::thread::spawn(move || inner.read(&sender))
        };
        Phone {
            inner,
            incoming,
            thread: Some(thread),
            registration: (random::token(), 0),
        }
    }

    /// A registered phone of one of the demo's agents.
    pub fn agent(server: &Server, name: &str) -> Phone {
        let mut phone = Phone::new(server.sip(), Options::account(name));
        phone.register();
        phone
    }

    /// A caller from outside, over the trunk.
    pub fn outside(server: &Server, number: &str) -> Phone {
        Phone::new(server.sip(), Options::outside(number))
    }

    /// Own signalling address.
    pub fn local(&self) -> SocketAddr {
        self.inner.local
    }

    /// Registers for ten minutes.
    ///
    /// # Panics
    /// When that fails.
    pub fn register(&mut self) {
        let reply = self.register_for(600);
        assert_eq!(
            reply.status(),
            200,
            "REGISTER of {}: {}",
            self.inner.user,
            reply.start
        );
    }

    /// Registers for so many seconds, or un-registers with 0; the final answer.
    pub fn register_for(&mut self, seconds: u32) -> Msg {
        self.registration.1 += 1;
        let request = self
            .new_request(
                "REGISTER",
                &format!("sip:{DOMAIN}"),
                &self.registration.0,
                self.registration.1,
            )
            .with("Contact", self.inner.contact())
            .with("Expires", seconds.to_string());
        let reply = self.request(&request);
        // A request with credentials took a CSeq of its own.
        self.registration.1 += 1;
        reply
    }

    /// A request outside any dialog, complete but for the body.
    pub fn new_request(&self, method: &str, uri: &str, call_id: &str, cseq: u32) -> Msg {
        let inner = &self.inner;
        let to = if method == "REGISTER" {
            format!("<sip:{}@{DOMAIN}>", inner.user)
        } else {
            format!("<{uri}>")
        };
        Msg::request(method, uri)
            .with("Via", inner.via())
            .with("Max-Forwards", "70")
            .with(
                "From",
                format!("<sip:{}@{DOMAIN}>;tag={}", inner.user, random::token()),
            )
            .with("To", to)
            .with("Call-ID", call_id)
            .with("CSeq", format!("{cseq} {method}"))
            .with("User-Agent", inner.user_agent.clone())
    }

    /// Sends a request that is no INVITE, answers a challenge once, and returns the final answer.
    ///
    /// # Panics
    /// When none comes.
    pub fn request(&self, request: &Msg) -> Msg {
        let reply = self.request_without_credentials(request);
        match self.inner.with_credentials(request, &reply) {
            Some(again) => self.request_without_credentials(&again),
            None => reply,
        }
    }

    /// Sends a request as it is and returns the final answer.
    ///
    /// # Panics
    /// When none comes.
    pub fn request_without_credentials(&self, request: &Msg) -> Msg {
        self.try_request(request, ANSWER_LIMIT)
            .unwrap_or_else(|| panic!("no answer to {} in {ANSWER_LIMIT:?}", request.start))
    }

    /// Sends a request as it is; its final answer, if one comes in `limit`.
    pub fn try_request(&self, request: &Msg, limit: Duration) -> Option<Msg> {
        let inbox = self.inner.route(request.call_id());
        let deadline = Instant::now() + limit;
        let mut interval = T1;
        self.inner.send(request);
        loop {
            let next = (Instant::now() + interval).min(deadline);
            if let Some(reply) = final_answer(&inbox, request, next) {
                return Some(reply);
            }
            if Instant::now() >= deadline {
                return None;
            }
            interval *= 2;
            self.inner.send_again(request);
        }
    }

    /// The same, but sent once: where a final answer comes, it was taken the first time.
    ///
    /// # Panics
    /// When none comes.
    pub fn request_once(&self, request: &Msg) -> Msg {
        let inbox = self.inner.route(request.call_id());
        self.inner.send(request);
        final_answer(&inbox, request, Instant::now() + ANSWER_LIMIT)
            .unwrap_or_else(|| panic!("no answer to {} sent once", request.start))
    }

    /// Calls a number or URI of the demo. Of an account, returns when the challenge has been answered and the INVITE is
    /// under way, or refused.
    pub fn call(&self, target: &str) -> Call {
        let mut call = Call::place(self.inner.clone(), target);
        if self.inner.password.is_some() {
            call.under_way(ANSWER_LIMIT);
        }
        call
    }

    /// Waits for a call.
    ///
    /// # Panics
    /// When none comes in `limit`.
    pub fn incoming(&self, limit: Duration) -> Call {
        self.try_incoming(limit).unwrap_or_else(|| {
            panic!(
                "{} was not called in {limit:?}\n{}",
                self.inner.user,
                self.trace()
            )
        })
    }

    /// A call, if one comes in `limit`.
    pub fn try_incoming(&self, limit: Duration) -> Option<Call> {
        let invite = self.incoming.recv_timeout(limit).ok()?;
        Some(Call::offered(self.inner.clone(), invite))
    }

    /// Whether the server has not closed the phone's connection.
    pub fn is_connected(&self) -> bool {
        self.inner.wire.is_open()
    }

    /// What went over the wire, first lines.
    pub fn trace(&self) -> String {
        self.inner.trace.lock().unwrap().join("\n")
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.inner.running.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if std::thread::panicking() {
            eprintln!("--- {} ---\n{}", self.inner.user, self.trace());
        }
    }
}

impl Inner {
    fn via(&self) -> String {
        format!(
            "SIP/2.0/{} {};branch=z9hG4bK{};rport",
            self.transport.token(),
            self.local,
            random::token()
        )
    }

    fn contact(&self) -> String {
        let transport = self.transport.uri_param();
        format!("<sip:{}@{}{transport}>", self.user, self.local)
    }

    // Sends a request that may have been lost, where it can be.
    fn send_again(&self, message: &Msg) {
        if !self.transport.is_reliable() {
            self.send(message);
        }
    }

    fn send(&self, message: &Msg) {
        self.send_bytes(&message.to_bytes(), &message.start);
    }

    fn send_bytes(&self, bytes: &[u8], what: &str) {
        self.note("->", what);
        self.wire.send(bytes);
    }

    fn note(&self, direction: &str, what: &str) {
        let line = format!(
            "{:8.3} {direction} {what}",
            self.began.elapsed().as_secs_f64()
        );
        self.trace.lock().unwrap().push(line);
    }

    // Answers a request, and remembers the answer for its retransmissions.
    fn respond(&self, request: &Msg, reply: &Msg) {
        let bytes = reply.to_bytes();
        let key = (request.branch().to_owned(), request.method().to_owned());
        self.routes
            .lock()
            .unwrap()
            .answered
            .insert(key, Some(bytes.clone()));
        self.send_bytes(&bytes, &format!("{} ({})", reply.start, reply.method()));
    }

    fn route(&self, call_id: &str) -> Receiver<Msg> {
        let (sender, receiver) = channel();
        self.routes
            .lock()
            .unwrap()
            .calls
            .insert(call_id.to_owned(), sender);
        receiver
    }

    fn acknowledged(&self, call_id: &str, cseq: u32, ack: &Msg) {
        self.routes
            .lock()
            .unwrap()
            .acknowledged
            .insert((call_id.to_owned(), cseq), ack.to_bytes());
        self.send(ack);
    }

    // The request again with credentials, if `reply` is a challenge and we have a password.
    fn with_credentials(&self, request: &Msg, reply: &Msg) -> Option<Msg> {
        let (asks, answers) = match reply.status() {
            401 => ("WWW-Authenticate", "Authorization"),
            407 => ("Proxy-Authenticate", "Proxy-Authorization"),
            _ => return None,
        };
        let password = self.password.as_deref()?;
        let challenge = reply
            .all(asks)
            .filter_map(Challenge::parse)
            .find(|each| self.algorithm.is_none_or(|wanted| wanted == each.algorithm))?;
        let answer = digest::Answer {
            user: &self.user,
            password,
            method: request.method(),
            uri: request.uri(),
            count: 1,
            cnonce: &random::token(),
        };
        let mut again = request.clone();
        let cseq = format!("{} {}", request.cseq() + 1, request.method());
        for (name, value) in &mut again.headers {
            match name.as_str() {
                "Via" => *value = self.via(),
                "CSeq" => value.clone_from(&cseq),
                _ => {}
            }
        }
        Some(again.with(answers, digest::authorization(&challenge, &answer)))
    }

    fn read(&self, incoming: &Sender<Msg>) {
        while self.running.load(Ordering::Relaxed) {
            let Some(message) = self.wire.receive().and_then(|bytes| Msg::parse(&bytes)) else {
                continue;
            };
            let method = if message.is_request() {
                String::new()
            } else {
                format!(" ({})", message.method())
            };
            self.note("<-", &format!("{}{method}", message.start));
            if message.is_request() {
                self.requested(message, incoming)
            } else {
                self.replied(message)
            }
        }
    }

    fn requested(&self, request: Msg, incoming: &Sender<Msg>) {
        let mut routes = self.routes.lock().unwrap();
        let key = (request.branch().to_owned(), request.method().to_owned());
        if request.method() != "ACK" {
            if let Some(known) = routes.answered.get(&key) {
                if let Some(bytes) = known {
                    self.wire.send(bytes);
                }
                return;
            }
            routes.answered.insert(key, None);
        }
        let call = routes.calls.get(request.call_id()).cloned();
        drop(routes);
        match (call, request.method()) {
            (Some(call), _) => {
                let _ = call.send(request);
            }
            (None, "INVITE") => {
                let _ = incoming.send(request);
            }
            (None, "ACK") => {}
            (None, "OPTIONS") => {
                self.respond(&request, &request.reply(200, "OK", &random::token()))
            }
            (None, _) => {
                let reply = request.reply(481, "Call/Transaction Does Not Exist", &random::token());
                self.respond(&request, &reply);
            }
        }
    }

    fn replied(&self, reply: Msg) {
        let routes = self.routes.lock().unwrap();
        let key = (reply.call_id().to_owned(), reply.cseq());
        if reply.method() == "INVITE"
            && (200..300).contains(&reply.status())
            && let Some(ack) = routes.acknowledged.get(&key)
        {
            self.wire.send(ack);
            return;
        }
        if let Some(call) = routes.calls.get(reply.call_id()) {
            let _ = call.send(reply);
        }
    }
}

/// The final answer to a request, if one comes before that moment.
fn final_answer(inbox: &Receiver<Msg>, request: &Msg, until: Instant) -> Option<Msg> {
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        match inbox.recv_timeout(left) {
            Ok(reply) if reply.status() >= 200 && reply.cseq() == request.cseq() => {
                return Some(reply);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{self, Sound};
    use crate::sound;
    use std::net::UdpSocket;

    const SOON: Duration = Duration::from_secs(5);

    // Two phones joined by a wire, each taking its end for the server.
    fn pair() -> (Phone, Phone) {
        let ends: [UdpSocket; 2] = std::array::from_fn(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
        let address = |index: usize| ends[index].local_addr().unwrap();
        let one = Phone::new(address(0), Options::outside("one"));
        let other = Phone::new(address(1), Options::outside("other"));
        let far = [one.local(), other.local()];
        for from in 0..2 {
            let (read, write) = (
                ends[from].try_clone().unwrap(),
                ends[1 - from].try_clone().unwrap(),
            );
            let to = far[1 - from];
            std::thread::spawn(move || {
                let mut buffer = [0; 4_096];
                while let Ok(length) = read.recv(&mut buffer) {
                    let _ = write.send_to(&buffer[..length], to);
                }
            });
        }
        (one, other)
    }

    #[test]
    fn two_phones_call_talk_hold_and_hang_up() {
        let (one, other) = pair();
        let mut calling = one.call("other");
        let mut called = other.incoming(SOON);
        called.ring();
        calling.expect_provisional(180, SOON);
        // Neither may answer for the other within one thread, so the 200 goes before its ACK is awaited.
        called.answer_without_ack();
        calling.expect_answer(SOON);
        called.expect_request("ACK", SOON);
        calling.media.play(Sound::Tone(440.0));
        let heard = called.media.listen(Duration::from_millis(500));
        assert!(sound::level_db(&rtp::samples(&heard[5..]), 440.0) > -14.0);
        rtp::check_continuity(&heard).unwrap();
        std::thread::scope(|scope| {
            let answering = scope.spawn(|| called.expect_request("INVITE", SOON));
            calling.hold();
            assert!(answering.join().unwrap().body_text().contains("a=sendonly"));
        });
        assert_eq!(calling.theirs.as_ref().unwrap().direction, "recvonly");
        assert_eq!(called.media.target(), None);
        std::thread::scope(|scope| {
            scope.spawn(|| called.expect_bye(SOON));
            calling.hang_up();
        });
        assert_eq!(
            (calling.ended, called.ended),
            (Some(Ending::OwnBye), Some(Ending::Bye))
        );
    }

    #[test]
    fn a_call_is_cancelled_or_refused() {
        let (one, other) = pair();
        let mut calling = one.call("other");
        let mut called = other.incoming(SOON);
        std::thread::scope(|scope| {
            scope.spawn(|| called.expect_cancel(SOON));
            calling.cancel();
        });
        let mut calling = one.call("other");
        let mut called = other.incoming(SOON);
        std::thread::scope(|scope| {
            scope.spawn(|| called.refuse(486));
            assert_eq!(calling.answered(SOON), 486);
        });
    }
}
