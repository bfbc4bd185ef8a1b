//! Whole calls in virtual time: one shard, the queue engine, phones, a network that may lose messages. Each
//! test's name is what it proves; those over a bad network run thousands of seconds in a blink.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod admission;
mod again;
mod agent_codes;
mod ahead;
mod automatic;
mod called_back;
mod calling_back;
mod choosing_elsewhere;
mod chosen;
mod closing;
mod dictation;
mod diversions;
mod doors;
mod exits;
mod forwards;
mod groups;
mod holds;
mod hunting;
mod identity;
mod keys;
mod lamps;
mod led_outside;
mod limits;
mod list_codes;
mod lists;
mod menus;
mod mobile;
mod outside;
mod own_calls;
mod parallel;
mod personal;
mod phone;
mod provisional;
mod reasons;
mod records;
mod redirects;
mod replaces;
mod routes;
mod script;
mod seeking;
mod sequences;
mod sessions;
mod taking;
mod texts;
mod transfer;
mod world;

use acd::AgentState;
use base::Core;
use call::settings::{Answering, QueueJourney};
use call::{EndCause, Input};
use phone::{Habit, Rings, Seen};
use sip_core::{Direction, StatusCode};
use std::time::Duration;
use world::{Life, NUMBER, Network, RING, WRAP_UP, World, journey};

const ANSWERS: Habit = Habit::Answers(Duration::from_secs(2));

fn seconds(span: u64) -> Duration {
    Duration::from_secs(span)
}

fn state(world: &World, name: &str) -> &'static str {
    match world.agent(name) {
        AgentState::Free => "free",
        AgentState::WrapUp { .. } => "wrap-up",
        AgentState::InCall => "in call",
        AgentState::Offered => "offered",
        AgentState::Paused { .. } => "paused",
        AgentState::LoggedOut => "logged out",
        AgentState::Deferred { .. } => "deferred",
        AgentState::Unreachable => "unreachable",
        AgentState::OwnCall => "own call",
    }
}

