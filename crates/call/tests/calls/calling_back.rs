//! Agents who call people back: with the real lists, phones, a person behind a trunk and a network that loses messages.

use crate::lists::Storing;
use crate::outside::{invites, with_trunks};
use crate::phone::{Habit, Phone, Seen};
use crate::world::{Life, NUMBER, Network, World, queue, user};
use crate::{ANSWERS, seconds, state, worlds};
use base::{CallId, CallbackId, LegId, ShardId};
use call::calling_back::{AGENT_WITHIN_DEFAULT, PERSON_RINGS_DEFAULT, VOICEMAIL_KEYS_DEFAULT};
use call::outward::{CallerId, Rights};
use call::settings::{CallingBack, CallingBackPrompts, Language, PickUp};
use call::wishes::{Change, Device};
use call::{EndCause, Input, RefusedCause};
use callback::{
    CallEvent, Command, Draft, Given, HangUpCause, ListSettings, Order, Outcome, PlacingId,
    Settings, Status, Utc, Wish,
};
use control::{CallbackCommand, EntryAction, Principal, Queues, Role, StaffAction, permit};
use media_core::{Event, PromptId};
use sip_core::{Direction, StatusCode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Friday, 27 November 2026, 09:00 in Stockholm.
const FRIDAY_AT_NINE: i64 = 1_795_766_400;
const PERSON: &str = "+46701234567";
/// The number that the queue shows.
const SHOWN: &str = "+46850001002";
/// And the name beside it.
const NAME_SHOWN: &str = "Demo Support";
const ENTRY: CallbackId = CallbackId(1);
const PLACING: PlacingId = PlacingId(1);

/// The person's telephone behind the trunk, anna's, and an entry that is hers to call.
pub(crate) struct Floor {
    pub(crate) world: World,
    pub(crate) person: usize,
    pub(crate) anna: usize,
}

/// The person's telephone.
pub(crate) fn person(floor: &Floor) -> &Phone {
    &floor.world.phones[floor.person]
}

pub(crate) fn floor(seed: u64, anna: Habit, person: Habit) -> Floor {
    floor_over(seed, anna, person, Network::default(), Life::Whole)
}

pub(crate) fn floor_over(
    seed: u64,
    anna: Habit,
    person: Habit,
    network: Network,
    life: Life,
) -> Floor {
    let mut directory = with_trunks(1);
    let demo = directory.organisations.values_mut().next().unwrap();
    let settings = CallingBack {
        prompts: CallingBackPrompts::named(|name| Some(PromptId::new(name))).unwrap(),
        language: Language::En,
        display_name: "Support".into(),
        voicemail_keys: VOICEMAIL_KEYS_DEFAULT.into(),
        person_rings: PERSON_RINGS_DEFAULT,
        agent_within: AGENT_WITHIN_DEFAULT,
    };
    demo.calling_back = BTreeMap::from([(queue(), Arc::new(settings))]);
    let shown = Rights {
        caller_id: Some(CallerId::Number(SHOWN.into())),
        name: Some(NAME_SHOWN.into()),
        ..Rights::default()
    };
    demo.outward.queues.insert(queue(), shown);
    let trunk = demo.trunks.values_mut().next().unwrap();
    trunk.sources = vec!["127.0.0.0/8".parse().unwrap()];
    let mut world = World::of(seed, directory).over(network).living(life);
    let person = world.phone("provider", person);
    let anna = world.phone("anna", anna);
    world.set_clock(FRIDAY_AT_NINE);
    let list = ListSettings {
        members: BTreeSet::from([user("anna"), user("bosse")]),
        ..ListSettings::default()
    };
    let lists = BTreeMap::from([(queue(), list)]);
    world.tell_lists(callback::Input::Configure(Arc::new(Settings { lists })));
    let mut floor = Floor {
        world,
        person,
        anna,
    };
    floor.add(PERSON);
    floor.staff("anna");
    floor
}

impl Floor {
    pub(crate) fn add(&mut self, number: &str) {
        // His call is long gone.
        let call = CallId {
            shard: ShardId(3),
            slot: 9_999,
            generation: 9,
        };
        let draft = Draft {
            queue: queue(),
            number: number.parse().unwrap(),
            given: Given::Shown,
            asked_by: None,
            input: None,
            arrived: Utc::from_seconds(FRIDAY_AT_NINE - 25 * 60),
            wish: Wish::AsSoonAsPossible,
        };
        let draft = Box::new(draft);
        self.world
            .tell_lists(callback::Input::Accept { call, draft });
        self.run(1);
    }

    pub(crate) fn command(&mut self, agent: &str, command: CallbackCommand) {
        let by = Principal::User {
            user: user(agent),
            role: Role::Agent,
        };
        let command = permit(by, command).expect("his own");
        let ticket = 1;
        self.world
            .tell_lists(callback::Input::Command { ticket, command });
    }

    fn staff(&mut self, agent: &str) {
        let action = StaffAction::LogIn(Queues::All);
        let agent_id = user(agent);
        let command = CallbackCommand::Staff {
            agent: agent_id,
            action,
        };
        self.command(agent, command);
    }

    pub(crate) fn calls(&mut self, agent: &str) {
        let command = CallbackCommand::Entry {
            version: None,
            list: queue(),
            entry: ENTRY,
            action: EntryAction::Call(user(agent)),
        };
        self.command(agent, command);
    }

    /// A supervisor lets the description be.
    pub(crate) fn waive(&mut self) {
        self.waive_of(ENTRY);
        self.run(1);
    }

    pub(crate) fn waive_of(&mut self, entry: CallbackId) {
        let command = CallbackCommand::Entry {
            version: None,
            list: queue(),
            entry,
            action: EntryAction::Waive,
        };
        let command = permit(Principal::Operator, command).expect("he may all");
        let ticket = 1;
        self.world
            .tell_lists(callback::Input::Command { ticket, command });
    }

    pub(crate) fn run(&mut self, span: u64) {
        self.world.run(seconds(span));
    }

    pub(crate) fn status(&self) -> Status {
        let entry = self.world.book.lists.entry(ENTRY).expect("the entry");
        entry.status().expect("it was promised")
    }

    pub(crate) fn outcomes(&self) -> Vec<Option<Outcome>> {
        let entry = self.world.book.lists.entry(ENTRY).expect("the entry");
        entry.attempts.iter().map(|it| it.outcome).collect()
    }

    /// What the lists were told of calls, but that they live.
    pub(crate) fn told(&self) -> Vec<String> {
        let of_calls = |line: &String| {
            let (_, event) = line.split_once("Callback(Call { placing: PlacingId(")?;
            let (number, event) = event.split_once("), event: ")?;
            let event = event.trim_end_matches(" })");
            (event != "Alive").then(|| format!("{number} {event}"))
        };
        self.world.diary.iter().filter_map(of_calls).collect()
    }

    fn anna_s_leg(&self) -> LegId {
        *self.world.media_open.first().expect("anna hears us")
    }

    fn press(&mut self, keys: &str) {
        let leg = self.anna_s_leg();
        for digit in keys.chars() {
            self.world
                .tell_shard(Input::Media(Event::Digit { leg, digit }));
        }
    }

    pub(crate) fn was_called(&self) -> bool {
        !invites(&self.world, self.person).is_empty()
    }

    pub(crate) fn rests(&mut self) {
        self.run(90);
        self.world.assert_at_rest();
        assert_ne!(self.status(), Status::InCall, "{:?}", self.told());
        assert_eq!(state(&self.world, "anna"), "free");
    }
}

// Changes: queues.caller_name
#[test]
fn the_agent_is_rung_hears_whom_she_calls_and_only_then_the_person_is_called() {
    let mut floor = floor(701, ANSWERS, Habit::Answers(seconds(5)));
    floor.calls("anna");
    floor.run(1);
    let invite = invites(&floor.world, floor.anna)[0];
    let from = invite.headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("Callback: Support"));
    assert_eq!(from.uri.user(), Some("1000"), "the queue");
    assert_eq!(state(&floor.world, "anna"), "own call");
    assert_eq!(floor.status(), Status::InCall);
    floor.run(3);
    assert!(floor.world.phones[floor.anna].talks());
    for prompt in [
        "calling-back-to",
        "en/plus",
        "calling-back-queue",
        "calling-back-waited",
        "en/number-25",
        "en/minutes",
    ] {
        assert!(floor.world.heard(prompt), "{prompt}");
    }
    assert!(!floor.was_called(), "she is still being told");
    assert!(floor.told().is_empty());
    floor.run(50);
    let invite = invites(&floor.world, floor.person)[0];
    assert_eq!(invite.uri.user(), Some(PERSON));
    let from = invite.headers.from().unwrap();
    assert_eq!(from.uri.user(), Some(SHOWN));
    assert_eq!(from.display.as_deref(), Some(NAME_SHOWN));
    floor.run(10);
    assert!(floor.world.heard_music("ringing"), "she hears it ring");
    assert_eq!(floor.world.bridges(), 1);
    assert!(floor.world.all_hear_each_other());
    // Far beyond what nothing may be heard of a call for.
    floor.run(600);
    assert_eq!(floor.status(), Status::InCall);
    floor.world.hang_up(floor.person);
    floor.run(1);
    assert_eq!(
        floor.told(),
        ["1 AgentAnswered", "1 PersonAnswered", "1 HungUp"]
    );
    assert_eq!(floor.status(), Status::AwaitingNote);
    assert_eq!(floor.outcomes(), [Some(Outcome::Reached)]);
    assert_eq!(floor.world.ended, [EndCause::CalleeHungUp]);
    assert_eq!(
        state(&floor.world, "anna"),
        "wrap-up",
        "as her queue has it"
    );
    floor.rests();
}

