//! The gate: which requests outside a dialog come in, and on whose word. Makes no state for a request it
//! turns away; `call::admission` says whose word is needed, and here the word is checked.

use crate::nonces::Nonces;
use base::{OrgId, Time};
use call::Admission;
use call::admission::{self, Account, Assessment};
use call::settings::Directory;
use sip_core::digest::{Algorithm, Challenge, Credentials, Ha1, NonceFault, NonceKey};
use sip_core::{Flow, HeaderName, Method, Request, Response, StatusCode, Uri};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Credentials tried in one request. A phone sends one for each realm it knows on the way; each costs us a
/// few hashes.
const CREDENTIALS_TRIED_MAX: usize = 4;

/// Algorithms challenged with, in the order the headers are written. RFC 8760 §2.4 wants the strongest first;
/// but phones that know MD5 alone often read the first header and no other (SIPp 3.6 gives up), and whoever
/// wants SHA-256 finds it behind.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Md5, Algorithm::Sha256];

/// How the names of phones begin that fail where a stronger challenge stands beside MD5's, instead of passing
/// over it (RFC 8760 §2.4): baresip 1 says "Function not implemented" and never registers.
const MD5_ONLY_AGENTS: [&[u8]; 1] = [b"baresip v1."];

/// Random bytes of this process, for nonces.
#[derive(Clone)]
pub struct Secrets {
    /// Key of the proof in each nonce.
    pub nonce_key: [u8; 32],
}

/// A request at the gate.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) now: Time,
    pub(crate) directory: &'a Directory,
    pub(crate) flow: &'a Flow,
    pub(crate) request: &'a Request,
}

/// What the gate says of a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It comes in.
    Admit(Admission),
    /// It is answered with this and forgotten.
    Refuse(Box<Response>, Turned),
}

/// Why a request was turned away; a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// It came without credentials for the realm.
    Challenged,
    /// Its credentials were right, but for an old nonce or a used count.
    Stale,
    /// Its credentials were wrong.
    WrongCredentials,
    /// Its credentials were right, but not for this address.
    SpeaksForAnother,
    /// It is refused whoever sends it.
    Refused,
}

impl Turned {
    pub(crate) const ALL: [Turned; 5] = [
        Turned::Challenged,
        Turned::Stale,
        Turned::WrongCredentials,
        Turned::SpeaksForAnother,
        Turned::Refused,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Turned::Challenged => "challenged",
            Turned::Stale => "stale",
            Turned::WrongCredentials => "wrong-credentials",
            Turned::SpeaksForAnother => "speaks-for-another",
            Turned::Refused => "refused",
        }
    }
}

/// The gate of a process; all shards ask the same one, since a nonce may be used on several.
pub struct Gate {
    key: NonceKey,
    lifetime: Duration,
    nonces: Nonces,
    /// Makes the To tag of a stateless refusal: the same for each retransmission (RFC 3261 §8.2.7).
    tags: RandomState,
    /// Checked against where there is no such account, so that a wrong name takes as long as a wrong
    /// password.
    nobody: [Ha1; ALGORITHMS.len()],
}

impl Gate {
    /// A gate whose nonces live for `lifetime`.
    pub fn new(secrets: &Secrets, lifetime: Duration) -> Gate {
        Gate {
            key: NonceKey::new(secrets.nonce_key),
            lifetime,
            nonces: Nonces::new(),
            tags: RandomState::new(),
            nobody: ALGORITHMS.map(|algorithm| Ha1::of(algorithm, "", "", "")),
        }
    }

    /// Decides about a request that belongs to nothing known. `random` goes into the nonce of a challenge.
    pub(crate) fn admit(&self, asked: &Asked<'_>, random: u64) -> Verdict {
        let request = asked.request;
        // What has a dialog is that dialog's; ACK and CANCEL can't be challenged (RFC 3261 §22.1).
        let exempt = matches!(request.method, Method::Ack | Method::Cancel);
        if exempt || request.is_in_dialog() {
            return Verdict::Admit(Admission::Anyone);
        }
        let (realm, org) = match admission::assess(asked.directory, asked.flow, request) {
            Assessment::Admitted(admission) => return Verdict::Admit(admission),
            Assessment::Refused(status) => {
                return self.turn_away(request, status, Turned::Refused);
            }
            Assessment::Challenge { realm, org } => (realm, org),
        };
        match self.verify(asked, &org, &realm) {
            Ok(admission) => Verdict::Admit(admission),
            Err(Turned::SpeaksForAnother) => {
                self.turn_away(request, StatusCode::FORBIDDEN, Turned::SpeaksForAnother)
            }
            Err(why) => self.challenge(asked, &realm, why, random),
        }
    }

