//! `[users.<name>.forward]`: where a person's calls go instead of to him.

use crate::problems::{Problem, quoted};
use crate::section::{At, Context, Section};
use crate::settings::{forward, user};
use base::UserId;
use call::forward::Forwards;
use call::settings::{Destination, Organisation};

/// A forward as written, whose leading somewhere is still to be looked at.
pub(crate) struct Written {
    user: UserId,
    to: At<Box<str>>,
}

/// Takes `forward` of a user.
pub(crate) fn read(
    user: Option<&UserId>,
    section: &mut Section<'_>,
    context: &mut Context<'_>,
) -> (Forwards, Vec<Written>) {
    let mut forwards = Forwards::default();
    let mut written = Vec::new();
    let what = format!("`forward` of {}", section.what());
    let Some(mut section) = section.section(&user::FORWARD, what, context) else {
        return (forwards, written);
    };
    for (setting, forward) in [
        (&forward::ALWAYS, &mut forwards.always),
        (&forward::BUSY, &mut forwards.busy),
        (&forward::NO_ANSWER, &mut forwards.no_answer),
        (&forward::UNREACHABLE, &mut forwards.unreachable),
    ] {
        let Some(at) = section.take(setting, context) else {
            continue;
        };
        let to = Box::<str>::from(at.value);
        *forward = Some(to.clone());
        written.extend(user.map(|user| Written {
            user: user.clone(),
            to: At {
                value: to,
                place: at.place,
            },
        }));
    }
    let after = section.take(&forward::NO_ANSWER_AFTER, context);
    forwards.no_answer_after = after.map(|at| at.value);
    section.finish(context);
    (forwards, written)
}

/// Tells every forward that leads nowhere, and warns of those that the person's plan doesn't let through.
pub(crate) fn check(organisation: &Organisation, written: &[Written], context: &mut Context<'_>) {
    for Written { user, to } in written {
        let name = user.name();
        match call::forward::destination(organisation, user, &to.value) {
            None => {
                let problem = format!(
                    "{} is nowhere that the calls of `{name}` could go",
                    quoted(&to.value)
                );
                let mend = "write another one's extension, or a number that is no emergency number, in quotes: \
                            \"+46701234567\"";
                context.add(Problem::new(to.place, problem).mend(mend));
            }
            Some(Destination::Outside(outside, payer)) => {
                if let Err(why) = organisation.outward.check(&payer, &outside) {
                    let problem = format!("calls of `{name}` will not be forwarded there: {why}");
                    let mend = "give the person a `plan` that allows it";
                    context.warn(Problem::new(to.place, problem).mend(mend));
                }
            }
            Some(_) => {}
        }
    }
}
