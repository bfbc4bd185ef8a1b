//! What the messages of a call cost in reading, matching and writing: `cargo run --release -p sip-core --example layer_costs`
//! prints the median time of each step. Counted by instructions: `valgrind --tool=callgrind --toggle-collect='*layer_costs*step*'`.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a measurement reads a clock, and ends where it can't measure"
)]

use base::{Core, ShardId, Time};
use bytes::Bytes;
use sip_core::transaction::{Input, Output, Transactions};
use sip_core::{Flow, HeaderName, Limits, Message, Request, StatusCode, Transport, parse_datagram};
use std::hint::black_box;
use std::time::Instant;

const CALLS: u64 = 2_000;

const DESCRIPTION: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

fn request(method: &str, call: u64, number: u32, tag: &str, body: &str) -> Bytes {
    let text = format!(
        "{method} sip:+46850001000@192.0.2.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.4:5062;branch=z9hG4bK{call:x}{number}{method};rport\r\nMax-Forwards: 70\r\n\
         From: \"Anna\" <sip:+46701234567@192.0.2.4>;tag={call:x}\r\nTo: <sip:+46850001000@192.0.2.1>{tag}\r\n\
         Call-ID: {call:x}-abcdef0123456789@192.0.2.4\r\nCSeq: {number} {method}\r\n\
         Contact: <sip:trunk@192.0.2.4:5062>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\n\
         Supported: replaces, 100rel, timer\r\nUser-Agent: Phone 1.0\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text.into()
}

fn main() {
    let flow = Flow {
        transport: Transport::Udp,
        local: ([192, 0, 2, 1], 5060).into(),
        remote: ([192, 0, 2, 4], 5062).into(),
        connection: 0,
    };
    let mut layer: Transactions<u64> = Transactions::new(ShardId(7), [7; 32]);
    let mut costs: [Vec<f64>; 4] = Default::default();
    for call in 0..CALLS {
        let now = Time::from_millis(call * 10);
        layer.handle_timeout(now, &mut Vec::new());
        let invite = request("INVITE", call, 1, "", DESCRIPTION);
        let ack = request("ACK", call, 1, ";tag=b", "");
        let bye = request("BYE", call, 2, ";tag=b", "");
        let began = Instant::now();
        let message = step_read(&invite);
        costs[0].push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        step_invite(&mut layer, now, flow, message);
        costs[1].push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        step_outward(&mut layer, now, flow, call);
        costs[2].push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        step_end(&mut layer, now, flow, [&ack, &bye]);
        costs[3].push(began.elapsed().as_secs_f64() * 1e6);
    }
    let names = ["INVITE read", "and answered", "one of ours", "ACK and BYE"];
    for (name, mut times) in names.into_iter().zip(costs) {
        times.sort_by(f64::total_cmp);
        println!("{name:<14} {:>7.2} us", times[times.len() / 2]);
    }
}

#[inline(never)]
fn step_read(bytes: &Bytes) -> Message {
    parse_datagram(bytes.clone(), &Limits::default()).unwrap()
}

/// An INVITE from outside, answered 180 and 200.
#[inline(never)]
fn step_invite(layer: &mut Transactions<u64>, now: Time, flow: Flow, message: Message) {
    let mut out = Vec::new();
    assert!(!layer.knows(&message));
    layer.handle(now, Input::Received { flow, message }, &mut out);
    let Some(Output::Request { key, request, .. }) = out.pop() else {
        unreachable!("a new request");
    };
    for status in [StatusCode::RINGING, StatusCode::OK] {
        let mut response = request.response_with_tag(status, "b");
        let contact = "<sip:192.0.2.1:5060>";
        response.headers.push(HeaderName::Contact, contact);
        response.body = Bytes::from_static(DESCRIPTION.as_bytes());
        layer.handle(now, Input::Respond { key, response }, &mut out);
    }
    black_box(out);
}

/// An INVITE of ours, and what it is answered.
#[inline(never)]
fn step_outward(layer: &mut Transactions<u64>, now: Time, flow: Flow, user: u64) {
    let uri = "sip:anna@192.0.2.4:5062".parse().unwrap();
    let mut request = Request::new(sip_core::Method::Invite, uri);
    let headers = &mut request.headers;
    headers.push(HeaderName::From, "<sip:+46701234567@192.0.2.1>;tag=c");
    headers.push(HeaderName::To, "<sip:anna@192.0.2.1>");
    headers.push(HeaderName::CallId, "abcdef0123456789");
    headers.push(HeaderName::CSeq, "1 INVITE");
    headers.push(HeaderName::Contact, "<sip:192.0.2.1:5060>");
    request.body = Bytes::from_static(DESCRIPTION.as_bytes());
    let mut out = Vec::new();
    let send = Input::Send {
        user,
        flow,
        request,
    };
    layer.handle(now, send, &mut out);
    let sent = out.iter().find_map(|output| match output {
        Output::Transmit { bytes, .. } => Some(bytes.clone()),
        _ => None,
    });
    let Message::Request(sent) = step_read(&sent.unwrap()) else {
        unreachable!("a request was sent");
    };
    for status in [StatusCode::RINGING, StatusCode::OK] {
        let response = sent.response_with_tag(status, "d").to_bytes();
        let message = step_read(&response);
        assert!(layer.knows(&message));
        layer.handle(now, Input::Received { flow, message }, &mut out);
    }
    black_box(out);
}

#[inline(never)]
fn step_end(layer: &mut Transactions<u64>, now: Time, flow: Flow, messages: [&Bytes; 2]) {
    let mut out = Vec::new();
    for bytes in messages {
        let message = step_read(bytes);
        black_box(layer.knows(&message));
        layer.handle(now, Input::Received { flow, message }, &mut out);
        if let Some(Output::Request { key, request, .. }) = out.pop() {
            let response = request.response(StatusCode::OK);
            layer.handle(now, Input::Respond { key, response }, &mut out);
        }
    }
    black_box(out);
}
