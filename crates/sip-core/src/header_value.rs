//! A header's value on its way out: whatever it was made of, it can't end its line.

use bytes::Bytes;
use std::fmt::{self, Write};

/// Bytes without a line end. CR and LF become spaces, so nothing that a peer or a configuration gave us can
/// start a header of its own.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HeaderValue(Box<[u8]>);

/// Room for most values while they are written: a Via or From of ours with all its parameters.
const USUAL_BYTES: usize = 160;

impl HeaderValue {
    /// The value that `text` displays as.
    pub fn of(text: impl fmt::Display) -> HeaderValue {
        let mut written = String::with_capacity(USUAL_BYTES);
        // A string takes all that it is given; what a value refuses to write of itself is left out.
        let _ = write!(written, "{text}");
        HeaderValue::kept(written.as_bytes())
    }

    fn kept(bytes: &[u8]) -> HeaderValue {
        let mut kept: Box<[u8]> = crate::text::trim(bytes).into();
        if memchr::memchr2(b'\r', b'\n', &kept).is_some() {
            for byte in &mut kept {
                if matches!(byte, b'\r' | b'\n') {
                    *byte = b' ';
                }
            }
        }
        HeaderValue(kept)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its bytes, given away.
    pub fn into_bytes(self) -> Box<[u8]> {
        self.0
    }
}

macro_rules! from_bytes_like {
    ($($source:ty => |$value:ident| $bytes:expr;)*) => {
        $(impl From<$source> for HeaderValue {
            fn from($value: $source) -> HeaderValue {
                HeaderValue::kept($bytes)
            }
        })*
    };
}

from_bytes_like! {
    &[u8] => |value| value;
    Vec<u8> => |value| &value;
    &str => |value| value.as_bytes();
    &String => |value| value.as_bytes();
    String => |value| value.as_bytes();
    Box<str> => |value| value.as_bytes();
    Bytes => |value| &value;
}

macro_rules! from_displayed {
    ($($source:ty)*) => {
        $(impl From<$source> for HeaderValue {
            fn from(value: $source) -> HeaderValue {
                HeaderValue::of(value)
            }
        })*
    };
}

from_displayed! {
    u16 u32 u64 &crate::NameAddr crate::NameAddr &crate::Via crate::Via crate::CSeq &crate::Uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_line() {
        let value = HeaderValue::from("a\r\nEvil: yes\n\r");
        assert_eq!(value.as_bytes(), b"a  Evil: yes");
    }
}
