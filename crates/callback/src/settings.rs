//! What an administrator set, in the shape the lists work with.

use crate::identity::CustomerDigits;
use base::{QueueId, UserId};
use control::{Outcome, Principal, Role, Then};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long closed entries are kept where nothing is set: long enough to answer a complaint.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 3_600);

/// All callback lists of all organisations. A new value replaces the old.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The list of each queue that has one. One whose queue is removed, or that is switched off, stays here for as
    /// long as somebody is to work on what it has, with [`Offers::Never`].
    pub lists: BTreeMap<QueueId, ListSettings>,
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSettings {
    /// When callers are offered to be called back.
    pub offers: Offers,
    /// Who may staff it.
    pub members: BTreeSet<UserId>,
    /// How its entries come to agents.
    #[serde(default)]
    pub distribution: Distribution,
    /// Whether the people of those that the queue gives to its agents are called ahead of them.
    #[serde(default)]
    pub ahead: Option<Ahead>,
    /// How many may ask for a call as soon as possible; none where they can't.
    pub soon: Option<Capacity>,
    /// The windows that callers choose from, by name. When they are comes from the calendar.
    pub windows: BTreeMap<Arc<str>, Capacity>,
    /// What callers are asked for besides.
    pub asks: Asks,
    /// Whether something is kept of a caller who hangs up before he has accepted.
    pub started: KeepStarted,
    /// How long an agent has an entry without a call.
    pub lease: Duration,
    /// An agent's time for one call, while none has been measured.
    pub handling: Duration,
    /// What each outcome leads to.
    pub rules: Rules,
    /// How long after its window, or after it was due, an entry is closed that nobody has tried.
    pub expire_after: Option<Duration>,
    /// How long a closed entry is kept.
    pub retention: Duration,
}

/// How entries come to agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distribution {
    /// Whoever staffs the list takes them.
    #[default]
    ByHand,
    /// The queue gives them to its agents beside its callers; whoever staffs the list may take them still.
    Automatic,
}

/// People are called while the agent's device rings who is kept for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    /// How many of a hundred who answer may meet nobody: while as many have, the others are called once an agent has taken it.
    pub abandoned_max: u8,
}

/// When callers are offered to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offers {
    /// Never: what the list has is worked off.
    Never,
    /// When all of these hold.
    When(Conditions),
}

/// Conditions of an offer. All that are set must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The queue's average wait is longer.
    pub average_wait_over: Option<Duration>,
    /// This caller's expected wait is longer.
    pub expected_wait_over: Option<Duration>,
    /// So many wait.
    pub waiting_at_least: Option<u32>,
    /// The clock is between these.
    pub between: Option<ClockTimes>,
}

/// From a minute of the day until another, not included; over midnight, where the second is no later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockTimes {
    /// Minute of the day at which it begins.
    pub from_minute: u16,
    /// Minute of the day at which it is over.
    pub until_minute: u16,
}

/// How many a window takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capacity {
    /// As many as a list has.
    Unlimited,
    /// So many.
    Entries(u32),
    /// As many as are reckoned to cost agents so many minutes.
    AgentMinutes(u32),
}

/// What a caller is asked to key of himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asks {
    /// Nothing.
    Nothing,
    /// His customer number, which he may leave out.
    CustomerNumber(CustomerDigits),
    /// His personal identity number, which he may leave out.
    Personnummer,
}

/// Whether something is kept of a caller who hangs up before he has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeepStarted {
    /// Nothing.
    Never,
    /// An entry that says so, where his number is known.
    WithNumber,
}

/// What outcomes lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The two have talked.
    pub reached: Rule,
    /// The line was busy.
    pub busy: Rule,
    /// Nobody answered; also for calls that failed or broke off with the server.
    pub no_answer: Rule,
    /// A machine answered.
    pub voicemail: Rule,
    /// Somebody else answered.
    pub wrong_number: Rule,
}

/// What one outcome leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Unless the agent says otherwise.
    pub then: Then,
    /// How long after it the person may be called again.
    pub delay: Duration,
    /// How many attempts may end so; with the last one the entry is given up.
    pub attempts_max: u8,
}

impl Settings {
    /// The lists that somebody may look at: an agent those that he may staff, whoever supervises those of his
    /// organisation, the operator all.
    pub fn visible_to(&self, by: &Principal) -> BTreeSet<QueueId> {
        let sees = |list: &QueueId, settings: &ListSettings| match by {
            Principal::Operator => true,
            Principal::User { user, role } => {
                list.is_of(&user.org())
                    && (*role >= Role::Supervisor || settings.members.contains(user))
            }
        };
        let seen = self.lists.iter().filter(|(list, it)| sees(list, it));
        seen.map(|(list, _)| list.clone()).collect()
    }

