//! Keys that one party of a conversation presses and the other hears, by whatever means each has for them.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};
use tests::phone::{Call, Keys, Options, Phone};
use tests::rtp::{self, Arrived};
use tests::server::Server;

const SOON: Duration = Duration::from_secs(5);
/// What the phones call telephone events.
const EVENTS: u8 = 101;

/// Anna calls bosse, whose keys reach him in that way.
fn talk(server: &Server, keys: Keys) -> (Call, Call, [Phone; 2]) {
    let anna = Phone::agent(server, "anna");
    let options = Options {
        keys,
        ..Options::account("bosse")
    };
    let bosse = Phone::new(server.sip(), options);
    let mut bosse = bosse;
    bosse.register();
    let mut calling = anna.call("102");
    let mut called = bosse.incoming(SOON);
    called.answer();
    calling.expect_answer(SOON);
    (calling, called, [anna, bosse])
}

fn by_info(call: &mut Call, key: char) {
    let body = format!("Signal={key}\r\nDuration=160\r\n");
    let told = call.transact_with("INFO", Some(("application/dtmf-relay", body)));
    assert_eq!(told.status(), 200);
}

/// The packets of telephone events that have come, once there are so many.
fn events(call: &Call, count: usize) -> Vec<Arrived> {
    let deadline = Instant::now() + SOON;
    loop {
        let mut packets = call.media.packets();
        packets.retain(|packet| packet.payload_type == EVENTS);
        if packets.len() >= count {
            return packets;
        }
        assert!(Instant::now() < deadline, "{packets:?}");
        std::thread::sleep(rtp::PACKET);
    }
}

#[test]
fn a_key_by_info_is_an_event_with_three_ends_in_the_others_stream_whoever_presses_it() {
    let server = Server::demo();
    let (mut calling, mut called, _phones) = talk(&server, Keys::Events);
    calling.media.listen(Duration::from_millis(300));
    for (presses, hears, key, code) in [(0, 1, '7', 7), (1, 0, '#', 11)] {
        let parties = [&mut calling, &mut called];
        by_info(parties[presses], key);
        let events = events(parties[hears], 7);
        let ends = events.iter().filter(|it| it.payload[1] & 0x80 != 0);
        assert_eq!(ends.count(), 3);
        assert!(events.iter().all(|it| it.payload[0] == code));
        assert!(events.iter().all(|it| it.timestamp == events[0].timestamp));
        parties[hears].media.listen(Duration::from_millis(300));
    }
    for call in [&calling, &called] {
        let packets = call.media.packets();
        assert!(packets.iter().all(|it| it.ssrc == packets[0].ssrc));
        let in_sequence = |pair: &[Arrived]| pair[1].sequence == pair[0].sequence.wrapping_add(1);
        assert!(packets.windows(2).all(in_sequence));
        let sound: Vec<&Arrived> = packets
            .iter()
            .filter(|it| it.payload_type != EVENTS)
            .collect();
        let forward =
            |pair: &[&Arrived]| (pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32) > 0;
        assert!(sound.windows(2).all(forward));
        let (_, last) = (sound[0], sound[sound.len() - 1]);
        let after = packets
            .iter()
            .rev()
            .take_while(|it| it.payload_type != EVENTS);
        assert!(
            after.count() > 5,
            "the voice goes on, last at {}",
            last.timestamp
        );
    }
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}

#[test]
fn a_phone_without_events_is_told_by_info_of_keys_pressed_in_either_way() {
    let server = Server::demo();
    let (mut calling, mut called, _phones) = talk(&server, Keys::Info);
    calling.media.press(5, Duration::from_millis(100));
    let told = called.expect_request("INFO", SOON);
    assert_eq!(told.header("Content-Type"), Some("application/dtmf-relay"));
    assert!(told.body_text().starts_with("Signal=5\r\n"));
    by_info(&mut calling, 'A');
    let told = called.expect_request("INFO", SOON);
    assert!(told.body_text().starts_with("Signal=A\r\n"));
    by_info(&mut called, '*');
    assert_eq!(events(&calling, 7)[0].payload[0], 10);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait_idle(SOON);
}
