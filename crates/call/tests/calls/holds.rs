//! Hold and what is like it, as phones do it: old and new ways, both sides at once, while music plays, with another
//! address or codec after, without an offer, and over ACKs that are lost. The datagrams are written by hand.

use super::provisional::{SDP, by_trunk};
use super::sessions::our_tag;
use super::{ANSWERS, seconds, state};
use crate::phone::Seen;
use crate::world::{World, journey};
use call::Input;
use media_core::{Codec, Command, Direction, Remote};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// A caller by hand who talks with Anna: the world, Anna, our tag in his dialog.
fn talking() -> (World, usize, String) {
    let mut world = World::new(61, journey());
    let anna = world.phone("anna", ANSWERS);
    world.tell_shard(by_trunk("INVITE", 1, "", "", SDP));
    world.run(MS * 100);
    let tag = our_tag(&world);
    world.tell_shard(by_trunk("ACK", 1, &tag, "", ""));
    world.run(seconds(3));
    assert_eq!(state(&world, "anna"), "in call");
    (world, anna, tag)
}

/// His re-INVITE, acknowledged.
fn reinvite(world: &mut World, cseq: u32, tag: &str, sdp: &str) {
    world.tell_shard(by_trunk("INVITE", cseq, tag, "", sdp));
    world.tell_shard(by_trunk("ACK", cseq, tag, "", ""));
}

/// What media was last told of the caller's stream.
fn remote(world: &World) -> Remote {
    let remotes = world.media.values().flatten().filter_map(|it| match it {
        Command::SetRemote(remote)
            if !remote.rtp.ip().is_loopback() || remote.rtp.port() < 5_000 =>
        {
            Some(remote.clone())
        }
        _ => None,
    });
    let mut remotes = remotes;
    remotes.next_back().expect("media knows the caller")
}

/// How many legs hear music and nothing else.
fn hear_music(world: &World) -> usize {
    let last = |commands: &Vec<Command>| {
        let orders = commands.iter().rev();
        let mut orders = orders.filter(|it| !matches!(it, Command::SetRemote(_)));
        matches!(orders.next(), Some(Command::Play(_)))
    };
    world
        .media
        .values()
        .filter(|commands| last(commands))
        .count()
}

fn end(mut world: World) {
    world.tell_shard(Input::EndAll);
    world.run(seconds(100));
    world.assert_at_rest();
}

#[test]
fn each_way_to_hold_stops_our_stream_or_keeps_it_as_the_phone_asks_and_resume_brings_it_back() {
    let (mut world, _, tag) = talking();
    let mut cseq = 1;
    for (change, answered, direction) in [
        ("a=sendonly\r\n", "a=recvonly", Direction::RecvOnly),
        ("a=inactive\r\n", "a=inactive", Direction::Inactive),
        ("c=IN IP4 0.0.0.0\r\n", "a=recvonly", Direction::RecvOnly),
    ] {
        let bridges = world.bridges();
        cseq += 1;
        reinvite(&mut world, cseq, &tag, &(SDP.to_owned() + change));
        let cseq_line = format!("CSeq: {cseq} INVITE");
        assert!(world.sent(&["200 OK", &cseq_line, answered]), "{change}");
        assert_eq!(remote(&world).direction, direction, "{change}");
        assert_eq!(hear_music(&world), 2, "{change}");
        cseq += 1;
        reinvite(&mut world, cseq, &tag, SDP);
        assert_eq!(remote(&world).direction, Direction::SendRecv, "{change}");
        assert_eq!(world.bridges(), bridges + 1, "{change}");
    }
    end(world);
}

#[test]
fn while_both_hold_music_goes_on_until_the_last_of_them_resumes() {
    let (mut world, anna, tag) = talking();
    let bridges = world.bridges();
    reinvite(&mut world, 2, &tag, &(SDP.to_owned() + "a=sendonly\r\n"));
    world.reinvite(anna, sip_core::Direction::SendOnly);
    world.run(seconds(1));
    assert_eq!(world.phones[anna].seen.last(), Some(&Seen::Reinvited(200)));
    reinvite(&mut world, 3, &tag, SDP);
    assert_eq!((world.bridges(), hear_music(&world)), (bridges, 2));
    world.reinvite(anna, sip_core::Direction::SendRecv);
    world.run(seconds(1));
    assert_eq!(world.bridges(), bridges + 1);
    end(world);
}

