//! Which message belongs to which transaction.

use super::*;

#[test]
fn a_branch_that_comes_back_under_another_call_id_is_a_new_request() {
    let mut bench = Bench::new();
    let first = theirs(Method::Register, BRANCH);
    let key = bench.receive_new(udp(), &first);
    bench.respond(key, &first, StatusCode::OK);
    for (name, value) in [
        (HeaderName::CallId, "call-2"),
        (HeaderName::CSeq, "8 REGISTER"),
        (
            HeaderName::Via,
            "SIP/2.0/UDP 192.0.2.7:5071;branch=z9hG4bKtheirs",
        ),
    ] {
        let mut replayed = first.clone();
        replayed.headers.set(name, value);
        bench.receive_new(udp(), &replayed);
    }
}

#[test]
fn requests_without_the_cookie_are_matched_by_what_rfc_2543_gives() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, "1");
    let key = bench.receive_new(udp(), &invite);
    only_sent(&bench.receive(udp(), invite.clone()));
    let mut another = invite.clone();
    another
        .headers
        .set(HeaderName::From, "<sip:queue@192.0.2.1>;tag=other");
    bench.receive_new(udp(), &another);
    let out = bench.receive(udp(), theirs(Method::Cancel, "1"));
    assert!(out.contains(&Output::Cancelled { key, reason: None }));
    bench.respond(key, &invite, StatusCode::REQUEST_TERMINATED);
    let mut ack = theirs(Method::Ack, "1");
    ack.headers
        .set(HeaderName::To, "<sip:bob@192.0.2.7>;tag=ours");
    assert_eq!(bench.receive(udp(), ack), []);
}

#[test]
fn a_response_that_is_no_answer_to_a_request_of_ours_is_dropped_and_counted() {
    let mut bench = Bench::new();
    let (_, sent) = bench.send(ours(Method::Bye), udp());
    let good = sent.response_with_tag(StatusCode::OK, "t");
    let via = String::from_utf8(good.headers.first(&HeaderName::Via).unwrap().to_vec()).unwrap();
    let (shard, branch) = ("z9hG4bK05", "z9hG4bK06");
    for (name, value) in [
        (HeaderName::CSeq, "7 INVITE".to_owned()),
        (
            HeaderName::Via,
            format!("{via}, SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"),
        ),
        (HeaderName::Via, via.replace(shard, branch)),
        (
            HeaderName::Via,
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx".to_owned(),
        ),
        (HeaderName::Via, "SIP/2.0/UDP 192.0.2.1:5060".to_owned()),
    ] {
        let mut stray = good.clone();
        stray.headers.set(name, &value);
        assert!(!bench.layer.knows(&stray.clone().into()), "{value}");
        assert_eq!(bench.receive(udp(), stray), [], "{value}");
    }
    assert_eq!(bench.layer.counters().stray_responses, 5);
    assert_eq!(only_told(&bench.receive(udp(), good)), Some(200));
}

#[test]
fn the_layer_knows_what_belongs_to_its_transactions_and_nothing_else() {
    let mut bench = Bench::new();
    let invite = theirs(Method::Invite, BRANCH);
    let known = |bench: &Bench, message: Message| bench.layer.knows(&message);
    assert!(!known(&bench, invite.clone().into()));
    assert!(!known(&bench, theirs(Method::Cancel, BRANCH).into()));
    bench.receive_new(udp(), &invite);
    for method in [Method::Invite, Method::Ack, Method::Cancel] {
        assert!(known(&bench, theirs(method, BRANCH).into()));
    }
    assert!(!known(&bench, theirs(Method::Bye, BRANCH).into()));
    let (_, sent) = bench.send(ours(Method::Options), udp());
    assert!(known(&bench, sent.response(StatusCode::OK).into()));
}

#[test]
fn a_key_of_a_transaction_that_is_over_reaches_no_other() {
    let mut bench = Bench::new();
    let bye = theirs(Method::Bye, BRANCH);
    let old = bench.receive_new(tcp(), &bye);
    bench.respond(old, &bye, StatusCode::OK);
    let info = theirs(Method::Info, BRANCH);
    let new = bench.receive_new(tcp(), &info);
    assert_ne!(old, new);
    assert_eq!(bench.respond(old, &bye, StatusCode::OK), []);
    assert_eq!(bench.layer.len(), 1);
}
