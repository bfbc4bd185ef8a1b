//! The layer under a made-up clock. Every step is taken twice, by the layer as it is and by one that was
//! saved, dropped and loaded, and both must do the same.

mod banner;
mod big;
mod cancel;
mod client;
mod limits;
mod matching;
mod properties;
mod server;

use super::*;
use crate::frame::{Limits, parse_datagram};
use crate::header_name::HeaderName;
use crate::method::Method;
use crate::status::StatusCode;
use crate::transport::Transport;
use base::{Core, ShardId, Time};

/// One layer whose user marks its requests with a number.
struct Bench {
    layer: Transactions<u8>,
    now: Time,
}

type Outputs = Vec<Output<u8>>;

impl Bench {
    fn new() -> Bench {
        Bench {
            layer: Transactions::new(ShardId(5), [7; 32]),
            now: Time::ZERO,
        }
    }

    fn step(&mut self, act: impl Fn(&mut Transactions<u8>, &mut Outputs)) -> Outputs {
        let saved = postcard::to_stdvec(&self.layer).unwrap();
        let mut loaded: Transactions<u8> = postcard::from_bytes(&saved).unwrap();
        let (mut out, mut out_of_loaded) = (Vec::new(), Vec::new());
        act(&mut self.layer, &mut out);
        act(&mut loaded, &mut out_of_loaded);
        assert_eq!(out, out_of_loaded);
        assert_eq!(self.layer, loaded);
        self.layer = loaded;
        out
    }

    fn handle(&mut self, input: Input<u8>) -> Outputs {
        let now = self.now;
        self.step(|layer, out| layer.handle(now, input.clone(), out))
    }

    fn wait(&mut self, ms: u64) {
        self.now = Time::from_micros(self.now.as_micros() + ms * 1_000);
    }

    /// The next deadline, waited for: its moment in ms since the start, its reason, and what comes of it.
    fn next(&mut self) -> Option<(u64, TimerReason, Outputs)> {
        let (time, reason) = self.layer.poll_timeout()?;
        assert!(time >= self.now, "a deadline was left behind");
        let early = Time::from_micros(time.as_micros().saturating_sub(1));
        assert_eq!(self.step(|layer, out| layer.handle_timeout(early, out)), []);
        self.now = time;
        let out = self.step(|layer, out| layer.handle_timeout(time, out));
        Some((time.as_micros() / 1_000, reason, out))
    }

    /// Waits until nothing is left, and says when which timer fired.
    fn run_out(&mut self) -> Vec<(u64, TimerReason)> {
        let mut fired = Vec::new();
        while let Some((ms, reason, _)) = self.next() {
            fired.push((ms, reason));
        }
        assert!(
            self.layer.is_empty(),
            "a transaction without a deadline is left"
        );
        fired
    }

    fn send(&mut self, request: Request, flow: Flow) -> (ClientKey, Request) {
        let out = self.handle(Input::Send {
            user: 1,
            flow,
            request,
        });
        let [
            Output::Started { user: 1, key },
            Output::Transmit { flow: to, bytes },
        ] = &out[..]
        else {
            panic!("expected a start and a datagram, got {out:?}");
        };
        assert_eq!(*to, flow);
        (*key, sent_request(bytes))
    }

    fn receive(&mut self, flow: Flow, message: impl Into<Message>) -> Outputs {
        let message = message.into();
        self.handle(Input::Received { flow, message })
    }

    /// A request that is new to the layer.
    fn receive_new(&mut self, flow: Flow, request: &Request) -> ServerKey {
        let out = self.receive(flow, request.clone());
        match out.last() {
            Some(Output::Request { key, .. }) => *key,
            _ => panic!("expected a new request, got {out:?}"),
        }
    }

    fn respond(&mut self, key: ServerKey, request: &Request, status: StatusCode) -> Outputs {
        let response = request.response_with_tag(status, "ours");
        self.handle(Input::Respond { key, response })
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Message {
        Message::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Message {
        Message::Response(response)
    }
}

fn udp() -> Flow {
    Flow {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "192.0.2.7:5070".parse().unwrap(),
        connection: 0,
    }
}

fn tcp() -> Flow {
    Flow {
        transport: Transport::Tcp,
        connection: 1,
        ..udp()
    }
}

/// A request of ours, without Via.
fn ours(method: Method) -> Request {
    let mut request = Request::new(method, "sip:bob@192.0.2.7:5070".parse().unwrap());
    let number = format!("7 {}", request.method);
    for (name, value) in [
        (HeaderName::Route, "<sip:192.0.2.7:5070;lr>"),
        (HeaderName::From, "<sip:queue@192.0.2.1>;tag=from"),
        (HeaderName::To, "<sip:bob@192.0.2.7>"),
        (HeaderName::CallId, "call-1"),
        (HeaderName::CSeq, &number),
    ] {
        request.headers.push(name, value);
    }
    request
}

/// A request of a peer's, with its Via.
fn theirs(method: Method, branch: &str) -> Request {
    let mut request = ours(method);
    let via = format!("SIP/2.0/UDP 192.0.2.7:5070;branch={branch}");
    request.headers.push_front(HeaderName::Via, via);
    request
}

const BRANCH: &str = "z9hG4bKtheirs";

fn sent_request(bytes: &Bytes) -> Request {
    match parse_datagram(bytes.clone(), &Limits::default()) {
        Ok(Message::Request(request)) => request,
        other => panic!("expected a request, got {other:?}"),
    }
}

fn sent_response(bytes: &Bytes) -> Response {
    match parse_datagram(bytes.clone(), &Limits::default()) {
        Ok(Message::Response(response)) => response,
        other => panic!("expected a response, got {other:?}"),
    }
}

/// The only output, which is a datagram.
fn only_sent(out: &Outputs) -> &Bytes {
    match &out[..] {
        [Output::Transmit { bytes, .. }] => bytes,
        _ => panic!("expected one datagram, got {out:?}"),
    }
}

/// The status that the user is told of, if that is all.
fn only_told(out: &Outputs) -> Option<u16> {
    match &out[..] {
        [
            Output::Response {
                user: 1, response, ..
            },
        ] => Some(response.status.code()),
        _ => None,
    }
}