#[test]
fn a_caller_who_holds_while_he_waits_keeps_his_place_and_his_music() {
    let mut world = World::new(62, journey());
    world.tell_shard(by_trunk("INVITE", 1, "", "", SDP));
    world.run(MS * 100);
    let tag = our_tag(&world);
    world.tell_shard(by_trunk("ACK", 1, &tag, "", ""));
    reinvite(&mut world, 2, &tag, &(SDP.to_owned() + "a=inactive\r\n"));
    world.run(seconds(30));
    reinvite(&mut world, 3, &tag, SDP);
    assert_eq!(world.engine.snapshot(world.now).queues[0].waiting, 1);
    assert!(world.heard("first") && world.heard("again"));
    assert_eq!(world.bridges(), 0);
    world.phone("anna", ANSWERS);
    world.run(seconds(3));
    assert_eq!((state(&world, "anna"), world.bridges()), ("in call", 1));
    end(world);
}

#[test]
fn media_follows_a_phone_to_another_port_and_another_codec() {
    let (mut world, _, tag) = talking();
    assert_eq!(
        (remote(&world).rtp.port(), remote(&world).codec),
        (4_000, Codec::Pcma)
    );
    let moved = SDP.replace("4000 RTP/AVP 8", "4444 RTP/AVP 0 8");
    reinvite(&mut world, 2, &tag, &moved);
    assert_eq!(
        (remote(&world).rtp.port(), remote(&world).codec),
        (4_444, Codec::Pcmu)
    );
    // What can't be had changes nothing.
    let unknown = SDP.replace("RTP/AVP 8", "RTP/AVP 18");
    reinvite(&mut world, 3, &tag, &unknown);
    assert!(world.sent(&["SIP/2.0 488", "3 INVITE"]));
    assert_eq!(remote(&world).rtp.port(), 4_444);
    end(world);
}

#[test]
fn a_re_invite_without_an_offer_gets_ours_and_its_ack_brings_the_answer() {
    let (mut world, _, tag) = talking();
    world.tell_shard(by_trunk("INVITE", 2, &tag, "", ""));
    assert!(world.sent(&["200 OK", "CSeq: 2 INVITE", "m=audio"]));
    // Until then nothing else may be offered.
    world.tell_shard(by_trunk("INVITE", 3, &tag, "", SDP));
    assert!(world.sent(&["SIP/2.0 491", "3 INVITE"]));
    world.run(seconds(2));
    let moved = SDP.replace("4000", "4666");
    world.tell_shard(by_trunk("ACK", 2, &tag, "", &moved));
    assert_eq!(
        remote(&world).rtp.port(),
        4_666,
        "the ACK came late, and counts"
    );
    reinvite(&mut world, 4, &tag, SDP);
    assert_eq!(remote(&world).rtp.port(), 4_000);
    end(world);
}

#[test]
fn a_re_invite_whose_ack_never_comes_ends_the_call_and_one_that_comes_late_does_not() {
    let (mut world, anna, tag) = talking();
    world.tell_shard(by_trunk("INVITE", 2, &tag, "", SDP));
    world.run(seconds(20));
    world.tell_shard(by_trunk("ACK", 2, &tag, "", ""));
    world.run(seconds(60));
    assert!(world.phones[anna].talks());
    world.tell_shard(by_trunk("INVITE", 3, &tag, "", SDP));
    world.run(seconds(33));
    assert!(world.phones[anna].is_idle());
    assert_eq!(world.ended, [], "his BYE still waits for an answer");
    world.run(seconds(60));
    assert_eq!(world.ended, [call::EndCause::SignallingFailed]);
    world.assert_at_rest();
}