#[test]
fn an_agent_whose_device_is_not_answered_has_made_no_attempt() {
    let refuses = |status| Habit::Refuses(status);
    for (habit, within) in [
        (Habit::Rings, 31),
        (Habit::Dead, 6),
        (refuses(StatusCode::BUSY_HERE), 1),
        (refuses(StatusCode::TEMPORARILY_UNAVAILABLE), 1),
        (refuses(StatusCode::DECLINE), 1),
    ] {
        let mut floor = floor(702, habit, ANSWERS);
        floor.calls("anna");
        floor.run(within);
        assert_eq!(floor.told(), ["1 AgentDidNotAnswer"], "{habit:?}");
        assert_eq!(floor.status(), Status::NotHandled, "{habit:?}");
        assert!(floor.outcomes().is_empty() && !floor.was_called());
        floor.rests();
        assert_eq!(floor.told().len(), 1, "one ending and no other");
    }
}

#[test]
fn an_agent_without_a_device_and_one_who_is_no_more_have_made_no_attempt() {
    let mut floor = floor(703, ANSWERS, ANSWERS);
    floor.staff("bosse");
    floor.calls("bosse");
    floor.run(1);
    assert_eq!(floor.told(), ["1 AgentDidNotAnswer"]);
    floor.world.change(|demo| demo.calling_back.clear());
    floor.calls("anna");
    floor.run(1);
    assert_eq!(floor.told().last().unwrap(), "2 AgentDidNotAnswer");
    assert!(floor.world.phones[floor.anna].seen.is_empty());
    floor.rests();
}

