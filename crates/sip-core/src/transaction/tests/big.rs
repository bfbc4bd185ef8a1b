//! Requests that are too big for a datagram.

use super::*;
use crate::transaction::DATAGRAM_BYTES_MAX;
use crate::transport::Listener;

fn big(method: Method) -> Request {
    let mut request = ours(method);
    let body = vec![b'x'; DATAGRAM_BYTES_MAX];
    request.set_body("text/plain", body.into());
    request
}

fn with_tcp() -> Bench {
    let mut bench = Bench::new();
    bench.layer.set_listeners(&[
        Listener {
            transport: Transport::Udp,
            address: udp().local,
        },
        Listener {
            transport: Transport::Tcp,
            address: "0.0.0.0:5064".parse().unwrap(),
        },
    ]);
    bench
}

fn by_tcp() -> Flow {
    Flow {
        transport: Transport::Tcp,
        local: std::net::SocketAddr::new(udp().local.ip(), 5064),
        ..udp()
    }
}

/// Where a request goes that is sent by UDP, and as what.
fn sent(bench: &mut Bench, request: Request) -> (Flow, Request) {
    let out = bench.handle(Input::Send {
        user: 1,
        flow: udp(),
        request,
    });
    match &out[..] {
        [Output::Started { .. }, Output::Transmit { flow, bytes }] => (*flow, sent_request(bytes)),
        _ => panic!("{out:?}"),
    }
}

fn via(request: &Request) -> String {
    request.headers.via().unwrap().to_string()
}

#[test]
fn a_request_of_more_than_1300_bytes_goes_by_tcp_and_says_so_and_a_smaller_one_by_udp() {
    for method in [Method::Invite, Method::Message] {
        let mut bench = with_tcp();
        let (flow, request) = sent(&mut bench, big(method.clone()));
        assert_eq!(flow, by_tcp());
        assert!(
            via(&request).starts_with("SIP/2.0/TCP "),
            "{}",
            via(&request)
        );
        assert_eq!(request.headers.via().unwrap().port, Some(5064));
        let (flow, request) = sent(&mut bench, ours(method));
        assert_eq!(flow, udp());
        assert!(
            via(&request).starts_with("SIP/2.0/UDP "),
            "{}",
            via(&request)
        );
        let response = request.response_with_tag(StatusCode::OK, "t");
        assert!(!bench.receive(udp(), Message::Response(response)).is_empty());
    }
}

#[test]
fn without_a_listener_for_tcp_a_big_request_goes_by_udp() {
    let mut bench = Bench::new();
    assert_eq!(sent(&mut bench, big(Method::Invite)).0, udp());
}

#[test]
fn where_the_connection_comes_to_nothing_it_is_udp_after_all_and_at_once_the_next_time() {
    for method in [Method::Invite, Method::Message] {
        let mut bench = with_tcp();
        let (_, first) = sent(&mut bench, big(method.clone()));
        let lost = Input::TransportFailed { flow: by_tcp() };
        let out = bench.handle(lost);
        let [Output::Transmit { flow, bytes }] = &out[..] else {
            panic!("{out:?}");
        };
        let again = sent_request(bytes);
        assert_eq!(*flow, udp());
        assert!(via(&again).starts_with("SIP/2.0/UDP "), "{}", via(&again));
        let branch =
            |request: &Request| request.headers.via().unwrap().branch().unwrap().to_owned();
        assert_eq!(branch(&first), branch(&again), "the same transaction");
        assert_eq!(first.body, again.body);
        // Sent again as datagrams are.
        let (ms, reason, _) = bench.next().unwrap();
        assert_eq!(ms, 500);
        assert!(matches!(reason, TimerReason::A | TimerReason::E));
        assert_eq!(sent(&mut bench, big(method.clone())).0, udp());
        bench.wait(600_000);
        assert_eq!(sent(&mut bench, big(method.clone())).0, by_tcp());
        // Nobody can be reached by UDP either: that is the end.
        let gone = bench.handle(Input::TransportFailed { flow: udp() });
        assert!(
            gone.iter().all(|it| matches!(it, Output::Failed { .. })),
            "{gone:?}"
        );
        assert_eq!(gone.len(), 2);
    }
}

#[test]
fn one_that_was_answered_over_its_connection_does_not_go_by_udp_when_that_ends() {
    let mut bench = with_tcp();
    let (_, invite) = sent(&mut bench, big(Method::Invite));
    let ringing = invite.response_with_tag(StatusCode::RINGING, "t");
    bench.receive(by_tcp(), Message::Response(ringing));
    let out = bench.handle(Input::TransportFailed { flow: by_tcp() });
    assert!(matches!(out[..], [Output::Failed { .. }]), "{out:?}");
}

#[test]
fn a_wish_to_cancel_outlives_the_change_to_udp() {
    let mut bench = with_tcp();
    let out = bench.handle(Input::Send {
        user: 1,
        flow: udp(),
        request: big(Method::Invite),
    });
    let [Output::Started { key, .. }, Output::Transmit { bytes, .. }] = &out[..] else {
        panic!("{out:?}");
    };
    let invite = sent_request(bytes);
    assert_eq!(bench.handle(Input::Cancel { key: *key }), []);
    bench.handle(Input::TransportFailed { flow: by_tcp() });
    let ringing = invite.response_with_tag(StatusCode::RINGING, "t");
    let out = bench.receive(udp(), Message::Response(ringing));
    let cancelled = out.iter().any(|it| {
        matches!(it, Output::Transmit { flow, bytes } if *flow == udp() && bytes.starts_with(b"CANCEL "))
    });
    assert!(cancelled, "{out:?}");
}

#[test]
fn a_peer_behind_an_address_translator_is_not_connected_to() {
    let mut bench = with_tcp();
    let now = bench.now;
    bench.layer.takes_no_connection(now, udp().remote);
    assert_eq!(sent(&mut bench, big(Method::Invite)).0, udp());
    for port in 1..3_000 {
        let peer = std::net::SocketAddr::new(udp().remote.ip(), port);
        bench.layer.takes_no_connection(now, peer);
    }
    let saved = postcard::to_stdvec(&bench.layer).unwrap();
    assert!(
        saved.len() < 20_000,
        "what is remembered is bounded: {}",
        saved.len()
    );
}

#[test]
fn a_big_ack_goes_by_tcp_and_by_udp_once_its_peer_is_known_to_take_no_connection() {
    let ack = |bench: &mut Bench, request| {
        let out = bench.handle(Input::SendAck {
            flow: udp(),
            request,
        });
        match &out[..] {
            [Output::Transmit { flow, bytes }] => (*flow, sent_request(bytes)),
            _ => panic!("{out:?}"),
        }
    };
    let mut bench = with_tcp();
    assert_eq!(ack(&mut bench, ours(Method::Ack)).0, udp());
    let (flow, request) = ack(&mut bench, big(Method::Ack));
    assert_eq!(flow, by_tcp());
    assert!(
        via(&request).starts_with("SIP/2.0/TCP "),
        "{}",
        via(&request)
    );
    // Nobody takes the connection: when the 2xx comes again, so does the ACK, as a datagram.
    assert_eq!(bench.handle(Input::TransportFailed { flow: by_tcp() }), []);
    let (flow, request) = ack(&mut bench, big(Method::Ack));
    assert_eq!(flow, udp());
    assert!(
        via(&request).starts_with("SIP/2.0/UDP "),
        "{}",
        via(&request)
    );
}