#[test]
fn a_caller_waits_reaches_an_agent_and_both_talk_until_the_caller_hangs_up() {
    let mut world = World::new(1, journey());
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("+46701234567", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    assert_eq!(world.phones[caller].seen, [Seen::Ringing, Seen::Answered]);
    assert!(world.heard("welcome"));
    assert_eq!(state(&world, "anna"), "offered");
    world.run(seconds(2));
    assert_eq!(state(&world, "anna"), "in call");
    assert_eq!(world.bridges(), 1);
    world.hang_up(caller);
    world.run(seconds(1));
    assert_eq!(
        world.phones[anna].seen,
        [Seen::Invited, Seen::Answered, Seen::HungUpOn]
    );
    assert_eq!(state(&world, "anna"), "wrap-up");
    world.run(WRAP_UP);
    assert_eq!(state(&world, "anna"), "free");
    assert_eq!(world.ended, [EndCause::CallerHungUp]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn when_the_agent_hangs_up_the_caller_gets_bye_at_once() {
    let mut world = World::new(2, journey());
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    world.hang_up(anna);
    world.run(Duration::from_millis(50));
    assert_eq!(world.phones[caller].seen.last(), Some(&Seen::HungUpOn));
    assert_eq!(world.ended, [EndCause::CalleeHungUp]);
    world.run(seconds(60));
    world.assert_at_rest();
}

/// An INVITE to the queue as a datagram, with `via` put in.
fn invite(via: &str) -> sip_core::Message {
    let text = format!(
        "INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nv: {via}\r\nFrom: <sip:+46701234567@127.0.0.1>;tag=a\r\n\
         To: <sip:{NUMBER}@127.0.0.1>\r\nCall-ID: long\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:+46701234567@127.0.0.9:5070>\r\nContent-Length: 0\r\n\r\n"
    );
    sip_core::parse_datagram(text.into(), &sip_core::Limits::default()).unwrap()
}

fn trunk_flow() -> sip_core::Flow {
    sip_core::Flow {
        transport: sip_core::Transport::Udp,
        local: world::server(),
        remote: "127.0.0.9:5070".parse().unwrap(),
        connection: 0,
    }
}

fn by_trunk(message: sip_core::Message) -> Input {
    Input::Received {
        flow: trunk_flow(),
        message,
        admission: call::Admission::Trunk("demo/provider".parse().unwrap()),
    }
}

#[test]
fn what_nobody_vouches_for_is_answered_and_nothing_of_it_is_kept() {
    let mut world = World::new(19, journey());
    for (method, to_tag, status) in [
        ("OPTIONS", "", "200"),
        ("OPTIONS", ";tag=00.1.1.1", "481"),
        ("INVITE", ";tag=nobody", "481"),
        ("BYE", "", "481"),
        ("SUBSCRIBE", "", "403"),
        ("PUBLISH", "", "405"),
        ("DANCE", "", "501"),
    ] {
        let text = format!(
            "{method} sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bK1\r\n\
             From: <sip:a@b.example>;tag=a\r\nTo: <sip:127.0.0.1>{to_tag}\r\nCall-ID: x\r\n\
             CSeq: 1 {method}\r\nContact: <sip:a@127.0.0.9:5070>\r\nContent-Length: 0\r\n\r\n"
        );
        let message = sip_core::parse_datagram(text.into(), &sip_core::Limits::default());
        let by_nobody = Input::Received {
            flow: trunk_flow(),
            message: message.unwrap(),
            admission: call::Admission::Anyone,
        };
        world.tell_shard(by_nobody);
        let last = world.diary.last().unwrap();
        assert!(
            last.contains(&format!("SIP/2.0 {status}")),
            "{method}: {last}"
        );
        assert_eq!(world.shard.poll_timeout(), None, "{method} leaves no timer");
    }
}

#[test]
fn the_same_invite_by_another_path_is_no_second_call_though_the_first_is_answered() {
    let mut world = World::new(18, journey());
    world.tell_shard(by_trunk(invite(
        "SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bKone",
    )));
    world.run(seconds(1));
    assert!(
        world
            .diary
            .iter()
            .any(|line| line.contains("SIP/2.0 200 OK"))
    );
    world.tell_shard(by_trunk(invite(
        "SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bKtwo",
    )));
    assert_eq!(world.shard.calls_count(), 1);
    assert!(world.diary.iter().any(|line| line.contains("SIP/2.0 482")));
}

#[test]
fn an_invite_as_long_as_may_be_is_answered_though_its_via_grows_beyond_that() {
    let start = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKlong;rport;x=";
    let room = sip_core::Limits::default().header_bytes - "v: \r\n".len() - start.len();
    let via = format!("{start}{}", "x".repeat(room));
    for life in [Life::Whole, Life::Interrupted] {
        let mut world = World::new(16, journey()).living(life);
        world.tell_shard(by_trunk(invite(&via)));
        world.run(seconds(1));
        let answered = |line: &String| line.contains("SIP/2.0 200 OK");
        assert!(world.diary.iter().any(answered));
        world.run(seconds(120));
        assert_eq!(world.ended, [EndCause::SignallingFailed], "no ACK came");
    }
}

#[test]
fn whoever_hangs_up_gets_no_bye_in_return() {
    for hangs_up in ["anna", "caller"] {
        let mut world = World::new(15, journey());
        let anna = world.phone("anna", ANSWERS);
        let caller = world.phone("caller", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(4));
        let phone = if hangs_up == "anna" { anna } else { caller };
        world.hang_up(phone);
        world.run(seconds(60));
        assert!(
            !world.phones[phone].seen.contains(&Seen::StrayBye),
            "{hangs_up}"
        );
        world.assert_at_rest();
    }
}

#[test]
fn when_the_caller_hangs_up_the_ringing_agent_gets_cancel_and_is_free_with_no_miss() {
    let mut world = World::new(3, journey());
    let anna = world.phone("anna", Habit::Rings);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(3));
    world.hang_up(caller);
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen, [Seen::Invited, Seen::Cancelled]);
    assert_eq!(state(&world, "anna"), "free");
    assert_eq!(world.misses("anna"), (0, 0));
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn no_answer_declined_busy_and_broken_devices_lead_to_the_next_agent_and_the_caller_never_notices()
{
    for (habit, missed, errors) in [
        (Habit::Rings, 1, 0),
        (Habit::Refuses(StatusCode::DECLINE), 0, 0),
        (Habit::Refuses(StatusCode::BUSY_HERE), 0, 0),
        (Habit::Refuses(StatusCode::SERVER_INTERNAL_ERROR), 0, 1),
        (Habit::Dead, 0, 1),
    ] {
        let mut world = World::new(4, journey());
        world.phone("anna", habit);
        let caller = world.phone("caller", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(1));
        let bosse = world.phone("bosse", ANSWERS);
        world.run(RING + seconds(4));
        assert!(world.phones[bosse].talks(), "{habit:?}");
        assert_eq!(world.misses("anna"), (missed, errors), "{habit:?}");
        assert_eq!(
            world.phones[caller].seen,
            [Seen::Ringing, Seen::Answered],
            "{habit:?}"
        );
        world.hang_up(caller);
        world.run(seconds(120));
        world.assert_at_rest();
    }
}

#[test]
fn an_agent_without_a_device_is_never_rung_and_the_caller_keeps_waiting() {
    let mut world = World::new(5, journey());
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(60));
    assert!(world.phones[caller].talks());
    assert!(world.heard("first") && world.heard("place") && world.heard("again"));
    assert!(world.heard("sv/number-1"));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn with_early_media_the_caller_is_answered_when_the_agent_is() {
    let early = QueueJourney {
        answer: Answering::WhenAgentAnswers,
        ..journey()
    };
    let mut world = World::new(6, early.clone());
    world.phone("anna", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(1));
    assert_eq!(world.phones[caller].seen, [Seen::Progress]);
    assert!(world.heard("welcome"));
    world.run(seconds(3));
    assert_eq!(world.phones[caller].seen, [Seen::Progress, Seen::Answered]);
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();

    let mut world = World::new(7, early);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(5));
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(
        world.phones[caller].seen,
        [Seen::Progress, Seen::Refused(487)]
    );
    world.assert_at_rest();
}

#[test]
fn a_caller_who_waits_unanswered_hears_of_it_every_minute_so_that_no_proxy_gives_up() {
    let early = QueueJourney {
        answer: Answering::WhenAgentAnswers,
        ..journey()
    };
    let mut world = World::new(17, early);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(241));
    assert_eq!(world.phones[caller].seen, vec![Seen::Progress; 5]);
    world.hang_up(caller);
    world.run(seconds(60));
    assert_eq!(world.phones[caller].seen.last(), Some(&Seen::Refused(487)));
    world.assert_at_rest();
}

