//! Registers many accounts at once: a window of requests under way, each challenged, answered, and counted when its
//! 200 comes.

use super::{Account, Spread, socket, wait};
use crate::digest::{self, Challenge};
use crate::phone::DOMAIN;
use crate::random;
use crate::sip::Msg;
use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Requests under way at once.
const WINDOW: usize = 64;
/// After which a request is sent again.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often a request is sent before it is given up.
const ATTEMPTS: u32 = 8;

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// Registrations answered with 200.
    pub registered: usize,
    /// Challenges met.
    pub challenges: usize,
    /// Other final answers.
    pub refused: BTreeMap<u16, usize>,
    /// Given up.
    pub lost: usize,
    /// From first request to 200.
    pub took: Spread,
    /// Whole time.
    pub elapsed: Duration,
}

/// How challenges are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonces {
    /// A fresh one each time: every registration is challenged.
    Fresh,
    /// One for all, with a growing count, as long as the server takes it.
    Shared,
}

struct Pending {
    account: usize,
    request: Msg,
    began: Instant,
    sent: Instant,
    attempts: u32,
    count: u32,
}

struct Run<'a> {
    socket: UdpSocket,
    server: SocketAddr,
    accounts: &'a [Account],
    contact: SocketAddr,
    nonces: Nonces,
    challenge: Option<Challenge>,
    count: u32,
    pending: HashMap<String, Pending>,
    tally: Tally,
}

/// Registers `accounts`, in order and around again, `total` times in all, with `contact` as their address.
pub fn register(
    server: SocketAddr,
    accounts: &[Account],
    total: usize,
    contact: SocketAddr,
    nonces: Nonces,
) -> Tally {
    let mut run = Run {
        socket: socket(),
        server,
        accounts,
        contact,
        nonces,
        challenge: None,
        count: 0,
        pending: HashMap::new(),
        tally: Tally::default(),
    };
    let began = Instant::now();
    let mut started = 0;
    while started < total || !run.pending.is_empty() {
        while started < total && run.pending.len() < WINDOW {
            run.start(started % accounts.len());
            started += 1;
        }
        wait(&[&run.socket], Instant::now() + PATIENCE);
        run.read();
        run.send_again();
    }
    run.tally.elapsed = began.elapsed();
    run.tally
}

impl Run<'_> {
    fn start(&mut self, account: usize) {
        let user = &self.accounts[account].user;
        let call_id = random::token();
        let request = Msg::request("REGISTER", &format!("sip:{DOMAIN}"))
            .with("Via", self.via())
            .with("Max-Forwards", "70")
            .with(
                "From",
                format!("<sip:{user}@{DOMAIN}>;tag={}", random::token()),
            )
            .with("To", format!("<sip:{user}@{DOMAIN}>"))
            .with("Call-ID", call_id.clone())
            .with("CSeq", "1 REGISTER")
            .with("Contact", format!("<sip:{user}@{}>", self.contact))
            .with("Expires", "600");
        let now = Instant::now();
        let mut pending = Pending {
            account,
            request,
            began: now,
            sent: now,
            attempts: 1,
            count: 0,
        };
        if self.nonces == Nonces::Shared
            && let Some(challenge) = self.challenge.clone()
        {
            self.authorise(&mut pending, &challenge);
        }
        let _ = self
            .socket
            .send_to(&pending.request.to_bytes(), self.server);
        self.pending.insert(call_id, pending);
    }

    fn via(&self) -> String {
        let local = self.socket.local_addr().expect("a bound socket");
        format!(
            "SIP/2.0/UDP {local};branch=z9hG4bK{};rport",
            random::token()
        )
    }

    fn authorise(&mut self, pending: &mut Pending, challenge: &Challenge) {
        self.count += 1;
        pending.count += 1;
        let account = &self.accounts[pending.account];
        let answer = digest::Answer {
            user: &account.user,
            password: &account.password,
            method: "REGISTER",
            uri: &format!("sip:{DOMAIN}"),
            count: if self.nonces == Nonces::Shared {
                self.count
            } else {
                1
            },
            cnonce: "0a4f113b",
        };
        let value = digest::authorization(challenge, &answer);
        let cseq = format!("{} REGISTER", pending.request.cseq() + 1);
        let via = self.via();
        pending
            .request
            .headers
            .retain(|(name, _)| name != "Authorization");
        for (name, slot) in &mut pending.request.headers {
            match name.as_str() {
                "Via" => slot.clone_from(&via),
                "CSeq" => slot.clone_from(&cseq),
                _ => {}
            }
        }
        pending
            .request
            .headers
            .push(("Authorization".to_owned(), value));
    }

    fn read(&mut self) {
        let mut buffer = [0; 4_096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            let Some(reply) = Msg::parse(&buffer[..length]) else {
                continue;
            };
            let Some(mut pending) = self.pending.remove(reply.call_id()) else {
                continue;
            };
            if reply.cseq() != pending.request.cseq() || reply.status() < 200 {
                self.pending.insert(reply.call_id().to_owned(), pending);
                continue;
            }
            let challenge = reply.header("WWW-Authenticate").and_then(Challenge::parse);
            match (reply.status(), challenge) {
                (200, _) => {
                    self.tally.registered += 1;
                    self.tally.took.push(pending.began.elapsed());
                }
                (401, Some(challenge)) if pending.count < 2 => {
                    self.tally.challenges += 1;
                    if self.challenge.as_ref() != Some(&challenge) && self.nonces == Nonces::Shared
                    {
                        self.count = 0;
                        self.challenge = Some(challenge.clone());
                    }
                    self.authorise(&mut pending, &challenge);
                    pending.sent = Instant::now();
                    let _ = self
                        .socket
                        .send_to(&pending.request.to_bytes(), self.server);
                    self.pending.insert(reply.call_id().to_owned(), pending);
                }
                (status, _) => *self.tally.refused.entry(status).or_default() += 1,
            }
        }
    }

    fn send_again(&mut self) {
        let now = Instant::now();
        let mut lost = Vec::new();
        for (call_id, pending) in &mut self.pending {
            if now.duration_since(pending.sent) < PATIENCE {
                continue;
            }
            if pending.attempts == ATTEMPTS {
                lost.push(call_id.clone());
                continue;
            }
            pending.attempts += 1;
            pending.sent = now;
            let _ = self
                .socket
                .send_to(&pending.request.to_bytes(), self.server);
        }
        self.tally.lost += lost.len();
        for call_id in lost {
            self.pending.remove(&call_id);
        }
    }
}
