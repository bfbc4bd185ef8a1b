//! A header's value on its way out: whatever it was made of, it can't end its line.

use bytes::Bytes;
use std::fmt;

/// Bytes without a line end. CR and LF become spaces, so nothing that a peer or a configuration gave us can
/// start a header of its own.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HeaderValue(Box<[u8]>);

impl HeaderValue {
    /// The value that `text` displays as.
    pub fn of(text: impl fmt::Display) -> HeaderValue {
        text.to_string().into()
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

impl From<Vec<u8>> for HeaderValue {
    fn from(mut bytes: Vec<u8>) -> HeaderValue {
        if memchr::memchr2(b'\r', b'\n', &bytes).is_some() {
            for byte in &mut bytes {
                if matches!(byte, b'\r' | b'\n') {
                    *byte = b' ';
                }
            }
        }
        HeaderValue(crate::text::trim(&bytes).into())
    }
}

macro_rules! from_bytes_like {
    ($($source:ty => $(|$value:ident| $bytes:expr)?;)*) => {
        $($(impl From<$source> for HeaderValue {
            fn from($value: $source) -> HeaderValue {
                HeaderValue::from($bytes)
            }
        })?)*
    };
}

from_bytes_like! {
    &[u8] => |value| value.to_vec();
    &str => |value| value.as_bytes().to_vec();
    &String => |value| value.as_bytes().to_vec();
    String => |value| value.into_bytes();
    Box<str> => |value| value.into_string().into_bytes();
    Bytes => |value| value.to_vec();
    u16 => |value| value.to_string();
    u32 => |value| value.to_string();
    u64 => |value| value.to_string();
    &crate::NameAddr => |value| value.to_string();
    crate::NameAddr => |value| value.to_string();
    &crate::Via => |value| value.to_string();
    crate::Via => |value| value.to_string();
    crate::CSeq => |value| value.to_string();
    &crate::Uri => |value| value.to_string();
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
