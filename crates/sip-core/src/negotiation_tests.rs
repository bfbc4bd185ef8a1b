//! Offers and answers as phones and trunks make them. Every step is taken twice: by the value itself, and by
//! one that was saved and loaded before it.

use super::*;
use proptest::prelude::*;

/// Takes one step, checks that a saved and loaded twin takes the same, and hands back what came of it.
fn step<T: PartialEq + fmt::Debug>(
    leg: &mut Negotiation,
    act: impl Fn(&mut Negotiation) -> T,
) -> T {
    let saved = postcard::to_stdvec(leg).unwrap();
    let mut twin: Negotiation = postcard::from_bytes(&saved).unwrap();
    let result = act(leg);
    assert_eq!(act(&mut twin), result);
    assert_eq!(&twin, leg);
    result
}

fn leg() -> Negotiation {
    let formats = vec![Format::new(8, "PCMA", 8_000), Format::new(0, "PCMU", 8_000)];
    Negotiation::new(77, "192.0.2.1:30000".parse().unwrap(), formats, 101)
}

fn offer(leg: &mut Negotiation, direction: Direction) -> String {
    String::from_utf8(step(leg, |leg| leg.offer(direction)).to_vec()).unwrap()
}

fn answer(leg: &mut Negotiation, offer: &str) -> Result<(String, Agreed), SdpError> {
    answer_wanting(leg, offer, Direction::SendRecv)
}

fn answer_wanting(
    leg: &mut Negotiation,
    offer: &str,
    wanted: Direction,
) -> Result<(String, Agreed), SdpError> {
    step(leg, |leg| leg.answer_to(offer.as_bytes(), wanted))
        .map(|(text, agreed)| (String::from_utf8(text.to_vec()).unwrap(), agreed))
}

fn conclude(leg: &mut Negotiation, answer: &str) -> Result<Agreed, SdpError> {
    step(leg, |leg| leg.conclude(answer.as_bytes()))
}

fn theirs(media: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n{media}"
    )
}

fn lines<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines()
        .filter(|line| line.starts_with(start))
        .collect()
}

