//! The gate: which requests outside a dialog come in, and on whose word. Makes no state for a request it
//! turns away; `call::admission` says whose word is needed, and here the word is checked.

use crate::guard::{Guard, is_called};
use crate::holders::Holders;
use crate::nonces::Nonces;
use base::{OrgId, Time};
use call::Admission;
use call::admission::{self, Assessment, Claimant};
use call::settings::{AnswerOptions, Directory};
use call::upkeep::TrunksSeen;
use sip_core::digest::{Algorithm, Challenge, Credentials, Ha1, Holder, NonceId, NonceKey};
use sip_core::guard::{Ban, Cause, Offence, Source};
use sip_core::{Flow, HeaderName, Method, Request, Response, StatusCode, Transport, Uri};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Credentials tried in one request. A phone sends one for each realm it knows on the way; each costs us a
/// few hashes.
const CREDENTIALS_TRIED_MAX: usize = 4;

/// Algorithms challenged with, in the order the headers are written. RFC 8760 §2.4 wants the strongest first;
/// but phones that know MD5 alone often read the first header and no other (SIPp 3.6 gives up), and whoever
/// wants SHA-256 finds it behind.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Md5, Algorithm::Sha256];

/// The same over WebSocket, where phones are browsers with JsSIP or SIP.js: these know MD5 alone, and the last header
/// they read takes the place of those before.
const ALGORITHMS_BY_WEBSOCKET: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

/// How the names of phones begin that fail where a stronger challenge stands beside MD5's, instead of passing
/// over it (RFC 8760 §2.4): baresip 1 says "Function not implemented" and never registers.
const MD5_ONLY_AGENTS: [&[u8]; 1] = [b"baresip v1."];

/// Random numbers of this process.
#[derive(Clone)]
pub struct Secrets {
    /// Key of the proof in each nonce.
    pub nonce_key: [u8; 32],
    /// Spreads addresses and names over the guard's tables, so that nobody can choose who meets whom.
    pub table_seed: [u64; 2],
}

/// Where bans are kept over a restart. Nothing here may wait.
pub trait BanKeeper: Send + Sync {
    /// A source has been banned.
    fn keep(&self, ban: &Ban);

    /// A source is banned no more.
    fn lift(&self, source: Source);
}

/// A request at the gate.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) now: Time,
    pub(crate) directory: &'a Directory,
    /// What is known of trunks.
    pub(crate) trunks: &'a TrunksSeen,
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
    /// It is forgotten.
    Ignore(Turned),
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
    /// Whoever sent it has sent too many lately.
    TooFast,
    /// It says that it is a scanner's.
    Scanner,
    /// It asks what there is, and nobody knows who sent it.
    Stranger,
}

impl Turned {
    pub(crate) const ALL: [Turned; 8] = [
        Turned::Challenged,
        Turned::Stale,
        Turned::WrongCredentials,
        Turned::SpeaksForAnother,
        Turned::Refused,
        Turned::TooFast,
        Turned::Scanner,
        Turned::Stranger,
    ];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Turned::Challenged => "challenged",
            Turned::Stale => "stale",
            Turned::WrongCredentials => "wrong-credentials",
            Turned::SpeaksForAnother => "speaks-for-another",
            Turned::Refused => "refused",
            Turned::TooFast => "too-fast",
            Turned::Scanner => "scanner",
            Turned::Stranger => "stranger",
        }
    }
}

/// The gate of a process; all shards ask the same one, since a nonce may be used on several.
pub struct Gate {
    key: NonceKey,
    lifetime: Duration,
    nonces: Nonces,
    /// How fast everybody may ask, and who is banned.
    pub(crate) guard: Guard,
    keeper: Box<dyn BanKeeper>,
    /// How many calls everybody has.
    pub(crate) holders: Holders,
    /// Makes the To tag of a stateless refusal: the same for each retransmission (RFC 3261 §8.2.7).
    tags: RandomState,
    /// Checked against where there is no such account, so that a wrong name takes as long as a wrong
    /// password.
    nobody: [Ha1; ALGORITHMS.len()],
}