#[test]
fn a_caller_without_an_offer_gets_ours_and_answers_it_in_his_ack() {
    let mut world = World::new(8, journey());
    world.phone("anna", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    let phone = world.phones.remove(caller).without_offer();
    world.phones.push(phone);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert_eq!(state(&world, "anna"), "in call");
    let told = world.media.values().filter(|commands| {
        commands
            .iter()
            .any(|command| matches!(command, media_core::Command::SetRemote(_)))
    });
    assert_eq!(told.count(), 2, "media of both legs knows where to send");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn hold_gives_the_other_party_music_and_resume_joins_them_again() {
    let mut world = World::new(9, journey());
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    for phone in [anna, caller] {
        let bridges = world.bridges();
        world.reinvite(phone, Direction::SendOnly);
        world.run(seconds(1));
        assert_eq!(world.phones[phone].seen.last(), Some(&Seen::Reinvited(200)));
        let plays = |command: &media_core::Command| matches!(command, media_core::Command::Play(_));
        let holding = world
            .media
            .values()
            .filter(|it| it.last().is_some_and(plays))
            .count();
        assert_eq!(holding, 2);
        world.reinvite(phone, Direction::SendRecv);
        world.run(seconds(1));
        assert_eq!(world.bridges(), bridges + 1);
    }
    assert!(world.phones[anna].talks() && world.phones[caller].talks());
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn colleagues_call_each_other_and_hear_why_not() {
    for (habit, expected) in [
        (ANSWERS, vec![Seen::Ringing, Seen::Answered, Seen::HungUpOn]),
        (
            Habit::Refuses(StatusCode::BUSY_HERE),
            vec![Seen::Refused(486)],
        ),
        (
            Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE),
            vec![Seen::Refused(480)],
        ),
        (Habit::Rings, vec![Seen::Ringing, Seen::Refused(480)]),
    ] {
        let mut world = World::new(10, journey());
        let anna = world.phone("anna", Habit::Rings);
        let bosse = world.phone("bosse", habit);
        world.call(anna, "102");
        world.run(Duration::from_millis(1_500));
        if habit == ANSWERS {
            assert_eq!(
                (state(&world, "anna"), state(&world, "bosse")),
                ("own call", "own call")
            );
            world.run(seconds(3));
            world.hang_up(bosse);
        }
        world.run(seconds(120));
        assert_eq!(world.phones[anna].seen, expected, "{habit:?}");
        assert_eq!(
            (state(&world, "anna"), state(&world, "bosse")),
            ("free", "free")
        );
        world.assert_at_rest();
    }
}

#[test]
fn a_colleague_without_a_device_is_480_and_a_number_that_is_not_there_404() {
    let mut world = World::new(11, journey());
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(1));
    world.call(anna, "199");
    world.run(seconds(60));
    assert_eq!(
        world.phones[anna].seen,
        [Seen::Refused(480), Seen::Refused(404)]
    );
    world.assert_at_rest();
}

#[test]
fn an_agent_in_a_call_of_his_own_is_not_rung_for_the_queue() {
    let mut world = World::new(12, journey());
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    world.call(anna, "102");
    world.run(seconds(4));
    world.call(caller, NUMBER);
    world.run(seconds(10));
    assert_eq!(world.phones[bosse].seen, [Seen::Invited, Seen::Answered]);
    world.hang_up(anna);
    world.run(seconds(4));
    assert!(world.phones[caller].talks());
    assert!(world.phones[bosse].talks() || state(&world, "anna") == "offered");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn feature_codes_change_the_agent_and_say_so_and_hang_up() {
    let mut world = World::new(13, journey());
    let anna = world.phone("anna", Habit::Rings);
    for (code, prompt, after) in [
        ("*12", "logged-out", "logged out"),
        ("*13", "refused", "logged out"),
        ("*11", "logged-in", "free"),
        ("*13", "paused", "paused"),
        ("*14", "resumed", "free"),
    ] {
        world.media.clear();
        world.call(anna, code);
        world.run(seconds(10));
        assert!(world.heard(prompt), "{code} says {prompt}");
        assert_eq!(state(&world, "anna"), after, "{code}");
        assert!(world.phones[anna].is_idle(), "{code} hangs up");
    }
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_draining_server_refuses_new_calls_keeps_those_it_has_and_ends_them_at_the_limit() {
    let mut world = World::new(14, journey());
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    let late = world.phone("late", Habit::Rings);
    world.call(caller, NUMBER);
    world.run(seconds(4));
    world.tell_shard(Input::Drain {
        retry_after: seconds(30),
    });
    world.call(late, NUMBER);
    world.run(seconds(1));
    assert_eq!(world.phones[late].seen, [Seen::Refused(503)]);
    assert!(world.phones[anna].talks());
    world.tell_shard(Input::EndAll);
    world.run(seconds(60));
    assert_eq!(world.ended, [EndCause::Shutdown]);
    world.assert_at_rest();
}

#[test]
fn news_of_media_that_is_lost_strands_no_call() {
    let mut world = World::new(20, journey());
    world.media_is_mute = true;
    let anna = world.phone("anna", Habit::Rings);
    let caller = world.phone("caller", Habit::Rings);
    world.call(anna, "*12");
    world.run(seconds(1));
    world.call(caller, NUMBER);
    world.run(seconds(200));
    assert!(world.phones[anna].is_idle(), "the feature code's call ends");
    assert!(world.heard("first"), "the caller's journey goes on");
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn what_takes_an_hour_to_say_is_said_to_its_end() {
    let announcement = call::settings::Destination::Message(call::settings::Message {
        prompt: media_core::PromptId::new("announcement"),
        then: None,
    });
    for life in [Life::Whole, Life::Interrupted] {
        let mut world = World::new(21, journey()).living(life);
        world.prompt = seconds(3_600);
        world.set_organisation(|demo| {
            demo.extensions.insert("200".into(), announcement.clone());
        });
        let listener = world.phone("anna", Habit::Rings);
        world.call(listener, "200");
        let waiting = world.phone("+46701234567", Habit::Rings);
        world.call(waiting, NUMBER);
        world.run(seconds(3_590));
        assert!(world.ended.is_empty());
        assert!(world.heard("welcome") && !world.heard("first"));
        world.run(seconds(20));
        assert_eq!(world.ended, [EndCause::Completed]);
        assert!(world.heard("first"));
        world.hang_up(waiting);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn an_organisation_taken_away_by_a_reload_strands_no_call() {
    let ms = Duration::from_millis;
    // Each moment between the INVITE and the colleague's ringing, or the code's being done.
    for (dialled, moment) in [
        ("102", 2),
        ("102", 12),
        ("102", 22),
        ("*11", 2),
        ("*11", 12),
    ] {
        let mut world = World::new(21, journey());
        world.answers_take = ms(10);
        let anna = world.phone("anna", Habit::Rings);
        world.phone("bosse", Habit::Rings);
        world.call(anna, dialled);
        world.run(ms(moment));
        world.forget_organisations();
        world.run(seconds(120));
        world.assert_at_rest();
    }
}

/// Hold, resume, or refresh, by either way.
fn change_session(world: &mut World, phone: usize) {
    let direction = [
        Direction::SendRecv,
        Direction::SendOnly,
        Direction::Inactive,
    ];
    let direction = direction[world.random(3) as usize];
    match world.random(3) {
        0 => world.update(phone, None),
        1 => world.update(phone, Some(direction)),
        _ => world.reinvite(phone, direction),
    }
}

/// A world of random doings: callers come, wait, hang up; agents answer, decline, vanish, hang up, hold.
fn random_world(seed: u64, life: Life) -> World {
    let mut world = World::new(seed, journey()).living(life);
    if seed.is_multiple_of(2) {
        world.set_policy(acd::Policy::RingAll);
    }
    let lost = world.random(15);
    world = world.over(Network {
        lost,
        doubled: 5,
        latency_max_ms: 80,
    });
    let habits = [
        ANSWERS,
        ANSWERS,
        Habit::Rings,
        Habit::Refuses(StatusCode::DECLINE),
        Habit::Refuses(StatusCode::NOT_FOUND),
        Habit::Answers(RING),
    ];
    for agent in ["anna", "bosse"] {
        let habit = habits[world.random(6) as usize];
        world.phone(agent, habit);
    }
    for n in 0..3 {
        world.phone(&format!("caller{n}"), Habit::Rings);
    }
    // A second device, rung with the first or after it.
    let habit = habits[world.random(6) as usize];
    let second = world.phone("anna", habit);
    world.phones[second].q = [1_000, 500][world.random(2) as usize];
    if world.random(2) == 0 {
        world = world.with_sessions(seconds(20));
    }
    for phone in 0..world.phones.len() {
        world.phones[phone].rings =
            [Rings::Plainly, Rings::WithMedia, Rings::Reliably][world.random(3) as usize];
        if world.random(2) == 0 {
            let prack =
                [provisional::KNOWS, provisional::INSISTS][world.random(2) as usize].clone();
            world.phones[phone].extra = vec![sessions::UPDATES, sessions::TIMER, prack];
        }
    }
    for _ in 0..30 {
        let phone = world.random(5) as usize;
        let idle = world.phones[phone].is_idle();
        match world.random(6) {
            0 | 1 if idle && phone >= 2 => world.call(phone, NUMBER),
            2 if idle && phone < 2 => {
                let dialled = ["101", "102", "*12", "*11", "*13", "*14", "1000", "999"];
                let dialled = dialled[world.random(8) as usize];
                world.call(phone, dialled);
            }
            3 if !idle => world.hang_up(phone),
            5 if world.phones[phone].is_up_and_quiet() => change_session(&mut world, phone),
            4 if phone < 2 => world.phones[phone].habit = habits[world.random(6) as usize],
            _ => {}
        }
        let pause = world.random(8_000);
        world.run(Duration::from_millis(pause));
    }
    // Faults stop, everybody hangs up, and everything must come to rest.
    world = world.over(Network {
        lost: 0,
        doubled: 0,
        latency_max_ms: 1,
    });
    world.run(seconds(40));
    for _ in 0..3 {
        for phone in 0..world.phones.len() {
            world.phones[phone].habit = Habit::Refuses(StatusCode::BUSY_HERE);
            if !world.phones[phone].is_idle() {
                world.hang_up(phone);
            }
        }
        world.run(seconds(200));
    }
    world
}

/// How many worlds: `KOLAPP_WORLDS` asks for more.
fn worlds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    std::env::var("KOLAPP_WORLDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(150)
}

#[test]
fn whatever_happens_on_a_bad_network_every_call_ends_and_nothing_is_left() {
    let mut bridged = 0;
    let mut ended = Vec::new();
    for seed in 0..worlds() {
        eprintln!("seed {seed}");
        let world = random_world(seed, Life::Whole);
        world.assert_at_rest();
        bridged += world.bridges();
        ended.extend(world.ended);
    }
    // The worlds are no idle ones: every ordinary way to end a call has come up, and many talked.
    for cause in [
        EndCause::CallerHungUp,
        EndCause::CalleeHungUp,
        EndCause::NotCompleted,
        EndCause::Completed,
    ] {
        assert!(ended.contains(&cause), "{cause:?} never came up");
    }
    assert!(
        bridged > ended.len() / 8,
        "{bridged} bridged of {}",
        ended.len()
    );
}

#[test]
fn saved_dropped_and_loaded_at_every_step_a_shard_does_the_same() {
    for seed in 0..worlds() / 5 {
        eprintln!("seed {seed}");
        let whole = random_world(seed, Life::Whole);
        let interrupted = random_world(seed, Life::Interrupted);
        assert_eq!(whole.diary.len(), interrupted.diary.len());
        for (one, other) in whole.diary.iter().zip(&interrupted.diary) {
            assert_eq!(one, other);
        }
    }
}
