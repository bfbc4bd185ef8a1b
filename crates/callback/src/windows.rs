//! The times that callers may choose, and the room that is left in them. What is promised, what is being stored and what
//! is held for somebody who is choosing all count, so that no time is promised twice.

use crate::engine::{Lists, Step};
use crate::entry::{Window, Wish};
use crate::fact::{Fact, Origin};
use crate::moment::{Span, Utc};
use crate::output::{Command, Existing, Refusal};
use crate::settings::{Capacity, ListSettings, Offers};
use base::{BoundedVec, CallId, QueueId, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most windows of a queue that are known at a time: two weeks of four a day, and some.
pub const WINDOWS_MAX: usize = 64;
/// Most spans of opening hours that are known at a time.
pub const OPEN_SPANS_MAX: usize = 64;
/// Most times that a caller is offered: one a key, and one for hearing them again.
pub const CHOICES_MAX: usize = 8;
/// How long a place is held for a caller who is choosing: all that is left to be asked takes less. It is counted from the
/// first that he chose, so that nobody holds places for as long as he chooses anew.
pub const RESERVED_FOR: Duration = Duration::from_secs(180);
/// Most callers for whom places are held at a time: as many as a server has in queues.
pub const RESERVED_MAX: usize = 5_000;

/// When a queue is open and when its windows are, for the days to come, as the calendar has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// When it is open; none where it always is.
    pub open: Option<BoundedVec<Span, OPEN_SPANS_MAX>>,
    /// Its windows.
    pub windows: BoundedVec<Window, WINDOWS_MAX>,
}

/// A place that is held for a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reservation {
    pub(crate) queue: QueueId,
    pub(crate) wish: Wish,
    pub(crate) weighs_seconds: u32,
    pub(crate) until: Time,
}

/// What is taken of a time's room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) entries: u32,
    pub(crate) seconds: u64,
}

impl Capacity {
    /// Whether one more has room beside what is taken.
    fn has_room(self, taken: Taken, weighs_seconds: u32) -> bool {
        match self {
            Capacity::Unlimited => true,
            Capacity::Entries(entries) => taken.entries < entries,
            Capacity::AgentMinutes(minutes) => {
                taken.seconds + u64::from(weighs_seconds) <= u64::from(minutes) * 60
            }
        }
    }
}

impl Hours {
    fn is_open(&self, now: Utc) -> bool {
        let within = |open: &BoundedVec<Span, _>| open.iter().any(|span| span.has(now));
        self.open.as_ref().is_none_or(within)
    }

    /// Whether a window is one of its own, still to come, and within its opening hours.
    fn offers(&self, window: &Window, now: Utc) -> bool {
        let lies_within = |open: &BoundedVec<Span, _>| window.span.lies_in(open);
        window.span.from > now
            && self.windows.contains(window)
            && self.open.as_ref().is_none_or(lies_within)
    }
}

impl Lists {
    /// The list of a queue, if callers are ever offered a place on it.
    pub(crate) fn offering(&self, queue: &QueueId) -> Result<&ListSettings, Refusal> {
        let list = self.settings.lists.get(queue);
        let list = list.ok_or_else(|| Refusal::NoList(queue.clone()))?;
        match list.offers {
            Offers::Never => Err(Refusal::NotOffered(queue.clone())),
            Offers::When(_) => Ok(list),
        }
    }

    /// Seconds of an agent's time that one more entry is reckoned to cost.
    pub(crate) fn weighs_seconds(&self, queue: &QueueId) -> u32 {
        let set = self.settings.lists.get(queue).map(|list| list.handling);
        let set = set.map_or(0, |handling| {
            u32::try_from(handling.as_secs()).unwrap_or(u32::MAX)
        });
        self.measured.get(queue).copied().unwrap_or(set)
    }

