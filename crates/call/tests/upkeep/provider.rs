//! A provider's server as a model: a registrar that challenges, and that answers OPTIONS or doesn't.

use crate::world::flow_to;
use base::Time;
use bytes::Bytes;
use sip_core::digest::{Algorithm, Challenge, Credentials, Ha1};
use sip_core::{
    Contacts, HeaderName, HeaderValue, Message, Method, NameAddr, Request, Response, StatusCode,
    Transport, stamp_received,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub(crate) const REALM: &str = "provider.example";

/// What it does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// What it should.
    Well,
    /// Nothing.
    Dead,
    /// Says this to everything.
    Says(StatusCode),
    /// Says this to the next request, and is well from then on.
    SaysOnce(StatusCode),
}

pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    pub(crate) mood: Mood,
    pub(crate) password: &'static str,
    /// The realm it asks for.
    pub(crate) realm: &'static str,
    /// It grants no more than this.
    pub(crate) grants_s: u32,
    /// And no less.
    pub(crate) min_s: u32,
    /// How long a nonce is good for.
    pub(crate) nonce_lives: Duration,
    /// What its refusals say in Retry-After.
    pub(crate) retry_after: Option<u32>,
    /// Where it sees whoever asks, if elsewhere than he says.
    pub(crate) sees: Option<SocketAddr>,
    /// It takes no Contact with that address in it.
    pub(crate) takes_no: Option<IpAddr>,
    /// Who is registered, and until when.
    pub(crate) bindings: BTreeMap<String, Time>,
    /// Every request that came, once.
    pub(crate) requests: Vec<(Time, Request)>,
    /// The latest CSeq of each Call-ID.
    cseqs: BTreeMap<String, u32>,
    nonces: BTreeMap<String, (Time, u32)>,
    said: BTreeMap<String, Bytes>,
}

impl Provider {
    pub(crate) fn new(port: u16) -> Provider {
        Provider {
            address: SocketAddr::from(([192, 0, 2, 1], port)),
            mood: Mood::Well,
            password: "secret",
            realm: REALM,
            grants_s: 600,
            min_s: 0,
            nonce_lives: Duration::from_secs(3_600),
            retry_after: None,
            sees: None,
            takes_no: None,
            bindings: BTreeMap::new(),
            requests: Vec::new(),
            cseqs: BTreeMap::new(),
            nonces: BTreeMap::new(),
            said: BTreeMap::new(),
        }
    }

    /// What it answers, if it answers.
    pub(crate) fn receive(&mut self, now: Time, bytes: Bytes) -> Option<Bytes> {
        let message = sip_core::parse_datagram(bytes, &sip_core::Limits::default());
        let Ok(Message::Request(request)) = message else {
            return None;
        };
        if self.mood == Mood::Dead {
            return None;
        }
        let branch = request.headers.via().unwrap().branch().unwrap().to_owned();
        if let Some(said) = self.said.get(&branch) {
            return Some(said.clone());
        }
        let mut request = request;
        if let Some(remote) = self.sees {
            stamp_received(&mut request, &flow_to(remote, Transport::Udp));
        }
        let response = self.answer(now, &request).to_bytes();
        self.requests.push((now, request));
        self.said.insert(branch, response.clone());
        Some(response)
    }

    /// Who is registered now.
    pub(crate) fn contacts(&self, now: Time) -> Vec<&str> {
        let live = self.bindings.iter().filter(|(_, until)| **until > now);
        live.map(|(contact, _)| contact.as_str()).collect()
    }

    pub(crate) fn registers(&self) -> Vec<&Request> {
        let requests = self.requests.iter().map(|(_, request)| request);
        requests
            .filter(|request| request.method == Method::Register)
            .collect()
    }

