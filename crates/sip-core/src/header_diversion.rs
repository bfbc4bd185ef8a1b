//! Where a call was first meant to go, and why it went on: Diversion (RFC 5806) and History-Info (RFC 7044), which
//! say the same in two ways. Networks ask for one or the other.

use crate::header::Headers;
use crate::header_identity::Shown;
use crate::header_name::HeaderName;
use crate::header_name_addr::NameAddr;
use crate::params::Params;
use crate::text;
use crate::uri::Uri;
use serde::{Deserialize, Serialize};

/// Diversions of a call that are read and passed on: networks end a call after about five of them.
pub const DIVERSIONS_MAX: usize = 8;

/// Why a call was sent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DivertedFor {
    /// Nobody says.
    #[default]
    Unknown,
    /// All calls are.
    Always,
    /// Whoever was called was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// Nobody could be reached.
    Unreachable,
    /// Whoever was called sent it on himself.
    Deflected,
    /// It was the time for it.
    TimeOfDay,
}

/// Each with its word in Diversion (RFC 5806 §4) and its number in History-Info (RFC 4458 §2).
const WORDS: [(DivertedFor, &str, u16); 7] = [
    (DivertedFor::Always, "unconditional", 302),
    (DivertedFor::Busy, "user-busy", 486),
    (DivertedFor::NoAnswer, "no-answer", 408),
    (DivertedFor::Unreachable, "unavailable", 503),
    (DivertedFor::Deflected, "deflection", 480),
    // RFC 4458 has no number for it.
    (DivertedFor::TimeOfDay, "time-of-day", 302),
    (DivertedFor::Unknown, "unknown", 404),
];

impl DivertedFor {
    fn row(self) -> (&'static str, u16) {
        let row = WORDS.iter().find(|(reason, ..)| *reason == self);
        row.map_or(("unknown", 404), |(_, word, cause)| (word, *cause))
    }

    fn of_word(word: &str) -> DivertedFor {
        let row = WORDS
            .iter()
            .find(|(_, known, _)| word.eq_ignore_ascii_case(known));
        row.map(|(reason, ..)| *reason).unwrap_or_default()
    }

    fn of_cause(cause: &str) -> DivertedFor {
        let cause = cause.parse::<u16>().ok();
        let row = WORDS.iter().find(|(.., known)| Some(*known) == cause);
        row.map(|(reason, ..)| *reason).unwrap_or_default()
    }
}

/// One who was called and from whom the call went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diverted {
    /// Who.
    pub from: Uri,
    /// Why.
    pub reason: DivertedFor,
}

impl Headers {
    /// From whom a call was sent on, the newest first: by Diversion, else by History-Info. Those who are not to
    /// be shown are left out.
    pub fn diversions(&self) -> Vec<Diverted> {
        let diversions: Vec<Diverted> = self
            .list(&HeaderName::Diversion)
            .take(DIVERSIONS_MAX)
            .filter_map(|value| read_diversion(&NameAddr::parse(value).ok()?))
            .collect();
        match diversions.is_empty() {
            true => self.history(),
            false => diversions,
        }
    }

    /// RFC 7044 §10: each entry but the last was called before the next; the next says why it was left.
    fn history(&self) -> Vec<Diverted> {
        let entries: Vec<NameAddr> = self
            .list(&HeaderName::HistoryInfo)
            .take(DIVERSIONS_MAX)
            .filter_map(|value| NameAddr::parse(value).ok())
            .collect();
        let mut diverted: Vec<Diverted> = entries
            .windows(2)
            .filter_map(|pair| {
                let cause = pair[1].uri.params().get("cause")?;
                let withheld = shown_by(pair[0].uri.as_sip()?.headers.as_deref());
                (withheld == Shown::Yes).then(|| Diverted {
                    from: bare(&pair[0].uri),
                    reason: DivertedFor::of_cause(cause),
                })
            })
            .collect();
        diverted.reverse();
        diverted
    }

    /// Writes Diversion, the newest first.
    pub fn push_diversions(&mut self, diverted: &[Diverted]) {
        for one in diverted {
            let mut value = NameAddr::new(one.from.clone());
            value.params.set("reason", one.reason.row().0);
            value.params.set("counter", "1");
            value.params.set("privacy", "off");
            self.push(HeaderName::Diversion, value);
        }
    }

    /// Writes History-Info: who was called, the oldest first, and at the end who is called now.
    pub fn push_history(&mut self, diverted: &[Diverted], called: &Uri) {
        let mut index = "1".to_owned();
        let mut reason = None;
        let targets = diverted
            .iter()
            .rev()
            .map(|one| (&one.from, Some(one.reason)));
        for (target, next_reason) in targets.chain([(called, None)]) {
            let mut value = NameAddr::new(target.clone());
            if let Some(reason) = reason.map(DivertedFor::row)
                && let Uri::Sip(uri) = &mut value.uri
            {
                uri.params.set("cause", &reason.1.to_string());
            }
            value.params.set("index", &index);
            if index.len() > 1 {
                // §5: the entry that was mapped to this one.
                value.params.set("mp", &index[..index.len() - 2]);
            }
            self.push(HeaderName::HistoryInfo, value);
            index += ".1";
            reason = next_reason;
        }
    }
}

