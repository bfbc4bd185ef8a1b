//! Who may start something: decided for each request outside a dialog, before any state is made for it. Says
//! whose word is needed; checking credentials and nonces is the shell's part.

use crate::input::Admission;
use crate::inward;
use crate::routing;
use crate::settings::{Destination, Directory, Organisation, User};
use crate::trunk;
use crate::upkeep::TrunksSeen;
use base::{OrgId, TrunkId, UserId};
use control::Role;
use sip_core::digest::{Algorithm, Credentials, Ha1};
use sip_core::{Flow, Host, Method, NameAddr, Request, StatusCode, Uri};

/// What a request outside a dialog needs before it is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assessment<'a> {
    /// Nothing more.
    Admitted(Admission),
    /// Credentials of a user of this organisation.
    Challenge {
        /// The digest realm to name.
        realm: &'a str,
        /// Whose users may answer.
        org: &'a OrgId,
    },
    /// It is refused whoever sends it.
    Refused(StatusCode),
}

/// Credentials are right, but not for this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotIdentified {
    /// No such account; answered as a wrong password would be.
    #[error("no account of that name")]
    UnknownUser,
    /// The account may not speak for the address in From or To.
    #[error("the account is not the one that the request speaks for")]
    SpeaksForAnother,
}

/// An account in the form that checking credentials needs.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// The user.
    pub id: &'a UserId,
    /// His settings.
    pub user: &'a User,
}

impl Account<'_> {
    /// HA1 for that algorithm.
    pub fn ha1(&self, algorithm: Algorithm) -> &Ha1 {
        match algorithm {
            Algorithm::Md5 => &self.user.ha1_md5,
            Algorithm::Sha256 => &self.user.ha1_sha256,
        }
    }
}

/// Whose credentials they are.
#[derive(Clone, Copy, Debug)]
pub enum Claimant<'a> {
    /// A user's.
    User(Account<'a>),
    /// A trunk's, whose calls may come from anywhere.
    Trunk {
        /// Which.
        id: &'a TrunkId,
        /// Its account.
        account: &'a trunk::Account,
    },
}

impl Claimant<'_> {
    /// HA1 for that algorithm.
    pub fn ha1(&self, algorithm: Algorithm) -> &Ha1 {
        match self {
            Claimant::User(account) => account.ha1(algorithm),
            Claimant::Trunk { account, .. } => account.ha1(algorithm),
        }
    }
}

/// Decides on whose word a request outside a dialog may come in.
///
/// An INVITE whose From is one of our accounts is challenged wherever it comes from; one from a trunk's
/// addresses to one of its organisation's public numbers is not, nor is one from the registrar of a trunk that has
/// registered, to its Contact; all others are. What makes no state and
/// tells nothing (OPTIONS, and methods that are refused anyway) is let through.
pub fn assess<'a>(
    directory: &'a Directory,
    trunks: &TrunksSeen,
    flow: &Flow,
    request: &Request,
) -> Assessment<'a> {
    match request.method {
        Method::Register => assess_register(directory, flow, request),
        Method::Invite => assess_invite(directory, trunks, flow, request),
        Method::Subscribe | Method::Message => assess_own_people(directory, flow, request),
        _ => Assessment::Admitted(Admission::Anyone),
    }
}

fn assess_register<'a>(directory: &'a Directory, flow: &Flow, request: &Request) -> Assessment<'a> {
    let Ok(to) = request.headers.to() else {
        return Assessment::Refused(StatusCode::BAD_REQUEST);
    };
    match organisation_of(directory, flow, &to.uri) {
        Some((org, organisation)) => challenge(org, organisation),
        // RFC 3261 §10.3 step 5 would say 404; a scanner shall not learn which domains are here by that.
        None => Assessment::Refused(StatusCode::FORBIDDEN),
    }
}

