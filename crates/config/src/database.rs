//! `[store]` of `kolapp.toml`: the database that keeps what outlives the process, where it is not a file of ours.

use crate::environment::STORE_URL;
use crate::error::{ConfigError, Spot};
use crate::kinds::{Own, form};
use crate::loaded::Loaded;
use crate::problems::Problem;
use crate::section::{Context, Reading, Section};
use crate::settings::{server_file, store};
use crate::tree::Node;
use crate::value;
use std::fmt;

/// The URL of a database, which may have a password in it, so it shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole of it, for whoever connects.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// It without a user, a password and options.
    pub fn shown(&self) -> String {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", ""));
        let rest = rest.split('?').next().unwrap_or_default();
        let rest = rest.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{rest}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// What its options may be called: what PostgreSQL's own programs call them.
const OPTIONS: [&str; 5] = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// How much TLS is asked for.
const TLS_MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

const MEND: &str = "write it like postgres://kolapp:password@db.example.com:5432/kolapp, with %40 for @ and the like in a password";

const ESCAPES: &str = "in a user, a password and a database write %23 for #, %3A for :, %2F for /, %40 for @ and the like";

/// A URL of a database, in settings and in the environment.
pub(crate) const DATABASE_URL: Own<DatabaseUrl> = Own {
    words: "URL",
    schema: || form("^postgres(ql)?://[^/]*/[^/?]+"),
    read: database_url,
};

fn database_url(node: &Node) -> Reading<DatabaseUrl> {
    let text = value::text(node)?;
    parse(&text).map_err(|expected| {
        let problem = Problem::new(node.place, format!("expected {expected}"));
        vec![problem.mend(MEND)]
    })
}

/// The URL, or what was expected of it.
pub(crate) fn parse(text: &str) -> Result<DatabaseUrl, String> {
    let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| format!("a URL that begins with {}", SCHEMES.join(" or ")))?;
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    if database.is_empty() || database.contains('/') {
        return Err("the name of a database at its end, behind a single /".into());
    }
    let mut has_socket = false;
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        if !OPTIONS.contains(&name) {
            return Err(format!(
                "behind ? only {}, got {name:?}",
                OPTIONS.join(", ")
            ));
        }
        if name == "sslmode" && !TLS_MODES.contains(&value) {
            let modes = TLS_MODES.join(", ");
            return Err(format!("sslmode to be one of {modes}, got {value:?}"));
        }
        if name == "host" && value.is_empty() {
            return Err("a folder or a name behind host=".into());
        }
        has_socket |= name == "host";
    }
    let host = server.rsplit('@').next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    if name.is_empty() && !has_socket {
        return Err("a host before the database, or host=/folder/of/its/socket behind ?".into());
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("a port from 1 to 65535 behind the host".into());
    }
    Ok(DatabaseUrl(text.to_owned()))
}

pub(crate) fn read(
    top: &mut Section<'_>,
    overridden: Option<DatabaseUrl>,
    context: &mut Context<'_>,
) -> StoreSection {
    let mut section = top.headed_or_empty(&server_file::STORE, context);
    let url = section.take(&store::URL, context);
    section.finish(context);
    match (overridden, url) {
        (None, Some(url)) => StoreSection {
            at: Some(context.sources.spot(url.place)),
            url: Some(url.value),
        },
        (url, _) => StoreSection { url, at: None },
    }
}

/// `[store]`, read.
pub(crate) struct StoreSection {
    pub(crate) url: Option<DatabaseUrl>,
    /// Where the URL stands, if in a file.
    pub(crate) at: Option<Spot>,
}

impl Loaded {
    /// Refuses a database that whoever connects to it can't make out: `judge` says why, without what is secret.
    pub fn check_store(
        &self,
        judge: impl Fn(&DatabaseUrl) -> Result<(), String>,
    ) -> Result<(), Vec<ConfigError>> {
        let Some(Err(problem)) = self.server.store.as_ref().map(judge) else {
            return Ok(());
        };
        let error = match &self.store_at {
            Some(spot) => ConfigError::at(spot.clone(), problem),
            None => ConfigError::named(STORE_URL, problem),
        };
        Err(vec![error.mend(ESCAPES)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_databases_are_taken_and_shown_without_what_is_secret() {
        for (text, shown) in [
            (
                "postgres://kolapp:p%40ss@db.example:6000/calls",
                "postgres://db.example:6000/calls",
            ),
            (
                "postgresql://[2001:db8::1]:5432/k?sslmode=verify-full",
                "postgresql://[2001:db8::1]:5432/k",
            ),
            ("postgres://[::1]/k", "postgres://[::1]/k"),
            (
                "postgres://kolapp@/calls?host=/run/postgresql",
                "postgres:///calls",
            ),
        ] {
            let url = parse(text).unwrap();
            assert_eq!(url.as_str(), text);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn what_is_no_url_of_a_database_is_told_in_words_without_its_password() {
        for (text, expected) in [
            ("mysql://k:secret@h/k", "begins with postgres://"),
            ("postgres://k:secret@h", "the name of a database"),
            ("postgres://k:secret@h/", "the name of a database"),
            ("postgres://k:secret@/k", "a host before the database"),
            ("postgres://k:secret@h:http/k", "a port from 1 to 65535"),
            (
                "postgres://k:secret@h/k?sslmode=maybe",
                "sslmode to be one of",
            ),
            (
                "postgres://k:secret@h/k?ssl=on",
                "behind ? only host, sslmode",
            ),
            ("postgres://k:secret@h/k?host=", "behind host="),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
