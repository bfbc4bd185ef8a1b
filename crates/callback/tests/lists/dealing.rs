//! What whoever distributes callbacks to free agents is told, kept beside every step of a floor and compared with what a look
//! through all entries says; and what becomes of an entry that is given to an agent so.

use crate::floor::*;
use base::{CallbackId, OfferId, QueueId, Time, UserId};
use callback::{
    ATTEMPTS_MAX, Beside, CallEvent, Command, Dealing, Distribution, Done, Due, EntryAction, Fact,
    HangUpCause, Health, Input, ListSettings, Lists, News, Outcome, PlacingId, Progress, Refusal,
    Returned, Settings, Stage, Stamped, Told, Ungiven,
};
use control::Queues;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NUMBER: &str = "+46701234567";
const OTHER_NUMBER: &str = "+46701234568";

/// Entries told of each list: few, so that there are mostly more.
const MOST: usize = 3;

/// Whoever distributes, as far as it knows.
#[derive(Default)]
pub(crate) struct Distributor {
    saved: Vec<u8>,
    pub(crate) due: BTreeMap<QueueId, Vec<Due>>,
    pub(crate) indebted: BTreeSet<UserId>,
    settings: Arc<Settings>,
    health: Health,
}

impl Distributor {
    /// Hears what there is to be told after a step, from somebody who forgets all that he can between two.
    pub(crate) fn hear(&mut self, now: Time, lists: &Lists, facts: &[Stamped]) {
        let saved = (!self.saved.is_empty()).then_some(&self.saved);
        let dealing = saved.map(|saved| postcard::from_bytes(saved).unwrap());
        let mut dealing: Dealing = dealing.unwrap_or_default();
        for news in dealing.tell(now, lists, facts, MOST) {
            match news {
                News::Due { list, entries } => {
                    let before = self.due.insert(list, entries.clone());
                    assert_ne!(before.unwrap_or_default(), entries, "told twice");
                }
                News::Indebted { agent, indebted } => {
                    let changed = match indebted {
                        true => self.indebted.insert(agent),
                        false => self.indebted.remove(&agent),
                    };
                    assert!(changed, "told twice");
                }
            }
        }
        self.saved = postcard::to_stdvec(&dealing).unwrap();
        for stamped in facts {
            match &stamped.fact {
                Fact::Configured { settings } => self.settings = settings.clone(),
                Fact::StorageIs { health } => self.health = *health,
                _ => {}
            }
        }
        self.check(now, lists);
    }

    fn deals(&self, list: &QueueId) -> bool {
        let settings = self.settings.lists.get(list);
        settings.is_some_and(|it| it.distribution == Distribution::Automatic)
    }

    /// What it was told is what is so.
    fn check(&self, now: Time, lists: &Lists) {
        let entries: Vec<_> = lists.ids().filter_map(|id| lists.entry(id)).collect();
        let rung: BTreeSet<_> = entries
            .iter()
            .filter(|it| matches!(it.stage, Stage::Leased { .. } | Stage::InCall(_)))
            .map(|it| (it.asked.queue.org(), it.asked.number.clone()))
            .collect();
        let mut due: BTreeMap<QueueId, Vec<_>> = BTreeMap::new();
        for entry in &entries {
            let lacks = matches!(&entry.stage, Stage::InCall(placed)
                if placed.beside == Some(Beside::Nobody) && placed.progress == Progress::RingingPerson);
            if lacks && self.deals(&entry.asked.queue) {
                let of = due.entry(entry.asked.queue.clone()).or_default();
                of.push((false, entry.asked.arrived, entry.id));
            }
            let number = (entry.asked.queue.org(), entry.asked.number.clone());
            if self.health == Health::Fine
                && self.deals(&entry.asked.queue)
                && entry.stage == Stage::Waiting
                && entry.told != Told::Nothing
                && entry.due <= lists.utc(now)
                && entry.attempts.len() < ATTEMPTS_MAX
                && !rung.contains(&number)
            {
                let of = due.entry(entry.asked.queue.clone()).or_default();
                of.push((true, entry.asked.arrived, entry.id));
            }
        }
        for its in due.values_mut() {
            its.sort();
            its.truncate(MOST);
        }
        let told = self.due.iter().filter(|(_, due)| !due.is_empty());
        let told: BTreeMap<_, Vec<_>> = told
            .map(|(list, due)| {
                let due = due.iter().map(|due| (!due.is_called, due.entry));
                (list.clone(), due.collect())
            })
            .collect();
        let due: BTreeMap<_, Vec<_>> = due
            .into_iter()
            .map(|(list, due)| {
                let due = due.into_iter().map(|(may_wait, _, id)| (may_wait, id));
                (list, due.collect())
            })
            .collect();
        assert_eq!(told, due, "what is due (right) is not what was told");
        let holders = entries.iter().filter_map(|it| match &it.stage {
            Stage::Leased { agent, .. } | Stage::AwaitingNote { agent, .. } => Some(agent.clone()),
            Stage::InCall(placed) if placed.beside == Some(Beside::Nobody) => None,
            Stage::InCall(placed) => Some(placed.agent.clone()),
            _ => None,
        });
        let any = self.settings.lists.keys().any(|list| self.deals(list));
        let holders: BTreeSet<UserId> = holders.filter(|_| any).collect();
        assert_eq!(self.indebted, holders, "who has one (right)");
    }
}

