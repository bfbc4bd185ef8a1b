//! Requests within a dialog whose next hop is a name, or another place than the party was heard at: looked up once, and
//! sent where it was found. The caller's datagrams are written by hand.

use super::provisional::{SDP, by_trunk};
use super::sessions::our_tag;
use super::{ANSWERS, seconds};
use crate::world::{World, journey};
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
