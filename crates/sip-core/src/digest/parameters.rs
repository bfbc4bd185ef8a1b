//! `Digest name=value, name="value"`: the one grammar that challenges and credentials share.

use super::{DigestError, PARAMETERS_MAX, VALUE_BYTES_MAX};
use std::borrow::Cow;
use std::fmt;

/// The parameters of one header value, each at most once.
pub(super) struct Parameters<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// Reads a header value that starts with the scheme `Digest`.
    pub(super) fn parse(text: &'a str) -> Result<Parameters<'a>, DigestError> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(DigestError::TooLong(text.len()));
        }
        let mut reader = Reader { text, at: 0 };
        reader.skip(is_space);
        let scheme = reader.take(is_token);
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(DigestError::Scheme(scheme.into()));
        }
        let mut found: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(12);
        loop {
            // RFC 9110 §5.6.1: a reader passes over empty list members.
            reader.skip(|byte| is_space(byte) || byte == b',');
            if reader.is_at_end() {
                return Ok(Parameters(found));
            }
            let (name, value) = reader.parameter()?;
            if found
                .iter()
                .any(|(seen, _)| seen.eq_ignore_ascii_case(name))
            {
                return Err(DigestError::Duplicate(name.into()));
            }
            if found.len() == PARAMETERS_MAX {
                return Err(DigestError::TooMany);
            }
            found.push((name, value));
            reader.skip(is_space);
            if !reader.is_at_end() && reader.peek() != Some(b',') {
                return Err(DigestError::Syntax(reader.at));
            }
        }
    }

    /// The value of `name`, unquoted.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// The same, given away.
    pub(super) fn take(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let mut all = self.0.iter_mut();
        let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(std::mem::take(&mut found.1))
    }

    /// The same of what must be there.
    pub(super) fn take_required(
        &mut self,
        name: &'static str,
    ) -> Result<Cow<'a, str>, DigestError> {
        self.take(name).ok_or(DigestError::Missing(name))
    }

    /// The value of `name`, which must be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, DigestError> {
        self.text(name).ok_or(DigestError::Missing(name))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    fn skip(&mut self, accepts: impl Fn(u8) -> bool) {
        self.take(accepts);
    }

    /// Takes ASCII bytes only, so that every cut is between characters.
    fn take(&mut self, accepts: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii() && accepts(byte))
        {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    fn parameter(&mut self) -> Result<(&'a str, Cow<'a, str>), DigestError> {
        let name = self.take(is_token);
        self.skip(is_space);
        if name.is_empty() || self.peek() != Some(b'=') {
            return Err(DigestError::Syntax(self.at));
        }
        self.at += 1;
        self.skip(is_space);
        if self.peek() == Some(b'"') {
            return Ok((name, self.quoted()?));
        }
        match self.take(is_token) {
            "" => Err(DigestError::Syntax(self.at)),
            value => Ok((name, value.into())),
        }
    }

    /// RFC 3261 §25.1 `quoted-string`: a backslash takes the next character as it is.
    fn quoted(&mut self) -> Result<Cow<'a, str>, DigestError> {
        let open = self.at;
        let inside = &self.text[open + 1..];
        let special = |byte: u8| matches!(byte, b'"' | b'\\' | b'\r' | b'\n' | b'\0');
        if let Some(at) = inside.bytes().position(special)
            && inside.as_bytes()[at] == b'"'
        {
            // As nearly all are: nothing in it is escaped.
            self.at = open + 1 + at + 1;
            return Ok(inside[..at].into());
        }
        let mut unescaped: Option<String> = None;
        let mut characters = inside.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = open + 1 + at + 1;
                    return Ok(unescaped.map_or(inside[..at].into(), Cow::Owned));
                }
                '\\' => {
                    let (_, escaped) = characters.next().ok_or(DigestError::Syntax(open))?;
                    unescaped
                        .get_or_insert_with(|| inside[..at].into())
                        .push(escaped);
                }
                // What could end the header line when written again is never let in.
                '\r' | '\n' | '\0' => return Err(DigestError::Syntax(open + 1 + at)),
                other => {
                    if let Some(text) = &mut unescaped {
                        text.push(other);
                    }
                }
            }
        }
        Err(DigestError::Syntax(open))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// RFC 3261 §25.1 `token`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Writes a text as a quoted string; control characters, which can't stand in one, are left out.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        for character in self.0.chars().filter(|c| !c.is_control()) {
            if matches!(character, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(character)?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_given_twice_is_refused_whatever_its_case() {
        let twice = r#"Digest username="anna", Username="eva""#;
        let refused = Parameters::parse(twice).map(|_| ());
        assert_eq!(refused, Err(DigestError::Duplicate("Username".into())));
    }

    #[test]
    fn commas_quotes_and_backslashes_inside_a_quoted_string_belong_to_it() {
        let read = Parameters::parse("Digest  a=\"x, b=\\\"y\\\"\\\\\" ,, c = d,").unwrap();
        assert_eq!(read.text("A"), Some(r#"x, b="y"\"#));
        assert_eq!(read.text("c"), Some("d"));
        assert_eq!(read.text("b"), None);
    }

    #[test]
    fn what_is_written_quoted_reads_back() {
        for text in ["", "plain", r#"a"b\c"#, "å, =ä\"", "\\"] {
            let line = format!("Digest realm={}", Quoted(text));
            let read = Parameters::parse(&line).unwrap();
            assert_eq!(read.text("realm"), Some(text), "{line}");
        }
    }

    #[test]
    fn what_is_no_list_of_parameters_is_refused_where_it_goes_wrong() {
        for (bad, error) in [
            ("", DigestError::Scheme("".into())),
            ("Basic YTpi", DigestError::Scheme("Basic".into())),
            ("Digest a", DigestError::Syntax(8)),
            ("Digest a=", DigestError::Syntax(9)),
            ("Digest a=\"x", DigestError::Syntax(9)),
            ("Digest a=\"x\\", DigestError::Syntax(9)),
            ("Digest a=\"x\r\n\"", DigestError::Syntax(11)),
            ("Digest a=b c=d", DigestError::Syntax(11)),
            ("Digest å=b", DigestError::Syntax(7)),
        ] {
            assert_eq!(Parameters::parse(bad).map(|_| ()), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn a_flood_of_parameters_or_bytes_is_refused() {
        let many: String = (0..=PARAMETERS_MAX).map(|n| format!("p{n}=x,")).collect();
        let refused = Parameters::parse(&format!("Digest {many}")).map(|_| ());
        assert_eq!(refused, Err(DigestError::TooMany));
        let long = format!("Digest a=\"{}\"", "x".repeat(VALUE_BYTES_MAX));
        let refused = Parameters::parse(&long).map(|_| ());
        assert_eq!(refused, Err(DigestError::TooLong(long.len())));
    }
}
