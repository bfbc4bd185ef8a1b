//! Reliable provisional responses that we send (RFC 3262 §3): which of them need a PRACK, which waits for one, and
//! what waits behind it. Values and decisions; what is sent when is in `shard/reliable`.

use base::Time;
use serde::{Deserialize, Serialize};
use sip_core::transaction::{Due, Repeats, Timers};
use sip_core::{HeaderName, Headers, Method, RAck, StatusCode};

/// The option tag.
pub(crate) const RELIABLE: &str = "100rel";

/// RFC 3262 §3: the first RSeq lies below this.
const FIRST_RSEQ_MAX: u32 = (1 << 31) - 1;

/// Whether whoever invited us wants provisional responses to be reliable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reliability {
    /// He doesn't know them.
    Never,
    /// He knows them: those that carry a description are.
    WhereDescribed,
    /// He insists: all are.
    Always,
}

impl Reliability {
    /// What an INVITE asks for.
    pub(crate) fn of(headers: &Headers) -> Reliability {
        if headers.has_token(&HeaderName::Require, RELIABLE) {
            Reliability::Always
        } else if headers.has_token(&HeaderName::Supported, RELIABLE) {
            Reliability::WhereDescribed
        } else {
            Reliability::Never
        }
    }
}

/// What a provisional response of ours carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Carries {
    Nothing,
    /// The answer to the INVITE's offer.
    Answer,
    /// Our offer, to be answered in the PRACK.
    Offer,
}

/// Where the INVITE's offer and answer stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Described {
    /// No answer has been given that can't be lost: the 2xx gives it.
    Not,
    /// The answer has arrived; the 2xx says it once more, for those who look nowhere else.
    Reliably,
    /// Agreed in a PRACK or UPDATE since: the 2xx says nothing of it.
    Since,
}

/// A response that has no PRACK yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Unpracked {
    rseq: u32,
    cseq: u32,
    pub(crate) carries: Carries,
    repeats: Repeats,
}

/// One INVITE's provisional responses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Provisionals {
    pub(crate) reliability: Reliability,
    pub(crate) described: Described,
    /// RSeq of the latest; 0 before the first.
    rseq: u32,
    unpracked: Option<Unpracked>,
    /// What is said next, once the PRACK is here. Only the newest matters, but one with a description before one
    /// without.
    pub(crate) waiting: Option<StatusCode>,
    /// The 2xx waits for the PRACK, since what that acknowledges is what the 2xx would have to say.
    pub(crate) final_waits: bool,
}

impl Provisionals {
    pub(crate) fn new(headers: &Headers) -> Provisionals {
        Provisionals {
            reliability: Reliability::of(headers),
            described: Described::Not,
            rseq: 0,
            unpracked: None,
            waiting: None,
            final_waits: false,
        }
    }

    /// Whether a response that carries this goes out reliably.
    pub(crate) fn is_reliable(&self, carries: Carries) -> bool {
        match self.reliability {
            Reliability::Never => false,
            Reliability::WhereDescribed => carries != Carries::Nothing,
            Reliability::Always => true,
        }
    }

    /// Whether a PRACK must come before anything else may be said (RFC 3262 §3).
    pub(crate) fn is_waiting(&self) -> bool {
        self.unpracked.is_some()
    }

    /// Whether a PRACK must come before the 2xx.
    pub(crate) fn keeps_the_2xx(&self) -> bool {
        let described = |it: &Unpracked| it.carries != Carries::Nothing;
        self.unpracked.as_ref().is_some_and(described)
    }

    /// Puts off what can't be said yet.
    pub(crate) fn put_off(&mut self, status: StatusCode) {
        if self.waiting != Some(StatusCode::SESSION_PROGRESS) {
            self.waiting = Some(status);
        }
    }