fn read_diversion(value: &NameAddr) -> Option<Diverted> {
    let off = |privacy: &str| privacy.eq_ignore_ascii_case("off");
    if matches!(value.uri, Uri::Other(_)) || !value.params.get("privacy").is_none_or(off) {
        return None;
    }
    Some(Diverted {
        from: bare(&value.uri),
        reason: value
            .params
            .get("reason")
            .map_or(DivertedFor::Unknown, DivertedFor::of_word),
    })
}

/// The Privacy in a history entry's URI (RFC 7044 §10.1.2).
fn shown_by(headers: Option<&str>) -> Shown {
    let names_privacy = headers.is_some_and(|text| {
        let mut fields = text.split('&');
        fields.any(|field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let name = text::unescape(name.as_bytes()).unwrap_or_default();
            name.eq_ignore_ascii_case("privacy") && !value.eq_ignore_ascii_case("none")
        })
    });
    match names_privacy {
        true => Shown::Withheld,
        false => Shown::Yes,
    }
}

/// An address without what only its request needed.
fn bare(uri: &Uri) -> Uri {
    let mut uri = uri.clone();
    if let Uri::Sip(sip) = &mut uri {
        sip.params = Params::new();
        sip.headers = None;
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIVERSION: HeaderName = HeaderName::Diversion;
    const HISTORY: HeaderName = HeaderName::HistoryInfo;

    fn read(lines: &[(HeaderName, &str)]) -> Vec<(String, DivertedFor)> {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(name.clone(), *value);
        }
        let diversions = headers.diversions().into_iter();
        diversions
            .map(|one| (one.from.to_string(), one.reason))
            .collect()
    }

    fn of(user: &str, reason: DivertedFor) -> (String, DivertedFor) {
        (format!("sip:{user}@a.se"), reason)
    }

    #[test]
    fn diversions_are_read_newest_first_and_the_withheld_left_out() {
        let newest = of("2", DivertedFor::Busy);
        let oldest = of("1", DivertedFor::Always);
        for (value, diverted) in [
            (
                "\"B\" <sip:2@a.se>;reason=user-busy;counter=1, <sip:1@a.se;user=phone>;reason=UNCONDITIONAL",
                vec![newest.clone(), oldest.clone()],
            ),
            ("<sip:1@a.se>;privacy=full;reason=user-busy", vec![]),
            (
                "<sip:1@a.se>;privacy=off",
                vec![of("1", DivertedFor::Unknown)],
            ),
            (
                "<sip:1@a.se>;reason=\"follow-me\"",
                vec![of("1", DivertedFor::Unknown)],
            ),
            ("<sip:1@a", vec![]),
        ] {
            assert_eq!(read(&[(DIVERSION, value)]), diverted, "{value}");
        }
    }

    #[test]
    fn a_history_says_who_was_called_before_and_why_it_went_on() {
        for (value, diverted) in [
            (
                "<sip:1@a.se>;index=1, <sip:2@a.se;cause=302>;index=1.1;mp=1, <sip:3@a.se;cause=486>;index=1.1.1;mp=1.1",
                vec![of("2", DivertedFor::Busy), of("1", DivertedFor::Always)],
            ),
            (
                "<sip:1@a.se>;index=1, <sip:192.0.2.1>;index=1.1;rc=1",
                vec![],
            ),
            (
                "<sip:1@a.se?Privacy=history>;index=1, <sip:2@a.se;cause=302>;index=1.1",
                vec![],
            ),
            ("<sip:1@a.se>;index=1", vec![]),
        ] {
            assert_eq!(read(&[(HISTORY, value)]), diverted, "{value}");
        }
    }

    #[test]
    fn what_is_written_either_way_is_read_the_same() {
        let uri = |user: &str| -> Uri { format!("sip:{user}@a.se").parse().unwrap() };
        let diverted = [
            ("3", DivertedFor::NoAnswer),
            ("2", DivertedFor::Busy),
            ("1", DivertedFor::Always),
        ]
        .map(|(user, reason)| Diverted {
            from: uri(user),
            reason,
        });
        let mut diversion = Headers::new();
        diversion.push_diversions(&diverted);
        assert_eq!(diversion.diversions(), diverted);
        let mut history = Headers::new();
        history.push_history(&diverted, &uri("4"));
        assert_eq!(history.diversions(), diverted);
        let last = history.all(&HISTORY).last().map(<[u8]>::to_vec).unwrap();
        assert_eq!(
            String::from_utf8(last).unwrap(),
            "<sip:4@a.se;cause=408>;index=1.1.1.1;mp=1.1.1"
        );
    }
}
