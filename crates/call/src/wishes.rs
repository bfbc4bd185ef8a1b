//! What a person has asked for by telephone, beside what his settings say: to be left in peace, or his calls elsewhere.
//! Whoever runs the shards keeps it, also over a restart.

use crate::forward::{ForwardCause, Forwards};
pub use control::Device;
use serde::{Deserialize, Serialize};

/// What one person wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// Whether his phones ring at all.
    pub do_not_disturb: DoNotDisturb,
    /// Where every call goes.
    pub always: Wish,
    /// Where a call goes when he is busy.
    pub busy: Wish,
    /// Where it goes without an answer.
    pub no_answer: Wish,
    /// Where it goes when nothing can be reached.
    pub unreachable: Wish,
    /// Where callers from queues reach him.
    #[serde(default)]
    pub device: Device,
}

/// Whether a person is left in peace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoNotDisturb {
    /// His phones ring.
    #[default]
    Off,
    /// They don't: he is busy for whoever calls him or his group. Queues have pauses of their own.
    On,
}

/// What a person wishes of one kind of forward.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// What his settings say.
    #[default]
    AsSet,
    /// None, whatever they say.
    Off,
    /// There.
    To(Box<str>),
}

/// A change of mind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// To be left in peace, or no longer.
    DoNotDisturb(DoNotDisturb),
    /// Calls of one kind go there, or nowhere.
    Forward(ForwardCause, Wish),
    /// No call goes elsewhere.
    NoForwards,
    /// Callers from queues reach him there.
    Device(Device),
}

impl Wishes {
    /// Changes his mind.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::DoNotDisturb(wanted) => self.do_not_disturb = *wanted,
            Change::Device(device) => self.device = *device,
            Change::Forward(cause, wish) => {
                if let Some(mine) = self.of(*cause) {
                    *mine = wish.clone();
                }
            }
            Change::NoForwards => {
                for mine in [
                    &mut self.always,
                    &mut self.busy,
                    &mut self.no_answer,
                    &mut self.unreachable,
                ] {
                    *mine = Wish::Off;
                }
            }
        }
    }

    fn of(&mut self, cause: ForwardCause) -> Option<&mut Wish> {
        match cause {
            ForwardCause::Always => Some(&mut self.always),
            ForwardCause::Busy => Some(&mut self.busy),
            ForwardCause::NoAnswer => Some(&mut self.no_answer),
            ForwardCause::Unreachable => Some(&mut self.unreachable),
            ForwardCause::Deflected => None,
        }
    }

    /// Whether he has none.
    pub fn is_nothing(&self) -> bool {
        *self == Wishes::default()
    }

    /// Where his calls go, settings and wishes together.
    pub(crate) fn over(&self, set: &Forwards) -> Forwards {
        let one = |wish: &Wish, set: &Option<Box<str>>| match wish {
            Wish::AsSet => set.clone(),
            Wish::Off => None,
            Wish::To(to) => Some(to.clone()),
        };
        Forwards {
            always: one(&self.always, &set.always),
            busy: one(&self.busy, &set.busy),
            no_answer: one(&self.no_answer, &set.no_answer),
            unreachable: one(&self.unreachable, &set.unreachable),
            no_answer_after: set.no_answer_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_comes_before_what_is_set_and_off_is_a_wish_too() {
        let set = Forwards {
            busy: Some("101".into()),
            no_answer: Some("102".into()),
            ..Forwards::default()
        };
        let mut wishes = Wishes::default();
        assert_eq!(wishes.over(&set), set);
        let to = |number: &str| Wish::To(number.into());
        wishes.change(&Change::Forward(ForwardCause::Always, to("103")));
        wishes.change(&Change::Forward(ForwardCause::Busy, Wish::Off));
        let forwards = wishes.over(&set);
        assert_eq!(forwards.always.as_deref(), Some("103"));
        assert_eq!(forwards.busy, None);
        assert_eq!(forwards.no_answer.as_deref(), Some("102"));
        wishes.change(&Change::NoForwards);
        assert_eq!(wishes.over(&set), Forwards::default());
        assert!(!wishes.is_nothing());
    }
}
