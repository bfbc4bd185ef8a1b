//! A header's value on its way out: whatever it was made of, it can't end its line.

use crate::{CSeq, NameAddr, Uri, Via};
use bytes::Bytes;
use std::fmt::{self, Write};
use std::ops::Range;

/// What can stand as a header's value.
pub trait AsValue {
    /// Writes it behind what is in `out`. Blanks around it, and line ends in it, are seen to by the caller.
    fn write(self, out: &mut Vec<u8>);
}

/// The value that something displays as.
#[derive(Clone, Copy, Debug)]
pub struct HeaderValue<T>(T);

impl<T: fmt::Display> HeaderValue<T> {
    /// The value that `text` displays as.
    pub fn of(text: T) -> HeaderValue<T> {
        HeaderValue(text)
    }
}

impl<T: fmt::Display> From<T> for HeaderValue<T> {
    fn from(text: T) -> HeaderValue<T> {
        HeaderValue(text)
    }
}

/// Writes a value behind what is in `out`; where it stands. CR and LF become spaces, so nothing that a peer or a
/// configuration gave us can start a header of its own.
pub(crate) fn append(value: impl AsValue, out: &mut Vec<u8>) -> Range<usize> {
    let start = out.len();
    value.write(out);
    let trimmed = crate::text::trimmed(&out[start..]);
    let kept = start + trimmed.start..start + trimmed.end;
    out.truncate(kept.end);
    if memchr::memchr2(b'\r', b'\n', &out[kept.clone()]).is_some() {
        for byte in &mut out[kept.clone()] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }
    kept
}

/// Writes what is displayed as bytes.
pub(crate) struct Text<'a>(pub(crate) &'a mut Vec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl<T: fmt::Display> AsValue for HeaderValue<T> {
    fn write(self, out: &mut Vec<u8>) {
        // Bytes take all that they are given; what a value refuses to write of itself is left out.
        let _ = write!(Text(out), "{}", self.0);
    }
}

macro_rules! as_bytes {
    ($($source:ty => |$value:ident| $bytes:expr;)*) => {
        $(impl AsValue for $source {
            fn write(self, out: &mut Vec<u8>) {
                let $value = self;
                out.extend_from_slice($bytes);
            }
        })*
    };
}

as_bytes! {
    &[u8] => |value| value;
    Vec<u8> => |value| &value;
    &str => |value| value.as_bytes();
    &String => |value| value.as_bytes();
    String => |value| value.as_bytes();
    Box<str> => |value| value.as_bytes();
    Bytes => |value| &value;
}

macro_rules! as_displayed {
    ($($source:ty)*) => {
        $(impl AsValue for $source {
            fn write(self, out: &mut Vec<u8>) {
                HeaderValue(self).write(out);
            }
        })*
    };
}

as_displayed! {
    u16 u32 u64 &NameAddr NameAddr &Via Via CSeq &Uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_line() {
        let mut out = b"before".to_vec();
        let place = append(" a\r\nEvil: yes\n\r", &mut out);
        assert_eq!(&out[place], b"a  Evil: yes");
        assert_eq!(out, b"before a  Evil: yes");
    }
}