fn assess_invite<'a>(
    directory: &'a Directory,
    trunks: &TrunksSeen,
    flow: &Flow,
    request: &Request,
) -> Assessment<'a> {
    let Ok(from) = request.headers.from() else {
        return Assessment::Refused(StatusCode::BAD_REQUEST);
    };
    if let Some((org, organisation)) = organisation_of(directory, flow, &from.uri)
        && account_at(organisation, org, &from).is_some()
    {
        return challenge(org, organisation);
    }
    let by_trunk = inward::trunk_of(directory, trunks, flow.remote.ip(), request);
    if let Some(trunk) = by_trunk {
        return Assessment::Admitted(Admission::Trunk(trunk.clone()));
    }
    // Whoever it is must prove it; the realm is that of the domain he wrote, else of the one he called.
    organisation_of(directory, flow, &from.uri)
        .or_else(|| organisation_of(directory, flow, &request.uri))
        .or_else(|| {
            let org = directory.addressed_by_ip.as_ref()?;
            Some((org, directory.organisations.get(org)?))
        })
        .map_or(
            Assessment::Refused(StatusCode::FORBIDDEN),
            |(org, organisation)| challenge(org, organisation),
        )
}

/// What only the organisation's own people may do, wherever they are.
fn assess_own_people<'a>(
    directory: &'a Directory,
    flow: &Flow,
    request: &Request,
) -> Assessment<'a> {
    let Ok(from) = request.headers.from() else {
        return Assessment::Refused(StatusCode::BAD_REQUEST);
    };
    organisation_of(directory, flow, &from.uri)
        .or_else(|| organisation_of(directory, flow, &request.uri))
        .map_or(
            Assessment::Refused(StatusCode::FORBIDDEN),
            |(org, organisation)| challenge(org, organisation),
        )
}

fn challenge<'a>(org: &'a OrgId, organisation: &'a Organisation) -> Assessment<'a> {
    Assessment::Challenge {
        realm: &organisation.domain,
        org,
    }
}

/// The organisation that a URI's domain names: its own domain, or the server's own address.
pub fn organisation_of<'a>(
    directory: &'a Directory,
    flow: &Flow,
    uri: &Uri,
) -> Option<(&'a OrgId, &'a Organisation)> {
    let org = match uri.host() {
        Some(Host::Name(name)) if directory.domains.contains_key(name) => {
            directory.domains.get(name)?
        }
        Some(host) => {
            let ours = directory.addresses.is_ours(flow, host);
            directory.addressed_by_ip.as_ref().filter(|_| ours)?
        }
        // tel: has no domain.
        None => directory.addressed_by_ip.as_ref()?,
    };
    let organisation = directory.organisations.get(org)?;
    Some((org, organisation))
}

/// The account that an address speaks for: by user name or by extension.
fn account_at<'a>(
    organisation: &'a Organisation,
    org: &OrgId,
    address: &NameAddr,
) -> Option<Account<'a>> {
    let name = address.uri.user()?;
    by_name(organisation, org, name).or_else(|| {
        let Destination::User(user) = organisation.extensions.get(name)? else {
            return None;
        };
        let (id, user) = organisation.users.get_key_value(user)?;
        Some(Account { id, user })
    })
}

fn by_name<'a>(organisation: &'a Organisation, org: &OrgId, name: &str) -> Option<Account<'a>> {
    let (id, user) = organisation.user_called(org, name)?;
    Some(Account { id, user })
}

/// The account that credentials name.
///
/// Whether they are right is for the caller to check, and first: see [`speaks_for`].
pub fn account<'a>(
    directory: &'a Directory,
    org: &OrgId,
    credentials: &Credentials<'_>,
) -> Result<Claimant<'a>, NotIdentified> {
    let organisation = directory
        .organisations
        .get(org)
        .ok_or(NotIdentified::UnknownUser)?;
    let name = &*credentials.username;
    let trunk = || {
        organisation.trunks.iter().find_map(|(id, trunk)| {
            let account = trunk.inbound.as_ref()?;
            let is_its = account.username.eq_ignore_ascii_case(name);
            is_its.then_some(Claimant::Trunk { id, account })
        })
    };
    by_name(organisation, org, name)
        .map(Claimant::User)
        .or_else(trunk)
        .ok_or(NotIdentified::UnknownUser)
}

