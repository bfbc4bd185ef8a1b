//! Where a party's packets may come from. Phones behind address translation send from elsewhere than
//! their SDP says; so does an attacker. The address of the SDP wins whenever it shows itself.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Another address than the SDP's is believed after so many packets in sequence. Nothing of it is passed
/// on before, so a spray of single packets over all ports leaks none.
pub const PROBATION: u8 = 3;
/// Between two packets of an address on probation so many may be missing.
const PROBATION_GAP_MAX: u16 = 10;
/// Addresses on probation at once: an attacker's spray shall not push the phone out of its own.
const CANDIDATES: usize = 4;

/// What is to be done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is the party's.
    Admitted,
    /// It is the party's, and the first known to be: the address to send to may have changed.
    Locked,
    /// It may be the party's, but isn't believed yet.
    OnProbation,
    /// It is not the party's.
    Refused,
}

/// What one party's packets are checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLock {
    signalled: SocketAddr,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Open {
        candidates: Vec<Candidate>,
        replace: u8,
    },
    Learned {
        address: SocketAddr,
    },
    Signalled,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    sequence: u16,
    seen: u8,
}

impl SourceLock {
    /// Nothing came yet from the party whose SDP says `signalled`.
    pub fn new(signalled: SocketAddr) -> SourceLock {
        SourceLock {
            signalled: canonical(signalled),
            state: State::Open {
                candidates: Vec::new(),
                replace: 0,
            },
        }
    }

    /// The party's SDP says so now. What was learned stays, unless it says something new.
    pub fn signal(&mut self, signalled: SocketAddr) {
        if canonical(signalled) != self.signalled {
            *self = SourceLock::new(signalled);
        }
    }

    /// Where to send.
    pub fn peer(&self) -> SocketAddr {
        match &self.state {
            State::Learned { address } => *address,
            State::Open { .. } | State::Signalled => self.signalled,
        }
    }

    /// The one address that can't be changed by packets any more: a socket may be connected to it.
    pub fn settled(&self) -> Option<SocketAddr> {
        matches!(self.state, State::Signalled).then_some(self.signalled)
    }

    /// A packet that is valid otherwise came from `from`.
    pub fn admit(&mut self, from: SocketAddr, ssrc: u32, sequence: u16) -> Admission {
        let from = canonical(from);
        if from == self.signalled {
            return match std::mem::replace(&mut self.state, State::Signalled) {
                State::Signalled => Admission::Admitted,
                State::Open { .. } | State::Learned { .. } => Admission::Locked,
            };
        }
        match &mut self.state {
            State::Signalled => Admission::Refused,
            State::Learned { address } if *address == from => Admission::Admitted,
            State::Learned { .. } => Admission::Refused,
            State::Open {
                candidates,
                replace,
            } => {
                if on_probation(candidates, replace, from, ssrc, sequence) {
                    return Admission::OnProbation;
                }
                self.state = State::Learned { address: from };
                Admission::Locked
            }
        }
    }
}

fn on_probation(
    candidates: &mut Vec<Candidate>,
    replace: &mut u8,
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
) -> bool {
    let fresh = Candidate {
        address: from,
        ssrc,
        sequence,
        seen: 1,
    };
    if let Some(known) = candidates
        .iter_mut()
        .find(|candidate| candidate.address == from)
    {
        let gap = sequence.wrapping_sub(known.sequence);
        if known.ssrc != ssrc || !(1..=PROBATION_GAP_MAX).contains(&gap) {
            *known = fresh;
            return true;
        }
        known.sequence = sequence;
        known.seen += 1;
        return known.seen < PROBATION;
    }
    if candidates.len() < CANDIDATES {
        candidates.push(fresh);
    } else {
        candidates[usize::from(*replace) % CANDIDATES] = fresh;
        *replace = replace.wrapping_add(1);
    }
    true
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn the_address_of_the_sdp_is_believed_at_once_and_alone_from_then_on() {
        let mut lock = SourceLock::new(at(4000));
        assert_eq!(lock.peer(), at(4000));
        assert_eq!(lock.settled(), None);
        assert_eq!(lock.admit(at(4000), 1, 9), Admission::Locked);
        assert_eq!(lock.admit(at(4000), 2, 77), Admission::Admitted);
        assert_eq!(lock.settled(), Some(at(4000)));
        for sequence in 0..100 {
            assert_eq!(lock.admit(at(4002), 3, sequence), Admission::Refused);
        }
    }

    #[test]
    fn a_phone_behind_address_translation_is_learned_after_its_probation() {
        let mut lock = SourceLock::new(at(4000));
        assert_eq!(lock.admit(at(50_000), 1, 65_535), Admission::OnProbation);
        assert_eq!(lock.admit(at(50_000), 1, 0), Admission::OnProbation);
        assert_eq!(lock.admit(at(50_000), 1, 2), Admission::Locked);
        assert_eq!(lock.peer(), at(50_000));
        assert_eq!(lock.settled(), None);
        assert_eq!(lock.admit(at(50_002), 1, 3), Admission::Refused);
    }

    #[test]
    fn the_address_of_the_sdp_takes_the_lock_back_from_one_that_was_learned() {
        let mut lock = SourceLock::new(at(4000));
        for sequence in 0..5 {
            lock.admit(at(666), 1, sequence);
        }
        assert_eq!(lock.peer(), at(666));
        assert_eq!(lock.admit(at(4000), 8, 1), Admission::Locked);
        assert_eq!(lock.peer(), at(4000));
        assert_eq!(lock.admit(at(666), 1, 5), Admission::Refused);
    }

    #[test]
    fn a_new_sdp_with_the_same_address_keeps_the_lock_and_another_opens_it() {
        let mut lock = SourceLock::new(at(4000));
        lock.admit(at(4000), 1, 1);
        lock.signal(at(4000));
        assert_eq!(lock.settled(), Some(at(4000)));
        lock.signal(at(4004));
        assert_eq!((lock.settled(), lock.peer()), (None, at(4004)));
    }

    #[test]
    fn an_address_written_in_ipv6_is_the_same_address() {
        let mut lock = SourceLock::new(at(4000));
        let mapped = SocketAddr::new("::ffff:192.0.2.1".parse().unwrap(), 4000);
        assert_eq!(lock.admit(mapped, 1, 1), Admission::Locked);
    }

    proptest! {
        #[test]
        fn a_spray_without_sequence_never_locks_and_never_keeps_the_phone_out(
            spray in prop::collection::vec((5_000u16..5_003, any::<u32>(), any::<u16>()), 0..200),
        ) {
            let mut lock = SourceLock::new(at(4000));
            for (port, ssrc, sequence) in spray {
                lock = postcard::from_bytes(&postcard::to_stdvec(&lock).unwrap()).unwrap();
                // Random SSRCs: two alike in sequence are as good as impossible.
                prop_assert_eq!(lock.admit(at(port), ssrc, sequence), Admission::OnProbation);
            }
            for sequence in 0..2 {
                prop_assert_eq!(lock.admit(at(50_000), 1, sequence), Admission::OnProbation);
            }
            prop_assert_eq!(lock.admit(at(50_000), 1, 2), Admission::Locked);
        }
    }
}
