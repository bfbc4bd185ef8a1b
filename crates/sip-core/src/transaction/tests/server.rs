//! Timers G, H, I, J and L, and answers to what comes again.

use super::*;
use TimerReason::{G, H, I, J, L, Unanswered};

#[test]
fn an_invite_is_answered_100_at_once_and_told_once() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let out = bench.receive(udp(), invite.clone());
    let [
        Output::Transmit { flow, bytes },
        Output::Request { request, .. },
    ] = &out[..]
    else {
        panic!("expected a 100 and the request, got {out:?}");
    };
    let trying = sent_response(bytes);
    assert_eq!((trying.status, *flow), (StatusCode::TRYING, udp()));
    assert_eq!(trying.headers.to().unwrap().tag(), None);
    assert_eq!(request, &invite);
    let again = bench.receive(udp(), invite.clone());
    assert_eq!(only_sent(&again), bytes);
    let key = match &out[1] {
        Output::Request { key, .. } => *key,
        other => panic!("{other:?}"),
    };
    let ringing = bench.respond(key, &invite, StatusCode::RINGING);
    let again = bench.receive(udp(), invite);
    assert_eq!(only_sent(&again), only_sent(&ringing));
    assert_eq!(bench.layer.counters().repeated_requests, 2);
}

#[test]
fn timer_g_sends_a_refusal_again_and_timer_h_ends_completed_and_tells_that_no_ack_came() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(udp(), &invite);
    let busy = bench.respond(key, &invite, StatusCode::BUSY_HERE);
    let again = [
        500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ];
    for ms in again {
        let (at, reason, out) = bench.next().unwrap();
        assert_eq!((at, reason), (ms, G));
        assert_eq!(only_sent(&out), only_sent(&busy));
    }
    let (at, reason, out) = bench.next().unwrap();
    assert_eq!((at, reason), (32_000, H));
    assert_eq!(out, [Output::Unacknowledged { key }]);
    assert!(bench.layer.is_empty());
}

#[test]
fn on_a_reliable_transport_timer_h_runs_and_timer_g_does_not() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(tcp(), &invite);
    bench.respond(key, &invite, StatusCode::BUSY_HERE);
    assert_eq!(bench.run_out(), [(32_000, H)]);
}

#[test]
fn an_ack_stops_timer_g_and_repeats_of_it_are_absorbed_until_timer_i() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(udp(), &invite);
    bench.respond(key, &invite, StatusCode::BUSY_HERE);
    for _ in 0..3 {
        assert_eq!(bench.receive(udp(), theirs(Method::Ack, BRANCH)), []);
    }
    assert_eq!(bench.receive(udp(), invite), []);
    assert_eq!(bench.run_out(), [(5_000, I)]);
}

#[test]
fn timer_i_is_zero_on_a_reliable_transport() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(tcp(), &invite);
    bench.respond(key, &invite, StatusCode::BUSY_HERE);
    bench.receive(tcp(), theirs(Method::Ack, BRANCH));
    assert!(bench.layer.is_empty());
}

#[test]
fn after_a_2xx_the_invite_is_absorbed_and_its_ack_handed_on_until_timer_l() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(udp(), &invite);
    let answered = bench.respond(key, &invite, StatusCode::OK);
    assert_eq!(bench.receive(udp(), invite), []);
    let repeated = bench.handle(Input::Repeat { key });
    assert_eq!(only_sent(&repeated), only_sent(&answered));
    for branch in [BRANCH, "z9hG4bKanother"] {
        let ack = theirs(Method::Ack, branch);
        let flow = udp();
        let request = ack.clone();
        assert_eq!(bench.receive(flow, ack), [Output::Ack { flow, request }]);
    }
    assert_eq!(bench.run_out(), [(32_000, L)]);
    assert_eq!(bench.handle(Input::Repeat { key }), []);
}

#[test]
fn a_response_after_the_final_one_is_not_sent() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(udp(), &invite);
    bench.respond(key, &invite, StatusCode::OK);
    assert_eq!(bench.respond(key, &invite, StatusCode::RINGING), []);
    assert_eq!(bench.respond(key, &invite, StatusCode::BUSY_HERE), []);
    let bye = theirs(Method::Bye, "z9hG4bKbye");
    let key = bench.receive_new(udp(), &bye);
    bench.respond(key, &bye, StatusCode::OK);
    assert_eq!(bench.respond(key, &bye, StatusCode::OK), []);
}

#[test]
fn a_repeated_request_gets_the_last_response_until_timer_j() {
    let mut bench = Bench::new();
    let bye = theirs(Method::Bye, BRANCH);
    let key = bench.receive_new(udp(), &bye);
    assert_eq!(bench.receive(udp(), bye.clone()), []);
    let fine = bench.respond(key, &bye, StatusCode::OK);
    bench.wait(31_000);
    let again = bench.receive(udp(), bye);
    assert_eq!(only_sent(&again), only_sent(&fine));
    assert_eq!(bench.run_out(), [(32_000, J)]);
}

#[test]
fn timer_j_is_zero_on_a_reliable_transport() {
    let mut bench = Bench::new();
    let bye = theirs(Method::Bye, BRANCH);
    let key = bench.receive_new(tcp(), &bye);
    bench.respond(key, &bye, StatusCode::OK);
    assert!(bench.layer.is_empty());
    assert_eq!(bench.respond(key, &bye, StatusCode::OK), []);
}

#[test]
fn a_request_that_the_user_forgets_is_forgotten_here_after_64_t1() {
    let mut bench = Bench::new();
    bench.receive_new(udp(), &theirs(Method::Info, BRANCH));
    let (at, reason, out) = bench.next().unwrap();
    assert_eq!((at, reason), (32_000, Unanswered));
    assert_eq!(out, []);
    assert!(bench.layer.is_empty());
}

#[test]
fn responses_go_to_the_port_the_request_came_from_where_it_asks_for_that() {
    let mut bench = Bench::new();
    let elsewhere = Flow {
        remote: "192.0.2.7:41000".parse().unwrap(),
        ..udp()
    };
    let mut asks = theirs(Method::Options, BRANCH);
    let via = "SIP/2.0/UDP 192.0.2.7:5070;rport;branch=z9hG4bKa";
    asks.headers.set(HeaderName::Via, via);
    for (request, remote) in [
        (asks, elsewhere.remote),
        (theirs(Method::Options, BRANCH), udp().remote),
    ] {
        let key = bench.receive_new(elsewhere, &request);
        let out = bench.respond(key, &request, StatusCode::OK);
        let [Output::Transmit { flow, .. }] = &out[..] else {
            panic!("{out:?}");
        };
        assert_eq!(flow.remote, remote);
    }
}
