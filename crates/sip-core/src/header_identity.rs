//! Who calls, as one network tells another that believes it: P-Asserted-Identity (RFC 3325), Privacy (RFC 3323), and
//! Remote-Party-ID, which is older than both and still sent. Whether it is believed is for `call` to say.

use crate::header::Headers;
use crate::header_name::HeaderName;
use crate::header_name_addr::NameAddr;
use crate::text;
use crate::uri::Uri;

/// Identities that are looked at: RFC 3325 §9.1 allows two, a SIP and a tel address.
const IDENTITIES_MAX: usize = 4;

/// Whether a caller may be shown to those who are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// He may.
    Yes,
    /// He asked that he is not (RFC 3323 §4.2).
    Withheld,
}

impl Headers {
    /// Who calls, as the sender vouches: of several the one that is a telephone number.
    pub fn asserted_identity(&self) -> Option<NameAddr> {
        self.identity(&HeaderName::PAssertedIdentity)
    }

    /// As whom a phone wishes to call (RFC 3325 §9.2).
    pub fn preferred_identity(&self) -> Option<NameAddr> {
        self.identity(&HeaderName::PPreferredIdentity)
    }

    /// Whom a network's user was called as (RFC 7315 §4.2).
    pub fn called_party(&self) -> Option<NameAddr> {
        self.identity(&HeaderName::PCalledPartyId)
    }

    fn identity(&self, name: &HeaderName) -> Option<NameAddr> {
        let values = self.list(name).take(IDENTITIES_MAX);
        let mut readable: Vec<NameAddr> = values
            .filter_map(|value| NameAddr::parse(value).ok())
            .filter(|identity| !matches!(identity.uri, Uri::Other(_)))
            .collect();
        let number = readable
            .iter()
            .position(|identity| is_number(&identity.uri));
        (!readable.is_empty()).then(|| readable.swap_remove(number.unwrap_or_default()))
    }

    /// The calling party of Remote-Party-ID (draft-ietf-sip-privacy-04 §5).
    pub fn remote_party(&self) -> Option<(NameAddr, Shown)> {
        let values = self.list(&HeaderName::RemotePartyId).take(IDENTITIES_MAX);
        let parties = values.filter_map(|value| NameAddr::parse(value).ok());
        let is_calling = |party: &NameAddr| {
            let of = party.params.get("party");
            of.is_none_or(|of| of.eq_ignore_ascii_case("calling"))
        };
        let party = parties.into_iter().find(is_calling)?;
        let off = |privacy: &str| privacy.eq_ignore_ascii_case("off");
        let shown = match party.params.get("privacy") {
            Some(privacy) if !privacy.split('-').all(off) => Shown::Withheld,
            _ => Shown::Yes,
        };
        Some((party, shown))
    }

    /// Whether the caller may be shown, by Privacy. What can't be read hides nobody; what says both hides him.
    pub fn shown(&self) -> Shown {
        let withheld = self
            .all(&HeaderName::Privacy)
            .flat_map(|line| line.split(|byte| matches!(byte, b';' | b',')))
            .map(text::trim)
            .any(|value| {
                // `header` and `session` ask for what a server with its own dialogs and media does anyway.
                value.eq_ignore_ascii_case(b"id") || value.eq_ignore_ascii_case(b"user")
            });
        match withheld {
            true => Shown::Withheld,
            false => Shown::Yes,
        }
    }
}

fn is_number(uri: &Uri) -> bool {
    let number = uri.dialled().unwrap_or_default();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(HeaderName, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(name.clone(), *value);
        }
        headers
    }

    #[test]
    fn of_several_identities_the_number_is_taken() {
        for (lines, user) in [
            (&["<sip:anna@example.com>"][..], Some("anna")),
            (
                &["\"Anna\" <sip:anna@example.com>, <tel:+46-70-123>"],
                Some("+4670123"),
            ),
            (
                &["<sip:anna@example.com>", "<sip:+4670123@example.com>"],
                Some("+4670123"),
            ),
            (&["mailto:anna@example.com", "<sip:b@c.example>"], Some("b")),
            (&["<sip:broken", "<sip:b@c.example>"], Some("b")),
            (&["", "x y z"], None),
            (&[], None),
        ] {
            let named = |line: &&'static str| (HeaderName::PAssertedIdentity, *line);
            let lines: Vec<_> = lines.iter().map(named).collect();
            let identity = headers(&lines).asserted_identity();
            let taken = identity.as_ref().and_then(|it| it.uri.user());
            assert_eq!(taken, user, "{lines:?}");
        }
    }

    #[test]
    fn a_caller_is_withheld_by_any_word_of_any_line_that_says_so() {
        for (lines, shown) in [
            (&["id"][..], Shown::Withheld),
            (&["header; ID ;critical"], Shown::Withheld),
            (&["none", "user"], Shown::Withheld),
            (&["header, id"], Shown::Withheld),
            (&["none"], Shown::Yes),
            (&["header;session;critical"], Shown::Yes),
            (&["identity", "\"id\"", ""], Shown::Yes),
            (&[], Shown::Yes),
        ] {
            let named = |line: &&'static str| (HeaderName::Privacy, *line);
            let lines: Vec<_> = lines.iter().map(named).collect();
            assert_eq!(headers(&lines).shown(), shown, "{lines:?}");
        }
    }

    #[test]
    fn a_remote_party_is_the_calling_one_and_withheld_where_it_says_so() {
        let read = |value: &str| {
            let headers = headers(&[(HeaderName::RemotePartyId, value)]);
            let (party, shown) = headers.remote_party()?;
            Some((party.uri.user().unwrap_or_default().to_owned(), shown))
        };
        let of = |user: &str, shown| Some((user.to_owned(), shown));
        for (value, party) in [
            (
                "<sip:1@a.se>;party=calling;screen=yes;privacy=off",
                of("1", Shown::Yes),
            ),
            ("<sip:1@a.se>;privacy=full", of("1", Shown::Withheld)),
            ("<sip:1@a.se>;privacy=name-off", of("1", Shown::Withheld)),
            (
                "<sip:1@a.se>;party=called, <sip:2@a.se>",
                of("2", Shown::Yes),
            ),
            ("<sip:1@a.se>;party=called", None),
        ] {
            assert_eq!(read(value), party, "{value}");
        }
    }
}
