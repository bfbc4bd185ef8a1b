//! The order in which the servers of a service are tried (RFC 2782).

use rand_core::Rng;

/// A SRV record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower ones first.
    pub priority: u16,
    /// Share among those of one priority.
    pub weight: u16,
    /// The server's port.
    pub port: u16,
    /// The server's name.
    pub target: Box<str>,
}

/// By priority, and within one drawn by weight, each once. RFC 2782 page 3: those of weight 0 stand first, and the
/// first is taken whose running sum is at or above the number drawn, so that they are seldom chosen, but can be.
pub(super) fn in_order<'a>(records: &'a [Srv], random: &mut impl Rng) -> Vec<&'a Srv> {
    let mut left: Vec<&Srv> = records.iter().collect();
    left.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(priority) = left.first().map(|record| record.priority) {
        let equals = left.partition_point(|record| record.priority == priority);
        let total: u64 = left[..equals].iter().map(|it| u64::from(it.weight)).sum();
        let drawn = match equals {
            1 => 0,
            _ => random.next_u64() % (total + 1),
        };
        let mut sum = 0;
        let chosen = left[..equals].iter().position(|record| {
            sum += u64::from(record.weight);
            sum >= drawn
        });
        // The number drawn is not above the sum of all weights, so one of them takes it.
        ordered.push(left.remove(chosen.unwrap_or_default()));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn record(priority: u16, weight: u16, target: &str) -> Srv {
        Srv {
            priority,
            weight,
            port: 5060,
            target: target.into(),
        }
    }

    #[test]
    fn servers_are_tried_by_priority_and_share_by_weight_and_each_once() {
        let records = [
            record(20, 0, "spare"),
            record(10, 60, "big"),
            record(10, 20, "small"),
            record(10, 20, "other"),
        ];
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut first_is_big = 0;
        for _ in 0..5_000 {
            let order = in_order(&records, &mut random);
            assert_eq!(order.len(), records.len());
            assert_eq!(&*order[3].target, "spare");
            let mut names: Vec<_> = order.iter().map(|it| &*it.target).collect();
            names.sort_unstable();
            assert_eq!(names, ["big", "other", "small", "spare"]);
            first_is_big += u32::from(&*order[0].target == "big");
        }
        assert!((2_850..3_150).contains(&first_is_big), "{first_is_big}");
    }

    #[test]
    fn one_of_weight_nothing_is_chosen_first_seldom_but_can_be() {
        let records = [record(1, 0, "seldom"), record(1, 9, "often")];
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let seldom = (0..5_000)
            .filter(|_| &*in_order(&records, &mut random)[0].target == "seldom")
            .count();
        assert!((400..600).contains(&seldom), "{seldom}");
    }
}
