//! Whether a trunk's next hop is there: OPTIONS every so often (RFC 3261 §11). One lost or one answered changes
//! nothing yet, so that a moment's trouble moves no calls.

use super::{
    Around, Heard, RESOLVING_MAX, TARGETS_MAX, Trouble, TrunkState, Unanswered, Wanted, Wish,
    waiting,
};
use base::Time;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use sip_core::{CSeq, Flow, HeaderName, HeaderValue, Method, NameAddr, Request, Response};
use std::time::Duration;

/// How long an address has to answer: as long as to an INVITE.
const PATIENCE: Duration = Duration::from_secs(4);

/// Probes in a row that must be lost before a trunk is down.
const LOSSES_TO_DOWN: u8 = 3;

/// Probes in a row that must be answered before a trunk that was down is up.
const ANSWERS_TO_UP: u8 = 2;

/// How soon a probe follows one that spoke against what was known.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Until the next probe.
    Resting { until: Time },
    /// The next hop's addresses are asked for.
    Resolving { until: Time },
    /// An OPTIONS waits for its answer.
    Asking { until: Time },
}

/// One trunk's probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Probe {
    phase: Phase,
    attempt: u32,
    /// Addresses that are still to be tried.
    targets: Vec<Flow>,
    state: TrunkState,
    /// Probes in a row that spoke against `state`.
    against: u8,
    trouble: Option<Trouble>,
}

impl Probe {
    /// One that begins at once.
    pub(crate) fn new(now: Time) -> Probe {
        Probe {
            phase: Phase::Resting { until: now },
            attempt: 0,
            targets: Vec::new(),
            state: TrunkState::Unknown,
            against: 0,
            trouble: None,
        }
    }

    pub(crate) fn deadline(&self) -> Time {
        match self.phase {
            Phase::Resting { until } | Phase::Resolving { until } | Phase::Asking { until } => {
                until
            }
        }
    }

    pub(crate) fn state(&self) -> TrunkState {
        self.state
    }

    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Time has passed.
    pub(crate) fn due(&mut self, around: &mut Around<'_>, every: Duration) -> Option<Wish> {
        match self.phase {
            Phase::Resting { until } if until <= around.now => Some(self.begin(around)),
            Phase::Resolving { until } if until <= around.now => {
                self.lost(around, every, Trouble::NoAddress)
            }
            Phase::Asking { until } if until <= around.now => {
                self.unanswered(around, every, Unanswered::InTime)
            }
            _ => None,
        }
    }

    /// A call found that nobody is there: that is looked into at once.
    pub(crate) fn doubt(&mut self, around: &mut Around<'_>) -> Option<Wish> {
        match self.phase {
            Phase::Resting { .. } if self.state != TrunkState::Down => Some(self.begin(around)),
            _ => None,
        }
    }

    /// What became of an errand; of an earlier one, nothing follows.
    pub(crate) fn heard(
        &mut self,
        around: &mut Around<'_>,
        every: Duration,
        attempt: u32,
        heard: Heard<'_>,
    ) -> Option<Wish> {
        if attempt != self.attempt {
            return None;
        }
        match heard {
            Heard::Addresses(targets) => self.resolved(around, every, targets),
            Heard::Answer(response) => self.answered(around, every, response),
            Heard::Nothing(why) => self.unanswered(around, every, why),
        }
    }

    /// The next hop's addresses.
    fn resolved(
        &mut self,
        around: &mut Around<'_>,
        every: Duration,
        mut targets: Vec<Flow>,
    ) -> Option<Wish> {
        if !matches!(self.phase, Phase::Resolving { .. }) {
            return None;
        }
        targets.truncate(TARGETS_MAX);
        self.targets = targets;
        self.go_on(around, every, Trouble::NoAddress)
    }

    /// No answer came from an address.
    fn unanswered(
        &mut self,
        around: &mut Around<'_>,
        every: Duration,
        why: Unanswered,
    ) -> Option<Wish> {
        if !matches!(self.phase, Phase::Asking { .. }) {
            return None;
        }
        self.go_on(around, every, why.into())
    }

