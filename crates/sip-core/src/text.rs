//! The character classes of RFC 3261 §25.1, percent escapes and quoted strings: what the readers and
//! writers of URIs and headers share.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::net::Ipv4Addr;
use std::ops::Range;

/// Longest piece of a peer's text that an error repeats, in characters.
pub const SNIPPET_CHARS_MAX: usize = 64;

/// The start of `bytes` as text, short enough for an error or a log line.
pub fn snippet(bytes: &[u8]) -> Box<str> {
    // A character is at most four bytes, so a longer cut could not show more.
    let cut = &bytes[..bytes.len().min(4 * SNIPPET_CHARS_MAX)];
    String::from_utf8_lossy(cut)
        .chars()
        .take(SNIPPET_CHARS_MAX)
        .collect::<String>()
        .into()
}

/// Makes a function that tells which bytes belong to a class, by a table: each byte of each message is asked several
/// times.
macro_rules! byte_class {
    ($(#[$doc:meta])* $visible:vis const fn $name:ident($byte:ident) $belongs:block) => {
        $(#[$doc])*
        $visible const fn $name(byte: u8) -> bool {
            const TABLE: [bool; 256] = {
                let mut table = [false; 256];
                let mut at = 0;
                while at < 256 {
                    let $byte = at as u8;
                    table[at] = $belongs;
                    at += 1;
                }
                table
            };
            TABLE[byte as usize]
        }
    };
}
pub(crate) use byte_class;

byte_class! {
    /// Whether `byte` may stand in a token.
    pub const fn is_token_byte(byte) {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            )
    }
}

byte_class! {
    /// Whether `byte` may stand in a URI as we read it: what would end it where it stands may not.
    pub(crate) const fn is_uri_byte(byte) {
        !byte.is_ascii_control() && !matches!(byte, b' ' | b'<' | b'>' | b'"')
    }
}

/// Whether `bytes` is a token: at least one token byte and nothing else.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().copied().all(is_token_byte)
}

/// Whether `byte` is a space or a tab.
pub const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Where `bytes` lies without the spaces, tabs and line ends around it; empty at the start when that is all.
pub fn trimmed(bytes: &[u8]) -> Range<usize> {
    let other = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    match (bytes.iter().position(other), bytes.iter().rposition(other)) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    }
}

/// `bytes` without spaces, tabs and line ends around it.
pub fn trim(bytes: &[u8]) -> &[u8] {
    let other = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    match (bytes.first(), bytes.last()) {
        // As most are that are asked.
        (Some(first), Some(last)) if other(first) && other(last) => bytes,
        _ => &bytes[trimmed(bytes)],
    }
}

/// An unsigned decimal number, leading zeros allowed (`0009` in RFC 4475 §3.1.1.1).
/// `None` when it isn't all digits or doesn't fit.
pub fn number<N: TryFrom<u64>>(bytes: &[u8]) -> Option<N> {
    if bytes.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for byte in bytes {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    N::try_from(value).ok()
}

/// The length of the quoted string that `bytes` opens with, both quotes counted; `None` when it doesn't
/// open with one or never closes.
pub fn quoted_len(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
        if at > bytes.len() {
            return None;
        }
    }
}

/// The text inside a quoted string (given with its quotes), quoted pairs resolved; copied only where there are
/// any. `None` when it isn't UTF-8.
pub fn unquote(quoted: &[u8]) -> Option<Cow<'_, str>> {
    let inner = std::str::from_utf8(quoted.get(1..quoted.len().checked_sub(1)?)?).ok()?;
    if !inner.contains('\\') {
        return Some(inner.into());
    }
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    Some(text.into())
}

/// Writes `text` as a quoted string. A line end can't be quoted (RFC 3261 §25.1, quoted-pair) and becomes
/// a space, so that no text can start a header of its own.
pub fn write_quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let special = |byte: u8| matches!(byte, b'"' | b'\\' | 0x7f) || byte < b' ' && byte != b'\t';
    f.write_char('"')?;
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !special(byte) {
            continue;
        }
        // What is special is ASCII, so no character is cut.
        f.write_str(&text[written..at])?;
        match byte {
            b'\r' | b'\n' => f.write_char(' ')?,
            _ => {
                f.write_char('\\')?;
                f.write_char(byte.into())?;
            }
        }
        written = at + 1;
    }
    f.write_str(&text[written..])?;
    f.write_char('"')
}

/// Writes an address as dotted decimals at once: each message we send holds several, and four numbers by way of `fmt` cost
/// ten times as much.
pub(crate) fn write_v4(address: Ipv4Addr, f: &mut impl Write) -> fmt::Result {
    const LONGEST: usize = "255.255.255.255".len();
    let mut text = [b'.'; LONGEST];
    let mut end = 0;
    for octet in address.octets() {
        if end > 0 {
            end += 1;
        }
        for digit in [octet / 100, octet / 10 % 10, octet % 10]
            .into_iter()
            .skip(match octet {
                100.. => 0,
                10.. => 1,
                _ => 2,
            })
        {
            text[end] = b'0' + digit;
            end += 1;
        }
    }
    f.write_str(std::str::from_utf8(&text[..end]).expect("digits and dots are ASCII"))
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')'
        )
}

byte_class! {
    /// RFC 3261 §25.1 `user`.
    pub const fn plain_in_user(byte) {
        is_unreserved(byte) || matches!(byte, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/')
    }
}

byte_class! {
    /// RFC 3261 §25.1 `password`.
    pub const fn plain_in_password(byte) {
        is_unreserved(byte) || matches!(byte, b'&' | b'=' | b'+' | b'$' | b',')
    }
}

byte_class! {
    /// RFC 3261 §25.1 `paramchar`.
    pub const fn plain_in_param(byte) {
        is_unreserved(byte) || matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
    }
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    match bytes {
        [high, low, ..] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    }
}

fn has_escape(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'%', bytes).any(|at| hex_pair(&bytes[at + 1..]).is_some())
}

