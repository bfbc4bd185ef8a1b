//! What a REGISTER costs the registrar, and what a binding costs memory: `cargo run --release -p sip-core --example
//! registrar`. Parsing, digest and transactions are not in it; `make bench` measures the whole.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a measurement, not a core"
)]

use base::Time;
use sip_core::registrar::{Beyond, Bindings, Rules};
use sip_core::{Flow, Limits, Message, Request, Transport, parse_datagram};
use std::time::{Duration, Instant};

const USERS: usize = 100_000;
const ROUNDS: u32 = 5;

const RULES: Rules = Rules {
    expires_min: Duration::from_secs(60),
    expires_max: Duration::from_secs(7_200),
    expires_default: Duration::from_secs(3_600),
    contacts_max: 10,
    beyond: Beyond::ReplaceOldest,
};

fn request(user: usize, cseq: u32) -> Request {
    let text = format!(
        "REGISTER sip:demo.localhost SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK{user}{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:user-{user}@demo.localhost>;tag=a{user}\r\n\
         To: <sip:user-{user}@demo.localhost>\r\nCall-ID: call-{user}@192.0.2.7\r\nCSeq: {cseq} REGISTER\r\n\
         Contact: <sip:user-{user}@192.0.2.7:5060;transport=udp>;+sip.instance=\"<urn:uuid:{user:032}>\"\r\n\
         User-Agent: A desk phone 12.3.4\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n"
    );
    match parse_datagram(text.into(), &Limits::default()) {
        Ok(Message::Request(request)) => request,
        _ => unreachable!("a REGISTER"),
    }
}

/// Resident memory, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|text| text.parse().ok());
    pages.unwrap_or(0) * 4_096
}

fn main() {
    let flow = Flow {
        transport: Transport::Udp,
        local: ([192, 0, 2, 1], 5060).into(),
        remote: ([192, 0, 2, 7], 5060).into(),
        connection: 0,
    };
    let mut all: Vec<Bindings> = vec![Bindings::default(); USERS];
    let before = resident();
    for (user, bindings) in all.iter_mut().enumerate() {
        bindings.register(Time::ZERO, &request(user, 1), &flow, &RULES);
    }
    let each = (resident() - before) / USERS as u64;
    println!("a binding: {each} bytes");
    let mut spent = Duration::ZERO;
    let mut written = 0;
    for round in 0..ROUNDS {
        for (user, bindings) in all.iter_mut().enumerate().take(20_000) {
            let request = request(user, 2 + round);
            let began = Instant::now();
            let (response, _) = bindings.register(Time::ZERO, &request, &flow, &RULES);
            written += response.to_bytes().len();
            spent += began.elapsed();
        }
    }
    let each = spent / (20_000 * ROUNDS);
    println!("a REGISTER that prolongs, with its response: {each:?} ({written} bytes written)");
}