impl Gate {
    /// A gate whose nonces live for `lifetime`.
    pub fn new(secrets: &Secrets, lifetime: Duration, keeper: Box<dyn BanKeeper>) -> Gate {
        Gate {
            key: NonceKey::new(secrets.nonce_key),
            lifetime,
            nonces: Nonces::new(),
            guard: Guard::new(secrets.table_seed),
            keeper,
            holders: Holders::default(),
            tags: RandomState::new(),
            nobody: ALGORITHMS.map(|algorithm| Ha1::of(algorithm, "", "", "")),
        }
    }

    /// Who is banned.
    pub fn bans(&self, now: Time) -> Vec<Ban> {
        self.guard.list_bans(now)
    }

    /// Bans a source by hand.
    pub fn ban(&self, now: Time, source: Source, lasts: Duration) {
        let ban = Ban {
            source,
            cause: Cause::Operator,
            since: now,
            until: now + lasts,
            times: 1,
        };
        self.guard.ban(now, ban);
        self.note_ban(now, &ban);
    }

    /// Takes up a ban that was kept.
    pub fn restore_ban(&self, now: Time, ban: Ban) {
        self.guard.ban(now, ban);
    }

    /// Whoever is at `remote` proved who he is before a restart: he is served as one who has.
    pub fn vouch(&self, now: Time, remote: std::net::SocketAddr) {
        self.guard.vouch(now, remote);
    }

    /// Takes a ban back and forgets what led to it; whether there was one.
    pub fn lift_ban(&self, now: Time, source: Source) -> bool {
        let lifted = self.guard.lift(now, source);
        if lifted {
            self.keeper.lift(source);
            tracing::info!(%source, "ban lifted");
        }
        lifted
    }

    /// Decides about a request that belongs to nothing known. `random` goes into the nonce of a challenge.
    pub(crate) fn admit(&self, asked: &Asked<'_>, random: u64) -> Verdict {
        let request = asked.request;
        // What has a dialog is that dialog's; ACK and CANCEL can't be challenged (RFC 3261 §22.1).
        let exempt = matches!(request.method, Method::Ack | Method::Cancel);
        if exempt || request.is_in_dialog() {
            return Verdict::Admit(Admission::Anyone);
        }
        if self.is_scanner(asked) {
            self.guard_against(asked, Offence::Scanner);
            return Verdict::Ignore(Turned::Scanner);
        }
        if request.method == Method::Options && !self.may_ask_what_there_is(asked) {
            return Verdict::Ignore(Turned::Stranger);
        }
        let (realm, org) =
            match admission::assess(asked.directory, asked.trunks, asked.flow, request) {
                Assessment::Admitted(admission) => return self.let_in(asked, admission),
                Assessment::Refused(status) => {
                    return self.turn_away(asked, status, Turned::Refused);
                }
                Assessment::Challenge { realm, org } => (realm, org),
            };
        match self.verify(asked, org, realm) {
            Ok(admission) => self.let_in(asked, admission),
            Err(Turned::SpeaksForAnother) => {
                self.turn_away(asked, StatusCode::FORBIDDEN, Turned::SpeaksForAnother)
            }
            Err(why) => {
                if why == Turned::Challenged
                    && let Some(offence) = self.fishing(asked, org)
                {
                    self.guard_against(asked, offence);
                }
                self.challenge(asked, realm, why, random)
            }
        }
    }

