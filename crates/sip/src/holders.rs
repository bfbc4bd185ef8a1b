//! How many calls each user and each trunk has started, and how many of them nobody has answered yet: over all
//! shards, which know only their own.

use base::{TrunkId, UserId};
use call::Admission;
use call::settings::Limits;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

/// Whose a call is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    User(UserId),
    Trunk(TrunkId),
}

impl Holder {
    /// On whose word it came in.
    pub(crate) fn of(admission: &Admission) -> Option<Holder> {
        match admission {
            Admission::User(user) => Some(Holder::User(user.clone())),
            Admission::Trunk(trunk) => Some(Holder::Trunk(trunk.clone())),
            Admission::Anyone | Admission::NoRoom => None,
        }
    }
}

/// Whether a call has been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Early,
    Answered,
}

#[derive(Debug, Default)]
struct Calls {
    all: u32,
    early: u32,
}

/// The counts of all holders that have any.
#[derive(Debug, Default)]
pub(crate) struct Holders(DashMap<Holder, Calls, ahash::RandomState>);

impl Holders {
    /// Whether one more call may be started on that word.
    pub(crate) fn has_room(&self, admission: &Admission, limits: &Limits) -> bool {
        let Some(holder) = Holder::of(admission) else {
            return true;
        };
        self.0.get(&holder).is_none_or(|calls| match holder {
            Holder::User(_) => {
                calls.all < limits.calls_per_user && calls.early < limits.early_calls_per_user
            }
            Holder::Trunk(_) => calls.early < limits.early_calls_per_trunk,
        })
    }

    /// A call was started.
    pub(crate) fn started(&self, holder: &Holder) {
        let mut calls = self.0.entry(holder.clone()).or_default();
        calls.all += 1;
        calls.early += 1;
    }

    /// A call was answered for the first time.
    pub(crate) fn answered(&self, holder: &Holder) {
        if let Some(mut calls) = self.0.get_mut(holder) {
            calls.early -= 1;
        }
    }

    /// A call is over, that was so far.
    pub(crate) fn ended(&self, holder: &Holder, stage: Stage) {
        if let Entry::Occupied(mut entry) = self.0.entry(holder.clone()) {
            let calls = entry.get_mut();
            calls.all -= 1;
            calls.early -= u32::from(stage == Stage::Early);
            if calls.all == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::OrgId;

    fn limits() -> Limits {
        Limits {
            calls_per_user: 3,
            early_calls_per_user: 2,
            early_calls_per_trunk: 1,
            ..Limits::default()
        }
    }

    #[test]
    fn a_user_has_room_until_too_many_ring_or_too_many_stand() {
        let org = OrgId::new("demo").unwrap();
        let anna = Admission::User(UserId::new(&org, "anna").unwrap());
        let bosse = Admission::User(UserId::new(&org, "bosse").unwrap());
        let holder = Holder::of(&anna).unwrap();
        let (holders, limits) = (Holders::default(), limits());
        for _ in 0..2 {
            assert!(holders.has_room(&anna, &limits));
            holders.started(&holder);
        }
        assert!(!holders.has_room(&anna, &limits), "two ring");
        assert!(holders.has_room(&bosse, &limits));
        holders.answered(&holder);
        assert!(holders.has_room(&anna, &limits));
        holders.started(&holder);
        holders.answered(&holder);
        assert!(!holders.has_room(&anna, &limits), "three stand");
        for stage in [Stage::Early, Stage::Answered, Stage::Answered] {
            holders.ended(&holder, stage);
        }
        assert!(holders.has_room(&anna, &limits));
        assert!(holders.0.is_empty());
    }

    // Changes: limits.early_calls_per_trunk
    #[test]
    fn a_trunk_is_held_to_its_unanswered_calls_only() {
        let org = OrgId::new("demo").unwrap();
        let trunk = Admission::Trunk(TrunkId::new(&org, "provider").unwrap());
        let holder = Holder::of(&trunk).unwrap();
        let (holders, limits) = (Holders::default(), limits());
        for _ in 0..50 {
            assert!(holders.has_room(&trunk, &limits));
            holders.started(&holder);
            assert!(!holders.has_room(&trunk, &limits));
            holders.answered(&holder);
        }
    }
}