#[test]
fn a_person_who_is_not_reached_is_that_and_the_agent_is_told_why() {
    let refuses = |status| Habit::Refuses(StatusCode::new(status).unwrap());
    for (habit, outcome, prompt) in [
        (refuses(486), Outcome::Busy, "calling-back-busy"),
        (refuses(603), Outcome::Busy, "calling-back-busy"),
        (refuses(480), Outcome::NoAnswer, "calling-back-no-answer"),
        (Habit::Rings, Outcome::NoAnswer, "calling-back-no-answer"),
        (refuses(404), Outcome::Failed, "calling-back-failed"),
        (refuses(503), Outcome::Failed, "calling-back-failed"),
        (Habit::Dead, Outcome::Failed, "calling-back-failed"),
    ] {
        let mut floor = floor(704, ANSWERS, habit);
        floor.calls("anna");
        floor.run(120);
        assert_eq!(floor.outcomes(), [Some(outcome)], "{habit:?}");
        assert_eq!(floor.status(), Status::AwaitingNote);
        assert!(floor.world.heard(prompt), "{habit:?}");
        assert_eq!(floor.told().len(), 2, "{:?}", floor.told());
        let anna = &floor.world.phones[floor.anna];
        assert_eq!(anna.seen.last(), Some(&Seen::HungUpOn));
        let calls = invites(&floor.world, floor.person).len();
        // A dead telephone notes nothing.
        assert!(calls == 1 || habit == Habit::Dead, "never twice");
        floor.rests();
    }
}

