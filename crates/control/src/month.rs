//! A month of a year, as reports are asked for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A month, such as November 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Month {
    year: u16,
    /// 1 to 12.
    month: u8,
}

/// It is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a month such as 2026-11, from 1970 to 9997, got {0:?}")]
pub struct InvalidMonth(String);

impl Month {
    /// The one after it.
    pub fn next(self) -> Month {
        match self.month {
            12 => Month {
                year: self.year + 1,
                month: 1,
            },
            month => Month {
                month: month + 1,
                ..self
            },
        }
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Month, InvalidMonth> {
        let digits = |part: &str, many: usize| {
            let fine = part.len() == many && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| fine)
        };
        let parts = text.split_once('-');
        let numbers = parts.and_then(|(year, month)| digits(year, 4).zip(digits(month, 2)));
        match numbers {
            Some((year @ 1970..=9997, month @ 1..=12)) => Ok(Month {
                year,
                month: month as u8,
            }),
            _ => Err(InvalidMonth(text.to_owned())),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_it_is_written_and_december_leads_to_january() {
        let december: Month = "2026-12".parse().unwrap();
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(december.next().to_string(), "2027-01");
        assert_eq!(december.next().next().to_string(), "2027-02");
        for wrong in [
            "2026-13", "2026-00", "2026", "26-11", "2026-1", "+026-11", "9999-01", "",
        ] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