#[test]
fn our_offer_lists_our_codecs_and_events() {
    assert_eq!(
        offer(&mut leg(), Direction::SendRecv),
        "v=0\r\no=- 77 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 30000 RTP/AVP 8 0 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
         a=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn the_answer_takes_the_offerers_first_codec_that_we_have_and_their_number_for_events() {
    let offer = theirs(
        "m=audio 4000 RTP/AVP 9 0 8 96\r\na=rtpmap:9 G722/8000\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n",
    );
    let (text, agreed) = answer(&mut leg(), &offer).unwrap();
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 0 96"]);
    assert_eq!(
        lines(&text, "a=rtpmap"),
        ["a=rtpmap:0 PCMU/8000", "a=rtpmap:96 telephone-event/8000"]
    );
    assert_eq!(agreed.rtp, "198.51.100.2:4000".parse().unwrap());
    assert_eq!(agreed.format, Format::new(0, "PCMU", 8_000));
    assert_eq!((agreed.events, agreed.receive_events), (Some(96), Some(96)));
    assert_eq!(
        (agreed.direction, agreed.ptime_ms),
        (Direction::SendRecv, 30)
    );
}

#[test]
fn a_codec_under_a_dynamic_number_is_known_by_its_name() {
    let offer = theirs(
        "m=audio 4000 RTP/AVP 97 98\r\na=rtpmap:98 pcma/8000/1\r\na=rtpmap:97 opus/48000/2\r\n",
    );
    let (text, agreed) = answer(&mut leg(), &offer).unwrap();
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 98"]);
    assert_eq!(
        (agreed.format.payload_type, agreed.receive_payload_type),
        (98, 98)
    );
    assert_eq!(agreed.events, None);
}

#[test]
fn events_of_another_clock_rate_are_not_taken() {
    let offer = theirs("m=audio 4000 RTP/AVP 8 99\r\na=rtpmap:99 telephone-event/48000\r\n");
    let (text, agreed) = answer(&mut leg(), &offer).unwrap();
    assert_eq!(lines(&text, "m="), ["m=audio 30000 RTP/AVP 8"]);
    assert_eq!(agreed.events, None);
}

#[test]
fn each_side_sends_under_the_others_numbers() {
    let mut ours = leg();
    offer(&mut ours, Direction::SendRecv);
    let reply = theirs("m=audio 4000 RTP/AVP 8 120\r\na=rtpmap:120 telephone-event/8000\r\n");
    let agreed = conclude(&mut ours, &reply).unwrap();
    assert_eq!(
        (agreed.events, agreed.receive_events),
        (Some(120), Some(101))
    );
    assert_eq!(agreed.format.payload_type, 8);
}

#[test]
fn other_media_and_other_transports_are_refused_in_their_places() {
    let offer = theirs(
        "m=video 5000 RTP/AVP 31 34\r\nm=audio 4000 RTP/SAVP 8\r\nm=audio 4002 RTP/AVP 8\r\nm=audio 4004 RTP/AVP 0\r\n\
         m=image 4006 udptl t38\r\n",
    );
    let mut ours = leg();
    let (text, agreed) = answer(&mut ours, &offer).unwrap();
    let places = [
        "m=video 0 RTP/AVP 31",
        "m=audio 0 RTP/SAVP 8",
        "m=audio 30000 RTP/AVP 8",
        "m=audio 0 RTP/AVP 0",
        "m=image 0 udptl t38",
    ];
    assert_eq!(lines(&text, "m="), places);
    assert_eq!(agreed.rtp.port(), 4002);
    // RFC 3264 §8: a later offer keeps every line in its place.
    let again = self::offer(&mut ours, Direction::SendOnly);
    assert_eq!(lines(&again, "m=").len(), places.len());
    assert_eq!(lines(&again, "m=")[2], "m=audio 30000 RTP/AVP 8 0 101");
    let reply = theirs(
        "m=video 0 RTP/AVP 31\r\nm=audio 0 RTP/SAVP 8\r\nm=audio 4002 RTP/AVP 0\r\nm=audio 0 RTP/AVP 0\r\nm=image 0 udptl t38\r\n",
    );
    assert_eq!(
        &*conclude(&mut ours, &reply).unwrap().format.encoding,
        "PCMU"
    );
}

#[test]
fn what_cannot_be_agreed_on_says_why_and_changes_nothing() {
    let mut ours = leg();
    answer(&mut ours, &theirs("m=audio 4000 RTP/AVP 8\r\n")).unwrap();
    let before = ours.clone();
    let no_codec = |got: &str| SdpError::NoCommonCodec { got: got.into() };
    let bad_address = |got: &str| SdpError::BadAddress { got: got.into() };
    let at = |address: &str| {
        theirs("m=audio 4000 RTP/AVP 8\r\n").replace("c=IN IP4 198.51.100.2", address)
    };
    for (offer, error) in [
        (theirs(""), SdpError::NoAudio),
        (theirs("m=audio 0 RTP/AVP 8\r\n"), SdpError::NoAudio),
        (theirs("m=audio 4000 RTP/SAVP 8\r\n"), SdpError::NoAudio),
        (theirs("m=video 4000 RTP/AVP 8\r\n"), SdpError::NoAudio),
        (
            theirs("m=audio 4000 RTP/AVP 18 3\r\n"),
            no_codec("G729 GSM"),
        ),
        (theirs("m=audio 4000 RTP/AVP 96\r\n"), no_codec("")),
        (
            at("c=IN IP4 pc33.example.com"),
            bad_address("pc33.example.com"),
        ),
        (at("c=IN IP4 224.2.1.1"), bad_address("224.2.1.1")),
        (
            at("c=IN IP4 255.255.255.255"),
            bad_address("255.255.255.255"),
        ),
        (at("c=IN IP6 2001:db8::1"), bad_address("2001:db8::1")),
        (at("a=x"), bad_address("")),
    ] {
        assert_eq!(answer(&mut ours, &offer), Err(error), "{offer}");
        assert_eq!(ours, before);
    }
    for unreadable in ["", "hello", "v=0", "v=1\r\n", "\0\0"] {
        let result = answer(&mut ours, unreadable);
        assert!(
            matches!(result, Err(SdpError::Unreadable { .. } | SdpError::NoAudio)),
            "{unreadable:?}: {result:?}"
        );
    }
    let many = theirs(&"m=audio 4000 RTP/AVP 8\r\n".repeat(17));
    assert_eq!(
        answer(&mut ours, &many),
        Err(SdpError::TooManyMedia { got: 17 })
    );
    assert_eq!(ours, before);
}

#[test]
fn a_description_without_the_lines_that_nobody_reads_is_taken() {
    let offer = "v=0\r\nc=IN IP4 198.51.100.2\r\nm=audio 4000 RTP/AVP 8\r\n";
    assert!(answer(&mut leg(), offer).is_ok());
    let bare_line_ends = theirs("m=audio 4000 RTP/AVP 8\r\n").replace("\r\n", "\n");
    assert!(answer(&mut leg(), &bare_line_ends).is_ok());
}

#[test]
fn directions_are_answered_reversed_and_no_further_than_wanted() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    for (offered, wanted, ours) in [
        ("sendrecv", SendRecv, SendRecv),
        ("sendonly", SendRecv, RecvOnly),
        ("recvonly", SendRecv, SendOnly),
        ("inactive", SendRecv, Inactive),
        ("sendrecv", SendOnly, SendOnly),
        ("sendonly", SendOnly, Inactive),
    ] {
        for offer in [
            theirs(&format!("m=audio 4000 RTP/AVP 8\r\na={offered}\r\n")),
            theirs("m=audio 4000 RTP/AVP 8\r\n")
                .replace("t=0 0\r\n", &format!("t=0 0\r\na={offered}\r\n")),
        ] {
            let (text, agreed) = answer_wanting(&mut leg(), &offer, wanted).unwrap();
            assert_eq!(agreed.direction, ours, "{offered} {wanted:?}");
            assert!(
                text.ends_with(&format!("a={}\r\n", ours.as_str())),
                "{text}"
            );
        }
    }
}

#[test]
fn the_old_hold_address_stops_our_sending() {
    let held =
        theirs("m=audio 4000 RTP/AVP 8\r\n").replace("c=IN IP4 198.51.100.2", "c=IN IP4 0.0.0.0");
    let (text, agreed) = answer(&mut leg(), &held).unwrap();
    assert_eq!(agreed.direction, Direction::RecvOnly);
    assert!(agreed.rtp.ip().is_unspecified());
    assert!(text.ends_with("a=recvonly\r\n"));
}

#[test]
fn hold_and_resume_are_answered_with_a_rising_version_and_a_repeat_with_the_same() {
    let mut ours = leg();
    let version = |text: &str| {
        lines(text, "o=")[0]
            .split(' ')
            .nth(2)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let talk = theirs("m=audio 4000 RTP/AVP 8\r\n");
    let hold = theirs("m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n");
    let mut versions = Vec::new();
    for offer in [&talk, &talk, &hold, &hold, &talk] {
        versions.push(version(&answer(&mut ours, offer).unwrap().0));
    }
    assert_eq!(versions, [1, 1, 2, 2, 3]);
}

#[test]
fn a_refused_offer_leaves_what_was_agreed_and_its_version_is_not_used_again() {
    let mut ours = leg();
    let (first, agreed) = answer(&mut ours, &theirs("m=audio 4000 RTP/AVP 8\r\n")).unwrap();
    let refused = offer(&mut ours, Direction::SendOnly);
    assert!(refused.contains("o=- 77 2 "));
    assert!(ours.is_offering());
    step(&mut ours, Negotiation::cancel_offer);
    assert_eq!(ours.agreed(), Some(&agreed));
    assert_eq!(ours.local(), Some(first.as_bytes()));
    assert_eq!(conclude(&mut ours, &first), Err(SdpError::NoOffer));
    assert!(offer(&mut ours, Direction::SendOnly).contains("o=- 77 3 "));
}

#[test]
fn a_later_answer_to_the_same_offer_counts() {
    let mut ours = leg();
    offer(&mut ours, Direction::SendRecv);
    let early = conclude(&mut ours, &theirs("m=audio 4000 RTP/AVP 8\r\n")).unwrap();
    let last = conclude(&mut ours, &theirs("m=audio 4002 RTP/AVP 0\r\n")).unwrap();
    assert_eq!((early.rtp.port(), last.rtp.port()), (4000, 4002));
    assert_eq!(ours.agreed(), Some(&last));
    assert_eq!(
        conclude(&mut ours, &theirs("m=audio 0 RTP/AVP 8\r\n")),
        Err(SdpError::NoAudio)
    );
    assert_eq!(ours.agreed(), Some(&last));
}

#[test]
fn a_preferred_codec_comes_first_in_our_next_offer() {
    let mut ours = leg();
    step(&mut ours, |leg| leg.prefer("pcmu"));
    assert_eq!(
        lines(&offer(&mut ours, Direction::SendRecv), "m="),
        ["m=audio 30000 RTP/AVP 0 8 101"]
    );
}

#[test]
fn a_number_keeps_its_meaning_for_the_whole_session() {
    let mut ours = leg();
    let offer = theirs(
        "m=audio 4000 RTP/AVP 101 100\r\na=rtpmap:101 PCMA/8000\r\na=rtpmap:100 telephone-event/8000\r\n",
    );
    answer(&mut ours, &offer).unwrap();
    assert_eq!(
        lines(&self::offer(&mut ours, Direction::SendRecv), "m="),
        ["m=audio 30000 RTP/AVP 101 0 100"]
    );
}

#[test]
fn ipv6_is_spoken_where_our_socket_speaks_it() {
    let mut ours = Negotiation::new(
        1,
        "[2001:db8::1]:30000".parse().unwrap(),
        vec![Format::new(8, "PCMA", 8_000)],
        101,
    );
    let offer = "v=0\r\no=- 1 1 IN IP6 2001:db8::2\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\nc=IN IP6 2001:db8::2\r\n";
    let (text, agreed) = answer(&mut ours, offer).unwrap();
    assert_eq!(lines(&text, "c="), ["c=IN IP6 2001:db8::1"]);
    assert_eq!(agreed.rtp, "[2001:db8::2]:4000".parse().unwrap());
}

#[test]
fn our_description_offered_again_changes_nothing_and_can_be_refused() {
    let mut ours = leg();
    let held = theirs("m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n");
    let (answered, before) = answer(&mut ours, &held).unwrap();
    let again = step(&mut ours, Negotiation::offer_again);
    assert_eq!(again, answered.as_bytes(), "same version, same direction");
    let agreed = conclude(&mut ours, &held).unwrap();
    assert_eq!(agreed.direction, before.direction);
    step(&mut ours, Negotiation::offer_again);
    step(&mut ours, Negotiation::cancel_offer);
    assert_eq!(ours.local(), Some(answered.as_bytes()));
    assert!(!ours.is_offering());
    let first = step(&mut leg(), Negotiation::offer_again);
    assert!(first.starts_with(b"v=0"), "the first of all offers");
}

proptest! {
    #[test]
    fn two_of_us_always_agree_and_see_the_same(
        order in Just(vec![0_usize, 1]).prop_shuffle(),
        events in 96_u8..128,
        offered in 0_usize..4,
        wanted in 0_usize..4,
    ) {
        const ALL: [Direction; 4] =
            [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
        let all = [Format::new(8, "PCMA", 8_000), Format::new(0, "PCMU", 8_000)];
        let formats = order.iter().map(|&at| all[at].clone()).collect();
        let mut a = Negotiation::new(1, "192.0.2.9:4000".parse().unwrap(), formats, events);
        let mut b = leg();
        let text = offer(&mut a, ALL[offered]);
        let (text, at_b) = answer_wanting(&mut b, &text, ALL[wanted]).unwrap();
        let at_a = conclude(&mut a, &text).unwrap();
        prop_assert_eq!(at_a.direction, at_b.direction.reversed());
        prop_assert_eq!(&at_a.format, &at_b.format);
        prop_assert_eq!(at_a.events, Some(events));
        prop_assert_eq!(at_b.rtp.port(), 4000);
    }

    #[test]
    fn exchanges_in_any_order_lost_and_refused_ones_among_them_leave_both_sides_agreed(
        steps in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        const ALL: [Direction; 4] =
            [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
        let other = Negotiation::new(2, "192.0.2.9:4000".parse().unwrap(), leg().formats, 96);
        let mut sides = [leg(), other];
        for step in steps {
            let (from, to) = (usize::from(step & 1), usize::from(!step & 1));
            if sides[from].is_offering() {
                let before = sides[from].agreed().cloned();
                sides[from].cancel_offer();
                prop_assert!(!sides[from].is_offering());
                prop_assert_eq!(sides[from].agreed(), before.as_ref());
                continue;
            }
            if step & 0x20 != 0 {
                sides[from].prefer(if step & 0x40 != 0 { "PCMU" } else { "PCMA" });
            }
            let offer = match step & 0x40 {
                0 => sides[from].offer(ALL[usize::from(step >> 1 & 3)]),
                _ => sides[from].offer_again(),
            };
            // Glare, or lost.
            if sides[to].is_offering() || step & 0x80 != 0 {
                continue;
            }
            let wanted = ALL[usize::from(step >> 3 & 3)];
            let (answer, at_to) = sides[to].answer_to(&offer, wanted).unwrap();
            let at_from = sides[from].conclude(&answer).unwrap();
            prop_assert!(at_from.format.is_same_codec(&at_to.format));
            prop_assert_eq!(at_from.direction, at_to.direction.reversed());
        }
    }

    #[test]
    fn any_description_is_answered_or_refused(
        media in proptest::collection::vec(
            "(m=audio [0-9]{1,5} RTP/AVP( [0-9]{1,3}){0,4}|a=rtpmap:[0-9]{1,3} [A-Za-z]{1,5}(/[0-9]{0,6}){0,3}|a=fmtp:[0-9 ]{0,9}|a=ptime:[0-9]{0,6}|c=IN IP[46] [0-9a-f.:/]{0,12}|a=(sendonly|inactive)|.{0,20})\r\n",
            0..12,
        ),
    ) {
        let offer = theirs(&media.concat());
        if let Ok((text, agreed)) = answer(&mut leg(), &offer) {
            prop_assert!(agreed.rtp.port() != 0 && agreed.ptime_ms >= 10);
            prop_assert_eq!(lines(&text, "m=").len(), lines(&offer, "m=").len());
        }
    }
}
