//! Every message of RFC 4475 and RFC 5118 with its verdict: what the reader makes of it, and what a server must do
//! that gets it as a datagram. The messages come from `sipx-testkit`; the verdicts are ours, by the RFCs' words.
//! A message of the corpus that is not in this table fails whoever walks it.

#![allow(
    dead_code,
    reason = "the reader's test and the server's test each use their half"
)]

use bytes::Bytes;
use sipx_testkit::{rfc4475, rfc5118};

/// What `sip_core::parse_datagram` makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It is a message.
    Takes,
    /// It is refused, and answered with this status.
    Answers(u16),
    /// It is refused in silence.
    Drops,
}

/// What the server does that gets a message by UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// One of these final statuses, the first being the RFC's. Where the RFC's verdict lies behind a challenge or
    /// behind routing, as for a request of no account of ours, those verdicts may come first.
    Answers(&'static [u16]),
    /// Any final answer: a good request, and what comes of it depends on the configuration.
    AnswersFinally,
    /// Nothing, and goes on.
    StaysSilent,
}

/// One message and its verdicts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// The RFC's name for it.
    pub(crate) name: &'static str,
    /// What the reader makes of it.
    pub(crate) reader: Reader,
    /// What the server does with it.
    pub(crate) server: Server,
    /// Who gives the verdict, and why.
    pub(crate) because: &'static str,
}

impl Case {
    /// The message as it goes on the wire.
    pub(crate) fn bytes(&self) -> Bytes {
        match (
            rfc4475::case(self.name),
            rfc5118::CASES.iter().find(|case| case.name == self.name),
        ) {
            (Some(case), _) => Bytes::from_static(case.bytes),
            (None, Some(case)) => case.wire(),
            (None, None) => panic!("{} is in no corpus", self.name),
        }
    }
}

/// The names of all messages there are, so that none is passed over.
pub(crate) fn corpus() -> impl Iterator<Item = &'static str> {
    let first = rfc4475::CASES.iter().map(|case| case.name);
    first.chain(rfc5118::CASES.iter().map(|case| case.name))
}

const fn takes(name: &'static str, server: Server, because: &'static str) -> Case {
    Case {
        name,
        reader: Reader::Takes,
        server,
        because,
    }
}

const fn refuses(name: &'static str, because: &'static str) -> Case {
    Case {
        name,
        reader: Reader::Answers(400),
        server: Server::Answers(&[400]),
        because,
    }
}

use Server::{Answers, AnswersFinally, StaysSilent};

