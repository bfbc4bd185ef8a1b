//! The number to call. Shown to those who work on the list, and to nobody in a log: its debug form hides it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most digits of a number (ITU-T E.164 §6.2.1).
pub const NUMBER_DIGITS_MAX: usize = 15;
/// Fewest: with a country code before it, nothing that is called has less.
pub const NUMBER_DIGITS_MIN: usize = 5;
/// Digits that stay readable where a number is hidden: enough to tell two apart.
const SHOWN_DIGITS: usize = 3;

/// A number in international form: `+46701234567`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Number(Box<str>);

/// A text that is no number in international form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error(
    "expected a number in international form, '+' and {NUMBER_DIGITS_MIN} to {NUMBER_DIGITS_MAX} digits"
)]
pub struct InvalidNumber;

impl Number {
    /// What stands in place of one that was erased. Nothing that is read makes it.
    pub(crate) fn nobody() -> Number {
        Number("+".into())
    }

    /// As it is written, with the plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Number {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Number, InvalidNumber> {
        let digits = text.strip_prefix('+').ok_or(InvalidNumber)?;
        let fine = (NUMBER_DIGITS_MIN..=NUMBER_DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|it| it.is_ascii_digit())
            && !digits.starts_with('0');
        fine.then(|| Number(text.into())).ok_or(InvalidNumber)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.len().saturating_sub(SHOWN_DIGITS);
        write!(f, "Number(*{})", self.0.get(hidden..).unwrap_or_default())
    }
}

/// Where a number came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// The caller's own, as it was shown.
    Shown,
    /// The caller keyed it.
    Keyed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_international_form() {
        let number: Number = "+46701234567".parse().unwrap();
        assert_eq!(number.to_string(), "+46701234567");
        for bad in [
            "",
            "+",
            "46701234567",
            "+0701234567",
            "+1234",
            "+4670 123",
            "+1234567890123456",
            "+46701234a",
        ] {
            assert_eq!(bad.parse::<Number>(), Err(InvalidNumber), "{bad:?}");
        }
    }

    #[test]
    fn a_number_is_hidden_in_what_is_logged() {
        let number: Number = "+46701234567".parse().unwrap();
        assert_eq!(format!("{number:?}"), "Number(*567)");
    }
}