    /// Whether a place can be promised at that time, beside those of others than `call`.
    pub(crate) fn has_room(&self, queue: &QueueId, wish: &Wish, call: CallId, now: Utc) -> bool {
        let Ok(list) = self.offering(queue) else {
            return false;
        };
        let always = Hours::default();
        let hours = self.hours.get(queue).unwrap_or(&always);
        let capacity = match wish {
            Wish::AsSoonAsPossible => list.soon.filter(|_| hours.is_open(now)),
            Wish::Window(window) => {
                let set = list.windows.get(&window.name).copied();
                set.filter(|_| hours.offers(window, now))
            }
        };
        let mut taken = self.index.taken(queue, wish);
        let own = self.reserved.get(&call);
        if let Some(own) = own.filter(|own| own.queue == *queue && own.wish == *wish) {
            taken.entries -= 1;
            taken.seconds -= u64::from(own.weighs_seconds);
        }
        let weighs = self.weighs_seconds(queue);
        capacity.is_some_and(|capacity| capacity.has_room(taken, weighs))
    }

    /// The place that is held for a caller at that time.
    pub(crate) fn reservation(
        &self,
        call: CallId,
        queue: &QueueId,
        wish: &Wish,
    ) -> Option<&Reservation> {
        let held = self.reserved.get(&call);
        held.filter(|held| held.queue == *queue && held.wish == *wish)
    }

    /// The times that have room for this caller, the earliest first.
    pub(crate) fn choices(&self, call: CallId, queue: &QueueId, now: Utc) -> Vec<Wish> {
        let hours = self.hours.get(queue);
        let mut windows: Vec<Window> = hours.map(|it| it.windows.to_vec()).unwrap_or_default();
        windows.sort_unstable();
        windows.dedup();
        let windows = windows.into_iter().map(Wish::Window);
        let all = std::iter::once(Wish::AsSoonAsPossible).chain(windows);
        let fine = all.filter(|wish| self.has_room(queue, wish, call, now));
        fine.take(CHOICES_MAX).collect()
    }
}

impl Step<'_> {
    pub(crate) fn answer_offer(
        &mut self,
        call: CallId,
        queue: QueueId,
        seen: Option<&crate::conditions::Seen>,
    ) {
        let result = self.may_offer(call, &queue, seen);
        self.out.commands.push(Command::Offer { call, result });
    }

    fn may_offer(
        &self,
        call: CallId,
        queue: &QueueId,
        seen: Option<&crate::conditions::Seen>,
    ) -> Result<(), Refusal> {
        let list = self.lists.offering(queue)?;
        if let (Offers::When(conditions), Some(seen)) = (list.offers, seen)
            && !conditions.hold(seen)
        {
            return Err(Refusal::Conditions(queue.clone()));
        }
        self.can_promise(queue)?;
        match self.lists.choices(call, queue, self.utc).is_empty() {
            true => Err(Refusal::NoRoom(queue.clone())),
            false => Ok(()),
        }
    }

    pub(crate) fn answer_choices(
        &mut self,
        call: CallId,
        queue: &QueueId,
        number: Option<crate::number::Number>,
    ) {
        let entry = number.and_then(|number| self.lists.promise_of(queue, &number));
        let existing = entry.map(|entry| Existing {
            entry: entry.id,
            wish: entry.asked.wish.clone(),
            held: entry.rings_by().is_some(),
        });
        let choices = self.lists.choices(call, queue, self.utc);
        self.out.commands.push(Command::Choices {
            call,
            choices,
            existing,
        });
    }

    pub(crate) fn reserve(&mut self, call: CallId, queue: QueueId, wish: Wish) {
        let result = self.may_reserve(call, &queue, &wish);
        if result.is_ok() {
            let weighs_seconds = self.lists.weighs_seconds(&queue);
            let held = self.lists.reserved.get(&call).map(|held| held.until);
            let until = held.unwrap_or(self.now + RESERVED_FOR);
            self.emit(
                Origin::Caller(call),
                Fact::Reserved {
                    call,
                    queue,
                    wish,
                    weighs_seconds,
                    until,
                },
            );
        }
        self.out.commands.push(Command::Reserved { call, result });
    }

    fn may_reserve(&self, call: CallId, queue: &QueueId, wish: &Wish) -> Result<(), Refusal> {
        self.lists.offering(queue)?;
        let others = self.lists.reserved.len();
        if others >= RESERVED_MAX && !self.lists.reserved.contains_key(&call) {
            return Err(Refusal::TooManyChoosing(RESERVED_MAX));
        }
        match self.lists.has_room(queue, wish, call, self.utc) {
            true => Ok(()),
            false => Err(Refusal::ChoiceGone),
        }
    }
}