    /// Lets in who proved who he is, unless he asks too often, and remembers where he is.
    fn let_in(&self, asked: &Asked<'_>, admission: Admission) -> Verdict {
        if !matches!(admission, Admission::User(_) | Admission::Trunk(_)) {
            return Verdict::Admit(admission);
        }
        self.guard.vouch(asked.now, asked.flow.remote);
        let (method, limits) = (&asked.request.method, &asked.directory.limits);
        match self.guard.may_ask(asked.now, &admission, method, limits) {
            Ok(()) => Verdict::Admit(admission),
            Err(wait) => {
                let response = self.too_fast(asked.directory, asked.request, wait);
                Verdict::Refuse(Box::new(response), Turned::TooFast)
            }
        }
    }

    /// What whoever asks too fast is told: when he may ask again.
    pub(crate) fn too_fast(
        &self,
        directory: &Directory,
        request: &Request,
        wait: Duration,
    ) -> Response {
        let seconds = wait.as_millis().div_ceil(1_000).max(1);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        let mut response = self.turned_down(directory, request, StatusCode::SERVICE_UNAVAILABLE);
        response.headers.push(HeaderName::RetryAfter, seconds);
        response
    }

    /// Whether OPTIONS is answered to whoever sent it.
    fn may_ask_what_there_is(&self, asked: &Asked<'_>) -> bool {
        let remote = asked.flow.remote;
        let is_trunk = |organisation: &call::settings::Organisation| {
            let mut sources = organisation.trunks.values().flat_map(|it| &it.sources);
            sources.any(|network| network.contains(remote.ip()))
        };
        asked.directory.answer_options == AnswerOptions::Everybody
            || self.guard.is_proven(asked.now, remote)
            || asked.directory.organisations.values().any(is_trunk)
    }

    /// Whether somebody who never proved who he is calls himself a scanner.
    fn is_scanner(&self, asked: &Asked<'_>) -> bool {
        let agent = asked.request.headers.first(&HeaderName::UserAgent);
        agent.is_some_and(|agent| is_called(agent, &asked.directory.bans.user_agents))
            && !self.guard.is_proven(asked.now, asked.flow.remote)
    }

    /// What a request without credentials asks for that is not there, if it does: to know who and what is
    /// here, scanners ask for one after the other.
    ///
    /// A phone that has proven who it is asks so each time its user dials outside: its INVITE is to be challenged first.
    fn fishing(&self, asked: &Asked<'_>, org: &OrgId) -> Option<Offence> {
        if self.guard.is_proven(asked.now, asked.flow.remote) {
            return None;
        }
        let hash = |name: &str| self.tags.hash_one(name) as u32;
        match admission::unknown(asked.directory, org, asked.request)? {
            admission::Unknown::User(name) => Some(Offence::UnknownUser(hash(&name))),
            admission::Unknown::Number(number) => Some(Offence::UnknownNumber(hash(&number))),
        }
    }

    fn guard_against(&self, asked: &Asked<'_>, offence: Offence) {
        let remote = asked.flow.remote;
        let ban = self
            .guard
            .offended(asked.now, remote, offence, asked.directory);
        if let Some(ban) = ban {
            self.note_ban(asked.now, &ban);
        }
    }

    /// Tells of a ban, once.
    fn note_ban(&self, now: Time, ban: &Ban) {
        self.keeper.keep(ban);
        let cause = ban.cause.label();
        metrics::counter!("kolapp_bans_total", "cause" => cause).increment(1);
        let lasts_s = ban.until.since(now).as_secs();
        tracing::warn!(source = %ban.source, cause, times = ban.times, lasts_s, "banned");
    }

