//! A trunk's registration (RFC 3261 §10.2): asked for, proven, refreshed in time, taken to the next server when one
//! fails, and given up at the end. A pure machine: each event gives back at most one thing to do.

use super::register::{self, Said};
use super::translated::{Blame, Sees, Translated};
use super::{
    Around, Heard, RESOLVING_MAX, Register, Registers, TARGETS_MAX, Trouble, TrunkState,
    Unanswered, Wanted, Wish, waiting,
};
use crate::challenge::{self, Asked};
use base::Time;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use sip_core::{Flow, HeaderName, Request, Response, Uri};
use std::net::IpAddr;
use std::time::Duration;

/// How long one server has to answer before the next is tried: four sendings over UDP. Timer F would be half a
/// minute (RFC 3261 §17.1.2.2), in which nobody can call in.
const PATIENCE: Duration = Duration::from_secs(8);

/// Challenges to one request that are answered: to none, to a nonce of before, and one that says that it was stale.
const CHALLENGES_MAX: u8 = 3;

/// Longest that we let a registrar ask for (423) or grant: a day.
const EXPIRES_MAX_S: u32 = 86_400;

/// Soonest refresh, whatever was granted.
const REFRESH_AFTER_MIN: Duration = Duration::from_secs(1);

/// Longest that a Retry-After is heeded; a server that is to be away for longer is asked meanwhile.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// Whether we want to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Aim {
    Stay,
    Leave,
}

/// What is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Nothing, until it is refreshed or tried again.
    Resting { until: Time },
    /// A registrar's addresses are asked for.
    Resolving { until: Time },
    /// A REGISTER waits for its answer.
    Asking {
        until: Time,
        proof: Proof,
        challenges: u8,
    },
    /// Nothing any more.
    Over,
}

/// What credentials a REGISTER carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Proof {
    None,
    /// For a nonce of an earlier request, which may be out of date.
    Earlier,
    /// For the nonce it was challenged with.
    Fresh,
}

/// A challenge that was answered, to be answered again before it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answered {
    asked: Asked,
    /// How often (RFC 7616 §3.4 `nc`).
    count: u32,
}

/// A registration that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Granted {
    until: Time,
    contact: Uri,
    /// The server that has us.
    at: Flow,
    /// All addresses of its registrar.
    sources: Vec<IpAddr>,
}

/// One trunk's registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Registration {
    aim: Aim,
    phase: Phase,
    /// The same for all of them (RFC 3261 §10.2.4).
    call_id: Box<str>,
    tag: Box<str>,
    cseq: u32,
    attempt: u32,
    /// What we ask for; raised by a registrar that wants longer.
    expires_s: Option<u32>,
    /// The server that is asked.
    at: Option<Flow>,
    /// Its registrar's other addresses, still to be tried.
    targets: Vec<Flow>,
    /// The next registrar to be tried.
    registrar: usize,
    /// All addresses of the registrar that was asked for last.
    sources: Vec<IpAddr>,
    answered: Option<Answered>,
    granted: Option<Granted>,
    translated: Translated,
    /// Rounds in a row in which no server took us.
    failures: u32,
    /// Servers asked us to wait so long.
    not_before: Time,
    trouble: Option<Trouble>,
}

