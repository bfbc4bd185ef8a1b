//! What is said before an INVITE is answered: early media from a colleague's phone, forked INVITEs, and responses that
//! must not be lost (RFC 3262), in both directions.

use super::sessions::{UPDATES, our_tag};
use super::{ANSWERS, seconds, state};
use crate::phone::{Habit, Rings, Seen};
use crate::world::{Life, NUMBER, Network, World, journey};
use call::settings::{Answering, QueueJourney};
use call::{EndCause, Input};
use media_core::Command;
use sip_core::{HeaderName, Limits, StatusCode};
use std::time::Duration;

pub(crate) const KNOWS: (HeaderName, &str) = (HeaderName::Supported, "100rel");
pub(crate) const INSISTS: (HeaderName, &str) = (HeaderName::Require, "100rel");

fn early() -> QueueJourney {
    QueueJourney {
        answer: Answering::WhenAgentAnswers,
        ..journey()
    }
}

/// How many media sessions know where to send.
fn told(world: &World) -> usize {
    let knows = |commands: &&Vec<Command>| {
        let mut commands = commands.iter();
        commands.any(|command| matches!(command, Command::SetRemote(_)))
    };
    world.media.values().filter(knows).count()
}

#[test]
fn a_caller_hears_a_colleagues_phone_before_it_answers() {
    for rings in [Rings::WithMedia, Rings::Reliably] {
        for life in [Life::Whole, Life::Interrupted] {
            let mut world = World::new(41, journey()).living(life);
            let anna = world.phone("anna", Habit::Rings);
            let bosse = world.phone("bosse", ANSWERS);
            world.phones[bosse].rings = rings;
            world.call(anna, "102");
            world.run(seconds(1));
            assert_eq!(world.phones[anna].seen, [Seen::Progress], "{rings:?}");
            assert_eq!((world.bridges(), told(&world)), (1, 2), "{rings:?}");
            let pracked = world.phones[bosse].seen.contains(&Seen::Pracked);
            assert_eq!(pracked, rings == Rings::Reliably);
            world.run(seconds(3));
            assert!(world.phones[anna].talks() && world.phones[bosse].talks());
            world.reinvite(bosse, sip_core::Direction::SendRecv);
            world.run(seconds(1));
            assert_eq!(world.phones[bosse].seen.last(), Some(&Seen::Reinvited(200)));
            world.hang_up(bosse);
            world.run(seconds(60));
            assert_eq!(world.ended, [EndCause::CalleeHungUp]);
            world.assert_at_rest();
        }
    }
}

#[test]
fn reliable_ringing_comes_through_a_network_that_loses_and_doubles() {
    let mut talked = 0;
    for seed in 0..60 {
        eprintln!("seed {seed}");
        let mut world = World::new(seed, early())
            .living(Life::Interrupted)
            .over(Network {
                lost: 25,
                doubled: 15,
                latency_max_ms: 80,
            });
        let anna = world.phone("anna", Habit::Answers(seconds(6)));
        let bosse = world.phone("bosse", Habit::Answers(seconds(6)));
        let caller = world.phone("caller", Habit::Rings);
        world.phones[bosse].rings = Rings::Reliably;
        world.phones[anna].rings = Rings::Reliably;
        for phone in [anna, caller] {
            world.phones[phone].extra = vec![[KNOWS, INSISTS][seed as usize % 2].clone()];
        }
        world.call(caller, NUMBER);
        world.run(seconds(30));
        talked += u32::from(world.phones[caller].talks());
        world = world.over(Network::default());
        world.hang_up(caller);
        world.run(seconds(40));
        world.call(anna, "102");
        world.run(seconds(30));
        world.hang_up(anna);
        world.run(seconds(120));
        world.hang_up(anna);
        world.hang_up(bosse);
        world.run(seconds(60));
        world.assert_at_rest();
    }
    assert!(talked > 40, "{talked} of 60 talked");
}

