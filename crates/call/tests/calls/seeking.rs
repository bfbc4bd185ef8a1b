//! Requests within a dialog whose next hop is a name, or another place than the party was heard at: looked up once, and
//! sent where it was found. The caller's datagrams are written by hand. And the same of phones whose Contact is a name.

use super::provisional::{SDP, by_trunk, by_trunk_at, fork};
use super::sessions::our_tag;
use super::{ANSWERS, seconds};
use crate::phone::{Habit, Seen};
use crate::world::{Life, World, journey};
use call::Input;
use sip_core::{StatusCode, Transport};
use std::net::SocketAddr;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);
const ROUTE: &str = "Record-Route: <sip:sbc.example.com;lr>\r\n";

/// A caller by hand who talks with anna, over a proxy that has a name; where that is.
fn talking(places: &[&str]) -> (World, usize) {
    let mut world = World::new(62, journey());
    if !places.is_empty() {
        let places = places.iter().map(|place| place.parse().unwrap());
        world
            .names
            .insert("sbc.example.com".into(), places.collect());
    }
    let anna = world.phone("anna", ANSWERS);
    world.tell_shard(by_trunk("INVITE", 1, "", ROUTE, SDP));
    world.run(seconds(2));
    let tag = our_tag(&world);
    world.tell_shard(by_trunk("ACK", 1, &tag, "", ""));
    world.run(seconds(6));
    assert!(world.phones[anna].talks());
    (world, anna)
}

/// Where our BYEs went.
fn byes(world: &World) -> Vec<&String> {
    let byes = |line: &&String| line.contains("Transmit") && line.contains("BYE sip:a@127.0.0.9");
    world.diary.iter().filter(byes).collect()
}