    /// Whose word the request's credentials are.
    fn verify(&self, asked: &Asked<'_>, org: &OrgId, realm: &str) -> Result<Admission, Turned> {
        let mut why = Turned::Challenged;
        for credentials in credentials_for(asked.request, realm) {
            let account = admission::account(asked.directory, org, &credentials).ok();
            let proven = self.proves(asked.request, &credentials, account.as_ref());
            let Some(account) = account.filter(|_| proven && is_for(&credentials, asked)) else {
                why = Turned::WrongCredentials;
                continue;
            };
            // Only now, when they are right, may a nonce be called stale or cost memory.
            if !self.is_fresh(asked.now, &credentials) {
                return Err(Turned::Stale);
            }
            return admission::speaks_for(asked.directory, org, &account, asked.request)
                .map(|()| Admission::User(account.id.clone()))
                .map_err(|_| Turned::SpeaksForAnother);
        }
        Err(why)
    }

    /// Whether the password is right. Takes as long for an account that is not there.
    fn proves(
        &self,
        request: &Request,
        credentials: &Credentials,
        account: Option<&Account<'_>>,
    ) -> bool {
        let ha1 = match account {
            Some(account) => account.ha1(credentials.algorithm),
            None => match credentials.algorithm {
                Algorithm::Md5 => &self.nobody[0],
                Algorithm::Sha256 => &self.nobody[1],
            },
        };
        let right = credentials.verify(&request.method, ha1);
        right && account.is_some()
    }

    /// A nonce of another process is as good as an expired one: the phone tries again with a new one
    /// and nobody is asked for a password.
    fn is_fresh(&self, now: Time, credentials: &Credentials) -> bool {
        let known: Result<_, NonceFault> = self.key.check(now, &credentials.nonce, self.lifetime);
        match (known, credentials.nc) {
            (Ok(nonce), Some(nc)) => self.nonces.accept(now, self.lifetime, nonce, nc),
            _ => false,
        }
    }

    fn challenge(&self, asked: &Asked<'_>, realm: &str, why: Turned, random: u64) -> Verdict {
        let request = asked.request;
        let mut response = request.response_with_tag(StatusCode::UNAUTHORIZED, &self.tag(request));
        let nonce = self.key.issue(asked.now, random);
        for algorithm in ALGORITHMS {
            if algorithm != Algorithm::Md5 && knows_md5_only(request) {
                continue;
            }
            let challenge = Challenge::new(realm, &nonce, algorithm);
            let challenge = match why {
                Turned::Stale => challenge.stale(),
                _ => challenge,
            };
            response
                .headers
                .push(HeaderName::WwwAuthenticate, challenge.to_string());
        }
        Verdict::Refuse(Box::new(response), why)
    }

    fn turn_away(&self, request: &Request, status: StatusCode, why: Turned) -> Verdict {
        let response = request.response_with_tag(status, &self.tag(request));
        Verdict::Refuse(Box::new(response), why)
    }

    fn tag(&self, request: &Request) -> String {
        let via = request.headers.first(&HeaderName::Via);
        let call_id = request.headers.first(&HeaderName::CallId);
        // Not of the form of a leg's tag, so that its ACK leads to no leg.
        format!("{:016x}", self.tags.hash_one((via, call_id)))
    }
}

/// The request's readable credentials for `realm`.
fn credentials_for(request: &Request, realm: &str) -> Vec<Credentials> {
    [HeaderName::Authorization, HeaderName::ProxyAuthorization]
        .iter()
        .flat_map(|name| request.headers.credentials(name))
        .filter(|credentials| *credentials.realm == *realm)
        .take(CREDENTIALS_TRIED_MAX)
        .collect()
}

fn knows_md5_only(request: &Request) -> bool {
    let agent = request
        .headers
        .first(&HeaderName::UserAgent)
        .unwrap_or_default();
    MD5_ONLY_AGENTS.iter().any(|name| agent.starts_with(name))
}

/// Whether credentials were made for this request (RFC 7616 §3.4.6). Besides an equivalent URI one that
/// names the same organisation will do, with the same user or none: some phones put the registrar's address
/// there whatever they ask for.
fn is_for(credentials: &Credentials, asked: &Asked<'_>) -> bool {
    let wanted = &asked.request.uri;
    if credentials.uri_matches(wanted) {
        return true;
    }
    let Ok(uri) = Uri::parse(credentials.uri.as_bytes()) else {
        return false;
    };
    let org = |uri| {
        let found = admission::organisation_of(asked.directory, asked.flow, uri);
        found.map(|(org, _)| org)
    };
    let same_user = uri.user().is_none() || uri.user() == wanted.user();
    same_user && org(&uri).is_some() && org(&uri) == org(wanted)
}

#[cfg(test)]
mod tests;
