//! Calls to numbers outside: the one check that each of them passes, however it came about: dialled, forwarded,
//! transferred, chosen in a menu. Says whether whoever pays may call that number; which trunk takes it there is
//! decided in `trunk`.

mod number;
mod plan;
mod shown;

pub use number::{Class, Number, NumberFormat, Numbering, Outside, UnknownCountry};
pub use shown::ShownAs;

use crate::ledger::Bounds;
use base::{QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// On whose account a call goes out, and with whose rights.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Payer {
    /// A user who proved who he is, and asked for it.
    User(UserId),
    /// A queue whose settings say so.
    Queue(QueueId),
    /// The organisation, by where one of its numbers or menus leads.
    Organisation,
}

/// What an agent's mobile shows when it rings for a caller in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MobilesShow {
    /// The queue's number.
    #[default]
    Queue,
    /// The caller's, where he shows one.
    Caller,
}

/// How an organisation calls numbers outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// What agents' mobiles show.
    pub mobiles_show: MobilesShow,
    /// How its people dial.
    pub numbering: Numbering,
    /// What may be called, by name.
    pub plans: BTreeMap<Box<str>, Plan>,
    /// What holds for calls of the organisation itself, and where a user or queue has nothing of its own.
    pub common: Rights,
    /// What users have of their own.
    pub users: BTreeMap<UserId, Rights>,
    /// What queues have of their own.
    pub queues: BTreeMap<QueueId, Rights>,
    /// Calls at once over all trunks, in and out; as many as come, where not set.
    pub channels: Option<u32>,
    /// How much may be called outside by everybody together.
    pub bounds: Bounds,
}

/// What somebody may call, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Name of the plan.
    pub plan: Option<Box<str>>,
    /// The number that those who are called see.
    pub caller_id: Option<CallerId>,
    /// Numbers that his phone may ask for instead.
    pub numbers: BTreeSet<Box<str>>,
    /// The name that those who are called see beside it.
    pub name: Option<Box<str>>,
}

/// The number that somebody who is called sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallerId {
    /// One of the organisation's own, in E.164 with its plus.
    Number(Box<str>),
    /// None: the call says that it is anonymous (RFC 3323).
    Withheld,
}

/// Which numbers may be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Kinds of numbers. Emergency numbers are always allowed.
    pub allow: BTreeSet<Class>,
    /// How much each who has it may call.
    pub bounds: Bounds,
    /// Whether whoever was called may say where to call instead.
    pub redirects: Redirects,
}

/// Whether whoever was called may say where to call instead (3xx).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// No: the call ends there.
    #[default]
    Ignored,
    /// Yes, to where whoever pays may call.
    Followed,
}

/// Calls outside that a user has at once unless his plan says otherwise: a receptionist who has sent a handful on, and
/// not somebody who has her password.
pub const CALLS_AT_ONCE_DEFAULT: u32 = 10;

/// The same within an hour: one every half minute, for an hour on end.
pub const CALLS_PER_HOUR_DEFAULT: u32 = 120;

/// And minutes within a day: one line day and night.
pub const MINUTES_PER_DAY_DEFAULT: u32 = 1_440;

/// A call to a number outside that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The number.
    pub outside: Outside,
}

/// Why a number outside may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Whoever pays has no plan.
    #[error("no plan allows calls to numbers outside")]
    NoPlan,
    /// The plan does not allow such numbers.
    #[error("the plan allows no {} numbers", .0.word())]
    Class(Class),
}

impl Settings {
    /// Whether `payer` may call a number. Every way out comes by here.
    pub fn check(&self, payer: &Payer, outside: &Outside) -> Result<Allowed, NotAllowed> {
        let plan = self.plan(payer);
        let class = outside.class;
        if class != Class::Emergency {
            let plan = plan.ok_or(NotAllowed::NoPlan)?;
            if !plan.allow.contains(&class) {
                return Err(NotAllowed::Class(class));
            }
        }
        Ok(Allowed {
            outside: outside.clone(),
        })
    }

    /// Whether calls on that account go where those who are called say.
    pub(crate) fn follows_redirects(&self, payer: &Payer) -> bool {
        let plan = self.plan(payer);
        plan.is_some_and(|plan| plan.redirects == Redirects::Followed)
    }

    fn own(&self, payer: &Payer) -> Option<&Rights> {
        match payer {
            Payer::User(user) => self.users.get(user),
            Payer::Queue(queue) => self.queues.get(queue),
            Payer::Organisation => None,
        }
    }
}

