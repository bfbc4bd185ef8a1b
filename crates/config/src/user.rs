//! `[users.<name>]`: an account. Its password is turned into digest hashes here and kept nowhere else,
//! apart from a demo's, which is no secret.

use crate::address;
use crate::problems::Problem;
use crate::scope::{Dialled, Scope, bad_name};
use crate::section::{Context, Section};
use crate::server::CONTACTS_MAX_MOST;
use crate::source::Place;
use crate::tree::Node;
use crate::value;
use base::UserId;
use call::settings::{Devices, User};
use control::Role;
use sip_core::digest::{Algorithm, Ha1};

/// What a password starts with that everybody may know.
const DEMO_PASSWORD: &str = "demo-";

/// Shorter ones fall to scanners within days.
const PASSWORD_CHARS_ADVISED: usize = 12;

const ROLES: [(&str, Role); 3] = [
    ("agent", Role::Agent),
    ("supervisor", Role::Supervisor),
    ("administrator", Role::Administrator),
];

const DEVICES: [(&str, Devices); 2] = [("all", Devices::All), ("newest", Devices::Newest)];

/// An account whose password is known to everybody.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) user: UserId,
    pub(crate) password: Box<str>,
    pub(crate) place: Place,
}

pub(crate) struct Read {
    pub(crate) id: UserId,
    pub(crate) user: User,
    pub(crate) demo: Option<Account>,
}

pub(crate) fn read(
    name: &str,
    place: Place,
    node: &Node,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Option<Read> {
    let id = UserId::new(scope.org, name)
        .map_err(|error| context.add(bad_name(place, "user", &error)))
        .ok();
    let what = format!("user `{name}`");
    let mut section = context.told(Section::of(&*what, node))?;
    let mend = "a phone registers with it: password = \"a long random text\"";
    let password = section.require("password", mend, value::text, context);
    let extension = section.take("extension", address::extension, context);
    let display_name = section.take("name", value::text, context);
    let role = section.take("role", value::choice(&ROLES), context);
    let devices = section.take("devices", value::choice(&DEVICES), context);
    let contacts_max = section.take("contacts_max", value::whole(1..=CONTACTS_MAX_MOST), context);
    section.finish(context);
    if let Some(extension) = &extension {
        dialled.take(extension, &what, context);
    }
    let (id, password) = (id?, password?);
    let is_demo = scope.is_demo || password.value.starts_with(DEMO_PASSWORD);
    if !is_demo && password.value.chars().count() < PASSWORD_CHARS_ADVISED {
        let problem = format!("the password of user `{name}` is short and can be guessed");
        let mend = format!("use {PASSWORD_CHARS_ADVISED} characters or more, drawn at random");
        context.warn(Problem::new(password.place, problem).mend(mend));
    }
    let ha1 = |algorithm| Ha1::of(algorithm, name, &scope.domain, &password.value);
    let user = User {
        extension: extension.map(|at| at.value),
        display_name: display_name.map(|at| at.value.into()),
        role: role.map_or(Role::default(), |at| at.value),
        devices: devices.map_or(Devices::default(), |at| at.value),
        ha1_md5: ha1(Algorithm::Md5),
        ha1_sha256: ha1(Algorithm::Sha256),
        contacts_max: contacts_max.map(|at| at.value as usize),
    };
    let demo = is_demo.then(|| Account {
        user: id.clone(),
        password: password.value.as_str().into(),
        place: password.place,
    });
    Some(Read { id, user, demo })
}