#[test]
fn a_caller_who_knows_prack_hears_the_queue_before_he_is_answered_with_an_offer_or_without() {
    for extra in [KNOWS, INSISTS] {
        for with_offer in [true, false] {
            let mut world = World::new(42, early()).living(Life::Interrupted);
            world.phone("anna", Habit::Answers(seconds(70)));
            let caller = world.phone("caller", Habit::Rings);
            if !with_offer {
                let phone = world.phones.remove(caller).without_offer();
                world.phones.push(phone);
            }
            world.phones[caller].extra = vec![extra.clone()];
            world.call(caller, NUMBER);
            world.run(seconds(1));
            assert_eq!(world.phones[caller].seen, [Seen::Progress]);
            assert!(world.sent(&["SIP/2.0 183", "Require: 100rel", "RSeq: "]));
            assert!(world.sent(&["SIP/2.0 200 OK", "PRACK"]));
            assert_eq!(told(&world), 1, "media knows where the caller is");
            world.run(seconds(13));
            let anna = world.phones.iter().position(|phone| phone.name == "anna");
            world.phones[anna.unwrap()].habit = ANSWERS;
            world.run(seconds(10));
            assert_eq!(state(&world, "anna"), "in call");
            assert!(world.phones[caller].talks());
            world.hang_up(caller);
            world.run(seconds(60));
            world.assert_at_rest();
        }
    }
}

/// A request by the trunk, in the dialog that our tag names or outside one.
pub(crate) fn by_trunk(method: &str, cseq: u32, tag: &str, more: &str, body: &str) -> Input {
    by_trunk_at("127.0.0.9:5070", method, cseq, tag, more, body)
}

