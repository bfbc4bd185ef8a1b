//! From whom a call was sent on before it goes where it goes, as phones and trunks are told: by forwards, transfers, and
//! numbers that lead outside. What a trusted trunk said of the way before us stands behind.

use crate::call::Call;
use crate::forward::ForwardCause;
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
            let by = account(organisation, forwarded.by.clone())?;
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

/// Numbers of ours that the call was sent on from, the oldest first.
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
    for (at, forwarded) in call.forwarded.iter().enumerate() {
        let first = (at == 0).then(called).flatten();
        let from = first.or_else(|| shown_of(organisation, &forwarded.by));
        numbers.extend(from.map(|from| (from, reason(forwarded.cause))));
    }
    if !call.forwarded.is_empty() {
        return numbers;
    }
    let own = matches!(payer, Payer::User(user) if Some(user) == call.caller_user.as_ref());
    match &call.referred_by {
        Some(referrer) => {
            let from = shown_of(organisation, referrer);
            numbers.extend(from.map(|from| (from, DivertedFor::Deflected)));
        }
        None if !own => {
            let reason = match call.moves {
                0 => DivertedFor::Always,
                _ => DivertedFor::Unknown,
            };
            numbers.extend(called().map(|from| (from, reason)));
        }
        None => {}
    }
    numbers
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
