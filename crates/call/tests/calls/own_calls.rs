//! What people do with their own calls away from their telephones: each call as its person sees it, and each act with the
//! consequences that his telephone's would have had.

use crate::outside::{OUTSIDE, with_trunks};
use crate::phone::{Habit, Seen, Told};
use crate::world::{Life, NUMBER, Network, WRAP_UP, World, journey, queue, user};
use crate::{ANSWERS, seconds, state, worlds};
use base::LegId;
use call::own_call::{Held, OwnCall, Stage};
use call::settings::PickUp;
use call::{CallDirection, EndCause, Input, RefusedCause};
use control::{CallAct, OwnCallRefusal};
use media_core::{Command, Then};
use sip_core::{HeaderName, Method, StatusCode};
use std::time::Duration;

pub(crate) const CALLER: &str = "+46701234567";
const BUSY: Habit = Habit::Refuses(StatusCode::BUSY_HERE);

fn dial(number: &str) -> CallAct {
    CallAct::Dial {
        number: number.into(),
    }
}

fn transfer(leg: LegId, to: &str) -> CallAct {
    CallAct::Transfer { leg, to: to.into() }
}

/// Somebody's only call.
pub(crate) fn only(world: &World, name: &str) -> (LegId, OwnCall) {
    let calls = world.own_calls(name);
    assert_eq!(calls.len(), 1, "{name}: {calls:?}");
    calls.into_iter().next().unwrap()
}

/// A caller who waits in the queue while anna's phone rings, or talks with her.
fn queued(seed: u64, anna: Habit) -> (World, [usize; 3]) {
    let mut world = World::new(seed, journey());
    let phones = [
        world.phone("anna", anna),
        world.phone("bosse", Habit::Rings),
        world.phone(CALLER, Habit::Rings),
    ];
    world.call(phones[2], NUMBER);
    world.run(seconds(1));
    (world, phones)
}

#[test]
fn an_agent_sees_the_caller_who_is_offered_and_how_long_he_has_waited_and_then_that_they_talk() {
    let (mut world, [anna, _, caller]) = queued(300, Habit::Answers(seconds(4)));
    let (_, offered) = only(&world, "anna");
    assert_eq!(
        (
            offered.stage,
            offered.queue.as_ref(),
            offered.number.as_deref()
        ),
        (Stage::Offered, Some(&queue()), Some(CALLER))
    );
    let came = offered.arrived;
    assert!(world.now - came < seconds(1) && offered.connected.is_none());
    world.run(seconds(5));
    assert!(world.phones[anna].talks());
    let (_, talks) = only(&world, "anna");
    assert_eq!((talks.stage, talks.arrived), (Stage::Talking, came));
    assert!(talks.connected.is_some_and(|at| at > came));
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.own_calls("anna"), []);
    world.assert_at_rest();
}