/// On whose word a request comes in whose credentials were right, if they may send it: a user a REGISTER for his own
/// address of record, an INVITE under his own name or extension; a trunk an INVITE to a number, under no user's name.
pub fn speaks_for(
    directory: &Directory,
    org: &OrgId,
    claimant: &Claimant<'_>,
    request: &Request,
) -> Result<Admission, NotIdentified> {
    match claimant {
        Claimant::User(account) => user_speaks_for(directory, org, account, request)
            .map(|()| Admission::User(account.id.clone())),
        Claimant::Trunk { id, .. } => {
            trunk_speaks_for(directory, org, id, request).map(|()| Admission::Trunk((*id).clone()))
        }
    }
}

fn trunk_speaks_for(
    directory: &Directory,
    org: &OrgId,
    trunk: &TrunkId,
    request: &Request,
) -> Result<(), NotIdentified> {
    let organisation = directory
        .organisations
        .get(org)
        .filter(|_| request.method == Method::Invite)
        .ok_or(NotIdentified::SpeaksForAnother)?;
    let from = request.headers.from().ok();
    let is_ours = from.is_none_or(|from| account_at(organisation, org, &from).is_some());
    let called = inward::called(organisation, trunk, request);
    match called.filter(|_| !is_ours) {
        Some(_) => Ok(()),
        None => Err(NotIdentified::SpeaksForAnother),
    }
}

fn user_speaks_for(
    directory: &Directory,
    org: &OrgId,
    account: &Account<'_>,
    request: &Request,
) -> Result<(), NotIdentified> {
    let address = match request.method {
        Method::Register => request.headers.to(),
        _ => request.headers.from(),
    };
    let address = address.ok();
    let named = address.as_ref().and_then(|address| address.uri.user());
    // Whose own name it is needs no looking up; a name goes before an extension, so nobody else has it.
    if named.is_some_and(|name| name.eq_ignore_ascii_case(account.id.name())) {
        return Ok(());
    }
    let owner = address.and_then(|address| {
        let organisation = directory.organisations.get(org)?;
        account_at(organisation, org, &address).map(|found| found.id.clone())
    });
    match owner {
        Some(owner) if owner == *account.id => Ok(()),
        // A supervisor or administrator registers his own phone and no other either.
        Some(_) => Err(NotIdentified::SpeaksForAnother),
        None if request.method == Method::Register => Err(NotIdentified::SpeaksForAnother),
        // From may be anything that is nobody's; the caller's number is taken from the account.
        None => Ok(()),
    }
}

/// What a request without credentials asks for, and nobody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// An account to register.
    User(Box<str>),
    /// A number to call.
    Number(Box<str>),
}

/// What a request asks for that is not there in the organisation. Not for whoever sent it to know.
pub fn unknown(directory: &Directory, org: &OrgId, request: &Request) -> Option<Unknown> {
    let organisation = directory.organisations.get(org)?;
    match request.method {
        Method::Register => {
            let to = request.headers.to().ok()?;
            let known = account_at(organisation, org, &to).is_some();
            (!known).then(|| Unknown::User(to.uri.user().unwrap_or_default().into()))
        }
        Method::Invite => {
            let dialled = request.uri.dialled().unwrap_or_default();
            let known = organisation.extensions.contains_key(&*dialled)
                || organisation.numbers.contains_key(&*dialled)
                || routing::feature(organisation, &dialled).is_some();
            (!known).then(|| Unknown::Number(dialled.into()))
        }
        _ => None,
    }
}

/// The role a user has, for permission checks; an agent where he is not known any more.
pub fn role_of(directory: &Directory, user: &UserId) -> Role {
    directory
        .organisations
        .get(user.org_name())
        .and_then(|organisation| organisation.users.get(user))
        .map_or(Role::Agent, |user| user.role)
}
