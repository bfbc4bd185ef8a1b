//! Calls that come in over trunks: by which trunk, and for which number.

use crate::identity::{number_called, own_number};
use crate::settings::{Directory, Organisation, Trunk};
use crate::upkeep::{TrunksSeen, contact_user, trunk_of_contact};
use base::TrunkId;
use sip_core::Request;
use std::net::IpAddr;

/// The trunk that a call comes in by: one that has registered is known by its Contact and its registrar's addresses,
/// any by its source address and a number of its organisation's.
pub(crate) fn trunk_of<'a>(
    directory: &'a Directory,
    seen: &TrunksSeen,
    from: IpAddr,
    request: &Request,
) -> Option<&'a TrunkId> {
    if let Some(registered) = request.uri.user().and_then(trunk_of_contact) {
        let organisation = directory.organisations.get(&registered.org())?;
        let (id, trunk) = organisation.trunks.get_key_value(&registered)?;
        let registrar = seen.get(id).map(|seen| seen.sources.as_slice());
        let known = registrar.unwrap_or_default().contains(&from) || comes_from(trunk, from);
        return Some(id).filter(|_| known && called(organisation, id, request).is_some());
    }
    directory.organisations.values().find_map(|organisation| {
        let fits = |trunk: &Trunk| {
            comes_from(trunk, from) && number_called(organisation, trunk, request).is_some()
        };
        let mut trunks = organisation.trunks.iter();
        trunks.find(|(_, trunk)| fits(trunk)).map(|(id, _)| id)
    })
}

/// The number of the organisation's that a call over this trunk is for.
pub(crate) fn called<'a>(
    organisation: &'a Organisation,
    trunk: &TrunkId,
    request: &Request,
) -> Option<&'a str> {
    let by_contact = request.uri.user() == Some(&contact_user(trunk));
    let settings = organisation.trunks.get(trunk)?;
    let named = number_called(organisation, settings, request);
    if named.is_some() || !by_contact {
        return named;
    }
    // RFC 3261 §16.5: the Request-URI became our Contact; what was called is left in To.
    let to = request.headers.to().ok();
    let in_to = to.and_then(|to| own_number(organisation, &to.uri));
    in_to.or_else(|| {
        let register = settings.outward.as_ref()?.keep.register.as_ref()?;
        let (number, _) = organisation
            .numbers
            .get_key_value(register.number.as_ref()?)?;
        Some(number)
    })
}

fn comes_from(trunk: &Trunk, from: IpAddr) -> bool {
    trunk.sources.iter().any(|source| source.contains(from))
}