    /// An answer: any will do but those that say that there is no service.
    fn answered(
        &mut self,
        around: &mut Around<'_>,
        every: Duration,
        response: &Response,
    ) -> Option<Wish> {
        let asking = matches!(self.phase, Phase::Asking { .. });
        if !asking || response.status.is_provisional() {
            return None;
        }
        if matches!(response.status.code(), 408 | 503) {
            return self.go_on(around, every, Trouble::Refused(response.status));
        }
        self.trouble = None;
        let needed = match self.state {
            TrunkState::Down => ANSWERS_TO_UP,
            TrunkState::Unknown | TrunkState::Up => 1,
        };
        self.count(around, every, TrunkState::Up, needed);
        None
    }

    fn begin(&mut self, around: &Around<'_>) -> Wish {
        self.attempt = self.attempt.wrapping_add(1);
        self.phase = Phase::Resolving {
            until: around.now + RESOLVING_MAX,
        };
        Wish {
            attempt: self.attempt,
            what: Wanted::Addresses(around.outward.next_hop.clone()),
        }
    }

    /// The next address; lost when there is none left.
    fn go_on(
        &mut self,
        around: &mut Around<'_>,
        every: Duration,
        trouble: Trouble,
    ) -> Option<Wish> {
        if self.targets.is_empty() {
            return self.lost(around, every, trouble);
        }
        let target = self.targets.remove(0);
        self.attempt = self.attempt.wrapping_add(1);
        self.phase = Phase::Asking {
            until: around.now + PATIENCE,
        };
        let request = options(around, &target);
        Some(Wish {
            attempt: self.attempt,
            what: Wanted::Sent(target, Box::new(request)),
        })
    }

    fn lost(&mut self, around: &mut Around<'_>, every: Duration, trouble: Trouble) -> Option<Wish> {
        self.trouble = Some(trouble);
        self.count(around, every, TrunkState::Down, LOSSES_TO_DOWN);
        None
    }

    /// A probe says that the trunk is `said`, which is believed once so many in a row have said so.
    fn count(&mut self, around: &mut Around<'_>, every: Duration, said: TrunkState, needed: u8) {
        self.against = match self.state == said {
            true => 0,
            false => self.against.saturating_add(1),
        };
        if self.against >= needed {
            self.state = said;
            self.against = 0;
        }
        // Not all trunks at the same moment.
        let wait = match self.against {
            0 => every * 9 / 10 + waiting::upper_half(every / 10, around.rng),
            _ => AGAIN_AFTER.min(every),
        };
        self.phase = Phase::Resting {
            until: around.now + wait,
        };
    }
}

fn options(around: &mut Around<'_>, target: &Flow) -> Request {
    let outward = around.outward;
    let user = outward.account.as_ref().map(|account| &*account.username);
    let from = match user {
        Some(user) => outward.at_domain(Some(user)),
        None => around.addresses.contact_of("kolapp", target),
    };
    let called = outward.at_domain(None);
    let mut request = Request::new(Method::Options, called.clone());
    let headers = &mut request.headers;
    let tag = format!("{:016x}", around.rng.next_u64());
    headers.push(HeaderName::From, NameAddr::new(from).with_tag(&tag));
    headers.push(HeaderName::To, NameAddr::new(called));
    let call_id = format!(
        "{:016x}{:016x}",
        around.rng.next_u64(),
        around.rng.next_u64()
    );
    headers.push(HeaderName::CallId, HeaderValue::from(call_id));
    headers.push(
        HeaderName::CSeq,
        CSeq {
            number: 1,
            method: Method::Options,
        },
    );
    let contact = around.addresses.contact(target);
    headers.push(HeaderName::Contact, HeaderValue::from(contact));
    headers.push(HeaderName::Accept, crate::shard::ACCEPT);
    request
}