/// The same, by one who says that he is there.
pub(crate) fn by_trunk_at(
    contact: &str,
    method: &str,
    cseq: u32,
    tag: &str,
    more: &str,
    body: &str,
) -> Input {
    let to_tag = match tag {
        "" => String::new(),
        tag => format!(";tag={tag}"),
    };
    let kind = match body {
        "" => "",
        _ => "Content-Type: application/sdp\r\n",
    };
    let text = format!(
        "{method} sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:5070;branch=z9hG4bK{method}{cseq}\r\n\
         From: <sip:+46701234567@127.0.0.1>;tag=a\r\nTo: <sip:{NUMBER}@127.0.0.1>{to_tag}\r\n\
         Call-ID: prack\r\nCSeq: {cseq} {method}\r\nContact: <sip:a@{contact}>\r\n{more}{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    super::by_trunk(sip_core::parse_datagram(text.into(), &Limits::default()).unwrap())
}

pub(crate) const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

/// The RSeq in our latest 183.
fn rseq(world: &World) -> u32 {
    let line = world.diary.iter().rfind(|line| line.contains("RSeq: "));
    let line = line.expect("a reliable response");
    let start = line.find("RSeq: ").unwrap() + "RSeq: ".len();
    let digits = line[start..].split(|c: char| !c.is_ascii_digit());
    digits.into_iter().next().unwrap().parse().unwrap()
}

#[test]
fn a_response_whose_prack_never_comes_is_repeated_and_then_the_invite_is_refused() {
    let mut world = World::new(43, early());
    world.tell_shard(by_trunk("INVITE", 1, "", "Supported: 100rel\r\n", SDP));
    world.run(seconds(31));
    let said = world
        .diary
        .iter()
        .filter(|line| line.contains("SIP/2.0 183"));
    assert_eq!(said.count(), 6, "at 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s");
    world.run(seconds(1));
    assert!(world.sent(&["SIP/2.0 504"]));
    assert_eq!(world.ended, [EndCause::PartyLost]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn only_the_right_prack_counts_and_it_may_bring_an_offer() {
    let mut world = World::new(44, early());
    world.tell_shard(by_trunk("INVITE", 1, "", "Supported: 100rel\r\n", SDP));
    world.run(Duration::from_millis(100));
    let (tag, rseq) = (our_tag(&world), rseq(&world));
    let rack = |rseq: u32| format!("RAck: {rseq} 1 INVITE\r\n");
    world.tell_shard(by_trunk("PRACK", 2, &tag, &rack(rseq + 1), ""));
    assert!(world.sent(&["SIP/2.0 481", "2 PRACK"]));
    world.tell_shard(by_trunk("PRACK", 3, &tag, "", ""));
    assert!(world.sent(&["SIP/2.0 400", "3 PRACK"]));
    let held = SDP.to_owned() + "a=sendonly\r\n";
    world.tell_shard(by_trunk("PRACK", 4, &tag, &rack(rseq), &held));
    assert!(world.sent(&["SIP/2.0 200", "4 PRACK", "a=recvonly"]));
    world.tell_shard(by_trunk("PRACK", 5, &tag, &rack(rseq), ""));
    assert!(world.sent(&["SIP/2.0 481", "5 PRACK"]));
    // Agreed for good, so an UPDATE may bring another offer.
    world.tell_shard(by_trunk("UPDATE", 6, &tag, "", SDP));
    assert!(world.sent(&["SIP/2.0 200", "6 UPDATE", "a=sendrecv"]));
    // After a minute without news he has to show that he is there.
    world.run(seconds(59));
    assert!(!world.sent(&["SIP/2.0 504"]));
    world.tell_shard(Input::EndAll);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn the_2xx_waits_for_the_prack_of_what_it_would_have_to_say() {
    let mut world = World::new(45, early());
    world.phone("anna", Habit::Answers(Duration::from_millis(200)));
    world.tell_shard(by_trunk("INVITE", 1, "", "Supported: 100rel\r\n", SDP));
    world.run(seconds(2));
    assert_eq!(state(&world, "anna"), "in call");
    assert!(!world.sent(&["SIP/2.0 200", "1 INVITE"]));
    let (tag, rseq) = (our_tag(&world), rseq(&world));
    let rack = format!("RAck: {rseq} 1 INVITE\r\n");
    world.tell_shard(by_trunk("PRACK", 2, &tag, &rack, ""));
    assert!(world.sent(&["SIP/2.0 200", "1 INVITE", "m=audio"]));
    world.run(seconds(100));
    assert_eq!(world.ended, [EndCause::SignallingFailed], "no ACK came");
    world.assert_at_rest();
}

/// A response to our latest INVITE, from the party `tag`.
pub(crate) fn fork(world: &World, status: u16, tag: &str, more: &str, port: Option<u16>) -> Input {
    let line = world
        .diary
        .iter()
        .rfind(|line| line.contains("INVITE sip:bosse@"));
    let text = line.expect("an INVITE to bosse").replace("\\r\\n", "\r\n");
    let header = |name: &str| {
        let line = text.split("\r\n").find(|line| line.starts_with(name));
        line.unwrap().replace("\\\"", "\"")
    };
    let body = port.map_or(String::new(), |port| SDP.replace("4000", &port.to_string()));
    let text = format!(
        "SIP/2.0 {status} Whatever\r\n{}\r\n{}\r\n{};tag={tag}\r\n{}\r\n{}\r\n\
         Contact: <sip:{tag}@127.0.0.8:5071>\r\n{more}Content-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        header("Via: "),
        header("From: "),
        header("To: "),
        header("Call-ID: "),
        header("CSeq: "),
        body.len()
    );
    let message = sip_core::parse_datagram(text.into(), &Limits::default());
    super::by_trunk(message.unwrap())
}

/// Where the leg to Bosse was last told to send.
fn sends_to(world: &World) -> Option<u16> {
    let mut remotes = world.media.values().flatten().filter_map(|it| match it {
        Command::SetRemote(remote) if remote.rtp.ip().to_string() == "127.0.0.9" => {
            Some(remote.rtp.port())
        }
        _ => None,
    });
    remotes.next_back()
}

#[test]
fn of_several_parties_that_one_invite_reaches_the_newest_is_heard_and_the_first_to_answer_talks() {
    let mut world = World::new(46, journey());
    let anna = world.phone("anna", Habit::Rings);
    world.phone("bosse", Habit::Dead);
    world.call(anna, "102");
    world.run(Duration::from_millis(100));
    let ringing = fork(&world, 180, "one", "", None);
    world.tell_shard(ringing);
    world.run(Duration::from_millis(100));
    assert_eq!(world.phones[anna].seen, [Seen::Ringing]);
    for (tag, port, more, heard) in [
        ("one", 4_010, "", 4_010),
        ("two", 4_020, "Require: 100rel\r\nRSeq: 5\r\n", 4_020),
        // Said again, and out of turn: neither counts.
        ("two", 4_022, "Require: 100rel\r\nRSeq: 5\r\n", 4_020),
        ("two", 4_024, "Require: 100rel\r\nRSeq: 7\r\n", 4_020),
        // Its answer can't change, once it can't be lost.
        ("two", 4_026, "Require: 100rel\r\nRSeq: 6\r\n", 4_020),
        ("one", 4_012, "", 4_012),
    ] {
        let progress = fork(&world, 183, tag, more, Some(port));
        world.tell_shard(progress);
        assert_eq!(sends_to(&world), Some(heard), "{tag} {port}");
    }
    let pracks = |world: &World| {
        let pracks = world
            .diary
            .iter()
            .filter(|line| line.contains("PRACK sip:two@"));
        pracks.count()
    };
    assert_eq!(pracks(&world), 2);
    assert!(world.sent(&["RAck: 5 1 INVITE"]) && world.sent(&["RAck: 6 1 INVITE"]));
    let gone = fork(&world, 199, "one", "", None);
    world.tell_shard(gone);
    assert_eq!(sends_to(&world), Some(4_020), "the other is heard again");
    let answered = fork(&world, 200, "two", "", Some(4_099));
    world.tell_shard(answered);
    world.run(Duration::from_millis(100));
    assert_eq!(sends_to(&world), Some(4_020));
    assert!(world.phones[anna].talks());
    assert!(world.sent(&["ACK sip:two@", "CSeq: 1 ACK"]));
    // A second one that answered is sent away.
    let late = fork(&world, 200, "one", "", Some(4_012));
    world.tell_shard(late);
    assert!(world.sent(&["BYE sip:one@"]));
    world.hang_up(anna);
    world.run(Duration::from_millis(100));
    assert!(
        world.sent(&["BYE sip:two@", "CSeq: 4 BYE"]),
        "after INVITE and two PRACKs"
    );
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_party_that_rings_may_change_its_early_media_once_its_answer_is_certain() {
    let mut world = World::new(47, journey());
    let anna = world.phone("anna", Habit::Rings);
    world.phone("bosse", Habit::Dead);
    world.call(anna, "102");
    world.run(Duration::from_millis(100));
    let update = |world: &World, cseq: u32, tag: &str, port: u16| {
        let line = world
            .diary
            .iter()
            .rfind(|line| line.contains("INVITE sip:bosse@"));
        let text = line.unwrap().replace("\\r\\n", "\r\n");
        let header = |name: &str| {
            let line = text.split("\r\n").find(|line| line.starts_with(name));
            line.unwrap()[name.len()..].replace("\\\"", "\"")
        };
        let body = SDP.replace("4000", &port.to_string());
        let text = format!(
            "UPDATE sip:kolapp@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.8:5071;branch=z9hG4bK{tag}{cseq}\r\n\
             From: {};tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} UPDATE\r\n\
             Contact: <sip:{tag}@127.0.0.8:5071>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            header("To: "),
            header("From: "),
            header("Call-ID: "),
            body.len()
        );
        super::by_trunk(sip_core::parse_datagram(text.into(), &Limits::default()).unwrap())
    };
    let unsure = fork(&world, 183, "one", "", Some(4_010));
    world.tell_shard(unsure);
    let too_soon = update(&world, 1, "one", 4_012);
    world.tell_shard(too_soon);
    assert!(world.sent(&["SIP/2.0 491", "1 UPDATE"]));
    let certain = fork(
        &world,
        183,
        "two",
        "Require: 100rel\r\nRSeq: 1\r\n",
        Some(4_020),
    );
    world.tell_shard(certain);
    let moves = update(&world, 1, "two", 4_030);
    world.tell_shard(moves);
    assert!(world.sent(&["SIP/2.0 200", "1 UPDATE"]));
    assert_eq!(sends_to(&world), Some(4_030));
    let answered = fork(&world, 200, "two", "", None);
    world.tell_shard(answered);
    assert_eq!(
        sends_to(&world),
        Some(4_030),
        "an answer without a description means that"
    );
    world.run(Duration::from_millis(100));
    assert!(world.phones[anna].talks());
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn news_of_how_a_call_goes_is_passed_on() {
    let mut world = World::new(48, journey());
    let anna = world.phone("anna", Habit::Rings);
    world.phone("bosse", Habit::Dead);
    world.call(anna, "102");
    world.run(Duration::from_millis(100));
    for (status, line) in [
        (181, "SIP/2.0 181"),
        (182, "SIP/2.0 182"),
        (180, "SIP/2.0 180"),
    ] {
        let progress = fork(&world, status, "one", "", None);
        world.tell_shard(progress);
        assert!(world.sent(&[line]), "{status}");
    }
    let busy = fork(&world, 486, "one", "", None);
    world.tell_shard(busy);
    world.run(Duration::from_millis(100));
    let refused = Seen::Refused(StatusCode::BUSY_HERE.code());
    assert_eq!(world.phones[anna].seen.last(), Some(&refused));
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn an_early_session_that_was_updated_is_refreshed_like_any_other() {
    let mut world = World::new(49, journey()).with_sessions(seconds(100));
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    world.phones[bosse].rings = Rings::Reliably;
    world.phones[bosse].extra = vec![UPDATES];
    world.call(anna, "102");
    world.run(seconds(300));
    assert!(world.phones[anna].talks() && world.phones[bosse].talks());
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_caller_is_answered_only_when_the_queue_has_room_for_him_and_refused_when_not() {
    for offers in [
        call::settings::Offering::DuringWelcome,
        call::settings::Offering::AfterWelcome,
    ] {
        let mut world = World::new(
            50,
            QueueJourney {
                offers,
                ..journey()
            },
        );
        let room = world.fill_the_queue();
        let caller = world.phone("caller", Habit::Rings);
        world.call(caller, NUMBER);
        world.run(seconds(1));
        assert_eq!(
            world.phones[caller].seen,
            [Seen::Refused(486)],
            "{offers:?}"
        );
        world.leave_the_queue(room);
        world.call(caller, NUMBER);
        world.run(seconds(1));
        assert!(world.phones[caller].talks(), "{offers:?}");
        world.hang_up(caller);
        world.run(seconds(60));
        world.empty_the_queue();
        world.assert_at_rest();
    }
}

#[test]
fn a_call_that_has_come_through_too_many_servers_is_refused_and_others_count_down() {
    let mut world = World::new(51, journey());
    world.phone("anna", ANSWERS);
    world.tell_shard(by_trunk("INVITE", 1, "", "Max-Forwards: 0\r\n", SDP));
    assert!(world.sent(&["SIP/2.0 483"]));
    world.tell_shard(by_trunk("INVITE", 2, "", "Max-Forwards: 9\r\n", SDP));
    world.run(seconds(1));
    assert!(world.sent(&["INVITE sip:anna@", "Max-Forwards: 8\\r\\n"]));
    world.tell_shard(Input::EndAll);
    // No ACK comes, which its BYE waits for, and no answer to that.
    world.run(seconds(100));
    world.assert_at_rest();
}