#[test]
fn a_request_goes_where_the_name_of_its_next_hop_leads_however_long_that_is_looked_for() {
    for answers_take in [MS, seconds(1)] {
        let (mut world, anna) = talking(&["127.0.0.8:5080", "127.0.0.7:5080"]);
        world.answers_take = answers_take;
        world.hang_up(anna);
        world.run(seconds(2));
        let byes = byes(&world);
        assert!(!byes.is_empty());
        for bye in byes {
            assert!(bye.contains("127.0.0.8:5080"), "{bye}");
            assert!(bye.contains("Route: <sip:sbc.example.com;lr>"));
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn whoever_was_heard_at_one_of_its_places_or_whose_name_leads_nowhere_is_reached_where_he_was_heard()
 {
    for places in [&["127.0.0.8:5080", "127.0.0.9:5070"][..], &[]] {
        let (mut world, anna) = talking(places);
        world.hang_up(anna);
        world.run(seconds(2));
        let byes = byes(&world);
        assert!(!byes.is_empty());
        assert!(byes.iter().all(|bye| bye.contains("127.0.0.9:5070")));
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

/// A caller by hand whose Contact is a name, who talks with anna, and our tag.
fn talking_from_a_name(seed: u64) -> (World, usize, String) {
    let mut world = World::new(seed, journey());
    for (name, place) in [
        ("one.example.com", "127.0.0.8:5080"),
        ("two.example.com", "127.0.0.7:5080"),
    ] {
        world
            .names
            .insert(name.into(), vec![place.parse().unwrap()]);
    }
    let anna = world.phone("anna", ANSWERS);
    world.tell_shard(by_trunk_at("one.example.com", "INVITE", 1, "", "", SDP));
    world.run(seconds(2));
    let tag = our_tag(&world);
    world.tell_shard(by_trunk("ACK", 1, &tag, "", ""));
    world.run(seconds(6));
    assert!(world.phones[anna].talks());
    world.answers_take = seconds(1);
    (world, anna, tag)
}

#[test]
fn who_moves_while_his_name_is_looked_up_is_reached_where_he_has_moved_to() {
    for life in [Life::Whole, Life::Interrupted] {
        let (world, anna, tag) = talking_from_a_name(77);
        let mut world = world.living(life);
        world.hang_up(anna);
        world.run(100 * MS);
        assert_eq!(all_byes(&world).len(), 0);
        world.tell_shard(by_trunk_at("two.example.com", "UPDATE", 2, &tag, "", ""));
        world.run(seconds(4));
        let byes = all_byes(&world);
        assert!(!byes.is_empty());
        for bye in byes {
            assert!(bye.contains("127.0.0.7:5080"), "{bye}");
        }
        world.run(seconds(60));
        world.assert_at_rest();
    }
}

#[test]
fn who_comes_by_a_connection_while_his_name_is_looked_up_is_reached_by_it() {
    let (mut world, anna, tag) = talking_from_a_name(78);
    world.hang_up(anna);
    world.run(100 * MS);
    let mut options = by_trunk_at("one.example.com", "OPTIONS", 2, &tag, "", "");
    let Input::Received { flow, .. } = &mut options else {
        panic!("{options:?}");
    };
    flow.transport = Transport::Tcp;
    flow.connection = 7;
    world.tell_shard(options);
    world.run(seconds(4));
    let byes = all_byes(&world);
    assert!(!byes.is_empty());
    for bye in byes {
        assert!(bye.contains("connection: 7"), "{bye}");
    }
    world.run(seconds(60));
    world.assert_at_rest();
}

/// Our BYEs to the caller, wherever they went.
fn all_byes(world: &World) -> Vec<&String> {
    let byes = |line: &&String| line.contains("Transmit") && line.contains("BYE sip:a@");
    world.diary.iter().filter(byes).collect()
}

const HOME: &str = "bosse.example.com";

/// Nobody is there.
fn nobody() -> SocketAddr {
    "127.0.0.77:5060".parse().unwrap()
}

/// Anna, and bosse, whose Contact is a name that leads to these places before it leads to his phone.
fn at_home(seed: u64, before: &[SocketAddr]) -> (World, usize, usize) {
    let mut world = World::new(seed, journey());
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", ANSWERS);
    let address = world.phones[bosse].address;
    world.phones[bosse].home = Some((HOME, "127.0.0.78:5060".parse().unwrap()));
    let places = before.iter().copied().chain([address]).collect();
    world.names.insert(HOME.into(), places);
    (world, anna, bosse)
}

#[test]
fn a_phone_whose_first_place_says_nothing_or_has_no_service_is_rung_at_its_next() {
    for life in [Life::Whole, Life::Interrupted] {
        for answers_take in [MS, seconds(1)] {
            let (world, anna, bosse) = at_home(71, &[nobody()]);
            let mut world = world.living(life);
            world.answers_take = answers_take;
            world.call(anna, "102");
            world.run(seconds(20));
            assert!(world.phones[bosse].talks() && world.phones[anna].talks());
            assert!(world.rested.iter().any(|(hop, _)| *hop == nobody()));
            world.hang_up(anna);
            world.run(seconds(60));
            world.assert_at_rest();
        }
    }
    // A place that answers for itself alone.
    let (mut world, anna, bosse) = at_home(72, &[]);
    let busy = world.phone("another", Habit::Refuses(StatusCode::SERVICE_UNAVAILABLE));
    let places = [busy, bosse].map(|phone| world.phones[phone].address);
    world.names.insert(HOME.into(), places.into());
    world.call(anna, "102");
    world.run(seconds(5));
    assert_eq!(world.phones[busy].seen, [Seen::Invited]);
    assert!(world.phones[bosse].talks());
    world.hang_up(anna);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_phone_that_is_nowhere_ends_the_call_once_and_one_that_declines_is_not_sought_elsewhere() {
    let (mut world, anna, bosse) = at_home(73, &[nobody()]);
    world.phones[bosse].habit = Habit::Dead;
    world.call(anna, "102");
    world.run(seconds(40));
    assert_eq!(world.phones[anna].seen, [Seen::Refused(480)]);
    world.run(seconds(60));
    world.assert_at_rest();

    let (mut world, anna, bosse) = at_home(74, &[]);
    let declining = world.phone("another", Habit::Refuses(StatusCode::BUSY_HERE));
    let places = [declining, bosse].map(|phone| world.phones[phone].address);
    world.names.insert(HOME.into(), places.into());
    world.call(anna, "102");
    world.run(seconds(5));
    assert_eq!(world.phones[bosse].seen, []);
    assert_eq!(world.phones[anna].seen, [Seen::Refused(486)]);
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_text_goes_where_the_name_of_a_phone_leads_and_without_one_where_it_was_heard() {
    let (mut world, anna, bosse) = at_home(75, &[]);
    let text = |world: &mut World| {
        world.with_phone(anna, |phone, now, out| phone.text(now, "102", "hej", out));
        world.run(seconds(3));
    };
    text(&mut world);
    assert_eq!(world.phones[bosse].texts.came.len(), 1);
    world.answers_take = seconds(1);
    text(&mut world);
    assert_eq!(world.phones[bosse].texts.came.len(), 2);
    let address = world.phones[bosse].address;
    world.phones[bosse].home = Some(("nowhere.example.com", address));
    text(&mut world);
    assert_eq!(world.phones[bosse].texts.came.len(), 3);
    assert_eq!(world.phones[anna].texts.answers, [200, 200, 200]);
    assert_eq!(world.shard.text_messages_count(), 0);
}

#[test]
fn a_prack_goes_where_the_name_of_its_early_dialog_leads_each_party_its_own_way() {
    let mut world = World::new(76, journey());
    let place = |text: &str| text.parse::<SocketAddr>().unwrap();
    let proxies = [
        ("one.example.com", "127.0.0.61:5060"),
        ("two.example.com", "127.0.0.62:5060"),
    ];
    for (name, address) in proxies {
        world.names.insert(name.into(), vec![place(address)]);
    }
    world.answers_take = MS;
    let anna = world.phone("anna", Habit::Rings);
    world.phone("bosse", Habit::Dead);
    world.call(anna, "102");
    world.run(Duration::from_millis(100));
    world.answers_take = seconds(1);
    for (tag, rseq) in [("one", 1), ("two", 1), ("one", 2), ("two", 2)] {
        let more = format!(
            "Record-Route: <sip:{tag}.example.com;lr>\r\nRequire: 100rel\r\nRSeq: {rseq}\r\n"
        );
        let progress = fork(&world, 183, tag, &more, Some(4_010));
        world.tell_shard(progress);
    }
    let pracks = |world: &World, tag: &str, place: &str| {
        let to = format!("PRACK sip:{tag}@");
        let lines = world
            .diary
            .iter()
            .filter(|line| line.contains("Transmit") && line.contains(&to));
        let (right, wrong): (Vec<_>, Vec<_>) = lines.partition(|line| line.contains(place));
        assert!(wrong.is_empty(), "{wrong:?}");
        let told = |rseq: u32| {
            right
                .iter()
                .any(|line| line.contains(&format!("RAck: {rseq} 1 INVITE")))
        };
        [told(1), told(2)]
    };
    assert_eq!(pracks(&world, "one", "127.0.0.61:5060"), [false, false]);
    world.run(seconds(3));
    assert_eq!(pracks(&world, "one", "127.0.0.61:5060"), [true, true]);
    assert_eq!(pracks(&world, "two", "127.0.0.62:5060"), [true, true]);
    // What was found holds for what comes later.
    let more = "Record-Route: <sip:two.example.com;lr>\r\nRequire: 100rel\r\nRSeq: 3\r\n";
    let progress = fork(&world, 183, "two", more, Some(4_010));
    world.tell_shard(progress);
    assert!(world.sent(&["PRACK sip:two@", "RAck: 3 1 INVITE"]));
    world.hang_up(anna);
    world.run(seconds(120));
    world.assert_at_rest();
}
