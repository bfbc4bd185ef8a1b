//! Trunks as settings: where a provider is, who we are to it, how it wants numbers; and in which order several are
//! tried. A call over a trunk is `shard::trunks`.

use crate::ledger::Urgency;
use crate::outward::{Number, NumberFormat, Payer};
use crate::settings::Trunk;
use crate::upkeep::{Keep, TrunkSeen, TrunkState};
use base::TrunkId;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use sip_core::digest::{Algorithm, Ha1};
use sip_core::{Flow, Host, Uri};
use std::collections::BTreeMap;

/// How calls out are sent over a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outward {
    /// Where requests go: `sip:192.0.2.1:5060`, `sip:sip.example.com;transport=tcp`.
    pub next_hop: Uri,
    /// What stands in Request-URI, From and To.
    pub domain: Host,
    /// What its challenges are answered with.
    pub account: Option<Account>,
    /// How it wants numbers.
    pub number_format: NumberFormat,
    /// Tried in this order, lowest first.
    pub priority: u16,
    /// Share of the calls among trunks of one priority.
    pub weight: u16,
    /// What keeps it up.
    pub keep: Keep,
}

impl Outward {
    /// A user at this trunk, or the trunk itself.
    pub(crate) fn at_domain(&self, user: Option<&str>) -> Uri {
        // The port is the next hop's own; a domain of its own is found without one.
        let port = (self.next_hop.host() == Some(&self.domain))
            .then(|| self.next_hop.as_sip()?.port)
            .flatten();
        Uri::sip(user, self.domain.clone(), port)
    }

    /// A number at this trunk (RFC 3261 §19.1.6).
    pub(crate) fn uri_of(&self, number: &str) -> Uri {
        let mut uri = self.at_domain(Some(number));
        if let Uri::Sip(sip) = &mut uri {
            sip.params.set("user", "phone");
        }
        uri
    }
}

/// Who we are to a provider. Of the password only what its realm needs is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user name.
    pub username: Box<str>,
    /// The only realm whose challenges are answered.
    pub realm: Box<str>,
    /// HA1 for MD5 (RFC 7616 §3.4.2).
    pub ha1_md5: Ha1,
    /// HA1 for SHA-256.
    pub ha1_sha256: Ha1,
}

impl Account {
    /// An account by its password.
    pub fn new(username: &str, realm: &str, password: &str) -> Account {
        let ha1 = |algorithm| Ha1::of(algorithm, username, realm, password);
        Account {
            username: username.into(),
            realm: realm.into(),
            ha1_md5: ha1(Algorithm::Md5),
            ha1_sha256: ha1(Algorithm::Sha256),
        }
    }

    /// HA1 for that algorithm.
    pub fn ha1(&self, algorithm: Algorithm) -> &Ha1 {
        match algorithm {
            Algorithm::Md5 => &self.ha1_md5,
            Algorithm::Sha256 => &self.ha1_sha256,
        }
    }
}

/// Trunks that calls may go out by, best first: by priority, and within one drawn by weight, so that the calls
/// spread as the weights say (as RFC 2782 does it with servers). Those known to be down come last.
pub(crate) fn routes(
    trunks: &BTreeMap<TrunkId, Trunk>,
    seen: &BTreeMap<TrunkId, TrunkSeen>,
    random: &mut impl Rng,
) -> Vec<TrunkId> {
    let mut left: Vec<(&TrunkId, &Outward)> = trunks
        .iter()
        .filter_map(|(id, trunk)| Some((id, trunk.outward.as_ref()?)))
        .collect();
    let mut routes = Vec::with_capacity(left.len());
    while let Some(priority) = left.iter().map(|(_, outward)| outward.priority).min() {
        let best = |(_, outward): &&(&TrunkId, &Outward)| outward.priority == priority;
        let total: u64 = left.iter().filter(best).map(|it| weight(it.1)).sum();
        let mut drawn = random.next_u64() % total.max(1);
        let chosen = left.iter().position(|(_, outward)| {
            let here = outward.priority == priority;
            let takes = here && drawn < weight(outward);
            if here && !takes {
                drawn -= weight(outward);
            }
            takes
        });
        // The draw lies below the sum of the weights, so one of them takes it.
        let (id, _) = left.remove(chosen.unwrap_or_default());
        routes.push(id.clone());
    }
    routes.sort_by_key(|id| {
        seen.get(id)
            .is_some_and(|seen| seen.state == TrunkState::Down)
    });
    routes
}

/// A trunk of weight 0 is drawn too, though seldom: the others may be down.
fn weight(outward: &Outward) -> u64 {
    u64::from(outward.weight) * 100 + 1
}

/// A leg's way out: which trunk it is at, and what is left to be tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Way {
    pub(crate) trunk: TrunkId,
    pub(crate) number: Number,
    pub(crate) shown: crate::outward::ShownAs,
    /// Who pays.
    pub(crate) payer: Payer,
    /// Whether bounds hold.
    pub(crate) urgency: Urgency,
    /// Addresses of this trunk that are still to be tried, best first.
    pub(crate) targets: Vec<Flow>,
    /// Trunks that are still to be tried, best first.
    pub(crate) routes: Vec<TrunkId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn trunk(priority: u16, weight: u16) -> Trunk {
        Trunk {
            outward: Some(Outward {
                next_hop: "sip:192.0.2.1".parse().unwrap(),
                domain: "192.0.2.1".parse().unwrap(),
                account: None,
                number_format: NumberFormat::Plus,
                priority,
                weight,
                keep: Keep::default(),
            }),
            ..Trunk::default()
        }
    }

    // Changes: trunks.priority, trunks.weight
    #[test]
    fn trunks_are_tried_by_priority_and_spread_by_weight_and_each_once() {
        let id = |name: &str| -> TrunkId { format!("demo/{name}").parse().unwrap() };
        let inward = Trunk::default();
        let trunks = BTreeMap::from([
            (id("a"), trunk(1, 30)),
            (id("b"), trunk(1, 10)),
            (id("c"), trunk(0, 0)),
            (id("d"), trunk(0, 10)),
            (id("in"), inward),
        ]);
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut first = BTreeMap::<TrunkId, u32>::new();
        let mut third = BTreeMap::<TrunkId, u32>::new();
        for _ in 0..4_000 {
            let routes = routes(&trunks, &BTreeMap::new(), &mut random);
            assert_eq!(routes.len(), 4);
            let mut sorted = routes.clone();
            sorted.sort();
            assert_eq!(sorted, [id("a"), id("b"), id("c"), id("d")]);
            *first.entry(routes[0].clone()).or_default() += 1;
            *third.entry(routes[2].clone()).or_default() += 1;
        }
        assert!(first[&id("d")] > 3_900, "{first:?}");
        assert!((2_800..3_200).contains(&third[&id("a")]), "{third:?}");
    }
}
