//! Readers of single values: from a node of the tree to a type that can't be wrong, or to what was
//! expected, what came, and the mend.

use crate::problems::{Problem, nearest};
use crate::section::{At, Reading};
use crate::tree::{Node, Value};
use sip_core::digest::{Algorithm, Ha1};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest free text (a name shown, a password, a path), in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 255;

pub(crate) fn wrong<T>(node: &Node, expected: &str, mend: impl Into<String>) -> Reading<T> {
    let problem = format!("expected {expected}, got {}", node.value.described());
    Err(vec![Problem::new(node.place, problem).mend(mend)])
}

pub(crate) fn str_of<'n>(node: &'n Node, expected: &str, example: &str) -> Reading<&'n str> {
    match &node.value {
        Value::Text(text) => Ok(text),
        _ => wrong(node, expected, format!("write it in quotes: \"{example}\"")),
    }
}

/// A text of one line, not empty.
pub(crate) fn text(node: &Node) -> Reading<String> {
    let text = str_of(node, "a text", "like this")?;
    if text.trim().is_empty() {
        return wrong(
            node,
            "a text",
            "write something between the quotes, or leave the line out",
        );
    }
    if text.chars().any(char::is_control) || text.chars().count() > TEXT_CHARS_MAX {
        let expected = format!("one line of at most {TEXT_CHARS_MAX} characters");
        return wrong(node, &expected, "shorten it to one line");
    }
    Ok(text.to_owned())
}

pub(crate) fn boolean(node: &Node) -> Reading<bool> {
    match node.value {
        Value::Boolean(value) => Ok(value),
        _ => wrong(node, "true or false", "write true or false, without quotes"),
    }
}

/// A whole number within `range`.
pub(crate) fn whole(range: RangeInclusive<u32>) -> impl Fn(&Node) -> Reading<u32> {
    move |node| {
        let fits = match node.value {
            Value::Integer(number) => u32::try_from(number).ok().filter(|n| range.contains(n)),
            _ => None,
        };
        let (least, most) = (range.start(), range.end());
        let expected = format!("a whole number from {least} to {most}");
        match fits {
            Some(number) => Ok(number),
            None => wrong(node, &expected, "write digits only, without quotes"),
        }
    }
}

/// A span of time such as `"15s"` or `"1m30s"`, within `range`.
pub(crate) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&Node) -> Reading<Duration> {
    move |node| {
        let (least, most) = (spoken(*range.start()), spoken(*range.end()));
        let expected = format!("a time from \"{least}\" to \"{most}\"");
        let mend = match node.value {
            Value::Integer(number @ 0..=86_400) => {
                format!("say the unit: \"{number}s\" for seconds, \"{number}m\" for minutes")
            }
            _ => "write numbers with d, h, m, s or ms, such as \"15s\" or \"1m30s\"".to_owned(),
        };
        let parsed = match &node.value {
            Value::Text(text) => parse_duration(text),
            _ => None,
        };
        match parsed.filter(|time| range.contains(time)) {
            Some(time) => Ok(time),
            None if parsed.is_some() => wrong(
                node,
                &expected,
                format!("choose a time from \"{least}\" to \"{most}\""),
            ),
            None => wrong(node, &expected, mend),
        }
    }
}

/// Units, largest first, in milliseconds: each may stand once, in this order.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    let mut millis: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits_end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, tail) = rest.split_at(digits_end);
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, factor) = units.find(|(name, _)| *name == unit)?;
        let number: u64 = digits.parse().ok()?;
        millis = millis.checked_add(number.checked_mul(*factor)?)?;
        rest = tail;
    }
    Some(Duration::from_millis(millis))
}