/// Resolves the percent escapes of one part of a URI, copied only where there are any; `None` when `raw` itself isn't
/// UTF-8.
///
/// An octet that is no text stays escaped (`%E5`), and a percent sign that would read as an escape is spelt
/// `%25`. So each text stands for one row of octets, and [`write_escaped`] writes those.
pub fn unescape(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(raw).ok()?;
    if !has_escape(raw) {
        return Some(text.into());
    }
    let mut octets = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match (byte == b'%').then(|| hex_pair(&raw[at + 1..])).flatten() {
            Some(octet) => {
                octets.push(octet);
                at += 3;
            }
            None => {
                octets.push(byte);
                at += 1;
            }
        }
    }
    match String::from_utf8(octets) {
        Ok(text) if !has_escape(text.as_bytes()) => Some(text.into()),
        Ok(text) => Some(spelt(text.as_bytes()).into()),
        Err(error) => Some(spelt(error.as_bytes()).into()),
    }
}

fn spelt(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() + 16);
    for chunk in octets.utf8_chunks() {
        let valid = chunk.valid();
        for (at, c) in valid.char_indices() {
            match c == '%' && hex_pair(&valid.as_bytes()[at + 1..]).is_some() {
                true => text.push_str("%25"),
                false => text.push(c),
            }
        }
        for octet in chunk.invalid() {
            text.push_str(&format!("%{octet:02X}"));
        }
    }
    text
}

/// Writes `text` as one part of a URI: bytes that aren't `plain` there, which stand for themselves, are escaped; what is
/// an escape already stays.
pub fn write_escaped(
    text: &str,
    plain: impl Fn(u8) -> bool,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if plain(byte) || (byte == b'%' && hex_pair(&bytes[at + 1..]).is_some()) {
            continue;
        }
        // An escaped byte may lie inside a character; the runs between escaped bytes are ASCII.
        f.write_str(std::str::from_utf8(&bytes[written..at]).unwrap_or_default())?;
        write!(f, "%{byte:02X}")?;
        written = at + 1;
    }
    f.write_str(std::str::from_utf8(&bytes[written..]).unwrap_or_default())
}

/// Text for XML's attributes and contents: its own characters escaped, what no XML may hold left out (XML 1.0 §2.2).
pub fn escaped_xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Escaped<'a>(&'a str);

    impl fmt::Display for Escaped<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_escaped(self.0, plain_in_user, f)
        }
    }

    #[test]
    fn an_address_is_written_as_the_standard_library_writes_it() {
        for octet in 0..=255 {
            for address in [[octet; 4], [0, octet, 10, 255]].map(Ipv4Addr::from) {
                let mut text = String::new();
                write_v4(address, &mut text).unwrap();
                assert_eq!(text, address.to_string());
            }
        }
    }

    fn escape(text: &str) -> String {
        Escaped(text).to_string()
    }

    #[test]
    fn escapes_are_resolved_and_written_where_they_are_needed() {
        let user = |raw: &'static str| unescape(raw.as_bytes()).unwrap();
        assert_eq!(&*user("%75se%72"), "user");
        assert_eq!(&*user("sips%3Auser%40example.com"), "sips:user@example.com");
        assert_eq!(&*user("null-%00-null"), "null-\0-null");
        assert_eq!(&*user("100%zz"), "100%zz");
        assert_eq!(escape("k\u{f6}@#\0"), "k%C3%B6%40%23%00");
        assert_eq!(escape("100%"), "100%25");
    }

    #[test]
    fn octets_that_are_no_text_or_would_read_as_escapes_stay_escaped() {
        for (raw, read, written) in [
            ("j%E5n%23", "j%E5n#", "j%E5n%23"),
            ("v%61lue%25%34%31", "value%2541", "value%2541"),
            ("%254%34", "%2544", "%2544"),
            ("%25%25FF", "%%25FF", "%25%25FF"),
        ] {
            assert_eq!(&*unescape(raw.as_bytes()).unwrap(), read);
            assert_eq!(escape(read), written);
        }
    }

    #[test]
    fn a_quoted_string_ends_at_its_own_quote() {
        assert_eq!(quoted_len(br#""a\"b" <x>"#), Some(6));
        assert_eq!(quoted_len(br#""a\"#), None);
        assert_eq!(quoted_len(br#""a\""#), None);
        assert_eq!(unquote(br#""a\"b""#).as_deref(), Some("a\"b"));
    }

    proptest! {
        #[test]
        fn what_is_read_and_written_again_reads_the_same(raw in "([a-z#@ %]|%[0-9A-F]{2}|%25)*") {
            let read = unescape(raw.as_bytes()).unwrap();
            let written = escape(&read);
            let again = unescape(written.as_bytes()).unwrap();
            prop_assert_eq!(read, again);
        }

        #[test]
        fn a_quoted_text_reads_back(text in "[^\r\n]*") {
            struct Quoted<'a>(&'a str);
            impl fmt::Display for Quoted<'_> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write_quoted(self.0, f)
                }
            }
            let quoted = Quoted(&text).to_string();
            prop_assert_eq!(quoted_len(quoted.as_bytes()), Some(quoted.len()));
            let read = unquote(quoted.as_bytes()).unwrap();
            prop_assert_eq!(&*read, text.as_str());
        }
    }
}
