//! Header names: the known ones by name, with their compact forms, every other token as it came.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{Hash, Hasher};

macro_rules! header_names {
    ($($name:ident = $text:literal $(/ $compact:literal)?,)*) => {
        /// The name of a header. Compares without case; compact forms are known on reading, full forms
        /// are written (RFC 3261 §7.3.3).
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub enum HeaderName {
            $(#[doc = concat!("`", $text, "`")] $name,)*
            /// Any other token, in the case it came in.
            Other(Box<str>),
        }

        const TEXTS: &[&str] = &[$($text,)*];

        impl HeaderName {
            /// Every name with a variant of its own.
            pub const KNOWN: &[HeaderName] = &[$(HeaderName::$name,)*];

            /// The full form.
            pub fn as_str(&self) -> &str {
                match self {
                    $(HeaderName::$name => $text,)*
                    HeaderName::Other(name) => name,
                }
            }

            fn of_compact(letter: u8) -> Option<HeaderName> {
                match letter {
                    $($($compact => Some(HeaderName::$name),)?)*
                    _ => None,
                }
            }
        }
    };
}

header_names! {
    Via = "Via" / b'v',
    From = "From" / b'f',
    To = "To" / b't',
    CallId = "Call-ID" / b'i',
    CSeq = "CSeq",
    MaxForwards = "Max-Forwards",
    Contact = "Contact" / b'm',
    Route = "Route",
    RecordRoute = "Record-Route",
    ContentType = "Content-Type" / b'c',
    ContentLength = "Content-Length" / b'l',
    ContentEncoding = "Content-Encoding" / b'e',
    ContentDisposition = "Content-Disposition",
    ContentLanguage = "Content-Language",
    MimeVersion = "MIME-Version",
    Expires = "Expires",
    MinExpires = "Min-Expires",
    Authorization = "Authorization",
    ProxyAuthorization = "Proxy-Authorization",
    WwwAuthenticate = "WWW-Authenticate",
    ProxyAuthenticate = "Proxy-Authenticate",
    AuthenticationInfo = "Authentication-Info",
    Allow = "Allow",
    AllowEvents = "Allow-Events" / b'u',
    Accept = "Accept",
    AcceptContact = "Accept-Contact" / b'a',
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    Supported = "Supported" / b'k',
    Require = "Require",
    ProxyRequire = "Proxy-Require",
    Unsupported = "Unsupported",
    UserAgent = "User-Agent",
    Server = "Server",
    Organization = "Organization",
    Date = "Date",
    Timestamp = "Timestamp",
    RetryAfter = "Retry-After",
    Reason = "Reason",
    Warning = "Warning",
    ErrorInfo = "Error-Info",
    Subject = "Subject" / b's',
    Priority = "Priority",
    InReplyTo = "In-Reply-To",
    ReplyTo = "Reply-To",
    Event = "Event" / b'o',
    SubscriptionState = "Subscription-State",
    SipETag = "SIP-ETag",
    SipIfMatch = "SIP-If-Match",
    ReferTo = "Refer-To" / b'r',
    ReferredBy = "Referred-By" / b'b',
    ReferSub = "Refer-Sub",
    Replaces = "Replaces",
    TargetDialog = "Target-Dialog",
    RejectContact = "Reject-Contact" / b'j',
    RequestDisposition = "Request-Disposition" / b'd',
    PAssertedIdentity = "P-Asserted-Identity",
    PPreferredIdentity = "P-Preferred-Identity",
    PCalledPartyId = "P-Called-Party-ID",
    RemotePartyId = "Remote-Party-ID",
    Privacy = "Privacy",
    Diversion = "Diversion",
    HistoryInfo = "History-Info",
    AlertInfo = "Alert-Info",
    CallInfo = "Call-Info",
    AnswerMode = "Answer-Mode",
    Path = "Path",
    ServiceRoute = "Service-Route",
    SessionExpires = "Session-Expires" / b'x',
    MinSe = "Min-SE",
    RSeq = "RSeq",
    RAck = "RAck",
    InfoPackage = "Info-Package",
    RecvInfo = "Recv-Info",
    Identity = "Identity" / b'y',
    SessionId = "Session-ID",
    UserToUser = "User-to-User",
}

/// Longest known name, in bytes.
const LENGTH_MAX: usize = 20;

/// For each length, the indices into `TEXTS` of the names that long: a header is looked up among the few
/// of its own length.
const BY_LENGTH: [&[u8]; LENGTH_MAX + 1] = {
    const fn count(length: usize) -> usize {
        let (mut found, mut at) = (0, 0);
        while at < TEXTS.len() {
            found += (TEXTS[at].len() == length) as usize;
            at += 1;
        }
        found
    }
    const fn indices<const N: usize>(length: usize) -> [u8; N] {
        let (mut found, mut at, mut all) = (0, 0, [0; N]);
        while at < TEXTS.len() {
            if TEXTS[at].len() == length {
                all[found] = at as u8;
                found += 1;
            }
            at += 1;
        }
        all
    }
    macro_rules! buckets {
        ($($length:literal)*) => {
            [$({
                const BUCKET: [u8; count($length)] = indices($length);
                &BUCKET
            },)*]
        };
    }
    buckets!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)
};