// Changes: queues.callback.ring
#[test]
fn a_person_rings_for_as_long_as_the_queue_has_it() {
    let mut floor = floor(705, ANSWERS, Habit::Rings);
    floor.world.change(|demo| {
        let settings = demo.calling_back.get_mut(&queue()).unwrap();
        Arc::make_mut(settings).person_rings = seconds(10);
    });
    floor.calls("anna");
    while !floor.was_called() {
        floor.run(1);
    }
    floor.run(8);
    assert_eq!(floor.told().len(), 1);
    floor.run(3);
    assert_eq!(floor.told().last().unwrap(), "1 PersonNoAnswer");
    let person = &floor.world.phones[floor.person];
    assert_eq!(person.seen, [Seen::Invited, Seen::Cancelled]);
    floor.rests();
}

// Changes: queues.callback.voicemail_key
#[test]
fn the_agent_keys_that_a_machine_answered_in_her_stream_or_by_info() {
    for (by_info, keys) in [(false, "*9"), (true, "*9"), (false, "#55")] {
        let mut floor = floor(706, ANSWERS, Habit::Answers(seconds(5)));
        floor.world.change(|demo| {
            let settings = demo.calling_back.get_mut(&queue()).unwrap();
            Arc::make_mut(settings).voicemail_keys = keys.into();
        });
        floor.calls("anna");
        floor.run(4);
        floor.press(keys);
        floor.run(60);
        assert!(floor.world.phones[floor.person].talks(), "no machine yet");
        if by_info {
            let relay = "application/dtmf-relay";
            floor.world.info(floor.anna, relay, "Signal=*\r\n");
            floor.run(1);
            floor.world.info(floor.anna, relay, "Signal=9\r\n");
        } else {
            floor.press(&format!("8{keys}"));
        }
        floor.run(1);
        assert_eq!(floor.outcomes(), [Some(Outcome::Voicemail)]);
        assert_eq!(floor.told().last().unwrap(), "1 Voicemail");
        let person = &floor.world.phones[floor.person];
        assert_eq!(person.seen.last(), Some(&Seen::HungUpOn));
        assert!(floor.world.heard("calling-back-voicemail"));
        floor.rests();
        assert_eq!(floor.told().len(), 3, "{:?}", floor.told());
    }
}

#[test]
fn an_agent_who_hangs_up_before_the_person_rings_has_made_no_attempt() {
    let mut floor = floor(707, ANSWERS, ANSWERS);
    floor.calls("anna");
    floor.run(4);
    floor.world.hang_up(floor.anna);
    floor.run(1);
    assert_eq!(floor.told(), ["1 HungUp"]);
    assert_eq!(floor.status(), Status::NotHandled);
    assert_eq!(state(&floor.world, "anna"), "free", "nothing is to be done");
    floor.rests();
    assert!(floor.outcomes().is_empty() && !floor.was_called());
}

#[test]
fn an_agent_who_hangs_up_while_the_person_rings_leaves_nobody_ringing() {
    let mut floor = floor(708, ANSWERS, Habit::Rings);
    floor.calls("anna");
    while !floor.was_called() {
        floor.run(1);
    }
    floor.run(3);
    floor.world.hang_up(floor.anna);
    floor.run(1);
    let person = &floor.world.phones[floor.person];
    assert_eq!(person.seen, [Seen::Invited, Seen::Cancelled]);
    assert_eq!(floor.outcomes(), [Some(Outcome::NoAnswer)]);
    floor.rests();
}

#[test]
fn nobody_is_called_whose_attempt_could_not_be_stored_and_the_agent_is_told() {
    let mut floor = floor(709, ANSWERS, ANSWERS);
    floor.world.book.storing = Storing::Refused;
    floor.calls("anna");
    floor.run(90);
    assert!(floor.world.heard("calling-back-not-stored"));
    assert_eq!(floor.told(), ["1 AgentAnswered", "1 HungUp"]);
    assert!(!floor.was_called());
    assert_eq!(floor.status(), Status::NotHandled);
    assert!(floor.outcomes().is_empty());
    floor.rests();
}

