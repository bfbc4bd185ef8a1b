//! A provider's server: a registrar that challenges, answers OPTIONS, and can be told to fail. Takes no calls: those are
//! for SIPp and phones.

use crate::certificates::Issued;
use crate::digest::{self, Answer, Challenge};
use crate::random;
use crate::sip::Msg;
use crate::wire::Wire;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The account that a trunk registers with.
pub const USER: &str = "46850001000";
/// Its password.
pub const PASSWORD: &str = "provider-secret";
/// The realm that it is for.
pub const REALM: &str = "provider.example";

/// What it does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// What it should.
    Well,
    /// Nothing.
    Dead,
    /// Answers everything with this.
    Says(u16),
}

#[derive(Debug)]
struct State {
    mood: Mood,
    /// Least that it grants, in seconds.
    min_expires: u32,
    nonce: String,
    /// Contact and what was granted of it, in seconds.
    binding: Option<(String, u32)>,
    /// The connection is to end.
    hangs_up: bool,
    requests: Vec<Msg>,
}

/// A server on a port of this machine; its thread ends when it is dropped.
#[derive(Debug)]
pub struct Registrar {
    state: Arc<Mutex<State>>,
    running: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Registrar {
    /// Listens on a port of 127.0.0.1.
    ///
    /// # Panics
    /// When somebody else does.
    pub fn at(port: u16) -> Registrar {
        let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        Registrar::running(move |state, running| serve(&socket, state, running))
    }

    fn running(run: impl FnOnce(&Mutex<State>, &AtomicBool) + Send + 'static) -> Registrar {
        let state = Arc::new(Mutex::new(State {
            mood: Mood::Well,
            min_expires: 0,
            nonce: random::token(),
            binding: None,
            hangs_up: false,
            requests: Vec::new(),
        }));
        let running = Arc::new(AtomicBool::new(true));
        let thread = {
            let (state, running) = (state.clone(), running.clone());
            std::thread::spawn(move || run(&state, &running))
        };
        Registrar {
            state,
            running,
            thread: Some(thread),
        }
    }

    /// The same by TCP, one connection after the other.
    ///
    /// # Panics
    /// When somebody else listens there.
    pub fn by_tcp(port: u16) -> Registrar {
        Registrar::by_connection(port, None)
    }

    /// The same by TLS, with that certificate.
    ///
    /// # Panics
    /// When somebody else listens there.
    pub fn by_tls(port: u16, shows: Issued) -> Registrar {
        Registrar::by_connection(port, Some(shows))
    }

    fn by_connection(port: u16, shows: Option<Issued>) -> Registrar {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Registrar::running(move |state, running| {
            while running.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                stream.set_nonblocking(false).unwrap();
                // Whoever does not believe the certificate ends the handshake.
                if let Ok(wire) = Wire::accepted(stream, shows.as_ref()) {
                    serve_connection(&wire, state, running);
                }
            }
        })
    }

    /// Ends the connection there is, and forgets who registered.
    ///
    /// # Panics
    /// When its thread did.
    pub fn hangs_up(&self) {
        let mut state = self.state.lock().unwrap();
        state.binding = None;
        state.hangs_up = true;
    }

    /// Changes what it does.
    pub fn is(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// Registrations must last so long at least.
    pub fn wants(&self, min_expires: u32) {
        self.state.lock().unwrap().min_expires = min_expires;
    }

    /// Nonces of until now are out of date.
    pub fn renews_its_nonce(&self) {
        self.state.lock().unwrap().nonce = random::token();
    }

    /// The registered Contact, without angle brackets, and for how many seconds; waits until there is one.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn expect_registration(&self, limit: Duration) -> (String, u32) {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(binding) = self.registration() {
                return binding;
            }
            assert!(Instant::now() < deadline, "nobody registered");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The registered Contact.
    pub fn registration(&self) -> Option<(String, u32)> {
        self.state.lock().unwrap().binding.clone()
    }

    /// How many requests of a method have come.
    pub fn count(&self, method: &str) -> usize {
        let state = self.state.lock().unwrap();
        let requests = state.requests.iter();
        requests.filter(|it| it.method() == method).count()
    }