impl HeaderName {
    /// The name for a token in full or compact form. Bytes that aren't UTF-8 become the replacement
    /// character: a reader checks for a token first.
    pub fn parse(token: &[u8]) -> HeaderName {
        if let [letter] = token
            && let Some(known) = HeaderName::of_compact(letter.to_ascii_lowercase())
        {
            return known;
        }
        let bucket = BY_LENGTH.get(token.len()).copied().unwrap_or_default();
        bucket
            .iter()
            .map(|&at| usize::from(at))
            .find(|&at| TEXTS[at].as_bytes().eq_ignore_ascii_case(token))
            .map_or_else(
                || HeaderName::Other(String::from_utf8_lossy(token).into()),
                |at| HeaderName::KNOWN[at].clone(),
            )
    }
}

impl From<&str> for HeaderName {
    fn from(token: &str) -> HeaderName {
        HeaderName::parse(token.as_bytes())
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &HeaderName) -> bool {
        match (self, other) {
            (HeaderName::Other(a), HeaderName::Other(b)) => a.eq_ignore_ascii_case(b),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Eq for HeaderName {}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        if let HeaderName::Other(name) = self {
            for byte in name.bytes() {
                state.write_u8(byte.to_ascii_lowercase());
            }
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case() {
        for (known, text) in HeaderName::KNOWN.iter().zip(TEXTS) {
            assert!(text.len() <= LENGTH_MAX, "{text}");
            assert_eq!(known.as_str(), *text);
            assert_eq!(&HeaderName::from(*text), known);
            assert_eq!(&HeaderName::from(&*text.to_uppercase()), known);
            assert_eq!(&HeaderName::from(&*text.to_lowercase()), known);
        }
    }

    #[test]
    fn compact_forms_are_read_and_full_forms_written() {
        for (compact, full) in [
            ("v", "Via"),
            ("F", "From"),
            ("t", "To"),
            ("i", "Call-ID"),
            ("m", "Contact"),
            ("c", "Content-Type"),
            ("l", "Content-Length"),
            ("e", "Content-Encoding"),
            ("s", "Subject"),
            ("k", "Supported"),
            ("o", "Event"),
            ("r", "Refer-To"),
            ("b", "Referred-By"),
            ("x", "Session-Expires"),
            ("u", "Allow-Events"),
        ] {
            assert_eq!(HeaderName::from(compact).to_string(), full);
        }
    }

    #[test]
    fn an_unknown_name_keeps_its_case_and_compares_without_it() {
        let name = HeaderName::from("X-Queue");
        assert_eq!(name.to_string(), "X-Queue");
        assert_eq!(name, HeaderName::from("x-queue"));
        assert_ne!(name, HeaderName::from("z"));
    }
}
