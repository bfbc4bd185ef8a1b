//! `[trunks.<name>.inbound]`: the account that calls over a trunk prove themselves with, where no address speaks for them.

use crate::problems::{Problem, quoted};
use crate::scope::Scope;
use crate::section::{At, Context, Section};
use crate::settings::{inbound, trunk};
use call::trunk::Account;
use std::collections::BTreeMap;

/// Whose name is taken by which trunk.
pub(crate) type Taken = BTreeMap<String, String>;

/// Takes `inbound` of a trunk.
pub(crate) fn read(
    trunk: &str,
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    taken: &mut Taken,
    context: &mut Context<'_>,
) -> Option<Account> {
    let what = format!("`inbound` of {}", section.what());
    let mut section = section.section(&trunk::INBOUND, what, context)?;
    let username = section.require(&inbound::USERNAME, context);
    let name = username.as_ref().map_or("exchange", |at| &at.value);
    let mend = format!(
        "run kolapp secret {name}@{}, and write the two lines that it prints here",
        scope.domain
    );
    let md5 = section.require_or(&inbound::HA1_MD5, &mend, context);
    let sha256 = section.require_or(&inbound::HA1_SHA256, &mend, context);
    section.finish(context);
    let At { value, place } = username?;
    let other = match taken.insert(value.to_ascii_lowercase(), trunk.to_owned()) {
        Some(other) => Some(format!("trunk `{other}`")),
        None => scope
            .users
            .contains(&*value.to_ascii_lowercase())
            .then(|| format!("user `{value}`")),
    };
    if let Some(other) = other {
        let problem = format!("{} is the name of {other} already", quoted(&value));
        let mend = "give each account a name of its own";
        context.add(Problem::new(place, problem).mend(mend));
    }
    Some(Account {
        username: value.into(),
        realm: scope.domain.clone(),
        ha1_md5: md5?.value,
        ha1_sha256: sha256?.value,
    })
}
