//! Why storage doesn't take something, in kinds that decide what is done about it.

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
    /// The row itself can't be stored.
    Row,
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
            FailureKind::Other => "other",
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
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        let kind = match &error {
            sqlx::Error::Database(error) => {
                let code = error.code().and_then(|code| code.parse().ok());
                code.map_or(FailureKind::Other, kind_of)
            }
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => FailureKind::Lost,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => FailureKind::Corrupt,
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

#[cfg(test)]
mod tests {
    use super::*;

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