impl Settings {
    /// How much whoever pays may call. People who get hold of somebody's password do so to call far and much, so users
    /// are bounded also where their plan says nothing.
    pub fn bounds_of(&self, payer: &Payer) -> Bounds {
        let written = self.plan(payer).map_or(Bounds::default(), |it| it.bounds);
        if !matches!(payer, Payer::User(_)) {
            return written;
        }
        Bounds {
            at_once: written.at_once.or(Some(CALLS_AT_ONCE_DEFAULT)),
            calls_per_hour: written.calls_per_hour.or(Some(CALLS_PER_HOUR_DEFAULT)),
            minutes_per_hour: written.minutes_per_hour,
            minutes_per_day: written.minutes_per_day.or(Some(MINUTES_PER_DAY_DEFAULT)),
        }
    }

    fn plan(&self, payer: &Payer) -> Option<&Plan> {
        let own = self.own(payer);
        let name = own.and_then(|rights| rights.plan.as_ref());
        self.plans.get(name.or(self.common.plan.as_ref())?)
    }
}

/// Reads the world's numbering plans, which takes some 50 ms, so that the first call doesn't wait for it.
pub fn warm() {
    Numbering::default().read("+46850001000");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let plan = |allow: &[Class]| Plan {
            allow: allow.iter().copied().collect(),
            ..Plan::default()
        };
        let rights = |plan: Option<&str>, number: Option<&str>| Rights {
            plan: plan.map(Box::from),
            caller_id: number.map(|number| CallerId::Number(number.into())),
            ..Rights::default()
        };
        Settings {
            plans: BTreeMap::from([
                ("all".into(), plan(&[Class::National, Class::International])),
                ("home".into(), plan(&[Class::National])),
            ]),
            common: rights(Some("home"), Some("+46850001000")),
            users: BTreeMap::from([
                ("demo/anna".parse().unwrap(), rights(Some("all"), None)),
                (
                    "demo/bosse".parse().unwrap(),
                    rights(None, Some("+46850001001")),
                ),
            ]),
            ..Settings::default()
        }
    }

    fn asked(settings: &Settings, payer: Payer, dialled: &str) -> Result<CallerId, NotAllowed> {
        let outside = settings.numbering.read(dialled).unwrap();
        settings.check(&payer, &outside)?;
        Ok(settings.shown_as(&payer, None).caller_id)
    }

    // Changes: users.caller_id
    #[test]
    fn a_payer_s_own_plan_and_number_come_before_the_organisation_s() {
        let settings = settings();
        let user = |name: &str| Payer::User(format!("demo/{name}").parse().unwrap());
        let main = Ok(CallerId::Number("+46850001000".into()));
        assert_eq!(asked(&settings, user("anna"), "+4721234567"), main);
        let refused = Err(NotAllowed::Class(Class::International));
        assert_eq!(asked(&settings, user("bosse"), "+4721234567"), refused);
        assert_eq!(
            asked(&settings, user("bosse"), "08-50001000"),
            Ok(CallerId::Number("+46850001001".into()))
        );
        assert_eq!(asked(&settings, Payer::Organisation, "08-50001000"), main);
        assert_eq!(
            asked(&settings, Payer::Organisation, "+4721234567"),
            refused
        );
    }

    // Changes: queues.plan, queues.caller_id
    #[test]
    fn a_queue_s_own_plan_and_number_come_before_the_organisation_s() {
        let mut settings = settings();
        let queue: QueueId = "demo/support".parse().unwrap();
        let payer = || Payer::Queue(queue.clone());
        let refused = Err(NotAllowed::Class(Class::International));
        assert_eq!(asked(&settings, payer(), "+4721234567"), refused);
        let number = CallerId::Number("+46850001002".into());
        let its = Rights {
            plan: Some("all".into()),
            caller_id: Some(number.clone()),
            ..Rights::default()
        };
        settings.queues.insert(queue.clone(), its);
        assert_eq!(asked(&settings, payer(), "+4721234567"), Ok(number));
    }

    #[test]
    fn without_a_plan_only_emergency_numbers_can_be_called() {
        let settings = Settings::default();
        let payer = || Payer::User("demo/anna".parse().unwrap());
        assert_eq!(
            asked(&settings, payer(), "0701234567"),
            Err(NotAllowed::NoPlan)
        );
        assert_eq!(asked(&settings, payer(), "112"), Ok(CallerId::Withheld));
    }
}
