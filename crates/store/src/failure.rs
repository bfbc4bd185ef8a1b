//! Why storage doesn't take something, in kinds that decide what is done about it.

use sqlx::postgres::PgDatabaseError;
use std::fmt;
use std::io;

/// What storage said.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// In its own words.
    pub message: String,
}

/// What is wrong with storage; a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Another process has it.
    Locked,
    /// There is no room.
    Full,
    /// It may be read only.
    ReadOnly,
    /// The file is no database, or a torn one.
    Corrupt,
    /// The file or its folder is gone.
    Lost,
    /// The row itself can't be stored, or read.
    Row,
    /// Nobody answers where the database is, or it is being stopped.
    Away,
    /// It does not do what it is asked in time.
    Slow,
    /// Anything else.
    Other,
}

impl FailureKind {
    /// The word for logs and labels.
    pub fn label(self) -> &'static str {
        match self {
            FailureKind::Locked => "locked",
            FailureKind::Full => "full",
            FailureKind::ReadOnly => "read-only",
            FailureKind::Corrupt => "corrupt",
            FailureKind::Lost => "lost",
            FailureKind::Row => "row",
            FailureKind::Away => "away",
            FailureKind::Slow => "slow",
            FailureKind::Other => "other",
        }
    }

    /// Whether waiting for it is worth the while where somebody waits.
    pub(crate) fn may_pass_soon(self) -> bool {
        matches!(self, FailureKind::Locked | FailureKind::Away)
    }

    /// Whether the connection on which it happened is still of use. Whatever state it is in after another, a fresh one
    /// is in a better.
    pub(crate) fn leaves_connection(self) -> bool {
        match self {
            FailureKind::Locked | FailureKind::Full | FailureKind::Row => true,
            FailureKind::ReadOnly
            | FailureKind::Corrupt
            | FailureKind::Lost
            | FailureKind::Away
            | FailureKind::Slow
            | FailureKind::Other => false,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl Failure {
    pub(crate) fn lost(message: impl Into<String>) -> Failure {
        Failure {
            kind: FailureKind::Lost,
            message: message.into(),
        }
    }

    pub(crate) fn of_kind(self, kind: FailureKind) -> Failure {
        Failure { kind, ..self }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        let kind = match &error {
            sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => kind_of_state(error.code()),
                None => {
                    let code = error.code().and_then(|code| code.parse().ok());
                    code.map_or(FailureKind::Other, kind_of)
                }
            },
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => FailureKind::Lost,
            sqlx::Error::Io(_) => FailureKind::Away,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => FailureKind::Row,
            _ => FailureKind::Other,
        };
        Failure {
            kind,
            message: error.to_string(),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Failure {
    fn from(error: sqlx::migrate::MigrateError) -> Failure {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            sqlx::migrate::MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Failure {
                kind: FailureKind::Other,
                message: other.to_string(),
            },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => FailureKind::Lost,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureKind::Full,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                FailureKind::ReadOnly
            }
            _ => FailureKind::Other,
        };
        Failure {
            kind,
            message: error.to_string(),
        }
    }
}

/// By SQLite's result code (sqlite.org/rescode.html), whose low byte is the primary one.
fn kind_of(code: u32) -> FailureKind {
    match code & 0xff {
        5 | 6 => FailureKind::Locked,
        13 => FailureKind::Full,
        8 => FailureKind::ReadOnly,
        11 | 26 => FailureKind::Corrupt,
        14 => FailureKind::Lost,
        // Too big, against a constraint, of a wrong type, out of range.
        18 | 19 | 20 | 25 => FailureKind::Row,
        _ => FailureKind::Other,
    }
}

/// By PostgreSQL's SQLSTATE, whose first two characters are its class.
fn kind_of_state(state: &str) -> FailureKind {
    match state {
        "53100" => FailureKind::Full,
        // Cancelled by its time limit.
        "57014" => FailureKind::Slow,
        // A standby, or one that an administrator has made so; not ours to write.
        "25006" | "42501" => FailureKind::ReadOnly,
        // A lock is not to be had; two transactions were in each other's way.
        "55P03" | "40001" | "40P01" => FailureKind::Locked,
        _ => match state.get(..2) {
            // No connection, no resources for it, an operator's intervention.
            Some("08" | "53" | "57") => FailureKind::Away,
            // What the data are, and what constraints say of them.
            Some("22" | "23") => FailureKind::Row,
            _ => FailureKind::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_failure_of_postgresql_is_read_from_its_state_or_its_class() {
        for (state, kind) in [
            ("53100", FailureKind::Full),
            ("53300", FailureKind::Away),
            ("57P01", FailureKind::Away),
            ("57014", FailureKind::Slow),
            ("08006", FailureKind::Away),
            ("22021", FailureKind::Row),
            ("23505", FailureKind::Row),
            ("25006", FailureKind::ReadOnly),
            ("40P01", FailureKind::Locked),
            ("42P01", FailureKind::Other),
        ] {
            assert_eq!(kind_of_state(state), kind, "{state}");
        }
    }

    #[test]
    fn the_kind_of_a_failure_is_read_from_its_primary_code() {
        for (code, kind) in [
            (5, FailureKind::Locked),
            (261, FailureKind::Locked),
            (13, FailureKind::Full),
            (1032, FailureKind::ReadOnly),
            (26, FailureKind::Corrupt),
            (267, FailureKind::Corrupt),
            (14, FailureKind::Lost),
            (1811, FailureKind::Row),
            (10, FailureKind::Other),
        ] {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }

    #[test]
    fn a_full_disk_is_known_by_what_the_system_says_too() {
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.kind, FailureKind::Full);
    }
}
