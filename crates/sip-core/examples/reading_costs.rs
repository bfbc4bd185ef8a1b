//! What reading costs, message by message: run with `cargo run --release -p sip-core --example reading_costs`.
//! Prints the median time of a read, for ordinary messages and for those that are made to be slow.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a measurement reads a clock"
)]

use bytes::Bytes;
use sip_core::{HeaderName, Limits, Message, parse_datagram};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 2_000;

fn main() {
    let headers = "Via: SIP/2.0/UDP 192.0.2.4:5062;branch=z9hG4bKabc;rport\r\nMax-Forwards: 70\r\n\
        From: \"Anna\" <sip:anna@demo.localhost>;tag=1\r\nTo: <sip:1000@demo.localhost>\r\n\
        Call-ID: abc@192.0.2.4\r\nCSeq: 1 INVITE\r\nContact: <sip:anna@192.0.2.4:5062>\r\n\
        Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\nSupported: replaces, 100rel, timer\r\n\
        User-Agent: Phone 1.0\r\n";
    let invite =
        |more: &str| format!("INVITE sip:1000@demo.localhost SIP/2.0\r\n{headers}{more}\r\n");
    let repeat = |text: &str, bytes: usize| text.repeat(bytes / text.len());
    let cases: [(&str, Vec<u8>); 11] = [
        ("INVITE", invite("").into()),
        ("1,400 bytes of x", repeat("x", 1_400).into()),
        ("65 kB of x", repeat("x", 65_000).into()),
        ("65 kB of line ends", repeat("\r\n", 65_000).into()),
        (
            "65 kB of junk lines",
            invite(&repeat("x\r\n", 64_000)).into(),
        ),
        (
            "65 kB of folded lines",
            invite(&format!("X: a\r\n{}", repeat(" \r\n", 64_000))).into(),
        ),
        (
            "65 kB of short headers",
            invite(&repeat("a:\r\n", 64_000)).into(),
        ),
        (
            "65 kB Authorization",
            invite(&format!(
                "Authorization: Digest {}\r\n",
                repeat("a=\"b\", ", 64_000)
            ))
            .into(),
        ),
        (
            "8 kB Authorization",
            invite(&format!(
                "Authorization: Digest {}\r\n",
                repeat("a=\"b\", ", 8_000)
            ))
            .into(),
        ),
        (
            "8 kB of commas in Via",
            invite(&format!("Via: {}\r\n", repeat(",", 8_000))).into(),
        ),
        (
            "8 kB of open quotes in Via",
            invite(&format!("Via: {}\r\n", repeat("\"\\", 8_000))).into(),
        ),
    ];
    println!(
        "{:<28} {:>8} {:>10} {:>12}  verdict",
        "message", "bytes", "read", "and headers"
    );
    for (name, bytes) in cases {
        let bytes = Bytes::from(bytes);
        let verdict = match parse_datagram(bytes.clone(), &Limits::default()) {
            Ok(_) => "a message".to_owned(),
            Err(refused) => refused.error.to_string().chars().take(50).collect(),
        };
        let read = median_us(|| parse_datagram(bytes.clone(), &Limits::default()).is_ok());
        let asked = median_us(|| ask(&bytes));
        println!(
            "{name:<28} {:>8} {read:>7.2} us {asked:>9.2} us  {verdict}",
            bytes.len()
        );
    }
}

/// Reads the message and every header the server looks at.
fn ask(bytes: &Bytes) -> usize {
    let Ok(Message::Request(request)) = parse_datagram(bytes.clone(), &Limits::default()) else {
        return 0;
    };
    let headers = &request.headers;
    headers.credentials(&HeaderName::Authorization).len()
        + headers.vias().map_or(0, |vias| vias.len())
        + headers.tokens(&HeaderName::Supported).len()
        + usize::from(headers.contacts().is_ok())
        + usize::from(headers.routes().is_ok())
}

fn median_us<T>(mut act: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(act());
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}
