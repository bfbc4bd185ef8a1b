//! Who calls and whom, where a network outside says so: which trunk is believed, and what others are told of a caller.
//! What we say of our own people to trunks is `outward::shown`.

use crate::diverted;
use crate::outward::{CallerId, Number, Numbering};
use crate::settings::{Organisation, Trunk};
use base::UserId;
use sip_core::{Headers, Host, NameAddr, Request, Shown, Uri};

/// What a caller without a number is called in place of one.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// The name of a caller who shows none (RFC 3323 §4.1.1.3).
pub(crate) const NOT_SHOWN: &str = "Anonymous";

/// What callers without a number are called in their addresses.
const NOBODY: [&str; 4] = ["", ANONYMOUS, "restricted", "unavailable"];

/// What is said of callers, and believed, over a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Whether its word counts.
    pub trust: Trust,
    /// Where the number that was called stands.
    pub called_number: CalledNumber,
    /// How it is told from whom a call was sent on.
    pub diversion: diverted::Told,
}

/// Whether a network and we believe each other's word on who calls (RFC 3325 §2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Not: what it asserts is not looked at, and we assert nothing.
    #[default]
    No,
    /// We do.
    Yes,
}

/// Where a trunk puts the number that was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CalledNumber {
    /// In the Request-URI.
    #[default]
    RequestUri,
    /// In To: the Request-URI has the account that we registered.
    To,
    /// In P-Called-Party-ID (RFC 7315 §4.2).
    CalledParty,
}

/// Who calls, as the other party is told.
#[derive(Clone, Debug)]
pub(crate) struct Calling {
    pub(crate) user: Option<UserId>,
    pub(crate) number: Box<str>,
    pub(crate) name: Option<Box<str>>,
}

/// A user as others see him, whatever his phone wrote.
pub(crate) fn account(organisation: &Organisation, id: UserId) -> Option<Calling> {
    let user = organisation.users.get(&id)?;
    let number = user.extension.clone().unwrap_or_else(|| id.name().into());
    Some(Calling {
        user: Some(id),
        number,
        name: user.display_name.clone(),
    })
}

/// Who calls over a trunk: whom a trusted one asserts, else whoever stands in From. One who asked not to be shown is
/// nobody, also to ourselves: what is not known is shown nowhere.
pub(crate) fn caller_over(
    organisation: &Organisation,
    trust: Trust,
    headers: &Headers,
    from: &NameAddr,
) -> Calling {
    let asserted = match trust {
        Trust::Yes => headers
            .asserted_identity()
            .map(|identity| (identity, Shown::Yes))
            .or_else(|| headers.remote_party()),
        Trust::No => None,
    };
    let hides = asserted.as_ref().map(|(_, shown)| *shown) == Some(Shown::Withheld);
    let number = |address: &NameAddr| global(&organisation.outward.numbering, &address.uri);
    // Networks that know the number of one who hides it write nobody into From.
    let says = number(from);
    if hides || headers.shown() == Shown::Withheld || is_nobody(&says) {
        return nobody();
    }
    let (number, name) = match asserted {
        Some((identity, _)) => (number(&identity), identity.display),
        None => (says, None),
    };
    Calling {
        user: None,
        number,
        name: name.or_else(|| from.display.clone()),
    }
}

fn nobody() -> Calling {
    Calling {
        user: None,
        number: ANONYMOUS.into(),
        name: None,
    }
}

/// Whether that stands in place of a number which is not to be known.
pub(crate) fn is_nobody(number: &str) -> bool {
    NOBODY
        .iter()
        .any(|nobody| nobody.eq_ignore_ascii_case(number))
}

/// RFC 3323 §4.1.1.3.
pub(crate) fn anonymous() -> Uri {
    let host = Host::Name("anonymous.invalid".into());
    Uri::sip(Some(ANONYMOUS), host, None)
}

/// What a phone asks others outside to be shown (RFC 3323 §4.2, RFC 3325 §9.2); whether it may is looked at where the
/// call goes out.
pub(crate) fn wish_of(organisation: &Organisation, headers: &Headers) -> Option<CallerId> {
    if headers.shown() == Shown::Withheld {
        return Some(CallerId::Withheld);
    }
    let preferred = headers.preferred_identity()?;
    let number = global(&organisation.outward.numbering, &preferred.uri);
    Some(CallerId::Number(number))
}

/// The organisation's number that is called over a trunk; none where it is none of its.
pub(crate) fn number_called<'a>(
    organisation: &'a Organisation,
    trunk: &Trunk,
    request: &Request,
) -> Option<&'a str> {
    let headers = &request.headers;
    let address = match trunk.identity.called_number {
        CalledNumber::RequestUri => None,
        CalledNumber::To => headers.to().ok(),
        CalledNumber::CalledParty => headers.called_party(),
    };
    let uri = address
        .as_ref()
        .map_or(&request.uri, |address| &address.uri);
    own_number(organisation, uri)
}

/// The organisation's number that an address means.
pub(crate) fn own_number<'a>(organisation: &'a Organisation, uri: &Uri) -> Option<&'a str> {
    let known = |number: &str| {
        let (number, _) = organisation.numbers.get_key_value(number)?;
        Some(&**number)
    };
    let dialled = uri.dialled()?;
    known(&dialled)
        .or_else(|| known(&global(&organisation.outward.numbering, uri)))
        // As some networks write E.164.
        .or_else(|| known(&format!("+{dialled}")))
}

/// The number in an address, in full where it is written as within the country; anything else as it stands.
fn global(numbering: &Numbering, uri: &Uri) -> Box<str> {
    let dialled = uri.dialled().unwrap_or_default();
    let starts_as_number = dialled.starts_with(|first: char| first.is_ascii_digit());
    match starts_as_number.then(|| numbering.read(&dialled)).flatten() {
        Some(outside) if matches!(outside.number, Number::E164(_)) => {
            outside.number.to_string().into()
        }
        _ => dialled.into(),
    }
}