#[test]
fn who_shows_no_number_is_nobody_to_the_agent_too() {
    let mut world = World::new(301, journey());
    world.phone("anna", Habit::Rings);
    let caller = world.phone("anonymous", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    let (_, offered) = only(&world, "anna");
    assert_eq!((offered.number, offered.name), (None, None));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_call_that_is_declined_elsewhere_stops_ringing_and_goes_to_the_next_agent() {
    let (mut world, [anna, bosse, caller]) = queued(302, Habit::Rings);
    let (leg, _) = only(&world, "anna");
    assert_eq!(
        world.own_call("bosse", CallAct::Decline { leg }),
        Err(OwnCallRefusal::NoSuchCall)
    );
    assert_eq!(world.own_call("anna", CallAct::Decline { leg }), Ok(()));
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Cancelled));
    assert_eq!(
        (state(&world, "anna"), state(&world, "bosse")),
        ("deferred", "offered")
    );
    assert_eq!(world.misses("anna"), (0, 0), "it counts as declined");
    assert_eq!(
        world.own_call("anna", CallAct::Decline { leg }),
        Err(OwnCallRefusal::NoSuchCall)
    );
    assert!(world.phones[bosse].seen.contains(&Seen::Invited));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_call_is_declined_on_all_devices_of_an_agent_at_once() {
    let mut world = World::new(303, journey());
    let phones = [
        world.phone("anna", Habit::Rings),
        world.phone("anna", Habit::Rings),
    ];
    let caller = world.phone(CALLER, Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    let calls = world.own_calls("anna");
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].1, calls[1].1, "to her they are one");
    let act = CallAct::HangUp { leg: calls[1].0 };
    assert_eq!(world.own_call("anna", act), Ok(()));
    world.run(seconds(1));
    for phone in phones {
        assert_eq!(world.phones[phone].seen.last(), Some(&Seen::Cancelled));
    }
    assert_eq!(state(&world, "anna"), "deferred");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn whoever_hangs_up_elsewhere_has_hung_up() {
    // The agent, and then the caller of a colleague before and after he is answered.
    let (mut world, [anna, _, caller]) = queued(304, ANSWERS);
    world.run(seconds(3));
    let (leg, _) = only(&world, "anna");
    assert_eq!(world.own_call("anna", CallAct::HangUp { leg }), Ok(()));
    world.run(seconds(1));
    for phone in [anna, caller] {
        assert_eq!(world.phones[phone].seen.last(), Some(&Seen::HungUpOn));
    }
    assert_eq!(world.ended, [EndCause::CalleeHungUp]);
    world.run(WRAP_UP);
    assert_eq!(state(&world, "anna"), "free");
    for waits in [1, 4] {
        world.call(anna, "102");
        world.phones[1].habit = ANSWERS;
        world.run(seconds(waits));
        let (leg, own) = only(&world, "anna");
        let stage = [Stage::Calling, Stage::Talking][usize::from(waits > 2)];
        assert_eq!((own.stage, own.colleague), (stage, Some(user("bosse"))));
        assert_eq!(world.own_call("anna", CallAct::HangUp { leg }), Ok(()));
        world.run(seconds(1));
        assert!(world.phones[anna].is_idle() && world.phones[1].is_idle());
        assert_eq!(world.ended.last(), Some(&EndCause::CallerHungUp));
    }
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn whoever_is_held_elsewhere_hears_music_and_the_holder_nothing_until_it_is_resumed() {
    let (mut world, [anna, _, caller]) = queued(305, ANSWERS);
    world.run(seconds(3));
    assert!(world.all_hear_each_other());
    let (leg, _) = only(&world, "anna");
    let last = |world: &World, of: LegId| world.media[&of].last().cloned();
    let other = *world.media_open.iter().find(|it| **it != leg).unwrap();
    assert_eq!(world.own_call("anna", CallAct::Hold { leg }), Ok(()));
    assert_eq!(only(&world, "anna").1.held, Held::ByCommand);
    assert!(!world.all_hear_each_other());
    let then = |command: Option<Command>| match command {
        Some(Command::Play(list)) => list.then,
        other => panic!("{other:?}"),
    };
    assert_eq!(then(last(&world, leg)), Then::Silence);
    assert!(matches!(then(last(&world, other)), Then::Music(_)));
    // Said twice, it is the same.
    assert_eq!(world.own_call("anna", CallAct::Hold { leg }), Ok(()));
    assert_eq!(world.own_call("anna", CallAct::Resume { leg }), Ok(()));
    assert_eq!(only(&world, "anna").1.held, Held::No);
    assert!(world.all_hear_each_other());
    // What her telephone holds, it alone resumes.
    world.reinvite(anna, sip_core::Direction::SendOnly);
    world.run(seconds(1));
    assert_eq!(only(&world, "anna").1.held, Held::OnPhone);
    assert_eq!(
        world.own_call("anna", CallAct::Resume { leg }),
        Err(OwnCallRefusal::HeldOnPhone)
    );
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn what_cant_be_held_or_sent_yet_says_so_and_nobody_touches_anothers_call() {
    let (mut world, [_, _, caller]) = queued(306, Habit::Rings);
    let (leg, _) = only(&world, "anna");
    for act in [
        CallAct::Hold { leg },
        CallAct::Resume { leg },
        transfer(leg, "103"),
        CallAct::Join { leg, with: leg },
    ] {
        assert_eq!(
            world.own_call("anna", act.clone()),
            Err(OwnCallRefusal::NotNow)
        );
        assert_eq!(
            world.own_call("bosse", act),
            Err(OwnCallRefusal::NoSuchCall)
        );
    }
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(
        world.own_call("anna", CallAct::HangUp { leg }),
        Err(OwnCallRefusal::NoSuchCall)
    );
    world.assert_at_rest();
}

#[test]
fn who_dials_elsewhere_is_rung_first_and_then_calls_as_if_he_had_dialled_on_his_telephone() {
    let mut world = World::new(307, journey());
    let anna = world.phone("anna", ANSWERS);
    let bosse = world.phone("bosse", ANSWERS);
    assert_eq!(world.own_call("anna", dial(" 1 02 ")), Ok(()));
    world.run(seconds(1));
    let invite = &world.phones[anna].requests[0];
    let from = invite.headers.from().unwrap();
    assert_eq!(from.uri.user(), Some("102"), "it shows whom she calls");
    assert_eq!(invite.headers.text(&HeaderName::AnswerMode), Some("Auto"));
    assert_eq!(only(&world, "anna").1.stage, Stage::Dialling);
    assert_eq!(state(&world, "anna"), "own call");
    assert_eq!(
        world.own_call("anna", dial("103")),
        Err(OwnCallRefusal::DiallingAlready)
    );
    assert!(world.phones[bosse].is_idle());
    world.run(seconds(2));
    assert!(world.phones[anna].talks());
    assert_eq!(only(&world, "anna").1.stage, Stage::Calling);
    assert_eq!(only(&world, "bosse").1.number.as_deref(), Some("101"));
    world.run(seconds(3));
    assert!(world.phones[bosse].talks() && world.all_hear_each_other());
    let (_, own) = only(&world, "anna");
    assert_eq!(
        (own.stage, own.colleague),
        (Stage::Talking, Some(user("bosse")))
    );
    world.hang_up(bosse);
    world.run(seconds(60));
    assert_eq!(world.ended, [EndCause::CalleeHungUp]);
    let record = world.records.values().next().unwrap();
    assert_eq!(
        (record.direction, record.caller_user.as_ref()),
        (CallDirection::Internal, Some(&user("anna")))
    );
    assert_eq!(state(&world, "anna"), "free");
    world.assert_at_rest();
}

#[test]
fn a_telephone_that_answers_nobody_by_itself_rings_for_what_was_dialled_elsewhere() {
    let mut world = World::new(308, journey());
    world.set_user("anna", |anna| anna.intercom = PickUp::ByHand);
    let anna = world.phone("anna", Habit::Rings);
    assert_eq!(world.own_call("anna", dial("102")), Ok(()));
    world.run(seconds(1));
    let invite = &world.phones[anna].requests[0];
    assert!(!invite.headers.has(&HeaderName::AnswerMode));
    // Nobody is called where she does not answer, whether she declines, hangs up elsewhere or lets it ring.
    let (leg, _) = only(&world, "anna");
    assert_eq!(world.own_call("anna", CallAct::HangUp { leg }), Ok(()));
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Cancelled));
    assert_eq!(state(&world, "anna"), "free");
    assert_eq!(world.own_call("anna", dial("102")), Ok(()));
    world.run(seconds(40));
    world.phones[anna].habit = BUSY;
    assert_eq!(world.own_call("anna", dial("102")), Ok(()));
    world.run(seconds(60));
    assert_eq!(world.ended, [EndCause::NotCompleted; 3]);
    world.assert_at_rest();
}

#[test]
fn nobody_calls_elsewhere_what_his_telephone_may_not_call() {
    let mut world = World::of(309, with_trunks(1));
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", ANSWERS);
    for (number, refusal) in [
        ("", OwnCallRefusal::NoNumber),
        ("  ", OwnCallRefusal::NoNumber),
        ("nobody", OwnCallRefusal::UnknownNumber),
        // To Germany, which the plan does not allow.
        ("+4930123456", OwnCallRefusal::NotAllowed),
    ] {
        assert_eq!(
            world.own_call("anna", dial(number)),
            Err(refusal),
            "{number}"
        );
    }
    assert!(world.phones[anna].is_idle());
    assert_eq!(world.own_call("anna", dial(OUTSIDE)), Ok(()));
    world.run(seconds(7));
    assert!(world.phones[provider].talks() && world.all_hear_each_other());
    let (leg, own) = only(&world, "anna");
    assert_eq!(
        (own.stage, own.number.as_deref()),
        (Stage::Talking, Some(CALLER))
    );
    assert_eq!(
        world.own_call("anna", transfer(leg, "+4930123456")),
        Err(OwnCallRefusal::NotAllowed)
    );
    let record = world.records.values().next().unwrap();
    assert_eq!(
        (record.direction, record.outside.as_deref()),
        (CallDirection::Outward, Some(CALLER))
    );
    world.hang_up(provider);
    world.run(seconds(60));
    assert_eq!(world.outside_refused, Vec::<RefusedCause>::new());
    world.assert_at_rest();
}

#[test]
fn no_call_is_dialled_elsewhere_while_the_server_takes_none() {
    let mut world = World::new(310, journey());
    world.phone("anna", ANSWERS);
    let retry_after = seconds(30);
    world.tell_shard(Input::Drain { retry_after });
    assert_eq!(
        world.own_call("anna", dial("102")),
        Err(OwnCallRefusal::Draining)
    );
    world.assert_at_rest();
}

#[test]
fn an_agent_sends_his_caller_on_elsewhere_and_is_out_of_it_once_they_talk() {
    let (mut world, [anna, _, caller]) = queued(311, ANSWERS);
    let carin = world.phone("carin", ANSWERS);
    world.run(seconds(3));
    let (leg, _) = only(&world, "anna");
    assert_eq!(world.own_call("anna", CallAct::Hold { leg }), Ok(()));
    assert_eq!(
        world.own_call("anna", transfer(leg, "nobody")),
        Err(OwnCallRefusal::UnknownNumber)
    );
    assert_eq!(world.own_call("anna", transfer(leg, "103")), Ok(()));
    world.run(seconds(1));
    let (_, own) = only(&world, "anna");
    assert_eq!((own.stage, own.held), (Stage::Sending, Held::No));
    assert_eq!(
        world.own_call("anna", transfer(leg, "102")),
        Err(OwnCallRefusal::NotNow)
    );
    world.run(seconds(3));
    assert!(world.phones[anna].is_idle());
    assert!(world.phones[carin].talks() && world.phones[caller].talks());
    assert_eq!(only(&world, "carin").1.number.as_deref(), Some(CALLER));
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(state(&world, "anna"), "free");
    world.assert_at_rest();
}

#[test]
fn who_cant_be_had_where_he_is_sent_comes_back_and_both_talk_again() {
    let (mut world, [anna, _, caller]) = queued(312, ANSWERS);
    world.phone("carin", BUSY);
    world.run(seconds(3));
    let (leg, _) = only(&world, "anna");
    assert_eq!(world.own_call("anna", transfer(leg, "103")), Ok(()));
    world.run(seconds(2));
    assert!(world.phones[anna].talks() && world.phones[caller].talks());
    assert!(world.all_hear_each_other());
    let (same, own) = only(&world, "anna");
    assert_eq!((same, own.stage), (leg, Stage::Talking));
    assert_eq!(own.number.as_deref(), Some(CALLER));
    // What is in two calls by now is held and ended as before.
    assert_eq!(world.own_call("anna", CallAct::Hold { leg }), Ok(()));
    world.run(seconds(1));
    assert!(!world.all_hear_each_other());
    assert_eq!(world.own_call("anna", CallAct::Resume { leg }), Ok(()));
    world.run(seconds(1));
    assert!(world.all_hear_each_other());
    assert_eq!(world.own_call("anna", CallAct::HangUp { leg }), Ok(()));
    world.run(seconds(60));
    assert_eq!(world.phones[caller].seen.last(), Some(&Seen::HungUpOn));
    world.assert_at_rest();
}

/// Anna talks with a caller whom she holds, and on her other telephone with carin, whom she dialled elsewhere.
fn consulting(mut world: World) -> (World, [usize; 4], [LegId; 2]) {
    let first = world.phone("anna", ANSWERS);
    let caller = world.phone(CALLER, Habit::Rings);
    let carin = world.phone("carin", ANSWERS);
    world.call(caller, NUMBER);
    world.run(seconds(5));
    let (leg, _) = only(&world, "anna");
    assert_eq!(world.own_call("anna", CallAct::Hold { leg }), Ok(()));
    let second = world.phone("anna", ANSWERS);
    assert_eq!(world.own_call("anna", dial("103")), Ok(()));
    world.run(seconds(8));
    assert!(world.phones[carin].talks() && world.phones[second].talks());
    let mut legs = world.own_calls("anna").into_iter().map(|(leg, _)| leg);
    let with = legs.find(|it| *it != leg).unwrap();
    (world, [first, second, caller, carin], [leg, with])
}

#[test]
fn two_whom_somebody_talked_with_in_turn_are_joined_elsewhere_and_he_is_out_of_both() {
    for (seed, of_two) in [(313, false), (314, true)] {
        let world = World::new(seed, journey());
        let world = if of_two { world.of_two_shards() } else { world };
        let (mut world, [first, second, caller, carin], [leg, with]) = consulting(world);
        let stranger = CallAct::Join {
            leg: with,
            with: leg,
        };
        assert_eq!(
            world.own_call("carin", stranger),
            Err(OwnCallRefusal::NoSuchCall)
        );
        assert_eq!(world.own_call("anna", CallAct::Join { leg, with }), Ok(()));
        world.run(seconds(2));
        assert!(world.phones[first].is_idle() && world.phones[second].is_idle());
        assert!(world.phones[caller].talks() && world.phones[carin].talks());
        assert!(world.all_hear_each_other());
        assert_eq!(only(&world, "carin").1.number.as_deref(), Some(CALLER));
        world.hang_up(carin);
        world.run(seconds(60));
        assert_eq!(world.phones[caller].seen.last(), Some(&Seen::HungUpOn));
        assert_eq!(state(&world, "anna"), "free");
        world.assert_at_rest();
    }
}

#[test]
fn nobody_is_joined_with_a_call_that_is_not_the_joiners_own() {
    let (mut world, [first, _, caller, carin], [leg, with]) =
        consulting(World::new(315, journey()));
    let (carins, _) = only(&world, "carin");
    let act = CallAct::Join { leg, with: carins };
    assert_eq!(world.own_call("anna", act), Ok(()));
    world.run(seconds(2));
    // He comes back to her.
    assert!(world.phones[first].talks() && world.phones[caller].talks());
    assert!(world.phones[carin].talks() && world.all_hear_each_other());
    for leg in [leg, with] {
        assert_eq!(world.own_call("anna", CallAct::HangUp { leg }), Ok(()));
    }
    world.run(seconds(60));
    world.assert_at_rest();
}

/// Three colleagues and a caller over a bad network, who do with their calls whatever comes to them.
fn random_world(seed: u64, life: Life) -> World {
    let network = Network {
        lost: 10,
        doubled: 5,
        latency_max_ms: 80,
    };
    let mut world = World::new(seed, journey()).over(network).living(life);
    for name in ["anna", "bosse", "carin"] {
        let phone = world.phone(name, ANSWERS);
        world.phones[phone].told = Told::Answers;
    }
    let caller = world.phone(CALLER, Habit::Rings);
    world.call(caller, NUMBER);
    for _ in 0..16 {
        let wait = world.random(3_000);
        world.run(Duration::from_millis(wait));
        let name = ["anna", "bosse", "carin"][world.random(3) as usize];
        let number = ["101", "102", "103", "1000"][world.random(4) as usize];
        let legs = world.own_calls(name);
        let act = match (world.random(8), legs.first(), legs.last()) {
            (0, Some(&(leg, _)), _) => CallAct::HangUp { leg },
            (1, Some(&(leg, _)), _) => CallAct::Decline { leg },
            (7, Some(&(leg, _)), _) => CallAct::Take { leg },
            (2, Some(&(leg, _)), _) => CallAct::Hold { leg },
            (3, Some(&(leg, _)), _) => CallAct::Resume { leg },
            (4, Some(&(leg, _)), _) => transfer(leg, number),
            (5, Some(&(leg, _)), Some(&(with, _))) => CallAct::Join { leg, with },
            _ => dial(number),
        };
        // What can't be done just then is refused.
        let _may_be_refused = world.own_call(name, act);
    }
    // Faults stop, everybody hangs up, and everything must come to rest.
    world = world.over(Network::default());
    world.run(seconds(40));
    for _ in 0..3 {
        for phone in 0..world.phones.len() {
            world.phones[phone].habit = BUSY;
            if !world.phones[phone].is_idle() {
                world.hang_up(phone);
            }
        }
        world.run(seconds(200));
    }
    world
}

#[test]
fn whatever_people_do_elsewhere_over_a_bad_network_every_call_ends_and_nothing_is_left() {
    let mut bridged = 0;
    for seed in 0..worlds() {
        eprintln!("seed {seed}");
        let world = random_world(seed, Life::Whole);
        world.assert_at_rest();
        bridged += world.bridges();
    }
    assert!(
        bridged as u64 > worlds(),
        "they are no idle worlds: {bridged}"
    );
}

#[test]
fn saved_dropped_and_loaded_at_every_step_what_people_do_elsewhere_comes_to_the_same() {
    for seed in 0..worlds() / 10 {
        eprintln!("seed {seed}");
        let whole = random_world(seed, Life::Whole);
        let interrupted = random_world(seed, Life::Interrupted);
        assert_eq!(whole.diary, interrupted.diary);
    }
}

#[test]
fn a_bye_of_ours_to_a_phone_that_was_rung_for_it_is_no_refusal() {
    let mut world = World::new(317, journey());
    let anna = world.phone("anna", ANSWERS);
    assert_eq!(world.own_call("anna", dial("1000")), Ok(()));
    world.run(seconds(4));
    assert!(world.heard("welcome"), "she came to the queue");
    let (leg, own) = only(&world, "anna");
    assert_eq!((own.stage, own.queue), (Stage::Calling, Some(queue())));
    assert_eq!(world.own_call("anna", CallAct::HangUp { leg }), Ok(()));
    world.run(seconds(60));
    let requests = world.phones[anna].requests.iter();
    let byes = requests.filter(|request| request.method == Method::Bye);
    assert_eq!(byes.count(), 1);
    assert_eq!(world.ended, [EndCause::CallerHungUp]);
    world.assert_at_rest();
}
