//! Timers A, B, D, E, F, K and M.

use super::*;
use TimerReason::{A, B, C, CancelUnanswered, D, E, F, K, M};

#[test]
fn timer_a_sends_invite_again_at_doubling_intervals_and_timer_b_gives_up() {
    let mut bench = Bench::new();
    let (key, sent) = bench.send(ours(Method::Invite), udp());
    for ms in [500, 1_500, 3_500, 7_500, 15_500, 31_500] {
        let (at, reason, out) = bench.next().unwrap();
        assert_eq!((at, reason), (ms, A));
        assert_eq!(sent_request(only_sent(&out)), sent);
    }
    let (at, reason, out) = bench.next().unwrap();
    assert_eq!((at, reason), (32_000, B));
    let failure = Failure::Timeout;
    assert_eq!(
        out,
        [Output::Failed {
            user: 1,
            key,
            failure
        }]
    );
    assert!(bench.layer.is_empty());
    assert_eq!(bench.layer.counters().retransmissions, 6);
}

#[test]
fn on_a_reliable_transport_only_timer_b_runs() {
    let mut bench = Bench::new();
    bench.send(ours(Method::Invite), tcp());
    assert_eq!(bench.run_out(), [(32_000, B)]);
}

#[test]
fn a_provisional_response_stops_timers_a_and_b() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Invite), udp());
    let ringing = sent.response_with_tag(StatusCode::RINGING, "t");
    assert_eq!(only_told(&bench.receive(udp(), ringing.clone())), Some(180));
    assert_eq!(only_told(&bench.receive(udp(), ringing)), Some(180));
    assert_eq!(bench.run_out()[0], (600_000, C));
}

#[test]
fn timer_c_cancels_an_invite_that_is_only_ever_ringing() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Invite), udp());
    bench.receive(udp(), sent.response(StatusCode::TRYING));
    bench.wait(60_000);
    bench.receive(udp(), sent.response_with_tag(StatusCode::RINGING, "t"));
    let (at, reason, out) = bench.next().unwrap();
    assert_eq!((at, reason), (660_000, C));
    let cancel = sent_request(only_sent(&out));
    assert_eq!(cancel.method, Method::Cancel);
    bench.receive(udp(), cancel.response_with_tag(StatusCode::OK, "t"));
    let fired = bench.run_out();
    assert_eq!(fired.last(), Some(&(692_000, CancelUnanswered)));
}

#[test]
fn a_refusal_is_acknowledged_each_time_it_comes_until_timer_d() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Invite), udp());
    let busy = sent.response_with_tag(StatusCode::BUSY_HERE, "t");
    let out = bench.receive(udp(), busy.clone());
    let [Output::Transmit { bytes, .. }, Output::Response { .. }] = &out[..] else {
        panic!("expected an ACK and the response, got {out:?}");
    };
    let ack = sent_request(bytes);
    assert_eq!((&ack.method, &ack.uri), (&Method::Ack, &sent.uri));
    assert_eq!(ack.headers.via(), sent.headers.via());
    assert_eq!(ack.headers.to(), busy.headers.to());
    for same in [HeaderName::From, HeaderName::CallId, HeaderName::Route] {
        assert_eq!(ack.headers.first(&same), sent.headers.first(&same));
    }
    assert_eq!(ack.headers.text(&HeaderName::CSeq), Some("7 ACK"));
    bench.wait(10_000);
    let again = bench.receive(udp(), busy);
    assert_eq!(sent_request(only_sent(&again)), ack);
    let late = sent.response_with_tag(StatusCode::OK, "t");
    assert_eq!(bench.receive(udp(), late), []);
    assert_eq!(bench.run_out(), [(32_000, D)]);
}

#[test]
fn timer_d_is_zero_on_a_reliable_transport() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Invite), tcp());
    bench.receive(tcp(), sent.response_with_tag(StatusCode::BUSY_HERE, "t"));
    assert!(bench.layer.is_empty());
}

#[test]
fn every_2xx_from_every_fork_is_handed_on_until_timer_m() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Invite), udp());
    for tag in ["one", "one", "two"] {
        bench.wait(1_000);
        let answer = sent.response_with_tag(StatusCode::OK, tag);
        assert_eq!(only_told(&bench.receive(udp(), answer)), Some(200));
    }
    let late = sent.response_with_tag(StatusCode::BUSY_HERE, "three");
    assert_eq!(bench.receive(udp(), late), []);
    assert_eq!(bench.run_out(), [(33_000, M)]);
}

#[test]
fn timer_e_sends_again_at_intervals_up_to_t2_and_timer_f_gives_up() {
    let mut bench = Bench::new();
    let (key, _) = bench.send(ours(Method::Bye), udp());
    let again = [
        500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ];
    for ms in again {
        let (at, reason, out) = bench.next().unwrap();
        assert_eq!((at, reason), (ms, E));
        only_sent(&out);
    }
    let (at, reason, out) = bench.next().unwrap();
    assert_eq!((at, reason), (32_000, F));
    let failure = Failure::Timeout;
    assert_eq!(
        out,
        [Output::Failed {
            user: 1,
            key,
            failure
        }]
    );
    assert!(bench.layer.is_empty());
}

