//! From whom a call was sent on before it goes where it goes, as phones and trunks are told: by forwards, transfers, and
//! numbers that lead outside. What a trusted trunk said of the way before us stands behind.

use crate::call::Call;
use crate::forward::{By, ForwardCause, Forwarded};
use crate::identity::{Trust, account};
use crate::outward::{CallerId, Payer};
use crate::settings::Organisation;
use base::UserId;
use serde::{Deserialize, Serialize};
use sip_core::{Diverted, DivertedFor, Host, Uri};

/// How a trunk wants to be told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// Not at all.
    #[default]
    Not,
    /// By Diversion (RFC 5806).
    Diversion,
    /// By History-Info (RFC 7044).
    History,
    /// By both.
    Both,
}

/// Toward a phone of the organisation's: colleagues who forwarded the call, the newest first.
pub(crate) fn by_colleagues(call: &Call, organisation: &Organisation) -> Vec<Diverted> {
    let host = || Host::Name(organisation.domain.clone());
    let forwards = call.forwarded.iter().rev();
    forwards
        .filter_map(|forwarded| {
            let By::User(by) = &forwarded.by else {
                return None;
            };
            let by = account(organisation, by.clone())?;
            Some(Diverted {
                from: Uri::sip(Some(&by.number), host(), None),
                reason: reason(forwarded.cause),
            })
        })
        .collect()
}

/// Toward a trunk, the newest first. `uri_of` writes a number of ours as that trunk wants it.
pub(crate) fn toward_trunk(
    call: &Call,
    organisation: &Organisation,
    payer: &Payer,
    trust: Trust,
    uri_of: impl Fn(&str) -> Option<Uri>,
) -> Vec<Diverted> {
    let mut ours = by_us(call, organisation, payer);
    ours.dedup_by(|newer, older| newer.0 == older.0);
    let ours = ours.iter().rev();
    let mut diverted: Vec<Diverted> = ours
        .filter_map(|(number, reason)| {
            let from = uri_of(number)?;
            Some(Diverted {
                from,
                reason: *reason,
            })
        })
        .collect();
    if trust == Trust::Yes {
        diverted.extend(call.diverted.iter().cloned());
    }
    diverted
}

/// Numbers that the call was sent on from, the oldest first: ours, and those outside whose network sent it on.
fn by_us<'a>(
    call: &'a Call,
    organisation: &'a Organisation,
    payer: &Payer,
) -> Vec<(Box<str>, DivertedFor)> {
    // What the caller dialled, where that is a number of ours and not one outside.
    let called = || {
        let number = organisation.numbers.get_key_value(&call.dialled)?;
        Some(number.0.clone())
    };
    let mut numbers = Vec::new();
    let by_a_user = |it: &Forwarded| matches!(it.by, By::User(_));
    if !call.forwarded.first().is_some_and(by_a_user) {
        numbers.extend(at_first(call, organisation, payer, called));
    }
    for (at, forwarded) in call.forwarded.iter().enumerate() {
        let first = (at == 0).then(called).flatten();
        let from = match &forwarded.by {
            By::User(by) => first.or_else(|| shown_of(organisation, by)),
            By::Network(number) => Some(number.clone()),
        };
        numbers.extend(from.map(|from| (from, reason(forwarded.cause))));
    }
    numbers
}

/// The number that it was sent on from before anybody forwarded it: by a transfer, or as the number that was dialled
/// leads on.
fn at_first(
    call: &Call,
    organisation: &Organisation,
    payer: &Payer,
    called: impl FnOnce() -> Option<Box<str>>,
) -> Option<(Box<str>, DivertedFor)> {
    let own = matches!(payer, Payer::User(user) if Some(user) == call.caller_user.as_ref());
    match &call.referred_by {
        Some(referrer) => {
            let from = shown_of(organisation, referrer)?;
            Some((from, DivertedFor::Deflected))
        }
        None if !own => {
            // Nobody chose anything on the way but those who are named.
            let reason = match call.moves.saturating_sub(call.redirects) {
                0 => DivertedFor::Always,
                _ => DivertedFor::Unknown,
            };
            Some((called()?, reason))
        }
        None => None,
    }
}

/// The number that those outside see of a user; none of one who shows none.
fn shown_of(organisation: &Organisation, user: &UserId) -> Option<Box<str>> {
    let payer = Payer::User(user.clone());
    match organisation.outward.shown_as(&payer, None).caller_id {
        CallerId::Number(number) => Some(number),
        CallerId::Withheld => None,
    }
}

fn reason(cause: ForwardCause) -> DivertedFor {
    match cause {
        ForwardCause::Always => DivertedFor::Always,
        ForwardCause::Busy => DivertedFor::Busy,
        ForwardCause::NoAnswer => DivertedFor::NoAnswer,
        ForwardCause::Unreachable => DivertedFor::Unreachable,
        ForwardCause::Deflected => DivertedFor::Deflected,
    }
}