impl Registration {
    /// One that begins at once.
    pub(crate) fn new(now: Time, rng: &mut impl Rng) -> Registration {
        Registration {
            aim: Aim::Stay,
            phase: Phase::Resting { until: now },
            call_id: format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64()).into(),
            tag: format!("{:016x}", rng.next_u64()).into(),
            cseq: 0,
            attempt: 0,
            expires_s: None,
            at: None,
            targets: Vec::new(),
            registrar: 0,
            sources: Vec::new(),
            answered: None,
            granted: None,
            translated: Translated::default(),
            failures: 0,
            not_before: now,
            trouble: None,
        }
    }

    /// When something is due: the next step, or the end of what was granted.
    pub(crate) fn deadline(&self) -> Time {
        let step = match self.phase {
            Phase::Resting { until } | Phase::Resolving { until } | Phase::Asking { until, .. } => {
                until
            }
            Phase::Over => Time::NEVER,
        };
        let end = self
            .granted
            .as_ref()
            .map_or(Time::NEVER, |it| it.until.min(self.translated.deadline()));
        step.min(end)
    }

    pub(crate) fn state(&self) -> TrunkState {
        match (&self.granted, self.failures) {
            (Some(_), 0) => TrunkState::Up,
            (None, 0) => TrunkState::Unknown,
            _ => TrunkState::Down,
        }
    }

    pub(crate) fn registers(&self) -> Registers {
        match &self.granted {
            Some(granted) => Registers::Until {
                expires: granted.until,
                at: granted.at.remote,
            },
            None => Registers::Absent,
        }
    }

    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Where calls in come from.
    pub(crate) fn sources(&self) -> &[IpAddr] {
        match &self.granted {
            Some(granted) => &granted.sources,
            None => &[],
        }
    }

    /// Time has passed.
    pub(crate) fn due(&mut self, around: &mut Around<'_>, register: &Register) -> Option<Wish> {
        let now = around.now;
        self.granted.take_if(|granted| granted.until <= now);
        match self.phase {
            Phase::Resting { until } if until <= now => self.begin(around, register),
            Phase::Resolving { until } if until <= now => {
                self.trouble = Some(Trouble::NoAddress);
                self.go_on(around, register)
            }
            Phase::Asking { until, .. } if until <= now => {
                self.unanswered(around, register, Unanswered::InTime)
            }
            _ => self.keep_open(now),
        }
    }

    /// The way to the server that has us is used every so often.
    fn keep_open(&mut self, now: Time) -> Option<Wish> {
        let at = self.granted.as_ref()?.at;
        let due = self.translated.take_due(now) && self.aim == Aim::Stay;
        due.then_some(Wish {
            attempt: self.attempt,
            what: Wanted::KeptOpen(at),
        })
    }

    /// Other terms from now on: who we are, or for how long we ask.
    pub(crate) fn renew(&mut self, around: &mut Around<'_>, register: &Register) -> Option<Wish> {
        if self.aim == Aim::Leave {
            return None;
        }
        self.answered = None;
        self.expires_s = None;
        self.begin(around, register)
    }

    /// What became of an errand; of an earlier one, nothing follows.
    pub(crate) fn heard(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        attempt: u32,
        heard: Heard<'_>,
    ) -> Option<Wish> {
        if attempt != self.attempt {
            return None;
        }
        match heard {
            Heard::Addresses(targets) => self.resolved(around, register, targets),
            Heard::Answer(response) => self.answered(around, register, response),
            Heard::Nothing(why) => self.unanswered(around, register, why),
        }
    }

    /// The addresses of the registrar that was asked for.
    fn resolved(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        mut targets: Vec<Flow>,
    ) -> Option<Wish> {
        if !matches!(self.phase, Phase::Resolving { .. }) {
            return None;
        }
        targets.truncate(TARGETS_MAX);
        if targets.is_empty() {
            self.trouble = Some(Trouble::NoAddress);
        } else {
            self.sources = targets.iter().map(|target| target.remote.ip()).collect();
        }
        self.targets = targets;
        self.go_on(around, register)
    }

    /// No answer came to what was sent.
    fn unanswered(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        why: Unanswered,
    ) -> Option<Wish> {
        if !matches!(self.phase, Phase::Asking { .. }) {
            return None;
        }
        self.trouble = Some(why.into());
        self.go_on(around, register)
    }

    /// An answer to what was sent.
    fn answered(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        response: &Response,
    ) -> Option<Wish> {
        let Phase::Asking {
            proof, challenges, ..
        } = self.phase
        else {
            return None;
        };
        if response.status.is_provisional() {
            return None;
        }
        match response.status.code() {
            200..300 => self.accepted(around, register, response),
            401 | 407 => self.challenged(around, register, response, proof, challenges),
            423 => self.too_brief(around, register, response, challenges),
            // RFC 3263 §4.3; what a proxy says of a server behind it is the same.
            408 | 500 | 502 | 503 | 504 => {
                self.heed_retry_after(around.now, response);
                self.trouble = Some(Trouble::Refused(response.status));
                self.go_on(around, register)
            }
            // Where else we should register (3xx) is not for a provider's server to say: its own address
            // may have been taken over.
            _ => self.turned_down(around, register, response, challenges),
        }
    }

    /// Refused for good as it is. Where our Contact was learnt, the one that we give ourselves is tried at once.
    fn turned_down(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        response: &Response,
        challenges: u8,
    ) -> Option<Wish> {
        let blame = self.translated.refused(around, register.contact);
        match self.at {
            Some(at) if blame == Blame::Learnt && self.aim == Aim::Stay => {
                Some(self.ask(around, register, at, challenges))
            }
            _ => self.refused(around, Trouble::Refused(response.status)),
        }
    }

    /// A connection has ended. If it was to the server that has us, calls can't come in over it: we register anew after
    /// a moment, so that a server that hangs up on us each time is not asked on and on.
    pub(crate) fn connection_lost(&mut self, around: &mut Around<'_>, lost: &Flow) {
        let over_it =
            |granted: &Granted| granted.at.transport.is_reliable() && granted.at.is_lost_with(lost);
        if let Phase::Resting { until } = &mut self.phase
            && self.granted.as_ref().is_some_and(over_it)
        {
            let wait = waiting::after_failures(0, around.rng);
            *until = (*until).min(around.now + wait);
        }
    }

    /// Gives the registration up.
    pub(crate) fn leave(&mut self, around: &mut Around<'_>, register: &Register) -> Option<Wish> {
        if self.aim == Aim::Leave {
            return None;
        }
        self.aim = Aim::Leave;
        // One that is asked may have taken us already.
        let asked = self
            .at
            .filter(|_| matches!(self.phase, Phase::Asking { .. }));
        let has_us = self.granted.as_ref().map(|granted| granted.at);
        match has_us.or(asked) {
            Some(at) => Some(self.ask(around, register, at, 0)),
            None => {
                self.phase = Phase::Over;
                None
            }
        }
    }

    /// A round of all servers, beginning with the one that has us.
    fn begin(&mut self, around: &mut Around<'_>, register: &Register) -> Option<Wish> {
        self.registrar = 0;
        self.targets.clear();
        match self.granted.as_ref().map(|granted| granted.at) {
            Some(at) => Some(self.ask(around, register, at, 0)),
            None => self.go_on(around, register),
        }
    }

    /// The next server; a wait when there is none left in this round.
    fn go_on(&mut self, around: &mut Around<'_>, register: &Register) -> Option<Wish> {
        if self.aim == Aim::Leave {
            self.end();
            return None;
        }
        if !self.targets.is_empty() {
            let target = self.targets.remove(0);
            return Some(self.ask(around, register, target, 0));
        }
        let Some(registrar) = register.registrars.get(self.registrar) else {
            self.failures = self.failures.saturating_add(1);
            let wait = waiting::after_failures(self.failures, around.rng);
            self.rest(around.now, wait);
            return None;
        };
        self.registrar += 1;
        self.attempt = self.attempt.wrapping_add(1);
        self.phase = Phase::Resolving {
            until: around.now + RESOLVING_MAX,
        };
        Some(Wish {
            attempt: self.attempt,
            what: Wanted::Addresses(registrar.clone()),
        })
    }

    /// Waits; while we are still registered, for so short that there is time to try again.
    fn rest(&mut self, now: Time, wait: Duration) {
        let wait = match &self.granted {
            Some(granted) => wait.min((granted.until - now) / 2).max(REFRESH_AFTER_MIN),
            None => wait,
        };
        let until = (now + wait).max(self.not_before);
        self.phase = Phase::Resting { until };
    }

    fn end(&mut self) {
        self.phase = Phase::Over;
        self.granted = None;
    }

    fn refused(&mut self, around: &mut Around<'_>, trouble: Trouble) -> Option<Wish> {
        self.trouble = Some(trouble);
        self.answered = None;
        self.granted = None;
        self.failures = self.failures.saturating_add(1);
        match self.aim {
            Aim::Leave => self.end(),
            Aim::Stay => {
                let wait = waiting::after_refusal(around.rng);
                self.rest(around.now, wait);
            }
        }
        None
    }

    fn accepted(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        response: &Response,
    ) -> Option<Wish> {
        let at = self.at.filter(|_| self.aim == Aim::Stay);
        let Some(at) = at else {
            self.end();
            return None;
        };
        let contact = self.our_contact(around, register, &at);
        let granted_s = register::granted_s(response, &contact)
            .unwrap_or(self.asked_for_s(register))
            .min(EXPIRES_MAX_S);
        if granted_s == 0 {
            self.granted = None;
            self.trouble = Some(Trouble::NotKept);
            return self.go_on(around, register);
        }
        let lasts = Duration::from_secs(granted_s.into());
        let before = self.granted.take().filter(|granted| granted.at == at);
        let sources = before.map_or_else(|| self.sources.clone(), |before| before.sources);
        self.granted = Some(Granted {
            until: around.now + lasts,
            contact,
            at,
            sources,
        });
        self.failures = 0;
        self.trouble = None;
        self.not_before = around.now;
        // Past the half of it, which leaves time for some rounds.
        let refresh = lasts / 2 + waiting::upper_half(lasts / 10, around.rng);
        let refresh = match self
            .translated
            .heard(around, register.contact, &at, response)
        {
            Sees::Same => refresh,
            // Nobody reaches us at the address that we gave.
            Sees::Translated => Duration::ZERO,
            // After a moment, so that a way that leads elsewhere each time is not asked on and on.
            Sees::Moved => refresh.min(waiting::after_failures(0, around.rng)),
        };
        let until = around.now + refresh.max(REFRESH_AFTER_MIN);
        self.phase = Phase::Resting { until };
        None
    }

    fn our_contact(&self, around: &Around<'_>, register: &Register, at: &Flow) -> Uri {
        let ours = register::our_contact(around, at);
        self.translated.contact(around, register.contact, ours)
    }

    fn challenged(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        response: &Response,
        proof: Proof,
        challenges: u8,
    ) -> Option<Wish> {
        let asked = match challenge::for_account(around.outward.account.as_ref(), response) {
            Ok(asked) => asked,
            Err(realms) => return self.refused(around, Trouble::OtherRealm(realms)),
        };
        let wrong = proof == Proof::Fresh && !asked.challenge.stale;
        if wrong || challenges >= CHALLENGES_MAX {
            return self.refused(around, Trouble::WrongCredentials);
        }
        self.answered = Some(Answered { asked, count: 0 });
        let at = self.at?;
        Some(self.ask(around, register, at, challenges + 1))
    }

    /// RFC 3261 §10.2.8.
    fn too_brief(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        response: &Response,
        challenges: u8,
    ) -> Option<Wish> {
        let wanted = response.headers.text(&HeaderName::MinExpires);
        let wanted: Option<u32> = wanted.and_then(|text| text.trim().parse().ok());
        let longer = wanted
            .filter(|wanted| (self.asked_for_s(register) + 1..=EXPIRES_MAX_S).contains(wanted));
        match (longer, self.at) {
            (Some(longer), Some(at)) if self.aim == Aim::Stay => {
                self.expires_s = Some(longer);
                Some(self.ask(around, register, at, challenges))
            }
            _ => self.refused(around, Trouble::Refused(response.status)),
        }
    }

    fn heed_retry_after(&mut self, now: Time, response: &Response) {
        let text = response.headers.text(&HeaderName::RetryAfter);
        let digits = text.and_then(|text| text.split(|c: char| !c.is_ascii_digit()).next());
        if let Some(seconds) = digits.and_then(|digits| digits.parse().ok()) {
            let wait = Duration::from_secs(seconds).min(RETRY_AFTER_MAX);
            self.not_before = self.not_before.max(now + wait);
        }
    }

    fn asked_for_s(&self, register: &Register) -> u32 {
        let set = u32::try_from(register.expires.as_secs()).unwrap_or(EXPIRES_MAX_S);
        self.expires_s.unwrap_or(set)
    }

    /// Sends a REGISTER to that server.
    fn ask(
        &mut self,
        around: &mut Around<'_>,
        register: &Register,
        at: Flow,
        challenges: u8,
    ) -> Wish {
        if self.at.replace(at).is_some_and(|before| before != at) {
            self.translated.forget();
        }
        self.attempt = self.attempt.wrapping_add(1);
        self.cseq += 1;
        let contact = self.our_contact(around, register, &at);
        let said = Said {
            contact: &contact,
            call_id: &self.call_id,
            tag: &self.tag,
            cseq: self.cseq,
            expires_s: match self.aim {
                Aim::Stay => self.asked_for_s(register),
                Aim::Leave => 0,
            },
            before: self.granted.as_ref().map(|granted| &granted.contact),
        };
        let mut request = register::request(around, register, &said);
        let proof = self.prove(around, &mut request);
        self.phase = Phase::Asking {
            until: around.now + PATIENCE,
            proof,
            challenges,
        };
        Wish {
            attempt: self.attempt,
            what: Wanted::Sent(at, Box::new(request)),
        }
    }

    /// Adds credentials, where a nonce is known to make them with.
    fn prove(&mut self, around: &mut Around<'_>, request: &mut Request) -> Proof {
        let Some((answered, account)) = self.answered.as_mut().zip(around.outward.account.as_ref())
        else {
            return Proof::None;
        };
        answered.count += 1;
        let cnonce = format!("{:016x}", around.rng.next_u64());
        let asked = &answered.asked;
        challenge::answer(asked, account, answered.count, &cnonce, request);
        match answered.count {
            1 => Proof::Fresh,
            _ => Proof::Earlier,
        }
    }
}
