//! What each organisation's calls over trunks use, over all shards: one ledger each, which agrees with itself since
//! whoever asks it has it alone for that moment.

use base::{OrgId, Time, TrunkId};
use call::ledger::{Ask, Bounds, Full, Held, Ledger};
use call::outward::Payer;
use dashmap::DashMap;
use metrics::gauge;
use std::sync::Arc;

/// The ledgers of all organisations that have any calls over trunks, or had.
#[derive(Clone, Debug, Default)]
pub struct Ledgers(Arc<DashMap<OrgId, Ledger, ahash::RandomState>>);

impl Ledgers {
    /// Grants what is asked for, all or nothing.
    pub(crate) fn occupy(&self, now: Time, ask: &Ask) -> Result<(), Full> {
        let mut ledger = self.0.entry(ask.org()).or_default();
        ledger.occupy(now, ask)?;
        show(&ledger, &Held::from(ask));
        Ok(())
    }

    /// Calls over a trunk, in and out.
    pub fn channels_of(&self, trunk: &TrunkId) -> u32 {
        let ledger = self.0.get(&trunk.org());
        ledger.map_or(0, |ledger| ledger.channels_of(trunk))
    }

    /// Takes back what a leg had.
    pub(crate) fn vacate(&self, held: &Held) {
        if let Some(mut ledger) = held.org().and_then(|org| self.0.get_mut(&org)) {
            ledger.vacate(held);
            show(&ledger, held);
        }
    }

    /// Pays for one more minute of a call out.
    pub(crate) fn spend(
        &self,
        now: Time,
        org: &OrgId,
        payer: &Payer,
        (own, common): (&Bounds, &Bounds),
    ) -> Result<(), Full> {
        let mut ledger = self.0.entry(org.clone()).or_default();
        ledger.spend(now, payer, own, common)
    }
}

/// Shows how many channels are in use of the trunk that has one more or less.
fn show(ledger: &Ledger, changed: &Held) {
    if let Some(trunk) = &changed.trunk {
        let in_use = ledger.channels_of(trunk);
        gauge!("kolapp_trunk_channels", "trunk" => trunk.to_string()).set(f64::from(in_use));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use call::ledger::{Urgency, Wanted};
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn shards_that_ask_at_once_never_have_more_than_there_is_and_give_all_back() {
        const CHANNELS: u32 = 3;
        let ledgers = Ledgers::default();
        let (in_use, most, granted) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        let ask = Ask {
            trunk: "demo/out".parse().unwrap(),
            channels: Some(CHANNELS),
            seat: Some(Wanted {
                channels: None,
                payer: Some(Payer::Organisation),
                own: Bounds::default(),
                common: Bounds::default(),
            }),
            urgency: Urgency::Ordinary,
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        if ledgers.occupy(Time::ZERO, &ask).is_ok() {
                            let now = in_use.fetch_add(1, Ordering::SeqCst) + 1;
                            most.fetch_max(now, Ordering::SeqCst);
                            granted.fetch_add(1, Ordering::SeqCst);
                            std::thread::yield_now();
                            in_use.fetch_sub(1, Ordering::SeqCst);
                            ledgers.vacate(&Held::from(&ask));
                        }
                    }
                });
            }
        });
        assert!(most.into_inner() <= CHANNELS);
        assert!(granted.into_inner() > 0);
        let ledger = ledgers.0.get(&ask.org()).unwrap();
        assert!(ledger.is_idle(), "{ledger:?}");
    }
}
