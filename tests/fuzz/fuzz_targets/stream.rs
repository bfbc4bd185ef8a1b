//! A stream is cut the same wherever its reads fall. The first two bytes choose the size of the reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::frame_stream::Framed;
use sip_core::{Limits, StreamFramer};

fuzz_target!(|data: &[u8]| {
    let [high, low, stream @ ..] = data else {
        return;
    };
    let size = usize::from(u16::from_be_bytes([*high, *low]) % 1_500) + 1;
    assert_eq!(cut(stream, size), cut(stream, 700));
});

fn cut(stream: &[u8], size: usize) -> Vec<Framed> {
    let mut framer = StreamFramer::new(Limits::default());
    let mut out = Vec::new();
    for chunk in stream.chunks(size) {
        framer.push(chunk);
        out.extend(std::iter::from_fn(|| framer.pop()));
    }
    out
}
