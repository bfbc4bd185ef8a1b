//! `probe` and `[trunks.<name>.register]`: what keeps a trunk up.

use crate::problems::{Problem, quoted};
use crate::scope::Scope;
use crate::section::{At, Context, Section};
use crate::settings::{register, trunk};
use call::upkeep::{ContactShown, Keep, Register};
use sip_core::{Host, Uri};
use std::time::Duration;

/// What is written of it, before it is known whom the trunk is at.
pub(crate) struct Written {
    probe: Option<Duration>,
    register: Option<WrittenRegister>,
}

struct WrittenRegister {
    what: String,
    place: crate::source::Place,
    registrars: Option<Vec<(Host, Option<u16>)>>,
    user: Option<Box<str>>,
    expires: Duration,
    contact: ContactShown,
    number: Option<Box<str>>,
}

/// Takes what keeps a trunk up.
pub(crate) fn read(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Written {
    let probe = section.take(&trunk::PROBE, context);
    let what = format!("`register` of {}", section.what());
    let register = section.section(&trunk::REGISTER, what, context);
    Written {
        probe: probe.map(|at| at.value),
        register: register.map(|section| read_register(section, scope, context)),
    }
}

fn read_register(
    mut section: Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> WrittenRegister {
    let registrars = section.take(&register::REGISTRARS, context);
    if let Some(at) = registrars.as_ref().filter(|at| at.value.is_empty()) {
        let problem = format!("{} names no registrar", section.what());
        let mend = "leave `registrars` out to register where calls are sent";
        context.add(Problem::new(at.place, problem).mend(mend));
    }
    let user = section.take(&register::USER, context);
    let expires = section.value(&register::EXPIRES, context);
    let contact = section.value(&register::CONTACT, context);
    let number = section.take(&register::NUMBER, context);
    if let Some(At { value, place }) = &number
        && !scope.numbers.contains(&**value)
    {
        let problem = format!("{} is no number of this organisation", quoted(value));
        let mend = "name one that stands under [numbers]";
        context.add(Problem::new(*place, problem).mend(mend));
    }
    let (what, place) = (section.what().to_owned(), section.place());
    section.finish(context);
    WrittenRegister {
        what,
        place,
        registrars: registrars.map(|at| at.value.into_iter().map(|at| at.value).collect()),
        user: user.map(|at| at.value.into()),
        expires,
        contact,
        number: number.map(|at| at.value),
    }
}

impl Written {
    /// What is meant, for a trunk whose calls go to `next_hop` as that user.
    pub(crate) fn meant(
        self,
        next_hop: &Uri,
        username: Option<&str>,
        context: &mut Context<'_>,
    ) -> Keep {
        let register = self.register.and_then(|written| {
            let user = written.user.or_else(|| username.map(Box::from));
            if user.is_none() {
                let problem = format!("{} does not say whom to register", written.what);
                let mend = "give the trunk its `username` and `password`, or name the account: user = \"46850001000\"";
                context.add(Problem::new(written.place, problem).mend(mend));
            }
            let registrars = match written.registrars {
                Some(list) => list.into_iter().map(|peer| like(next_hop, peer)).collect(),
                None => vec![next_hop.clone()],
            };
            Some(Register {
                registrars,
                user: user?,
                expires: written.expires,
                contact: written.contact,
                number: written.number,
            })
        });
        Keep {
            register,
            probe: self.probe,
        }
    }
}

/// Another server, reached the same way.
fn like(next_hop: &Uri, (host, port): (Host, Option<u16>)) -> Uri {
    let mut uri = next_hop.clone();
    if let Uri::Sip(sip) = &mut uri {
        (sip.host, sip.port) = (host, port);
    }
    uri
}