#[test]
fn an_agent_who_hangs_up_while_her_attempt_is_being_stored_has_nobody_called() {
    let mut floor = floor(710, ANSWERS, ANSWERS);
    floor.world.book.storing = Storing::WhenTold;
    floor.calls("anna");
    while floor.told().is_empty() {
        floor.run(1);
    }
    floor.world.hang_up(floor.anna);
    floor.run(1);
    floor.world.store();
    floor.run(1);
    assert_eq!(floor.told(), ["1 AgentAnswered", "1 HungUp"]);
    floor.rests();
    assert!(!floor.was_called());
}

#[test]
fn a_call_that_is_none_of_the_lists_any_more_ends_and_the_agent_is_told() {
    let mut floor = floor(711, ANSWERS, ANSWERS);
    floor.calls("anna");
    floor.run(60);
    assert!(floor.world.phones[floor.person].talks());
    let lost = Command::HangUp {
        placing: PLACING,
        why: HangUpCause::Lost,
    };
    floor.world.tell_shard(Input::Callback(lost.clone()));
    floor.run(1);
    let person = &floor.world.phones[floor.person];
    assert_eq!(person.seen.last(), Some(&Seen::HungUpOn));
    assert!(floor.world.heard("calling-back-lost"));
    floor.rests();
    floor.world.tell_shard(Input::Callback(lost));
    floor.rests();
    assert_eq!(floor.told().len(), 3, "{:?}", floor.told());
}

#[test]
fn what_the_queue_may_not_call_is_not_called() {
    let mut floor = floor(712, ANSWERS, ANSWERS);
    floor.world.change(|demo| demo.outward.common.plan = None);
    floor.calls("anna");
    floor.run(60);
    assert_eq!(floor.world.outside_refused, [RefusedCause::NoPlan]);
    assert_eq!(floor.outcomes(), [Some(Outcome::Failed)]);
    assert!(floor.world.heard("calling-back-failed") && !floor.was_called());
    floor.rests();
}

#[test]
fn an_agent_who_calls_somebody_back_gets_no_caller_from_the_queue_until_that_is_over() {
    let mut floor = floor(713, Habit::Answers(seconds(8)), ANSWERS);
    floor.calls("anna");
    floor.run(1);
    let caller = floor.world.phone("+46709999999", Habit::Rings);
    floor.world.call(caller, NUMBER);
    floor.run(60);
    assert_eq!(invites(&floor.world, floor.anna).len(), 1);
    assert!(floor.world.phones[floor.person].talks());
    assert_eq!(state(&floor.world, "anna"), "own call");
    floor.world.hang_up(floor.person);
    floor.run(20);
    assert_eq!(state(&floor.world, "anna"), "in call");
    floor.world.hang_up(caller);
    floor.rests();
}

#[test]
fn two_devices_ring_and_the_first_to_answer_has_it() {
    let mut floor = floor(714, Habit::Answers(seconds(3)), ANSWERS);
    let other = floor.world.phone("anna", Habit::Rings);
    floor.calls("anna");
    floor.run(1);
    assert_eq!(floor.world.phones[other].seen, [Seen::Invited]);
    floor.run(3);
    let phone = &floor.world.phones[other];
    assert_eq!(phone.seen, [Seen::Invited, Seen::Cancelled]);
    assert!(phone.reason.as_ref().unwrap().contains("elsewhere"));
    floor.run(60);
    assert!(floor.world.phones[floor.person].talks());
    floor.world.hang_up(floor.anna);
    floor.rests();
    assert_eq!(floor.outcomes(), [Some(Outcome::Reached)]);
}

#[test]
fn a_phone_answers_by_itself_where_the_queue_has_it_so() {
    let mut floor = floor(715, ANSWERS, ANSWERS);
    floor.world.change(|demo| {
        demo.queues.get_mut(&queue()).unwrap().pick_up = PickUp::ByItself;
    });
    floor.calls("anna");
    floor.run(1);
    assert!(floor.world.sent(&["INVITE sip:anna@", "answer-after=0"]));
    floor.world.end_all();
    floor.rests();
}