    /// Lists that were there before and are no more stay, to be worked off.
    pub fn keep(&mut self, before: &Settings) {
        for (queue, list) in &before.lists {
            let kept = || ListSettings {
                offers: Offers::Never,
                ..list.clone()
            };
            self.lists.entry(queue.clone()).or_insert_with(kept);
        }
    }
}

impl Rules {
    /// The rule for an outcome.
    pub fn of(&self, outcome: Outcome) -> Rule {
        match outcome {
            Outcome::Reached => self.reached,
            Outcome::Busy => self.busy,
            Outcome::NoAnswer | Outcome::Failed | Outcome::Interrupted => self.no_answer,
            Outcome::Voicemail => self.voicemail,
            Outcome::WrongNumber => self.wrong_number,
            // It is no doing of his: he keeps his place.
            Outcome::Abandoned => Rule {
                then: Then::Requeue,
                delay: Duration::ZERO,
                attempts_max: u8::MAX,
            },
        }
    }
}

impl Default for Rules {
    fn default() -> Rules {
        let again = |minutes: u64, attempts_max| Rule {
            then: Then::Requeue,
            delay: Duration::from_secs(minutes * 60),
            attempts_max,
        };
        let close = Rule {
            then: Then::Close,
            ..again(0, 5)
        };
        Rules {
            reached: close,
            busy: again(5, 5),
            no_answer: again(30, 3),
            voicemail: again(60, 3),
            wrong_number: close,
        }
    }
}

impl Default for ListSettings {
    fn default() -> ListSettings {
        ListSettings {
            offers: Offers::When(Conditions::default()),
            members: BTreeSet::new(),
            distribution: Distribution::ByHand,
            ahead: None,
            soon: Some(Capacity::Unlimited),
            windows: BTreeMap::new(),
            asks: Asks::Nothing,
            started: KeepStarted::Never,
            lease: Duration::from_secs(120),
            handling: Duration::from_secs(300),
            rules: Rules::default(),
            expire_after: None,
            retention: RETENTION,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_removed_is_worked_off_by_whom_it_had() {
        let (gone, stays): (QueueId, QueueId) =
            ("demo/gone".parse().unwrap(), "demo/stays".parse().unwrap());
        let list = ListSettings {
            members: [UserId::new(&gone.org(), "anna").unwrap()].into(),
            ..ListSettings::default()
        };
        let before = Settings {
            lists: [(gone.clone(), list.clone()), (stays.clone(), list.clone())].into(),
        };
        let mut after = Settings {
            lists: [(stays.clone(), ListSettings::default())].into(),
        };
        after.keep(&before);
        assert_eq!(after.lists[&stays], ListSettings::default());
        let worked_off = ListSettings {
            offers: Offers::Never,
            ..list
        };
        assert_eq!(after.lists[&gone], worked_off);
    }

    #[test]
    fn an_agent_looks_at_his_lists_a_supervisor_at_the_organisations_and_the_operator_at_all() {
        let list = |members: &[&str]| ListSettings {
            members: members.iter().map(|name| name.parse().unwrap()).collect(),
            ..ListSettings::default()
        };
        let lists = [
            ("demo/support", list(&["demo/anna"])),
            ("demo/sales", list(&["demo/bosse"])),
            // Somebody of another organisation sees it not, whatever is written.
            ("other/support", list(&["demo/anna"])),
        ];
        let lists = lists.map(|(name, list)| (name.parse().unwrap(), list));
        let settings = Settings {
            lists: lists.into(),
        };
        let by = |name: &str, role| Principal::User {
            user: name.parse().unwrap(),
            role,
        };
        let seen = |by: Principal| -> Vec<String> {
            let seen = settings.visible_to(&by);
            seen.iter().map(QueueId::to_string).collect()
        };
        assert_eq!(seen(by("demo/anna", Role::Agent)), ["demo/support"]);
        let eva = seen(by("demo/eva", Role::Supervisor));
        assert_eq!(eva, ["demo/sales", "demo/support"]);
        assert!(seen(by("third/eva", Role::Administrator)).is_empty());
        assert_eq!(seen(Principal::Operator).len(), 3);
    }
}
