//! What holds whatever strangers send and the user does, in whatever order.

use super::*;
use crate::transaction::layer::Owner;
use proptest::prelude::*;

/// One thing to do, made of few enough parts that they often meet.
#[derive(Clone, Debug)]
enum Act {
    Wait(u64),
    /// Method, branch and Call-ID by number; over UDP or a connection.
    Receive(usize, u8, u8, bool),
    /// Status, and which of the requests received.
    Respond(u16, usize),
    Repeat(usize),
    Send(usize, bool),
    /// Status and To tag of an answer to one of the requests sent.
    Answer(u16, u8, usize),
    Cancel(usize),
    TransportFailed(bool),
}

const METHODS: [Method; 5] = [
    Method::Invite,
    Method::Ack,
    Method::Cancel,
    Method::Bye,
    Method::Options,
];
const STATUSES: [u16; 6] = [100, 180, 200, 202, 302, 486];

fn act() -> impl Strategy<Value = Act> {
    let status = || prop::sample::select(STATUSES.to_vec());
    prop_oneof![
        2 => prop_oneof![0..700_u64, 0..70_000_u64].prop_map(Act::Wait),
        4 => (0..METHODS.len(), 0..3_u8, 0..2_u8, any::<bool>())
            .prop_map(|(method, branch, call, is_udp)| Act::Receive(method, branch, call, is_udp)),
        3 => (status(), any::<usize>()).prop_map(|(status, which)| Act::Respond(status, which)),
        1 => any::<usize>().prop_map(Act::Repeat),
        2 => (0..METHODS.len(), any::<bool>()).prop_map(|(method, is_udp)| Act::Send(method, is_udp)),
        4 => (status(), 0..2_u8, any::<usize>())
            .prop_map(|(status, tag, which)| Act::Answer(status, tag, which)),
        1 => any::<usize>().prop_map(Act::Cancel),
        1 => any::<bool>().prop_map(Act::TransportFailed),
    ]
}

/// What the user and the other side have got to know.
#[derive(Default)]
struct Known {
    received: Vec<(ServerKey, Request)>,
    sent: Vec<Request>,
    started: Vec<ClientKey>,
}

impl Known {
    fn learn(&mut self, out: Outputs) {
        for output in out {
            match output {
                Output::Request { key, request, .. } => self.received.push((key, request)),
                Output::Started { key, .. } => self.started.push(key),
                Output::Transmit { bytes, .. } => {
                    let message = parse_datagram(bytes, &Limits::default());
                    if let Message::Request(request) = message.expect("what is sent can be read") {
                        self.sent.push(request);
                    }
                }
                _ => {}
            }
        }
    }
}

fn flow_of(is_udp: bool) -> Flow {
    if is_udp { udp() } else { tcp() }
}

fn pick<T>(from: &[T], which: usize) -> Option<&T> {
    from.get(which.checked_rem(from.len())?)
}

fn perform(bench: &mut Bench, known: &mut Known, act: Act) {
    let input = match act {
        Act::Wait(ms) => {
            bench.wait(ms);
            let now = bench.now;
            let out = bench.step(|layer, out| layer.handle_timeout(now, out));
            return known.learn(out);
        }
        Act::Receive(method, branch, call, is_udp) => {
            let cookie = if branch == 0 { "" } else { "z9hG4bK" };
            let mut request = theirs(METHODS[method].clone(), &format!("{cookie}{branch}"));
            request
                .headers
                .set(HeaderName::CallId, format!("call-{call}"));
            let (flow, message) = (flow_of(is_udp), request.into());
            Some(Input::Received { flow, message })
        }
        Act::Respond(status, which) => pick(&known.received, which).map(|(key, request)| {
            let status = StatusCode::new(status).expect("one of the list");
            let response = request.response_with_tag(status, "ours");
            Input::Respond {
                key: *key,
                response,
            }
        }),
        Act::Repeat(which) => {
            pick(&known.received, which).map(|(key, _)| Input::Repeat { key: *key })
        }
        Act::Send(method, is_udp) => Some(Input::Send {
            user: 1,
            flow: flow_of(is_udp),
            request: ours(METHODS[method].clone()),
        }),
        Act::Answer(status, tag, which) => pick(&known.sent, which).map(|request| {
            let status = StatusCode::new(status).expect("one of the list");
            let response = request.response_with_tag(status, &tag.to_string());
            Input::Received {
                flow: udp(),
                message: response.into(),
            }
        }),
        Act::Cancel(which) => pick(&known.started, which).map(|key| Input::Cancel { key: *key }),
        Act::TransportFailed(is_udp) => Some(Input::TransportFailed {
            flow: flow_of(is_udp),
        }),
    };
    if let Some(input) = input {
        let out = bench.handle(input);
        known.learn(out);
    }
}

/// Tables, indices and deadlines tell one story.
fn check(layer: &Transactions<u8>) {
    assert_eq!(layer.client_of.len(), layer.clients.len());
    assert_eq!(layer.server_of.len(), layer.servers.len());
    let mut deadlines = 0;
    for (place, one) in layer.clients.iter() {
        assert_eq!(
            layer.client_of.get(&one.matched_by),
            Some(&ClientKey(place))
        );
        let (time, _) = one
            .machine
            .deadline()
            .expect("every client transaction ends by itself");
        assert!(
            layer
                .deadlines
                .contains(&(time, Owner::Client(ClientKey(place))))
        );
        deadlines += 1;
    }
    for (place, one) in layer.servers.iter() {
        assert_eq!(
            layer.server_of.get(&one.matched_by),
            Some(&ServerKey(place))
        );
        if let Some((time, _)) = one.machine.deadline() {
            assert!(
                layer
                    .deadlines
                    .contains(&(time, Owner::Server(ServerKey(place))))
            );
            deadlines += 1;
        }
    }
    assert_eq!(layer.deadlines.len(), deadlines);
}

proptest! {
    #[test]
    fn nothing_is_lost_and_all_ends_whatever_is_sent_in_whatever_order(
        acts in prop::collection::vec(act(), 0..60),
    ) {
        let mut bench = Bench::new();
        let mut known = Known::default();
        for act in acts {
            perform(&mut bench, &mut known, act);
            check(&bench.layer);
        }
        let now = bench.now;
        bench.step(|layer, out| layer.handle_timeout(now, out));
        for (key, request) in known.received {
            bench.respond(key, &request, StatusCode::BUSY_HERE);
        }
        // An INVITE that rang may take Timer C and 64*T1 after it.
        let longest_ms = (C + T1 * 64 + T1 * 64).as_millis() as u64;
        let ends_by = bench.now.as_micros() / 1_000 + longest_ms;
        let fired = bench.run_out();
        prop_assert!(fired.last().is_none_or(|(ms, _)| *ms <= ends_by));
    }
}