fn automatic() -> ListSettings {
    ListSettings {
        distribution: Distribution::Automatic,
        ..list()
    }
}

/// A list that is distributed, which nobody staffs, with one entry that is due.
fn floor() -> (Floor, CallbackId) {
    let mut floor = Floor::default();
    floor.configure(vec![("support", automatic())]);
    let entry = floor.wish(1, NUMBER);
    (floor, entry)
}

fn entrust(floor: &mut Floor, offer: u64, name: &str, entry: CallbackId) -> Vec<Command> {
    floor.give(Input::Entrust {
        offer: OfferId(offer),
        list: queue("support"),
        entry,
        agent: agent(name),
    })
}

fn not_given(offer: u64, why: Ungiven) -> Vec<Command> {
    let offer = OfferId(offer);
    vec![Command::NotGiven { offer, why }]
}

/// The call of an agent who is rung so.
fn rings(commands: &[Command]) -> PlacingId {
    match commands {
        [
            Command::RingAgent {
                placing,
                offer: Some(_),
                ..
            },
        ] => *placing,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agent_who_is_kept_for_an_entry_is_given_it_and_owes_a_description_as_by_hand() {
    let (mut floor, entry) = floor();
    // She staffs no list: she is logged in to the queue.
    let placing = rings(&entrust(&mut floor, 1, ANNA, entry));
    assert!(floor.distributor.indebted.contains(&agent(ANNA)));
    let other = floor.wish(2, OTHER_NUMBER);
    assert_eq!(
        entrust(&mut floor, 2, ANNA, other),
        not_given(2, Ungiven::Agent)
    );
    let commands = floor.event(placing, CallEvent::AgentAnswered);
    let rung = commands
        .iter()
        .any(|it| matches!(it, Command::RingPerson { .. }));
    assert!(rung, "{commands:?}");
    floor.event(placing, CallEvent::PersonAnswered);
    floor.event(placing, CallEvent::HungUp);
    assert_eq!(
        entrust(&mut floor, 3, ANNA, other),
        not_given(3, Ungiven::Agent),
        "she owes what came of it"
    );
    floor.note(ANNA, entry, "Helped.").unwrap();
    rings(&entrust(&mut floor, 4, ANNA, other));
}

#[test]
fn whoever_does_not_take_it_leaves_it_as_it_was_for_the_next() {
    let (mut floor, entry) = floor();
    let before = floor.entry(entry).clone();
    let placing = rings(&entrust(&mut floor, 1, ANNA, entry));
    assert_eq!(floor.distributor.due[&queue("support")], []);
    floor.event(placing, CallEvent::AgentDidNotAnswer);
    let after = floor.entry(entry);
    assert_eq!(
        (after.asked.arrived, after.due, after.attempts.len()),
        (before.asked.arrived, before.due, 0)
    );
    assert_eq!(floor.distributor.due[&queue("support")].len(), 1);
    rings(&entrust(&mut floor, 2, BOSSE, entry));
}

#[test]
fn what_its_queue_takes_back_rings_no_more_unless_he_has_taken_it() {
    let (mut floor, entry) = floor();
    let placing = rings(&entrust(&mut floor, 1, ANNA, entry));
    let call_off = |offer| Input::CallOff {
        offer: OfferId(offer),
        entry,
    };
    assert_eq!(floor.give(call_off(7)), [], "another's");
    let why = HangUpCause::TakenBack;
    assert_eq!(floor.give(call_off(1)), [Command::HangUp { placing, why }]);
    let returned = floor.facts.iter().any(|it| {
        matches!(
            it.fact,
            Fact::Returned {
                why: Returned::TakenBack,
                ..
            }
        )
    });
    assert!(returned);
    assert_eq!(floor.give(call_off(1)), []);

    let placing = rings(&entrust(&mut floor, 2, ANNA, entry));
    floor.event(placing, CallEvent::AgentAnswered);
    assert_eq!(floor.give(call_off(2)), [], "the person is being called");
}

#[test]
fn an_entry_is_given_to_one_agent_whoever_takes_it_by_hand_meanwhile() {
    let (mut floor, entry) = floor();
    floor.log_in(BOSSE);
    floor.lease(BOSSE, entry).unwrap();
    assert_eq!(
        entrust(&mut floor, 1, ANNA, entry),
        not_given(1, Ungiven::Entry)
    );
    floor
        .act(
            agent_himself(BOSSE),
            entry,
            EntryAction::Release(agent(BOSSE)),
        )
        .unwrap();
    rings(&entrust(&mut floor, 2, ANNA, entry));
    let held = floor.lease(BOSSE, entry);
    assert!(matches!(held, Err(Refusal::Held { .. })), "{held:?}");
    // Who staffs a list that is distributed takes what nobody has.
    let other = floor.wish(2, OTHER_NUMBER);
    let next = floor.staff(BOSSE, callback::StaffAction::TakeNext(Queues::All));
    assert!(matches!(next, Ok(Done::Leased { entry, .. }) if entry == other));
}

#[test]
fn nothing_is_given_while_it_could_not_be_stored_or_from_a_list_that_is_worked_by_hand() {
    let (mut floor, entry) = floor();
    floor.give(Input::Storage(Health::Down));
    assert_eq!(floor.distributor.due[&queue("support")], []);
    assert_eq!(
        entrust(&mut floor, 1, ANNA, entry),
        not_given(1, Ungiven::Entry)
    );
    floor.give(Input::Storage(Health::Fine));
    assert_eq!(floor.distributor.due[&queue("support")].len(), 1);
    floor.configure(vec![("support", list())]);
    assert_eq!(floor.distributor.due[&queue("support")], []);
    assert_eq!(
        entrust(&mut floor, 2, ANNA, entry),
        not_given(2, Ungiven::Entry)
    );
}

#[test]
fn what_came_of_it_and_who_had_it_is_kept_as_by_hand() {
    let (mut floor, entry) = floor();
    let placing = rings(&entrust(&mut floor, 1, ANNA, entry));
    floor.event(placing, CallEvent::AgentAnswered);
    floor.event(placing, CallEvent::PersonBusy);
    let attempts: Vec<_> = floor.entry(entry).attempts.iter().collect();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (&attempts[0].agent, attempts[0].outcome),
        (&agent(ANNA), Some(Outcome::Busy))
    );
    let by = floor.facts.iter().find_map(|it| match it.fact {
        Fact::Leased { .. } => Some(it.by.clone()),
        _ => None,
    });
    assert_eq!(by, Some(callback::Origin::Distribution));
}

#[test]
fn a_server_that_goes_down_gives_nobody_anything_more() {
    let (floor, _) = floor();
    let mut dealing = Dealing::default();
    let configured = &floor.facts[..];
    let told = dealing.tell(floor.now, floor.lists(), configured, MOST);
    assert!(matches!(&told[..], [News::Due { entries, .. }] if entries.len() == 1));
    let told = dealing.end();
    assert!(matches!(&told[..], [News::Due { entries, .. }] if entries.is_empty()));
    assert_eq!(dealing.tell(floor.now, floor.lists(), configured, MOST), []);
}
