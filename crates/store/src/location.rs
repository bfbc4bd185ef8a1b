//! Where what is kept is: a file in a folder of ours, or a database that somebody else runs.

use sqlx::postgres::PgConnectOptions;
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Name of the file in the state folder.
pub const FILE_NAME: &str = "kolapp.db";

/// What the URL of a database begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Where what is kept is.
#[derive(Clone)]
pub struct Location(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    /// An SQLite file.
    File(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

/// It is no URL of a PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a URL such as postgres://kolapp:password@host/kolapp: {0}")]
pub struct NoUrl(String);

impl Location {
    /// A PostgreSQL database by its URL.
    pub fn postgres(url: &str) -> Result<Location, NoUrl> {
        if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(NoUrl(format!("it begins with {}", SCHEMES.join(" or "))));
        }
        let options = PgConnectOptions::from_str(&with_host(url));
        let options = options.map_err(|error| NoUrl(error.to_string()))?;
        if options.get_database().is_none() {
            return Err(NoUrl("it ends with the database's name".into()));
        }
        let options = options.application_name("kolapp");
        Ok(Location(Kind::Postgres(Box::new(options))))
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Kind::File(path) => Some(path),
            Kind::Postgres(_) => None,
        }
    }
}

/// What names a socket behind `?` may name no host, as for PostgreSQL's own programs; but a user without a host, or a port
/// without one, is no URL to others (WHATWG URL §4.4, "host-missing"). The socket goes before whatever stands there.
fn with_host(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.into();
    };
    let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = server.rfind('@').map_or(0, |at| at + 1);
    let host = &server[user..];
    if server.is_empty() || !(host.is_empty() || host.starts_with(':')) {
        return url.into();
    }
    let (user, behind) = rest.split_at(user);
    format!("{scheme}://{user}localhost{behind}").into()
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Location {
    /// The file in that folder.
    fn from(folder: &P) -> Location {
        Location(Kind::File(folder.as_ref().join(FILE_NAME)))
    }
}

/// Without a password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(path) => path.display().fmt(f),
            Kind::Postgres(options) => {
                let user = options.get_username();
                let database = options.get_database().unwrap_or_default();
                match options.get_socket() {
                    Some(socket) => {
                        write!(f, "postgres://{user}@/{database}?host={}", socket.display())
                    }
                    None => write!(
                        f,
                        "postgres://{user}@{}:{}/{database}",
                        options.get_host(),
                        options.get_port()
                    ),
                }
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_to_nobody() {
        let location =
            Location::postgres("postgres://kolapp:hunter2@db.example:6000/calls").unwrap();
        let shown = format!("{location} {location:?}");
        assert!(shown.starts_with("postgres://kolapp@db.example:6000/calls "));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_socket_needs_no_host_before_the_database() {
        for (url, port) in [
            ("postgres://kolapp@/calls?host=/run/postgresql", 5432),
            ("postgres://kolapp:p%40ss@/calls?host=/run/postgresql", 5432),
            ("postgres://kolapp@:6000/calls?host=/run/postgresql", 6000),
            (
                "postgres://kolapp@localhost/calls?host=/run/postgresql",
                5432,
            ),
        ] {
            let location = Location::postgres(url).unwrap();
            assert_eq!(
                location.to_string(),
                "postgres://kolapp@/calls?host=/run/postgresql"
            );
            let Kind::Postgres(options) = &location.0 else {
                panic!("{location} is a file")
            };
            assert_eq!(options.get_port(), port, "{url}");
        }
        let host = Location::postgres("postgres://kolapp:p@db.example/calls").unwrap();
        assert_eq!(host.to_string(), "postgres://kolapp@db.example:5432/calls");
    }

    #[test]
    fn what_is_no_url_of_a_database_is_refused_in_words() {
        for url in [
            "",
            "kolapp.db",
            "mysql://host/name",
            "postgres://kolapp@host",
            "postgres://host:port/name",
        ] {
            let refused = Location::postgres(url).unwrap_err().to_string();
            assert!(refused.starts_with("expected a URL such as "), "{refused}");
        }
    }
}