    /// What has come.
    pub fn requests(&self) -> Vec<Msg> {
        self.state.lock().unwrap().requests.clone()
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.running.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(socket: &UdpSocket, state: &Mutex<State>, running: &AtomicBool) {
    let mut buffer = [0; 8_192];
    while running.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let request = Msg::parse(&buffer[..length]).filter(Msg::is_request);
        let Some(request) = request.map(|request| request.seen_at(from)) else {
            continue;
        };
        let reply = state.lock().unwrap().answer(&request);
        if let Some(reply) = reply {
            send(socket, &reply, from);
        }
    }
}

fn serve_connection(wire: &Wire, state: &Mutex<State>, running: &AtomicBool) {
    while running.load(Ordering::Relaxed) && wire.is_open() {
        if std::mem::take(&mut state.lock().unwrap().hangs_up) {
            return;
        }
        let request = wire.receive().and_then(|bytes| Msg::parse(&bytes));
        let Some(request) = request.filter(Msg::is_request) else {
            continue;
        };
        let reply = state.lock().unwrap().answer(&request);
        if let Some(reply) = reply {
            wire.send(&reply.to_bytes());
        }
    }
}

fn send(socket: &UdpSocket, reply: &Msg, to: SocketAddr) {
    let _ = socket.send_to(&reply.to_bytes(), to);
}

impl State {
    fn answer(&mut self, request: &Msg) -> Option<Msg> {
        if self.mood == Mood::Dead || request.method() == "ACK" {
            return None;
        }
        self.requests.push(request.clone());
        let plain = |status| Some(request.reply(status, "Said", "provider"));
        match (self.mood, request.method()) {
            (Mood::Says(status), _) => plain(status),
            (_, "REGISTER") => Some(self.register(request)),
            (_, "OPTIONS") => plain(200),
            _ => plain(486),
        }
    }

    fn register(&mut self, request: &Msg) -> Msg {
        let given = request.header("Authorization").unwrap_or_default();
        if !self.is_proven(request, given) {
            let stale = match given.is_empty() || given.contains(&self.nonce) {
                true => "",
                false => ", stale=true",
            };
            let challenge = format!(
                "Digest realm=\"{REALM}\", nonce=\"{}\", algorithm=MD5, qop=\"auth\"{stale}",
                self.nonce
            );
            let reply = request.reply(401, "Unauthorized", "provider");
            return reply.with("WWW-Authenticate", challenge);
        }
        let contact = request.header("Contact").expect("a Contact");
        let (address, _) = contact.split_once('>').expect("angle brackets");
        let address = address.trim_start_matches('<').to_owned();
        let expires = request.header("Expires").expect("Expires");
        let expires: u32 = expires.parse().expect("a number");
        if expires > 0 && expires < self.min_expires {
            let reply = request.reply(423, "Interval Too Brief", "provider");
            return reply.with("Min-Expires", self.min_expires.to_string());
        }
        self.binding = (expires > 0).then(|| (address.clone(), expires));
        let reply = request.reply(200, "OK", "provider");
        match expires {
            0 => reply,
            _ => reply.with("Contact", format!("<{address}>;expires={expires}")),
        }
    }

    fn is_proven(&self, request: &Msg, given: &str) -> bool {
        let parameter = |name: &str| {
            let (_, rest) = given.split_once(&format!("{name}="))?;
            let value = rest.split([',', ' ']).next()?;
            Some(value.trim_matches('"').to_owned())
        };
        let (Some(nonce), Some(count), Some(cnonce)) =
            (parameter(" nonce"), parameter("nc"), parameter("cnonce"))
        else {
            return false;
        };
        let text = format!(
            "Digest realm=\"{REALM}\", nonce=\"{}\", algorithm=MD5, qop=\"auth\"",
            self.nonce
        );
        let challenge = Challenge::parse(&text).expect("our own");
        let wanted = digest::authorization(
            &challenge,
            &Answer {
                user: USER,
                password: PASSWORD,
                method: "REGISTER",
                uri: request.uri(),
                count: u32::from_str_radix(&count, 16).unwrap_or(0),
                cnonce: &cnonce,
            },
        );
        let response = |text: &str| {
            let (_, rest) = text.split_once("response=\"")?;
            rest.split('"').next().map(str::to_owned)
        };
        nonce == self.nonce && response(given).is_some() && response(given) == response(&wanted)
    }
}