    /// One goes out: its RSeq. `random` is where they begin.
    pub(crate) fn send(&mut self, now: Time, cseq: u32, carries: Carries, random: u64) -> u32 {
        self.rseq = match self.rseq {
            0 => 1 + (random % u64::from(FIRST_RSEQ_MAX)) as u32,
            latest => latest.wrapping_add(1).max(1),
        };
        self.unpracked = Some(Unpracked {
            rseq: self.rseq,
            cseq,
            carries,
            repeats: Repeats::of_provisional(now, &Timers::default()),
        });
        self.rseq
    }

    /// A PRACK came: what it acknowledges, if it does.
    pub(crate) fn acknowledged(&mut self, rack: &RAck) -> Option<Carries> {
        let is_it = |it: &mut Unpracked| {
            rack.rseq == it.rseq
                && rack.cseq.number == it.cseq
                && rack.cseq.method == Method::Invite
        };
        Some(self.unpracked.take_if(is_it)?.carries)
    }

    /// The next moment to send it again, or to give up.
    pub(crate) fn deadline(&self) -> Option<Time> {
        Some(self.unpracked.as_ref()?.repeats.deadline().0)
    }

    /// What is due now.
    pub(crate) fn step(&mut self, now: Time) -> Option<Due> {
        self.unpracked.as_mut()?.repeats.step(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::CSeq;

    fn rack(rseq: u32, number: u32, method: Method) -> RAck {
        RAck {
            rseq,
            cseq: CSeq { number, method },
        }
    }

    fn provisionals(name: HeaderName) -> Provisionals {
        let mut headers = Headers::new();
        headers.push(name, "timer, 100rel");
        Provisionals::new(&headers)
    }

    #[test]
    fn only_the_prack_for_the_response_that_waits_acknowledges_it_and_only_once() {
        let mut ours = provisionals(HeaderName::Supported);
        let rseq = ours.send(Time::ZERO, 7, Carries::Answer, u64::MAX);
        for wrong in [
            rack(rseq + 1, 7, Method::Invite),
            rack(rseq, 8, Method::Invite),
            rack(rseq, 7, Method::Update),
        ] {
            assert_eq!(ours.acknowledged(&wrong), None);
        }
        assert!(ours.keeps_the_2xx());
        let right = rack(rseq, 7, Method::Invite);
        assert_eq!(ours.acknowledged(&right), Some(Carries::Answer));
        assert_eq!(ours.acknowledged(&right), None);
        assert_eq!(ours.send(Time::ZERO, 7, Carries::Nothing, 0), rseq + 1);
        assert!(ours.is_waiting() && !ours.keeps_the_2xx());
    }

    #[test]
    fn a_response_is_repeated_at_doubling_intervals_for_64_t1_and_then_given_up() {
        let mut ours = provisionals(HeaderName::Require);
        ours.send(Time::ZERO, 1, Carries::Nothing, 9);
        let mut moments = Vec::new();
        while let Some(at) = ours.deadline() {
            moments.push(at.as_micros() / 1_000);
            if ours.step(at) == Some(Due::End) {
                break;
            }
        }
        assert_eq!(moments, [500, 1_500, 3_500, 7_500, 15_500, 31_500, 32_000]);
    }

    #[test]
    fn what_is_reliable_is_as_the_invite_asks() {
        let supported = provisionals(HeaderName::Supported);
        assert!(supported.is_reliable(Carries::Answer) && !supported.is_reliable(Carries::Nothing));
        let required = provisionals(HeaderName::Require);
        assert!(required.is_reliable(Carries::Nothing));
        let unknown = Provisionals::new(&Headers::new());
        assert!(!unknown.is_reliable(Carries::Answer));
    }

    #[test]
    fn a_description_that_waits_is_not_put_behind_a_ringing_that_comes_later() {
        let mut ours = provisionals(HeaderName::Require);
        ours.put_off(StatusCode::RINGING);
        ours.put_off(StatusCode::SESSION_PROGRESS);
        ours.put_off(StatusCode::RINGING);
        assert_eq!(ours.waiting, Some(StatusCode::SESSION_PROGRESS));
    }
}
