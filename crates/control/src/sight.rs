//! Who sees which queues: those who may log in to them, those whom the settings name beside, and whoever supervises.

use crate::principal::{Principal, Role};
use base::{QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// By queue, who sees it without being anybody's supervisor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight(BTreeMap<QueueId, BTreeSet<UserId>>);

impl Sight {
    /// Has these users see a queue, beside those who do.
    pub fn add(&mut self, queue: QueueId, seers: impl IntoIterator<Item = UserId>) {
        self.0.entry(queue).or_default().extend(seers);
    }

    /// Takes up what another says: of an organisation.
    pub fn append(&mut self, mut other: Sight) {
        self.0.append(&mut other.0);
    }

    /// Whether `by` sees that queue, and what it comes to.
    pub fn sees(&self, by: &Principal, queue: &QueueId) -> bool {
        match by {
            Principal::Operator => true,
            Principal::User { user, .. } if !queue.is_of(&user.org()) => false,
            Principal::User { user, role } => match role {
                Role::Supervisor | Role::Administrator => true,
                Role::Agent => self.0.get(queue).is_some_and(|seers| seers.contains(user)),
            },
        }
    }

    /// Whether `by` sees that agent, who is logged in to these queues: himself, whomever he supervises, and who takes calls
    /// from a queue that he sees.
    pub fn sees_agent<'q>(
        &self,
        by: &Principal,
        agent: &UserId,
        queues: impl IntoIterator<Item = &'q QueueId>,
    ) -> bool {
        match by {
            Principal::Operator => true,
            Principal::User { user, .. } if !agent.is_of(&user.org()) => false,
            Principal::User { user, role } => {
                *role >= Role::Supervisor
                    || user == agent
                    || queues.into_iter().any(|queue| self.sees(by, queue))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(user: &str, role: Role) -> Principal {
        Principal::User {
            user: user.parse().unwrap(),
            role,
        }
    }

    fn queue(name: &str) -> QueueId {
        name.parse().unwrap()
    }

    #[test]
    fn an_agent_sees_the_queues_that_name_him_a_supervisor_all_of_his_organisation_and_nobody_others()
     {
        let mut sight = Sight::default();
        let anna = || ["demo/anna".parse().unwrap()];
        sight.add(queue("demo/support"), anna());
        sight.add(queue("demo/office"), []);
        // No name gives sight over the border of an organisation.
        sight.add(queue("other/support"), anna());
        let seen = |by: &Principal| {
            let all = ["demo/support", "demo/office", "other/support"];
            all.map(|name| sight.sees(by, &queue(name)))
        };
        assert_eq!(seen(&by("demo/anna", Role::Agent)), [true, false, false]);
        assert_eq!(seen(&by("demo/bosse", Role::Agent)), [false; 3]);
        for role in [Role::Supervisor, Role::Administrator] {
            assert_eq!(seen(&by("demo/eva", role)), [true, true, false]);
        }
        assert_eq!(seen(&Principal::Operator), [true; 3]);
    }

    #[test]
    fn agents_are_seen_by_whoever_sees_a_queue_of_theirs_and_each_sees_himself() {
        let mut sight = Sight::default();
        sight.add(queue("demo/support"), ["demo/anna".parse().unwrap()]);
        let bosse: UserId = "demo/bosse".parse().unwrap();
        let sees = |by: Principal, queues: &[&str]| {
            let queues: Vec<_> = queues.iter().map(|name| queue(name)).collect();
            sight.sees_agent(&by, &bosse, &queues)
        };
        let anna = || by("demo/anna", Role::Agent);
        assert!(sees(anna(), &["demo/office", "demo/support"]));
        assert!(!sees(anna(), &["demo/office"]));
        assert!(!sees(anna(), &[]));
        assert!(sees(by("demo/bosse", Role::Agent), &[]));
        assert!(sees(by("demo/eva", Role::Supervisor), &[]));
        assert!(!sees(
            by("other/eva", Role::Administrator),
            &["demo/support"]
        ));
        assert!(sees(Principal::Operator, &[]));
    }
}
