//! What happens when there is too much.

use super::*;

/// Fills the layer by hand: saving and loading it 16,000 times would take minutes.
fn filled(len: usize) -> Bench {
    let mut bench = Bench::new();
    for at in 0..len {
        let message = theirs(Method::Options, &format!("z9hG4bK{at}")).into();
        let flow = udp();
        let mut out = Vec::new();
        bench
            .layer
            .handle(bench.now, Input::Received { flow, message }, &mut out);
        assert!(matches!(&out[..], [Output::Request { .. }]));
    }
    bench
}

fn received(bench: &mut Bench, request: Request) -> Outputs {
    let (flow, message) = (udp(), request.into());
    let mut out = Vec::new();
    bench
        .layer
        .handle(bench.now, Input::Received { flow, message }, &mut out);
    out
}

#[test]
fn beyond_the_limit_new_calls_are_refused_with_503_and_calls_that_stand_go_on() {
    let mut bench = filled(TRANSACTIONS_MAX);
    let refused = received(&mut bench, theirs(Method::Invite, BRANCH));
    let response = sent_response(only_sent(&refused));
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers.has(&HeaderName::RetryAfter));
    assert!(response.headers.to().unwrap().tag().is_some());
    assert_eq!(bench.layer.counters().refused, 1);
    let in_dialog = |branch: &str| {
        let mut bye = theirs(Method::Bye, branch);
        bye.headers.set(HeaderName::To, "<sip:bob@192.0.2.7>;tag=t");
        bye
    };
    let out = received(&mut bench, in_dialog("z9hG4bKbye"));
    assert!(matches!(&out[..], [Output::Request { .. }]));
    let again = theirs(Method::Options, "z9hG4bK0");
    assert_eq!(received(&mut bench, again), [], "what is known is known");
    for at in 0..2 * TRANSACTIONS_MAX {
        received(&mut bench, in_dialog(&format!("z9hG4bKbye{at}")));
    }
    assert_eq!(
        bench.layer.len(),
        TRANSACTIONS_MAX + TRANSACTIONS_MAX / 4,
        "the reserve ends too"
    );
    let mut out = Vec::new();
    bench
        .layer
        .handle_timeout(Time::from_millis(32_000), &mut out);
    assert_eq!(out, []);
    assert!(bench.layer.is_empty());
}

#[test]
fn a_request_that_lacks_what_every_request_has_is_dropped_and_counted() {
    let mut bench = Bench::new();
    for name in [HeaderName::Via, HeaderName::CSeq, HeaderName::CallId] {
        let mut broken = theirs(Method::Options, BRANCH);
        broken.headers.remove(&name);
        assert_eq!(bench.receive(udp(), broken), []);
    }
    assert_eq!(bench.layer.counters().unreadable, 3);
    assert!(bench.layer.is_empty());
}
