//! Days of the week, and how several are written: `mon-fri`, `sat,sun`.

/// Days of a week.
pub(crate) const WEEK: usize = 7;

/// As they are written.
const NAMES: [&str; WEEK] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weekday(u8);

impl Weekday {
    /// Monday is 0.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its short name in English, in lower case.
    pub fn name(self) -> &'static str {
        NAMES[self.index()]
    }

    fn named(name: &str) -> Option<Weekday> {
        let index = NAMES.iter().position(|day| *day == name)?;
        u8::try_from(index).ok().map(Weekday)
    }
}

/// A text that names no days.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected days such as mon-fri, or sat,sun, got {text:?}")]
pub struct InvalidDays {
    text: String,
}

/// The days that a text names: single ones and ranges, with commas between. A range may go over Sunday.
pub fn days(text: &str) -> Result<Vec<Weekday>, InvalidDays> {
    let invalid = || InvalidDays {
        text: text.to_owned(),
    };
    let mut days = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first = Weekday::named(first.trim()).ok_or_else(invalid)?;
        let last = Weekday::named(last.trim()).ok_or_else(invalid)?;
        let mut day = first;
        loop {
            if days.contains(&day) {
                return Err(invalid());
            }
            days.push(day);
            if day == last {
                break;
            }
            day = Weekday((day.0 + 1) % WEEK as u8);
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<Vec<&'static str>> {
        Some(days(text).ok()?.into_iter().map(Weekday::name).collect())
    }

    #[test]
    fn days_are_single_ones_and_ranges_and_no_day_twice() {
        assert_eq!(named("mon"), Some(vec!["mon"]));
        assert_eq!(named("sat-mon"), Some(vec!["sat", "sun", "mon"]));
        assert_eq!(named("mon-tue, fri"), Some(vec!["mon", "tue", "fri"]));
        for bad in ["", "mon-", "monday", "mon,mon", "mon-fri,wed", "Mon"] {
            assert_eq!(named(bad), None, "{bad:?}");
        }
    }
}