#[test]
fn an_agent_on_his_mobile_presses_a_key_before_anything_is_said() {
    for presses in [true, false] {
        let mut floor = floor(716, Habit::Rings, Habit::Answers(seconds(1)));
        floor.world.set_user("anna", |anna| {
            let numbering = call::outward::Numbering::default();
            anna.mobile = numbering.read("+46705551234");
        });
        let wishes = floor.world.wishes.entry(user("anna")).or_default();
        wishes.change(&Change::Device(Device::Mobile));
        floor.calls("anna");
        floor.run(3);
        let mobile = invites(&floor.world, floor.person)[0];
        assert_eq!(mobile.uri.user(), Some("+46705551234"));
        assert!(floor.world.heard("agent-accept"));
        assert!(!floor.world.heard("calling-back-to"));
        if presses {
            floor.press("1");
            floor.run(1);
            assert!(floor.world.heard("calling-back-to"));
            floor.world.hang_up(floor.person);
            floor.run(1);
            assert_eq!(floor.told(), ["1 HungUp"]);
        } else {
            floor.run(16);
            assert_eq!(floor.told(), ["1 AgentDidNotAnswer"]);
        }
        assert_eq!(floor.status(), Status::NotHandled);
        floor.rests();
    }
}

#[test]
fn an_agent_holds_and_sends_on_the_person_as_in_any_call() {
    let mut floor = floor(717, ANSWERS, ANSWERS);
    let bosse = floor.world.phone("bosse", ANSWERS);
    floor.calls("anna");
    floor.run(60);
    assert!(floor.world.all_hear_each_other());
    floor.world.reinvite(floor.anna, Direction::SendOnly);
    floor.run(1);
    assert!(!floor.world.all_hear_each_other());
    floor.world.reinvite(floor.anna, Direction::SendRecv);
    floor.run(1);
    assert!(floor.world.all_hear_each_other());
    floor.world.refer(floor.anna, "<sip:102@demo.localhost>");
    floor.run(5);
    assert!(floor.world.phones[bosse].talks());
    assert!(floor.world.phones[floor.person].talks());
    floor.world.hang_up(floor.anna);
    floor.run(1);
    assert_eq!(floor.told().last().unwrap(), "1 HungUp");
    assert_eq!(floor.outcomes(), [Some(Outcome::Reached)]);
    assert!(floor.world.phones[floor.person].talks(), "with bosse");
    floor.world.hang_up(bosse);
    floor.rests();
}

#[test]
fn what_is_said_twice_is_done_once() {
    let mut floor = floor(718, ANSWERS, ANSWERS);
    floor.calls("anna");
    let rung = floor.world.diary.iter().any(|it| it.contains("RingAgent"));
    assert!(rung);
    floor.run(60);
    assert!(floor.world.phones[floor.person].talks());
    let number: callback::Number = PERSON.parse().unwrap();
    let again = [
        Command::RingAgent {
            placing: PLACING,
            entry: ENTRY,
            agent: user("anna"),
            offer: None,
            order: Order::AgentFirst,
            errand: Box::new(callback::Errand {
                queue: queue(),
                number: number.clone(),
                arrived: Utc::from_seconds(0),
            }),
        },
        Command::RingPerson {
            placing: PLACING,
            entry: ENTRY,
            queue: queue(),
            number,
        },
    ];
    for command in again {
        floor.world.tell_shard(Input::Callback(command));
    }
    floor.run(5);
    assert_eq!(invites(&floor.world, floor.anna).len(), 1);
    assert_eq!(invites(&floor.world, floor.person).len(), 1);
    floor.world.hang_up(floor.anna);
    floor.rests();
}