    /// Whose word the request's credentials are.
    fn verify(&self, asked: &Asked<'_>, org: &OrgId, realm: &str) -> Result<Admission, Turned> {
        let mut why = Turned::Challenged;
        for credentials in credentials_for(asked.request, realm) {
            let account = admission::account(asked.directory, org, &credentials).ok();
            let nonce = self.nonce_of(asked, realm, &credentials);
            let proven = self.proves(asked.request, &credentials, account.as_ref());
            let Some(account) = account.filter(|_| proven && is_for(&credentials, asked)) else {
                why = Turned::WrongCredentials;
                // Who never had a nonce from us may be somebody else, in whose name this was sent.
                if nonce.is_some() {
                    self.guard_against(asked, Offence::WrongCredentials);
                }
                continue;
            };
            // Only now, when they are right, may a nonce be called stale or cost memory.
            if !self.is_fresh(asked.now, nonce, &credentials) {
                return Err(Turned::Stale);
            }
            return admission::speaks_for(asked.directory, org, &account, asked.request)
                .map_err(|_| Turned::SpeaksForAnother);
        }
        Err(why)
    }

    /// Whether the password is right. Takes as long for an account that is not there.
    fn proves(
        &self,
        request: &Request,
        credentials: &Credentials<'_>,
        account: Option<&Claimant<'_>>,
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

    /// The nonce that credentials answer, if it is one that was sent there lately.
    fn nonce_of(
        &self,
        asked: &Asked<'_>,
        realm: &str,
        credentials: &Credentials<'_>,
    ) -> Option<NonceId> {
        let (nonce, holder) = (&credentials.nonce, holder(realm, asked.flow));
        let known = self.key.check(asked.now, nonce, self.lifetime, &holder);
        known.ok()
    }

    /// A nonce of another process, or one that was given to somebody else, is as good as an expired one: the
    /// phone tries again with a new one and nobody is asked for a password.
    fn is_fresh(&self, now: Time, nonce: Option<NonceId>, credentials: &Credentials<'_>) -> bool {
        match (nonce, credentials.nc) {
            (Some(nonce), Some(nc)) => self.nonces.accept(now, self.lifetime, nonce, nc),
            _ => false,
        }
    }

    fn challenge(&self, asked: &Asked<'_>, realm: &str, why: Turned, random: u64) -> Verdict {
        let request = asked.request;
        let mut response = self.turned_down(asked.directory, request, StatusCode::UNAUTHORIZED);
        let holder = holder(realm, asked.flow);
        let nonce = self.key.issue(asked.now, random, &holder);
        let algorithms = match asked.flow.transport {
            Transport::Ws | Transport::Wss => ALGORITHMS_BY_WEBSOCKET,
            Transport::Udp | Transport::Tcp | Transport::Tls => ALGORITHMS,
        };
        for algorithm in algorithms {
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

    fn turn_away(&self, asked: &Asked<'_>, status: StatusCode, why: Turned) -> Verdict {
        let response = self.turned_down(asked.directory, asked.request, status);
        Verdict::Refuse(Box::new(response), why)
    }

    fn turned_down(
        &self,
        directory: &Directory,
        request: &Request,
        status: StatusCode,
    ) -> Response {
        let mut response = request.response_with_tag(status, &self.tag(request));
        if let Some(banner) = &directory.server_header {
            response.headers.push(HeaderName::Server, &**banner);
        }
        response
    }

    fn tag(&self, request: &Request) -> String {
        let via = request.headers.first(&HeaderName::Via);
        let call_id = request.headers.first(&HeaderName::CallId);
        // Not of the form of a leg's tag, so that its ACK leads to no leg.
        format!("{:016x}", self.tags.hash_one((via, call_id)))
    }
}

fn holder<'a>(realm: &'a str, flow: &Flow) -> Holder<'a> {
    Holder {
        realm,
        source: Source::of(flow.remote.ip()),
    }
}

/// The request's readable credentials for `realm`.
fn credentials_for<'a>(request: &'a Request, realm: &str) -> impl Iterator<Item = Credentials<'a>> {
    const NAMES: [HeaderName; 2] = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    NAMES
        .iter()
        .flat_map(|name| request.headers.credentials(name))
        .filter(move |credentials| credentials.realm == realm)
        .take(CREDENTIALS_TRIED_MAX)
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
fn is_for(credentials: &Credentials<'_>, asked: &Asked<'_>) -> bool {
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
