//! What people write of an entry.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest text, in characters: a description of a call, not a report.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// Some words, on one line or several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Text(Box<str>);

/// No such text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum InvalidText {
    /// There is nothing in it.
    #[error("expected some words, there are none")]
    Empty,
    /// There is too much.
    #[error("expected {TEXT_CHARS_MAX} characters at most")]
    TooLong,
}

impl Text {
    /// The text without blanks around it; signs that only steer a terminal become blanks.
    pub fn new(text: &str) -> Result<Text, InvalidText> {
        let plain = |sign: char| match sign {
            '\n' => '\n',
            sign if sign.is_control() => ' ',
            sign => sign,
        };
        if text.chars().nth(TEXT_CHARS_MAX).is_some() {
            return Err(InvalidText::TooLong);
        }
        let text: String = text.chars().map(plain).collect();
        match text.trim() {
            "" => Err(InvalidText::Empty),
            text => Ok(Text(text.into())),
        }
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_words_not_too_many_and_no_signs_that_steer_a_terminal() {
        assert_eq!(
            Text::new(" He \x1b[2J rang ").unwrap().as_str(),
            "He  [2J rang"
        );
        assert_eq!(Text::new(" \t\r\n "), Err(InvalidText::Empty));
        assert!(Text::new(&"å".repeat(TEXT_CHARS_MAX)).is_ok());
        let long = "a".repeat(TEXT_CHARS_MAX + 1);
        assert_eq!(Text::new(&long), Err(InvalidText::TooLong));
    }
}
