//! `[users.<name>]`: an account. A password that stands there is turned into digest hashes here and kept nowhere
//! else, apart from a demo's, which is no secret.

use crate::agents;
use crate::forward::{self, Written};
use crate::outward::{self, Theirs};
use crate::problems::Problem;
use crate::scope::{Dialable, Dialled, Opened, Scope, open};
use crate::section::{At, Context, Entry, Section};
use crate::settings::user;
use crate::skills;
use crate::source::Place;
use acd::{Licence, Skills};
use base::UserId;
use call::settings::{PickUp, User};
use sip_core::digest::{Algorithm, Ha1};

/// What a password starts with that everybody may know.
const DEMO_PASSWORD: &str = "demo-";

/// Shorter ones fall to scanners within days.
const PASSWORD_CHARS_ADVISED: usize = 12;

/// An account whose password is known to everybody.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) user: UserId,
    /// None where only its hashes are written.
    pub(crate) password: Option<Box<str>>,
    pub(crate) place: Place,
}

/// A password that whoever reads the file reads too, and that is nobody else's business.
pub(crate) struct Readable {
    pub(crate) user: UserId,
    pub(crate) domain: Box<str>,
    pub(crate) place: Place,
}

pub(crate) struct Read {
    pub(crate) id: UserId,
    pub(crate) user: User,
    pub(crate) outward: Theirs,
    pub(crate) forwards: Vec<Written>,
    pub(crate) skills: Skills,
    pub(crate) licence: Licence,
    /// Where his mobile is written.
    pub(crate) mobile: Option<Place>,
    pub(crate) demo: Option<Account>,
    pub(crate) readable: Option<Readable>,
    /// The hash of his password for the web alone.
    pub(crate) web_hash: Option<Box<str>>,
}

/// What an account is proven by.
struct Proof {
    md5: Ha1,
    sha256: Ha1,
    /// The password, where it stands there itself.
    password: Option<String>,
    place: Place,
}

pub(crate) fn read(
    entry: Entry<'_>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Option<Read> {
    let (name, ..) = entry;
    let Opened {
        id,
        mut section,
        extension,
        ..
    } = open(
        Dialable {
            kind: "user",
            id_of: UserId::new,
            heading: &user::HEADING,
            extension: &user::EXTENSION,
        },
        entry,
        scope,
        dialled,
        context,
    )?;
    let proof = read_proof(name, &mut section, scope, context);
    let web_hash = section.take(&user::WEB_PASSWORD_HASH, context);
    let display_name = section.take(&user::NAME, context);
    let role = section.value(&user::ROLE, context);
    let devices = section.value(&user::DEVICES, context);
    let intercom = section.value(&user::INTERCOM, context);
    let contacts_max = section.take(&user::CONTACTS_MAX, context);
    let skills = skills::take(&mut section, &user::SKILLS, context);
    let licence = section.value(&user::LICENCE, context);
    let mobile = agents::read_mobile(&mut section, scope, context);
    let (forwards, written) = forward::read(id.as_ref(), &mut section, context);
    let outward = outward::read_own_of_user(&mut section, context);
    section.finish(context);
    let (id, proof) = (id?, proof?);
    let is_demo = scope.is_demo || proof.starts_with(DEMO_PASSWORD);
    if let Some(password) = proof.password.as_ref().filter(|_| !is_demo)
        && password.chars().count() < PASSWORD_CHARS_ADVISED
    {
        let problem = format!("the password of user `{name}` is short and can be guessed");
        let mend = format!("use {PASSWORD_CHARS_ADVISED} characters or more, drawn at random");
        context.warn(Problem::new(proof.place, problem).mend(mend));
    }
    let user = User {
        extension,
        display_name: display_name.map(|at| at.value.into()),
        role,
        devices,
        ha1_md5: proof.md5,
        ha1_sha256: proof.sha256,
        contacts_max: contacts_max.map(|at| at.value as usize),
        forwards,
        mobile: mobile.as_ref().map(|at| at.value.clone()),
        intercom: match intercom {
            true => PickUp::ByItself,
            false => PickUp::ByHand,
        },
    };
    let place = proof.place;
    let readable = proof.password.as_ref().filter(|_| !is_demo);
    Some(Read {
        readable: readable.map(|_| Readable {
            user: id.clone(),
            domain: scope.domain.clone(),
            place,
        }),
        demo: is_demo.then(|| Account {
            user: id.clone(),
            password: proof.password.map(Into::into),
            place,
        }),
        id,
        user,
        outward,
        forwards: written,
        skills: skills.unwrap_or_default(),
        licence,
        mobile: mobile.map(|at| at.place),
        web_hash: web_hash.map(|at| at.value),
    })
}

impl Proof {
    fn starts_with(&self, start: &str) -> bool {
        let password = self.password.as_deref();
        password.is_some_and(|password| password.starts_with(start))
    }
}

/// Either the password or both of its hashes.
fn read_proof(
    name: &str,
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Proof> {
    let start = section.place();
    let written = [
        section.has(&user::PASSWORD),
        section.has(&user::HA1_MD5),
        section.has(&user::HA1_SHA256),
    ];
    let password = section.take(&user::PASSWORD, context);
    let md5 = section.take(&user::HA1_MD5, context);
    let sha256 = section.take(&user::HA1_SHA256, context);
    let run = format!("run kolapp secret {name}@{}", scope.domain);
    let problem = match written {
        [true, false, false] => {
            let At { value, place } = password?;
            let ha1 = |algorithm| Ha1::of(algorithm, name, &scope.domain, &value);
            return Some(Proof {
                md5: ha1(Algorithm::Md5),
                sha256: ha1(Algorithm::Sha256),
                password: Some(value),
                place,
            });
        }
        [false, true, true] => {
            let (md5, sha256) = (md5?, sha256?);
            return Some(Proof {
                md5: md5.value,
                sha256: sha256.value,
                password: None,
                place: md5.place,
            });
        }
        [true, ..] => {
            let place = password.map_or(start, |at| at.place);
            Problem::new(
                place,
                format!("user `{name}` has a password beside its hashes"),
            )
            .mend("remove the password")
        }
        [false, false, false] => Problem::new(
            start,
            format!("user `{name}` has no `password` and no hashes of one"),
        )
        .mend(format!(
            "{run}, and write the two lines that it prints here"
        )),
        [false, ..] => Problem::new(start, format!("user `{name}` has one hash, and needs both"))
            .mend(format!("{run}, and write both lines that it prints")),
    };
    context.add(problem);
    None
}
