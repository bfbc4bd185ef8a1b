//! What our messages say of who made them, also those that the layer makes by itself.

use super::*;

const NAME: &str = "Our telephones";

fn named() -> Bench {
    let mut bench = Bench::new();
    bench.layer.set_banner(Some(NAME.into()));
    bench
}

fn agents(requests: &[Request]) -> Vec<(&Method, Vec<&[u8]>)> {
    requests
        .iter()
        .map(|it| {
            let said = it.headers.all(&HeaderName::UserAgent);
            (&it.method, said.collect())
        })
        .collect()
}

#[test]
fn an_invite_its_cancel_and_both_kinds_of_ack_say_who_made_them() {
    let mut bench = named();
    let (key, invite) = bench.send(ours(Method::Invite), udp());
    bench.receive(udp(), invite.response(StatusCode::TRYING));
    let cancel = sent_request(only_sent(&bench.handle(Input::Cancel { key })));
    let terminated = invite.response_with_tag(StatusCode::REQUEST_TERMINATED, "t");
    let out = bench.receive(udp(), terminated);
    let Some(Output::Transmit { bytes, .. }) = out.first() else {
        panic!("{out:?}");
    };
    let refused = sent_request(bytes);
    let out = bench.handle(Input::SendAck {
        flow: udp(),
        request: ours(Method::Ack),
    });
    let answered = sent_request(only_sent(&out));
    let all = [invite, cancel, refused, answered];
    let methods = [Method::Invite, Method::Cancel, Method::Ack, Method::Ack];
    let expected: Vec<_> = methods
        .iter()
        .map(|it| (it, vec![NAME.as_bytes()]))
        .collect();
    assert_eq!(agents(&all), expected);
}

#[test]
fn what_the_layer_answers_by_itself_says_who_made_it_and_without_a_name_nothing_does() {
    for (mut bench, said) in [(named(), Some(NAME)), (Bench::new(), None)] {
        let invite = theirs(Method::Invite, BRANCH);
        let mut out = bench.receive(udp(), invite.clone());
        let cancel = theirs(Method::Cancel, BRANCH);
        out.extend(bench.receive(udp(), cancel));
        let stray = theirs(Method::Cancel, "z9hG4bKstray");
        out.extend(bench.receive(udp(), stray));
        let answers: Vec<Response> = out
            .iter()
            .filter_map(|it| match it {
                Output::Transmit { bytes, .. } => Some(sent_response(bytes)),
                _ => None,
            })
            .collect();
        let statuses: Vec<u16> = answers.iter().map(|it| it.status.code()).collect();
        assert_eq!(statuses, [100, 200, 481]);
        for answer in &answers {
            assert_eq!(answer.headers.text(&HeaderName::Server), said, "{answer:?}");
        }
    }
}
