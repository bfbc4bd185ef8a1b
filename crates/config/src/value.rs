//! Readers of single values: from a node of the tree to a type that can't be wrong, or to what was
//! expected, what came, and the mend.

use crate::problems::{Problem, nearest, quoted};
use crate::section::{At, Reading};
use crate::tree::{Node, Value};
use call::settings::Network;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest free text (a name shown, a password, a path), in characters.
const TEXT_CHARS_MAX: usize = 255;

/// Most digits of an internal number: what people still dial by hand.
const EXTENSION_DIGITS_MAX: usize = 15;

/// Fewest and most digits of a public number after the plus: E.164 §6.2.1 gives the most.
const NUMBER_DIGITS: RangeInclusive<usize> = 5..=15;

pub(crate) fn wrong<T>(node: &Node, expected: &str, mend: impl Into<String>) -> Reading<T> {
    let problem = format!("expected {expected}, got {}", node.value.described());
    Err(vec![Problem::new(node.place, problem).mend(mend)])
}

fn str_of<'n>(node: &'n Node, expected: &str, example: &str) -> Reading<&'n str> {
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
            _ => "write numbers with h, m, s or ms, such as \"15s\" or \"1m30s\"".to_owned(),
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
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

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
        if millis >= factor {
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

/// A list of at most `max` of what `reader` reads.
pub(crate) fn list<T>(
    max: usize,
    reader: impl Fn(&Node) -> Reading<T>,
) -> impl Fn(&Node) -> Reading<Vec<At<T>>> {
    move |node| {
        let Value::List(items) = &node.value else {
            return wrong(
                node,
                "a list",
                "write it in brackets, such as [\"one\", \"two\"]",
            );
        };
        if items.len() > max {
            let problem = format!("expected at most {max} in the list, got {}", items.len());
            return Err(vec![
                Problem::new(node.place, problem).mend("shorten the list"),
            ]);
        }
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

/// An address and port, such as `127.0.0.1:5060` or `[::1]:5060`.
pub(crate) fn socket_address(node: &Node) -> Reading<SocketAddr> {
    let expected = "an address and port, such as 127.0.0.1:5060 or [::1]:5060";
    let mend = "write numbers, not a host name, and the port after a colon";
    match str_of(node, expected, "127.0.0.1:5060")?.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 => Ok(address),
        _ => wrong(node, expected, mend),
    }
}

/// An address that others can be told: not 0.0.0.0.
pub(crate) fn reachable_address(node: &Node) -> Reading<IpAddr> {
    let expected = "an address of this machine that phones can reach, such as 192.0.2.10";
    match str_of(node, expected, "127.0.0.1")?.parse::<IpAddr>() {
        Ok(address) if !address.is_unspecified() && !address.is_multicast() => Ok(address),
        _ => wrong(
            node,
            expected,
            "phones are told this address, so it has to be a real one",
        ),
    }
}

/// Why a text is no range of ports.
pub(crate) const PORTS_EXPECTED: &str =
    "a range of at least two ports from 1024 to 65535, such as \"30000-39999\"";

/// A range of ports, such as `30000-39999`.
pub(crate) fn ports(node: &Node) -> Reading<RangeInclusive<u16>> {
    match parse_ports(str_of(node, PORTS_EXPECTED, "30000-39999")?) {
        Some(ports) => Ok(ports),
        None => wrong(
            node,
            PORTS_EXPECTED,
            "write lowest and highest port with a hyphen between",
        ),
    }
}

/// Each call's leg takes an even port for RTP and the next for RTCP, so a range holds at least that pair.
pub(crate) fn parse_ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (low, high) = text.split_once('-')?;
    let (low, high): (u16, u16) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low >= 1024 && low.next_multiple_of(2) < high).then_some(low..=high)
}