/// RFC 4475 §3 in its order, then RFC 5118 §4.
pub(crate) const CASES: &[Case] = &[
    // RFC 4475 §3.1.1: valid messages.
    takes(
        "wsinv",
        AnswersFinally,
        "blanks, folding and compact forms wherever they are allowed",
    ),
    takes(
        "intmeth",
        Answers(&[501, 405, 401]),
        "call: a method of odd tokens is unknown, not malformed",
    ),
    takes(
        "esc01",
        AnswersFinally,
        "escapes in user, parameter and value",
    ),
    takes(
        "escnull",
        Answers(&[200, 401, 403, 404]),
        "registrar: escaped NULs are part of two different users",
    ),
    takes(
        "esc02",
        Answers(&[501, 405, 401]),
        "call: a percent sign in a method is no escape, so this is no REGISTER",
    ),
    takes(
        "lwsdisp",
        AnswersFinally,
        "a display name may touch its angle bracket",
    ),
    takes("longreq", AnswersFinally, "long values within the limits"),
    takes(
        "dblreq",
        Answers(&[200, 401, 403, 404]),
        "what follows the body of a datagram is ignored",
    ),
    takes(
        "semiuri",
        AnswersFinally,
        "semicolons in a user are the user's",
    ),
    takes(
        "transports",
        AnswersFinally,
        "unknown transports in Vias below the first",
    ),
    takes("mpart01", AnswersFinally, "binary parts of a body"),
    takes(
        "unreason",
        StaysSilent,
        "transaction: a response to no request; its phrase is UTF-8",
    ),
    takes(
        "noreason",
        StaysSilent,
        "transaction: a response to no request; its phrase is empty",
    ),
    // §3.1.2: invalid messages.
    refuses("badinv01", "reader: stray separators in Via"),
    refuses("clerr", "reader: Content-Length beyond the datagram"),
    refuses("ncl", "reader: negative Content-Length"),
    refuses("scalar02", "reader: CSeq beyond its range"),
    Case {
        name: "scalarlg",
        reader: Reader::Drops,
        server: StaysSilent,
        because: "reader: CSeq beyond its range, in a response",
    },
    refuses("quotbal", "reader: unclosed quote in To"),
    refuses("ltgtruri", "reader: angle brackets around the Request-URI"),
    refuses("lwsruri", "reader: blanks in the Request-URI"),
    refuses("lwsstart", "reader: two blanks in the request line"),
    refuses("trws", "reader: blanks behind the version"),
    refuses("escruri", "reader: headers in the Request-URI"),
    takes(
        "baddate",
        AnswersFinally,
        "nobody here reads Date, and RFC 4475 §3.1.2.12 lets it be ignored",
    ),
    takes(
        "regbadct",
        Answers(&[400, 401, 403, 404]),
        "registrar: Contact with ? but no angle brackets",
    ),
    refuses("badaspec", "reader: blanks within the angle brackets of To"),
    refuses(
        "baddn",
        "reader: an unquoted comma in From, and no empty line behind the headers",
    ),
    Case {
        name: "badvers",
        reader: Reader::Answers(505),
        server: Answers(&[505]),
        because: "reader: SIP/7.0",
    },
    refuses("mismatch01", "reader: CSeq names another method"),
    refuses(
        "mismatch02",
        "reader: CSeq names another method, also of an unknown one",
    ),
    Case {
        name: "bigcode",
        reader: Reader::Drops,
        server: StaysSilent,
        because: "reader: a status code of ten digits",
    },
    // §3.2: the transaction layer.
    takes(
        "badbranch",
        AnswersFinally,
        "transaction: the cookie alone is no branch; matched as RFC 2543 did",
    ),
    // §3.3: the application.
    refuses("insuf", "reader: no From, To and Call-ID"),
    takes(
        "unkscm",
        Answers(&[416, 401]),
        "call: an unknown scheme in the Request-URI",
    ),
    takes(
        "novelsc",
        Answers(&[416, 401]),
        "call: a known scheme that isn't telephony",
    ),
    takes(
        "unksm2",
        Answers(&[400, 401, 403, 404, 416]),
        "registrar: To is no address of record",
    ),
    takes(
        "bext01",
        Answers(&[420, 401]),
        "call: Require of what nobody supports",
    ),
    takes(
        "invut",
        Answers(&[415, 401, 403, 404]),
        "call: a body of unknown type",
    ),
    takes(
        "regaut01",
        Answers(&[401, 403]),
        "registrar: credentials of an unknown scheme are none; and its domain is not ours",
    ),
    refuses("multi01", "reader: two of what may stand once"),
    refuses("mcl01", "reader: two Content-Lengths that differ"),
    takes(
        "bcast",
        StaysSilent,
        "transaction: a response to no request",
    ),
    takes(
        "zeromf",
        AnswersFinally,
        "Max-Forwards 0 stops forwarding only, and the request is for us",
    ),
    takes(
        "cparam01",
        Answers(&[200, 401, 403, 404]),
        "registrar: unknown parameter of a Contact",
    ),
    takes(
        "cparam02",
        Answers(&[200, 401, 403, 404]),
        "registrar: unknown parameter of a Contact's URI",
    ),
    takes(
        "regescrt",
        Answers(&[200, 401, 403, 404]),
        "registrar: a Contact's URI may carry headers",
    ),
    takes(
        "sdp01",
        Answers(&[406, 401, 403, 404]),
        "call: the caller takes no kind of body that we make",
    ),
    // §3.4: backward compatibility.
    takes(
        "inv2543",
        AnswersFinally,
        "no branch, no tag, no Max-Forwards, no Content-Length",
    ),
    // In the archive, and in no section.
    Case {
        name: "test",
        reader: Reader::Drops,
        server: StaysSilent,
        because: "reader: a line without a colon, and no Via to answer to",
    },
    // RFC 5118 §4.
    takes(
        "ipv6-good",
        Answers(&[200, 401, 403, 404]),
        "IPv6 references in brackets",
    ),
    refuses(
        "ipv6-bad",
        "reader: an IPv6 address without brackets in the Request-URI",
    ),
    takes(
        "port-ambiguous",
        Answers(&[200, 401, 403, 404]),
        "what looks like a port within the brackets is address",
    ),
    takes(
        "port-unambiguous",
        Answers(&[200, 401, 403, 404]),
        "a port behind the brackets",
    ),
    takes(
        "via-received-param-with-delim",
        AnswersFinally,
        "received with brackets",
    ),
    takes(
        "via-received-param-no-delim",
        AnswersFinally,
        "received without brackets",
    ),
    takes(
        "ipv6-in-sdp",
        AnswersFinally,
        "IPv6 in a session description",
    ),
    takes(
        "mult-ip-in-header",
        Answers(&[481, 401]),
        "call: a BYE for no dialog of ours",
    ),
    takes(
        "mult-ip-in-sdp",
        AnswersFinally,
        "an address of its own for each media line",
    ),
    takes("ipv4-mapped-ipv6", AnswersFinally, "IPv4-mapped addresses"),
    takes(
        "ipv6-bug-abnf-3-colons",
        AnswersFinally,
        "three colons before an embedded IPv4 address",
    ),
    takes(
        "ipv6-correct-abnf-2-colons",
        AnswersFinally,
        "two colons before an embedded IPv4 address",
    ),
];
