//! Sessions that stand only as long as they are refreshed (RFC 4028), UPDATE (RFC 3311), and requests of both sides
//! that cross (RFC 3261 §14).

use super::{ANSWERS, by_trunk, seconds, state};
use crate::phone::{Habit, Seen};
use crate::world::{Life, NUMBER, Network, World, journey};
use call::EndCause;
use sip_core::{Direction, HeaderName, Method, StatusCode};
use std::time::Duration;

const INTERVAL: u64 = 100;
pub(crate) const UPDATES: (HeaderName, &str) =
    (HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, UPDATE");
pub(crate) const TIMER: (HeaderName, &str) = (HeaderName::Supported, "timer");

/// A caller who talks with Anna, each phone with these headers: the world, the caller, Anna.
fn talking(
    life: Life,
    caller_extra: &[(HeaderName, &'static str)],
    agent_extra: &[(HeaderName, &'static str)],
) -> (World, usize, usize) {
    let mut world = World::new(31, journey())
        .living(life)
        .with_sessions(seconds(INTERVAL));
    let anna = world.phone("anna", ANSWERS);
    let caller = world.phone("caller", Habit::Rings);
    world.phones[caller].extra = caller_extra.to_vec();
    world.phones[anna].extra = agent_extra.to_vec();
    world.call(caller, NUMBER);
    world.run(seconds(4));
    assert_eq!(state(&world, "anna"), "in call");
    (world, caller, anna)
}

fn asked(world: &World, phone: usize) -> Vec<&Method> {
    let seen = world.phones[phone].seen.iter();
    seen.filter_map(|it| match it {
        Seen::Asked(method) => Some(method),
        _ => None,
    })
    .collect()
}

// Changes: sip.session_expires
#[test]
fn a_caller_who_vanished_leaves_the_queue_when_his_session_is_not_refreshed() {
    for (extra, gone_after) in [
        // We refresh half-way, and get no answer in 64*T1.
        (vec![], INTERVAL / 2 + 32),
        (vec![UPDATES, TIMER], INTERVAL / 2 + 32),
        // He was to refresh, and didn't.
        (
            vec![TIMER, (HeaderName::SessionExpires, "100;refresher=uac")],
            INTERVAL - 32,
        ),
    ] {
        let mut world = World::new(30, journey()).with_sessions(seconds(INTERVAL));
        let caller = world.phone("caller", Habit::Rings);
        world.phones[caller].extra = extra;
        world.call(caller, NUMBER);
        world.run(seconds(3));
        world.phones[caller].habit = Habit::Dead;
        world.run(seconds(gone_after - 4));
        assert_eq!(world.engine.snapshot(world.now).queues[0].waiting, 1);
        world.run(seconds(4));
        assert_eq!(world.engine.snapshot(world.now).queues[0].waiting, 0);
        assert_eq!(world.ended, [], "his BYE still waits for an answer");
        assert!(world.sent(&["BYE sip:", "Reason: SIP;cause=408;text=\\\"Session expired"]));
        world.run(seconds(40));
        assert_eq!(world.ended, [EndCause::PartyLost]);
        world.assert_at_rest();
    }
}

#[test]
fn an_agent_whose_phone_vanished_is_in_no_call_any_more_and_the_caller_is_told() {
    let (mut world, caller, anna) = talking(Life::Whole, &[UPDATES], &[UPDATES]);
    world.phones[anna].habit = Habit::Dead;
    world.run(seconds(INTERVAL));
    assert_eq!(world.phones[caller].seen.last(), Some(&Seen::HungUpOn));
    assert_ne!(state(&world, "anna"), "in call");
    world.run(seconds(40));
    assert_eq!(world.ended, [EndCause::PartyLost]);
    world.assert_at_rest();
}

#[test]
fn each_leg_is_refreshed_by_update_where_the_phone_takes_it_and_by_re_invite_where_not() {
    for life in [Life::Whole, Life::Interrupted] {
        let (mut world, caller, anna) = talking(life, &[UPDATES], &[]);
        let bridges = world.bridges();
        world.run(seconds(10 * INTERVAL));
        assert_eq!(asked(&world, caller), vec![&Method::Update; 20]);
        assert_eq!(asked(&world, anna), vec![&Method::Invite; 20]);
        assert_eq!(world.bridges(), bridges, "a refresh changes nothing");
        assert!(world.phones[anna].talks() && world.phones[caller].talks());
        world.hang_up(anna);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_phone_that_refreshes_by_itself_is_left_to_do_so() {
    let refreshes = [
        UPDATES,
        TIMER,
        (HeaderName::SessionExpires, "100;refresher=uac"),
    ];
    let (mut world, caller, anna) = talking(Life::Interrupted, &refreshes, &[]);
    assert!(world.sent(&[
        "200 OK",
        "Session-Expires: 100;refresher=uac",
        "Require: timer"
    ]));
    for _ in 0..10 {
        world.run(seconds(INTERVAL / 2));
        world.update(caller, None);
    }
    world.run(seconds(1));
    assert_eq!(asked(&world, caller), Vec::<&Method>::new());
    assert!(world.phones[anna].talks() && world.phones[caller].talks());
    assert_eq!(world.phones[caller].seen.last(), Some(&Seen::Updated(200)));
    world.run(seconds(INTERVAL));
    assert_eq!(world.ended, [EndCause::PartyLost]);
    assert!(world.phones[caller].is_idle(), "he got BYE");
    world.run(seconds(40));
    world.assert_at_rest();
}

#[test]
fn a_session_too_brief_is_422_and_one_too_long_is_cut() {
    let mut world = World::new(32, journey()).with_sessions(seconds(INTERVAL));
    let caller = world.phone("caller", Habit::Rings);
    world.phones[caller].extra = vec![TIMER, (HeaderName::SessionExpires, "90")];
    world.call(caller, NUMBER);
    world.run(seconds(1));
    assert_eq!(world.phones[caller].seen, [Seen::Refused(422)]);
    assert!(world.sent(&["SIP/2.0 422", "Min-SE: 100"]));
    world.phones[caller].extra = vec![TIMER, (HeaderName::SessionExpires, "7200")];
    world.call(caller, NUMBER);
    world.run(seconds(1));
    assert!(world.sent(&["200 OK", "Session-Expires: 100;refresher=uas"]));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_refresh_that_is_refused_is_tried_again_in_the_way_the_refusal_asks_for() {
    let retry = (HeaderName::RetryAfter, "5");
    let wants_more = (HeaderName::MinSe, "300");
    for (status, lines, earliest, latest, methods) in [
        // We made the agent's Call-ID, so we wait 2.1 to 4 s.
        (
            StatusCode::REQUEST_PENDING,
            vec![],
            2,
            4,
            [Method::Update, Method::Update],
        ),
        (
            StatusCode::SERVER_INTERNAL_ERROR,
            vec![retry],
            5,
            5,
            [Method::Update, Method::Update],
        ),
        (
            StatusCode::SESSION_INTERVAL_TOO_SMALL,
            vec![wants_more],
            0,
            0,
            [Method::Update, Method::Update],
        ),
        (
            StatusCode::NOT_IMPLEMENTED,
            vec![],
            0,
            0,
            [Method::Update, Method::Invite],
        ),
        // Half of the half that is left.
        (
            StatusCode::SERVICE_UNAVAILABLE,
            vec![],
            25,
            25,
            [Method::Update, Method::Update],
        ),
    ] {
        let (mut world, caller, anna) = talking(Life::Interrupted, &[UPDATES], &[UPDATES, TIMER]);
        world.phones[anna].verdicts.push_back((status, lines));
        // He answered two seconds after he was rung, two seconds ago.
        world.run(seconds(INTERVAL / 2 - 2 + earliest) - Duration::from_millis(500));
        assert!(asked(&world, anna).len() < 2, "{status}");
        world.run(seconds(latest - earliest + 1));
        let expected: Vec<&Method> = methods.iter().collect();
        assert_eq!(asked(&world, anna), expected, "{status}");
        assert!(world.phones[anna].talks() && world.phones[caller].talks());
        if status == StatusCode::SESSION_INTERVAL_TOO_SMALL {
            assert!(world.sent(&["UPDATE sip:", "Session-Expires: 300;", "Min-SE: 300"]));
        }
        world.run(seconds(1_000));
        assert!(
            world.phones[anna].talks(),
            "{status}: the session stands on"
        );
        world.hang_up(caller);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn a_refresh_that_is_refused_for_good_ends_the_dialog_when_its_time_is_over() {
    let (mut world, _, anna) = talking(Life::Whole, &[UPDATES], &[UPDATES]);
    let refused = (StatusCode::SERVICE_UNAVAILABLE, vec![]);
    world.phones[anna].verdicts.extend(vec![refused; 99]);
    world.run(seconds(INTERVAL - 4));
    assert!(asked(&world, anna).len() >= 3 && world.phones[anna].talks());
    world.run(seconds(5));
    assert_eq!(world.ended, [EndCause::PartyLost]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_phone_that_knows_the_dialog_no_more_ends_the_call_at_once() {
    for status in [StatusCode::CALL_DOES_NOT_EXIST, StatusCode::REQUEST_TIMEOUT] {
        for extra in [&[UPDATES][..], &[]] {
            let (mut world, caller, anna) = talking(Life::Whole, &[UPDATES], extra);
            world.phones[anna].verdicts.push_back((status, vec![]));
            world.run(seconds(INTERVAL / 2));
            assert_eq!(world.ended, [EndCause::PartyLost]);
            assert!(world.phones[caller].is_idle());
            world.run(seconds(60));
            world.assert_at_rest();
        }
    }
}

/// Runs until the server asks that phone, then lets the phone act before it hears of it.
fn cross(world: &mut World, asks: &str, act: impl FnOnce(&mut World)) {
    let before = world.diary.len();
    let has_asked = |world: &World| world.diary[before..].iter().any(|line| line.contains(asks));
    for _ in 0..100_000 {
        if has_asked(world) {
            return act(world);
        }
        world.run(Duration::from_millis(1));
    }
    panic!("the server never said {asks}");
}

#[test]
fn two_re_invites_that_cross_both_get_491_and_the_server_tries_again_in_its_own_time() {
    for (who, asks, earliest, latest) in [
        ("caller", "INVITE sip:caller@", 0, 2_000),
        ("anna", "INVITE sip:anna@", 2_100, 4_000),
    ] {
        let (world, caller, anna) = talking(Life::Interrupted, &[], &[]);
        let phone = if who == "caller" { caller } else { anna };
        let slow = Network {
            latency_max_ms: 40,
            ..Network::default()
        };
        let mut world = world.over(slow);
        cross(&mut world, asks, |world| {
            world.reinvite(phone, Direction::SendOnly)
        });
        world.run(Duration::from_millis(100));
        assert_eq!(world.phones[phone].seen.last(), Some(&Seen::Reinvited(491)));
        assert_eq!(asked(&world, phone).len(), 1);
        let mut waited = 100;
        while asked(&world, phone).len() == 1 {
            world.run(Duration::from_millis(10));
            waited += 10;
            assert!(waited <= latest + 100, "{who}");
        }
        assert!(waited + 100 >= earliest, "{who}: after {waited} ms");
        world.run(seconds(1));
        world.reinvite(phone, Direction::SendOnly);
        world.run(seconds(1));
        assert_eq!(world.phones[phone].seen.last(), Some(&Seen::Reinvited(200)));
        world.hang_up(phone);
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn an_update_without_an_offer_crosses_a_re_invite_and_both_are_done() {
    let (mut world, caller, anna) = talking(Life::Whole, &[UPDATES], &[UPDATES]);
    cross(&mut world, "UPDATE sip:anna@", |world| {
        world.reinvite(anna, Direction::SendOnly)
    });
    world.run(seconds(1));
    assert!(world.phones[anna].seen.contains(&Seen::Reinvited(200)));
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_bye_that_crosses_our_re_invite_ends_the_call_and_nothing_is_left() {
    for life in [Life::Whole, Life::Interrupted] {
        let (mut world, caller, anna) = talking(life, &[], &[]);
        cross(&mut world, "INVITE sip:anna@", |world| world.hang_up(anna));
        world.run(seconds(60));
        assert_eq!(world.ended, [EndCause::CalleeHungUp]);
        assert!(world.phones[caller].is_idle());
        world.assert_at_rest();
    }
}

#[test]
fn an_update_holds_and_resumes_as_a_re_invite_does() {
    let (mut world, caller, anna) = talking(Life::Interrupted, &[UPDATES], &[UPDATES]);
    for phone in [anna, caller] {
        let bridges = world.bridges();
        world.update(phone, Some(Direction::SendOnly));
        world.run(seconds(1));
        assert_eq!(world.phones[phone].seen.last(), Some(&Seen::Updated(200)));
        let plays = |command: &media_core::Command| matches!(command, media_core::Command::Play(_));
        let last = world.media.values().filter_map(|commands| commands.last());
        assert_eq!(last.filter(|command| plays(command)).count(), 2);
        world.update(phone, Some(Direction::SendRecv));
        world.run(seconds(1));
        assert_eq!(world.bridges(), bridges + 1);
    }
    world.hang_up(caller);
    world.run(seconds(60));
    world.assert_at_rest();
}

/// An UPDATE with an offer, as a datagram, in the dialog whose tag of ours is `tag`.
fn update_with_offer(tag: &str) -> sip_core::Message {
    let sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    let text = format!(
        "UPDATE sip:kolapp@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bKupdate\r\n\
         From: <sip:+46701234567@127.0.0.1>;tag=a\r\nTo: <sip:{NUMBER}@127.0.0.1>;tag={tag}\r\n\
         Call-ID: long\r\nCSeq: 2 UPDATE\r\nContact: <sip:a@127.0.0.9:5070>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    sip_core::parse_datagram(text.into(), &sip_core::Limits::default()).unwrap()
}

/// Our tag in the latest message in the diary.
pub(crate) fn our_tag(world: &World) -> String {
    let line = world
        .diary
        .iter()
        .rfind(|line| line.contains("SIP/2.0 ") && line.contains("tag=03."));
    let line = line.expect("an answer of ours");
    let start = line.find("tag=03.").unwrap() + "tag=".len();
    let ends = |c: char| !(c.is_ascii_hexdigit() || c == '.');
    line[start..].split(ends).next().unwrap().to_owned()
}

#[test]
fn an_offer_in_an_update_waits_for_the_one_before_it() {
    // Our offer in the 2xx has no answer yet.
    let mut world = World::new(33, journey());
    world.tell_shard(by_trunk(super::invite(
        "SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bKone",
    )));
    world.run(seconds(1));
    let update = update_with_offer(&our_tag(&world));
    world.tell_shard(by_trunk(update));
    assert!(world.sent(&["SIP/2.0 491", "CSeq: 2 UPDATE"]));
    world.run(seconds(120));
    world.assert_at_rest();

    // Our answer in a 183 may yet be lost.
    let early = call::settings::QueueJourney {
        answer: call::settings::Answering::WhenAgentAnswers,
        ..journey()
    };
    let mut world = World::new(34, early);
    let sdp = update_with_offer("x");
    let invite = super::invite("SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bKone");
    let (sip_core::Message::Request(mut invite), sip_core::Message::Request(sdp)) = (invite, sdp)
    else {
        unreachable!("both are requests");
    };
    invite.set_body("application/sdp", sdp.body);
    world.tell_shard(by_trunk(sip_core::Message::Request(invite)));
    world.run(seconds(1));
    assert!(world.sent(&["SIP/2.0 183"]));
    let update = update_with_offer(&our_tag(&world));
    world.tell_shard(by_trunk(update));
    assert!(world.sent(&["SIP/2.0 500", "CSeq: 2 UPDATE", "Retry-After: "]));
    world.tell_shard(call::Input::EndAll);
    world.run(seconds(120));
    world.assert_at_rest();
}