#[test]
fn after_a_provisional_response_timer_e_runs_at_t2_and_timer_f_as_before() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Options), udp());
    bench.receive(udp(), sent.response(StatusCode::TRYING));
    let fired = bench.run_out();
    assert_eq!(fired[..3], [(500, E), (4_500, E), (8_500, E)]);
    assert_eq!(fired.last(), Some(&(32_000, F)));
}

#[test]
fn timer_k_absorbs_repeated_final_responses() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Bye), udp());
    let fine = sent.response_with_tag(StatusCode::OK, "t");
    assert_eq!(only_told(&bench.receive(udp(), fine.clone())), Some(200));
    assert_eq!(bench.receive(udp(), fine), []);
    assert_eq!(bench.run_out(), [(5_000, K)]);
}

#[test]
fn timers_e_and_k_do_not_run_on_a_reliable_transport() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Bye), tcp());
    assert_eq!(
        bench.layer.poll_timeout(),
        Some((Time::from_millis(32_000), F))
    );
    bench.receive(tcp(), sent.response_with_tag(StatusCode::OK, "t"));
    assert!(bench.layer.is_empty());
}

#[test]
fn a_transport_that_fails_fails_what_waits_for_an_answer_over_it_and_nothing_else() {
    let mut bench = Bench::new();
    let (waiting, _) = bench.send(ours(Method::Invite), udp());
    let (options, _) = bench.send(ours(Method::Options), udp());
    let (_, answered) = bench.send(ours(Method::Invite), udp());
    bench.receive(udp(), answered.response_with_tag(StatusCode::OK, "t"));
    bench.wait(1_000);
    bench.send(ours(Method::Invite), tcp());
    let out = bench.handle(Input::TransportFailed { flow: udp() });
    let failed = |key| Output::Failed {
        user: 1,
        key,
        failure: Failure::Transport,
    };
    assert_eq!(out, [failed(waiting), failed(options)]);
    assert_eq!(bench.run_out(), [(32_000, M), (33_000, B)]);
}

#[test]
fn the_ack_to_a_2xx_has_its_own_branch_and_no_transaction_and_is_the_same_each_time() {
    let mut bench = Bench::new();
    let (_, invite) = bench.send(ours(Method::Invite), udp());
    bench.receive(udp(), invite.response_with_tag(StatusCode::OK, "t"));
    bench.run_out();
    let mut sent = |request| {
        let flow = udp();
        let out = bench.handle(Input::SendAck { flow, request });
        only_sent(&out).clone()
    };
    let ack = ours(Method::Ack);
    let first = sent(ack.clone());
    assert_eq!(sent(ack.clone()), first);
    let mut other = ack;
    other.headers.set(HeaderName::CSeq, "2 ACK");
    let other = sent(other);
    let branch = |request: &Request| request.headers.via().unwrap().branch().unwrap().to_owned();
    let branches = [&first, &other].map(|bytes| branch(&sent_request(bytes)));
    assert_ne!(branches[0], branches[1]);
    assert!(!branches.contains(&branch(&invite)));
    assert!(bench.layer.is_empty());
}

#[test]
fn a_request_gets_our_via_with_its_shard_and_seventy_hops() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Options), udp());
    let via = sent.headers.via().unwrap();
    assert_eq!(via.rport(), Some(None));
    assert_eq!(
        (via.host.ip(), via.port),
        (Some(udp().local.ip()), Some(5060))
    );
    let shard = Transactions::<u8>::shard_of_branch(via.branch().unwrap());
    assert_eq!(shard, Some(ShardId(5)));
    assert_eq!(sent.headers.max_forwards(), Ok(Some(70)));
    let host = crate::Host::Name("pbx.example".into());
    bench.layer.set_addresses(crate::addresses::Addresses {
        external: Some(host.clone()),
        ..Default::default()
    });
    let mut few_hops = ours(Method::Options);
    few_hops.headers.push(HeaderName::MaxForwards, 3_u32);
    let (_, sent) = bench.send(few_hops, udp());
    let via = sent.headers.via().unwrap();
    assert_eq!((via.host, via.port), (host, Some(5060)));
    assert_eq!(sent.headers.max_forwards(), Ok(Some(3)));
}

#[test]
fn a_new_seed_makes_other_branches() {
    let mut bench = Bench::new();
    let mut resumed = bench.layer.clone();
    resumed.reseed([8; 32]);
    let mut resumed = Bench {
        layer: resumed,
        now: Time::ZERO,
    };
    let (_, before) = bench.send(ours(Method::Options), udp());
    let (_, after) = resumed.send(ours(Method::Options), udp());
    assert_ne!(before.headers.via(), after.headers.via());
}
