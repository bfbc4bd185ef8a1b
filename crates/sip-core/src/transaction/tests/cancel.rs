//! CANCEL, sent and received (RFC 3261 §9).

use super::*;
use TimerReason::CancelUnanswered;

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut bench = Bench::new();
    let (key, sent) = bench.send(ours(Method::Invite), udp());
    let reason: Box<str> = "SIP;cause=200;text=\"Call completed elsewhere\"".into();
    let cancel = Input::CancelFor {
        key,
        reason: reason.clone(),
    };
    assert_eq!(bench.handle(cancel.clone()), []);
    let out = bench.receive(udp(), sent.response(StatusCode::TRYING));
    let [Output::Response { .. }, Output::Transmit { bytes, .. }] = &out[..] else {
        panic!("expected the response and a CANCEL, got {out:?}");
    };
    let sent_cancel = sent_request(bytes);
    assert_eq!(
        (&sent_cancel.method, &sent_cancel.uri),
        (&Method::Cancel, &sent.uri)
    );
    for same in [
        HeaderName::Via,
        HeaderName::From,
        HeaderName::To,
        HeaderName::CallId,
        HeaderName::Route,
    ] {
        assert_eq!(sent_cancel.headers.first(&same), sent.headers.first(&same));
    }
    assert_eq!(
        sent_cancel.headers.text(&HeaderName::CSeq),
        Some("7 CANCEL")
    );
    assert_eq!(
        sent_cancel.headers.text(&HeaderName::Reason),
        Some(&*reason)
    );
    assert_eq!(bench.handle(cancel), [], "one CANCEL is enough");
}

#[test]
fn a_cancelled_invite_ends_with_its_487_and_the_user_hears_nothing_of_the_cancel_itself() {
    let mut bench = Bench::new();
    let (key, sent) = bench.send(ours(Method::Invite), udp());
    bench.receive(udp(), sent.response(StatusCode::TRYING));
    let cancel = sent_request(only_sent(&bench.handle(Input::Cancel { key })));
    assert_eq!(
        bench.receive(udp(), cancel.response_with_tag(StatusCode::OK, "t")),
        []
    );
    let terminated = sent.response_with_tag(StatusCode::REQUEST_TERMINATED, "t");
    let out = bench.receive(udp(), terminated);
    assert!(matches!(
        &out[..],
        [Output::Transmit { .. }, Output::Response { .. }]
    ));
    bench.run_out();
}

#[test]
fn a_cancel_that_crosses_a_2xx_is_answered_and_the_2xx_handed_on() {
    let mut bench = Bench::new();
    let (key, sent) = bench.send(ours(Method::Invite), udp());
    bench.receive(udp(), sent.response(StatusCode::TRYING));
    bench.handle(Input::Cancel { key });
    let answer = sent.response_with_tag(StatusCode::OK, "t");
    assert_eq!(only_told(&bench.receive(udp(), answer)), Some(200));
    assert_eq!(bench.handle(Input::Cancel { key }), []);
    bench.run_out();
}

#[test]
fn an_invite_whose_cancel_brings_nothing_fails_after_64_t1() {
    let mut bench = Bench::new();
    let (key, sent) = bench.send(ours(Method::Invite), udp());
    bench.wait(2_000);
    bench.receive(udp(), sent.response(StatusCode::TRYING));
    let cancel = sent_request(only_sent(&bench.handle(Input::Cancel { key })));
    bench.receive(udp(), cancel.response_with_tag(StatusCode::OK, "t"));
    let mut last = None;
    while let Some(fired) = bench.next() {
        last = Some(fired);
    }
    let failure = Failure::Timeout;
    let failed = vec![Output::Failed {
        user: 1,
        key,
        failure,
    }];
    assert_eq!(last, Some((34_000, CancelUnanswered, failed)));
    assert!(bench.layer.is_empty());
}

#[test]
fn a_cancel_with_no_response_at_all_is_given_up_with_its_invite() {
    let mut bench = Bench::new();
    let (key, _) = bench.send(ours(Method::Invite), udp());
    bench.handle(Input::Cancel { key });
    assert_eq!(bench.run_out().last(), Some(&(32_000, TimerReason::B)));
}

#[test]
fn only_an_invite_can_be_cancelled() {
    let mut bench = Bench::new();
    let (key, sent) = bench.send(ours(Method::Options), udp());
    bench.receive(udp(), sent.response(StatusCode::TRYING));
    assert_eq!(bench.handle(Input::Cancel { key }), []);
}

#[test]
fn a_received_cancel_is_answered_each_time_and_told_once() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(udp(), &invite);
    bench.respond(key, &invite, StatusCode::RINGING);
    let mut cancel = theirs(Method::Cancel, BRANCH);
    cancel.headers.push(HeaderName::Reason, "SIP;cause=200");
    let out = bench.receive(udp(), cancel.clone());
    let [Output::Transmit { bytes, .. }, told] = &out[..] else {
        panic!("expected an answer and the news, got {out:?}");
    };
    let answer = sent_response(bytes);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.headers.to().unwrap().tag(),
        Some("ours"),
        "RFC 3261 §9.2"
    );
    let reason = Some("SIP;cause=200".into());
    assert_eq!(told, &Output::Cancelled { key, reason });
    assert_eq!(only_sent(&bench.receive(udp(), cancel.clone())), bytes);
    let mut another = cancel;
    another.headers.set(HeaderName::Reason, "SIP;cause=487");
    assert_eq!(only_sent(&bench.receive(udp(), another)), bytes);
    bench.respond(key, &invite, StatusCode::REQUEST_TERMINATED);
    bench.receive(udp(), theirs(Method::Ack, BRANCH));
    bench.run_out();
}

#[test]
fn a_cancel_after_the_final_response_is_answered_and_changes_nothing() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let key = bench.receive_new(udp(), &invite);
    bench.respond(key, &invite, StatusCode::OK);
    let out = bench.receive(udp(), theirs(Method::Cancel, BRANCH));
    assert_eq!(sent_response(only_sent(&out)).status, StatusCode::OK);
}

#[test]
fn a_cancel_of_nothing_is_answered_481_and_costs_no_memory() {
    let mut bench = Bench::new();
    let cancel = theirs(Method::Cancel, BRANCH);
    let first = bench.receive(udp(), cancel.clone());
    assert_eq!(
        sent_response(only_sent(&first)).status,
        StatusCode::CALL_DOES_NOT_EXIST
    );
    assert_eq!(
        bench.receive(udp(), cancel),
        first,
        "the same tag each time"
    );
    assert!(bench.layer.is_empty());
    assert_eq!(bench.layer.counters().stray_cancels, 2);
}