    fn answer(&mut self, now: Time, request: &Request) -> Response {
        let says = match self.mood {
            Mood::Says(status) => Some(status),
            Mood::SaysOnce(status) => {
                self.mood = Mood::Well;
                Some(status)
            }
            Mood::Well | Mood::Dead => None,
        };
        if let Some(status) = says {
            let mut response = request.response_with_tag(status, "t");
            if let Some(after) = self.retry_after {
                response.headers.push(HeaderName::RetryAfter, after);
            }
            return response;
        }
        match request.method {
            Method::Register => self.register(now, request),
            _ => request.response_with_tag(StatusCode::OK, "t"),
        }
    }

    fn register(&mut self, now: Time, request: &Request) -> Response {
        if let Some(challenge) = self.challenge(now, request) {
            let mut response = request.response_with_tag(StatusCode::UNAUTHORIZED, "t");
            let value = HeaderValue::from(challenge.to_string());
            response.headers.push(HeaderName::WwwAuthenticate, value);
            return response;
        }
        let cseq = request.headers.cseq().unwrap().number;
        let call_id = request.headers.call_id().unwrap().to_owned();
        if self.cseqs.get(&call_id).is_some_and(|known| cseq <= *known) {
            // RFC 3261 §10.3 step 7.
            return request.response_with_tag(StatusCode::SERVER_INTERNAL_ERROR, "t");
        }
        self.cseqs.insert(call_id, cseq);
        let Contacts::List(contacts) = request.headers.contacts().unwrap() else {
            panic!("* is not for us");
        };
        let refused = |contact: &NameAddr| {
            let host = contact.uri.as_sip().and_then(|sip| sip.host.ip());
            host.is_some() && host == self.takes_no
        };
        if contacts.iter().any(refused) {
            return request.response_with_tag(StatusCode::FORBIDDEN, "t");
        }
        for contact in contacts {
            let asked: u32 = contact.params.get("expires").unwrap().parse().unwrap();
            if asked > 0 && asked < self.min_s {
                let mut response = request.response_with_tag(StatusCode::INTERVAL_TOO_BRIEF, "t");
                response.headers.push(HeaderName::MinExpires, self.min_s);
                return response;
            }
            let lasts = Duration::from_secs(asked.min(self.grants_s).into());
            self.bindings.insert(contact.uri.to_string(), now + lasts);
        }
        self.bindings.retain(|_, until| *until > now);
        assert!(self.bindings.len() < 2, "two contacts: {:?}", self.bindings);
        let mut response = request.response_with_tag(StatusCode::OK, "t");
        for (contact, until) in &self.bindings {
            let left = (*until - now).as_secs();
            let value = HeaderValue::from(format!("<{contact}>;expires={left}"));
            response.headers.push(HeaderName::Contact, value);
        }
        response
    }

    /// The challenge that is due, if the request does not prove enough.
    fn challenge(&mut self, now: Time, request: &Request) -> Option<Challenge> {
        let given = request.headers.credentials(&HeaderName::Authorization);
        let right = given.first().filter(|credentials| {
            let ha1 = Ha1::of(Algorithm::Sha256, "kolapp", REALM, self.password);
            credentials.verify(&request.method, &ha1)
        });
        let fresh = right.is_some_and(|credentials| self.is_fresh(now, credentials));
        if fresh {
            return None;
        }
        let nonce = format!("n{}-{}", self.address.port(), self.nonces.len());
        self.nonces.insert(nonce.clone(), (now, 0));
        let challenge = Challenge::new(self.realm, &nonce, Algorithm::Sha256);
        Some(match right {
            Some(_) => challenge.stale(),
            None => challenge,
        })
    }

    fn is_fresh(&mut self, now: Time, credentials: &Credentials) -> bool {
        let lives = self.nonce_lives;
        let nc = credentials.nc.unwrap();
        match self.nonces.get_mut(&*credentials.nonce) {
            Some((made, used)) if now - *made < lives && nc > *used => {
                *used = nc;
                true
            }
            _ => false,
        }
    }
}