/// A span of time as it is written in a file.
pub(crate) fn spoken(time: Duration) -> String {
    let mut millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, factor) in UNITS {
        // One day is 24 hours to people, and thirty are days.
        let is_one_day = unit == "d" && millis < 2 * factor;
        if millis >= factor && !is_one_day {
            text.push_str(&format!("{}{unit}", millis / factor));
            millis %= factor;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// One of some words.
pub(crate) fn choice<T: Copy>(choices: &[(&'static str, T)]) -> impl Fn(&Node) -> Reading<T> {
    move |node| {
        let words = || choices.iter().map(|(word, _)| *word);
        let listed = words()
            .map(|word| format!("\"{word}\""))
            .collect::<Vec<_>>()
            .join(", ");
        let expected = match choices.len() {
            1 => listed.clone(),
            _ => format!("one of {listed}"),
        };
        let Value::Text(text) = &node.value else {
            return wrong(node, &expected, "write it in quotes");
        };
        match choices.iter().find(|(word, _)| word == text) {
            Some((_, value)) => Ok(*value),
            None => {
                let near = nearest(&text.to_lowercase(), words());
                let mend = near.map(|near| format!("did you mean `{near}`?"));
                wrong(
                    node,
                    &expected,
                    mend.unwrap_or("choose one of these".to_owned()),
                )
            }
        }
    }
}

/// The word for a value, as [`choice`] reads it.
pub(crate) fn word_of<T: PartialEq>(choices: &[(&'static str, T)], value: T) -> &'static str {
    let found = choices.iter().find(|(_, known)| *known == value);
    found.map_or("", |(word, _)| word)
}

/// A digest hash of an account. What came is not repeated: it is as good as the password.
pub(crate) fn ha1(algorithm: Algorithm) -> impl Fn(&Node) -> Reading<Ha1> {
    move |node| {
        let read = match &node.value {
            Value::Text(text) => Ha1::from_hex(algorithm, text).ok(),
            _ => None,
        };
        read.ok_or_else(|| {
            let problem = format!("expected a hash of {algorithm} in hexadecimal, in quotes");
            let mend = "write what kolapp secret prints";
            vec![Problem::new(node.place, problem).mend(mend)]
        })
    }
}

/// The items of a list of at most `max`.
pub(crate) fn items(node: &Node, max: usize) -> Reading<&[Node]> {
    let Value::List(items) = &node.value else {
        let mend = "write it in brackets, such as [\"one\", \"two\"]";
        return wrong(node, "a list", mend);
    };
    if items.len() > max {
        let problem = format!("expected at most {max} in the list, got {}", items.len());
        return Err(vec![
            Problem::new(node.place, problem).mend("shorten the list"),
        ]);
    }
    Ok(items)
}

/// A list of at most `max` of what `reader` reads.
pub(crate) fn list<T>(
    max: usize,
    reader: impl Fn(&Node) -> Reading<T>,
) -> impl Fn(&Node) -> Reading<Vec<At<T>>> {
    move |node| {
        let items = items(node, max)?;
        let mut read = Vec::with_capacity(items.len());
        let mut problems = Vec::new();
        for item in items {
            match reader(item) {
                Ok(value) => read.push(At {
                    value,
                    place: item.place,
                }),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() {
            Ok(read)
        } else {
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_units_from_large_to_small() {
        let read = |text| parse_duration(text).map(|time| time.as_millis());
        assert_eq!(read("15s"), Some(15_000));
        assert_eq!(read("1m30s"), Some(90_000));
        assert_eq!(read("2h"), Some(7_200_000));
        assert_eq!(read("1d"), Some(86_400_000));
        assert_eq!(read("250ms"), Some(250));
        assert_eq!(read("1s250ms"), Some(1_250));
        for bad in [
            "",
            "15",
            "s",
            "1s1m",
            "1s1s",
            "-1s",
            "1.5s",
            "1 s",
            "1w",
            "99999999999999999999s",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_time_is_written_as_it_is_read() {
        for text in [
            "15s",
            "1m30s",
            "2h",
            "7d",
            "250ms",
            "25h1m1s1ms",
            "2d1h",
            "0s",
        ] {
            assert_eq!(spoken(parse_duration(text).unwrap()), text);
        }
    }
}