/// A block of addresses, such as `192.0.2.0/24`.
pub(crate) fn network(node: &Node) -> Reading<Network> {
    let expected = "an address with prefix length, such as 192.0.2.0/24 or 2001:db8::/32";
    match str_of(node, expected, "192.0.2.0/24")?.parse() {
        Ok(network) => Ok(network),
        Err(_) => wrong(
            node,
            expected,
            "write numbers, not a host name; one address is fine too",
        ),
    }
}

/// An internal number, such as `101`.
pub(crate) fn extension(node: &Node) -> Reading<Box<str>> {
    let expected = format!("an extension of 1 to {EXTENSION_DIGITS_MAX} digits");
    let digits = str_of_digits(node, &expected)?;
    let fine = (1..=EXTENSION_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit());
    match fine {
        true => Ok(digits.into()),
        false => wrong(node, &expected, "write digits only, such as \"101\""),
    }
}

/// What is dialled to have something done, such as `*11`.
pub(crate) fn feature_code(node: &Node) -> Reading<Box<str>> {
    let expected = "a code that starts with * or #, such as \"*11\"";
    let code = str_of_digits(node, expected)?;
    let fine = code.len() >= 2
        && code.len() <= EXTENSION_DIGITS_MAX
        && code.starts_with(['*', '#'])
        && code.bytes().all(|b| matches!(b, b'0'..=b'9' | b'*' | b'#'));
    match fine {
        true => Ok(code.into()),
        false => wrong(
            node,
            expected,
            "write * or # and digits: extensions have digits only",
        ),
    }
}

/// The text of `node`; for a bare number the mend shows that very number in quotes.
fn str_of_digits<'n>(node: &'n Node, expected: &str) -> Reading<&'n str> {
    match &node.value {
        Value::Text(text) => Ok(text),
        Value::Integer(number) => {
            wrong(node, expected, format!("write it in quotes: \"{number}\""))
        }
        _ => wrong(node, expected, "write it in quotes, such as \"101\""),
    }
}

/// Whether `text` is a public number: a plus and the digits of E.164.
pub(crate) fn is_public_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        NUMBER_DIGITS.contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// A SIP domain in lower case, such as `demo.localhost`.
pub(crate) fn domain(node: &Node) -> Reading<Box<str>> {
    let expected = "a domain, such as \"sip.example.com\"";
    let domain = str_of(node, expected, "sip.example.com")?.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let numeric = domain.parse::<IpAddr>().is_ok();
    match domain.len() <= 253 && domain.split('.').all(label) && !numeric {
        true => Ok(domain.into()),
        false => {
            let mend = match numeric {
                true => {
                    "for requests that name an address, set `default_organisation` in kolapp.toml"
                }
                false => "use letters, digits, hyphens and dots, without port or \"sip:\"",
            };
            wrong(node, expected, mend)
        }
    }
}

/// `text` for a message, in quotes.
pub(crate) fn shown(text: &str) -> String {
    quoted(text)
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
            "1d",
            "99999999999999999999s",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_time_is_written_as_it_is_read() {
        for text in ["15s", "1m30s", "2h", "250ms", "1h1m1s1ms", "0s"] {
            assert_eq!(spoken(parse_duration(text).unwrap()), text);
        }
    }

    #[test]
    fn a_range_of_ports_holds_a_pair_for_rtp_and_rtcp() {
        assert_eq!(parse_ports("30000-39999"), Some(30000..=39999));
        assert_eq!(parse_ports("30000-30001"), Some(30000..=30001));
        assert_eq!(parse_ports("30001-30003"), Some(30001..=30003));
        for bad in [
            "",
            "30000",
            "30000-30000",
            "30001-30002",
            "39999-30000",
            "80-90",
            "30000-70000",
        ] {
            assert_eq!(parse_ports(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_public_number_is_e164_with_the_plus() {
        assert!(is_public_number("+46850001000"));
        for bad in [
            "",
            "+",
            "46850001000",
            "+046850001000",
            "+4685000100O",
            "+1234567890123456",
            "+1234",
        ] {
            assert!(!is_public_number(bad), "{bad:?}");
        }
    }
}