#[test]
fn a_server_that_goes_down_rings_nobody_anew_and_ends_what_there_is() {
    let mut floor = floor(719, ANSWERS, ANSWERS);
    floor.calls("anna");
    floor.run(60);
    floor.world.end_all();
    floor.run(1);
    assert_eq!(floor.told().last().unwrap(), "1 HungUp");
    let retry_after = seconds(1);
    floor.world.tell_shard(Input::Drain { retry_after });
    floor.rests();
    floor.world.book.lists.check_invariants().unwrap();
    let waive = CallbackCommand::Entry {
        version: None,
        list: queue(),
        entry: ENTRY,
        action: EntryAction::Note {
            agent: user("anna"),
            note: control::Note {
                text: "again".into(),
                outcome: None,
                then: Some(control::Then::Requeue),
            },
        },
    };
    floor.command("anna", waive);
    floor.run(1_900);
    floor.calls("anna");
    floor.run(1);
    assert_eq!(floor.told().last().unwrap(), "2 AgentDidNotAnswer");
    assert_eq!(invites(&floor.world, floor.anna).len(), 1);
}

/// A call in which both phones do what they will at some moment, over a bad network; what the lists were told.
fn race(seed: u64, life: Life) -> Floor {
    let network = Network {
        lost: 10,
        doubled: 10,
        latency_max_ms: 200,
    };
    let mut floor = floor_over(seed, ANSWERS, Habit::Rings, network, life);
    floor.world.prompt = Duration::from_millis(50);
    let ms = Duration::from_millis;
    let mut dice = |below| floor.world.random(below);
    let refusals = [486, 480, 603, 404];
    let habit = match dice(5) {
        0 => Habit::Refuses(StatusCode::new(refusals[dice(4) as usize]).unwrap()),
        _ => Habit::Answers(ms(dice(3_000))),
    };
    let (agent_answers, acts) = (ms(dice(2_500)), dice(7));
    let after = ms(dice(7_000));
    floor.world.phones[0].habit = habit;
    floor.world.phones[1].habit = Habit::Answers(agent_answers);
    floor.calls("anna");
    floor.world.run(after);
    let (person, anna) = (floor.person, floor.anna);
    match acts {
        0 | 1 => floor.world.hang_up(anna),
        2 => floor.world.hang_up(person),
        3 if !floor.world.media_open.is_empty() => floor.press("*9"),
        4 => floor.world.tell_shard(Input::Callback(Command::HangUp {
            placing: PLACING,
            why: HangUpCause::Lost,
        })),
        5 if floor.world.phones[anna].is_up_and_quiet() => {
            floor.world.reinvite(anna, Direction::SendOnly);
        }
        _ => {}
    }
    floor.run(60);
    for phone in [anna, person] {
        floor.world.hang_up(phone);
    }
    floor.run(120);
    floor
}

#[test]
fn whatever_crosses_the_lists_hear_of_each_call_one_ending_and_nobody_is_left_in_silence() {
    let mut reached = 0;
    for seed in 0..worlds() {
        eprintln!("seed {seed}");
        let mut floor = race(seed, Life::Whole);
        let told = floor.told();
        let is_ending = |it: &&String| !it.ends_with("Answered");
        assert_eq!(told.iter().filter(is_ending).count(), 1, "{told:?}");
        assert!(!told.last().unwrap().ends_with("Answered"), "{told:?}");
        let once = |event: CallEvent| {
            let event = format!("1 {event:?}");
            told.iter().filter(|it| **it == event).count() <= 1
        };
        assert!(once(CallEvent::AgentAnswered) && once(CallEvent::PersonAnswered));
        let answered = told.iter().any(|it| it.ends_with("AgentAnswered"));
        assert!(answered || !floor.was_called(), "{told:?}");
        let calls = invites(&floor.world, floor.person);
        let ids: BTreeSet<_> = calls
            .iter()
            .map(|it| it.headers.call_id().unwrap())
            .collect();
        assert!(ids.len() <= 1, "the person was called twice");
        reached += usize::from(floor.outcomes() == [Some(Outcome::Reached)]);
        floor.rests();
    }
    assert!(reached > 0);
}

#[test]
fn saved_dropped_and_loaded_at_every_step_a_call_to_a_person_goes_the_same_way() {
    for seed in 0..worlds() / 10 {
        eprintln!("seed {seed}");
        let whole = race(seed, Life::Whole).world.diary;
        let interrupted = race(seed, Life::Interrupted).world.diary;
        for (one, other) in whole.iter().zip(&interrupted) {
            assert_eq!(one, other);
        }
        assert_eq!(whole.len(), interrupted.len());
    }
}
