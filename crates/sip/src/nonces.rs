//! Which counts of which nonces have been used, over all shards, in bounded memory. When room runs out the
//! oldest nonces go first, and are refused as stale from then on: forgetting must not make a replay pass.

use base::Time;
use sip_core::digest::{NonceId, NonceUse};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Nonces kept track of at once. At 70,000 registrations a second each with a nonce of its own this is
/// a quarter of a minute, which only costs such a sender one more round; phones reuse theirs.
const NONCES_MAX: usize = 1 << 20;

/// Parts with a lock each, so that shards seldom meet.
const STRIPES: usize = 64;

/// The used counts of all live nonces.
#[derive(Debug)]
pub(crate) struct Nonces {
    stripes: Box<[Mutex<Stripe>]>,
    per_stripe_max: usize,
}

#[derive(Debug, Default)]
struct Stripe {
    /// By time of issue first, so that the oldest are at the front.
    used: BTreeMap<NonceId, NonceUse>,
    /// The youngest that was forgotten while it might still have been used.
    forgotten: Option<NonceId>,
}

impl Nonces {
    pub(crate) fn new() -> Nonces {
        Nonces::bounded(NONCES_MAX / STRIPES)
    }

    fn bounded(per_stripe_max: usize) -> Nonces {
        Nonces {
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            per_stripe_max,
        }
    }

    /// Takes this use of a nonce, if the count is new and the nonce has not been forgotten. `lifetime` says
    /// which other nonces nobody needs to remember any more.
    pub(crate) fn accept(&self, now: Time, lifetime: Duration, nonce: NonceId, nc: u32) -> bool {
        let mut stripe = self.stripe(nonce);
        if let Some(uses) = stripe.used.get_mut(&nonce) {
            return uses.accept(nc);
        }
        if stripe.forgotten.is_some_and(|forgotten| nonce <= forgotten) {
            return false;
        }
        stripe.make_room(now, lifetime, self.per_stripe_max);
        let mut uses = NonceUse::default();
        let fresh = uses.accept(nc);
        stripe.used.insert(nonce, uses);
        fresh
    }

    fn stripe(&self, nonce: NonceId) -> MutexGuard<'_, Stripe> {
        let index = (nonce.random % STRIPES as u64) as usize;
        // A stripe is whole between any two statements of `accept`, whoever panicked.
        self.stripes[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stripe {
    fn make_room(&mut self, now: Time, lifetime: Duration, max: usize) {
        while let Some(oldest) = self.used.first_entry() {
            let id = *oldest.key();
            let expired = now.since(id.issued_at) > lifetime;
            if !expired && self.used.len() < max {
                return;
            }
            if !expired {
                self.forgotten = self.forgotten.max(Some(id));
            }
            self.used.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(300);

    fn nonce(second: u64) -> NonceId {
        NonceId {
            issued_at: Time::from_millis(second * 1_000),
            random: 0,
        }
    }

    #[test]
    fn a_count_is_taken_once() {
        let nonces = Nonces::new();
        let accept = |nc| nonces.accept(Time::ZERO, LIFETIME, nonce(0), nc);
        assert_eq!(
            [1, 1, 2, 2, 1, 0].map(accept),
            [true, false, true, false, false, false]
        );
    }

    #[test]
    fn a_nonce_forgotten_for_want_of_room_is_never_taken_again() {
        let nonces = Nonces::bounded(2);
        let now = Time::from_millis(10_000);
        let accept = |second| nonces.accept(now, LIFETIME, nonce(second), 1);
        assert!(accept(1) && accept(2) && accept(3));
        assert!(!accept(1), "forgotten, so it can't be told from a replay");
        assert!(!accept(2), "still known, and used");
        assert!(accept(4));
    }

    #[test]
    fn nonces_past_their_lifetime_make_room_without_a_trace() {
        let nonces = Nonces::bounded(2);
        assert!(nonces.accept(Time::ZERO, LIFETIME, nonce(0), 1));
        let later = Time::from_millis(301_000);
        assert!(nonces.accept(later, LIFETIME, nonce(300), 1));
        let stripe = nonces.stripe(nonce(0));
        assert_eq!(stripe.used.len(), 1);
        assert_eq!(stripe.forgotten, None);
    }
}
