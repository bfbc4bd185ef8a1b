//! How databases of older servers are brought up to date. Forward only: a database of a newer server is left alone by
//! an older one.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Number, name and text.
type Step = (i64, &'static str, &'static str);

const SQLITE: [Step; 14] = [
    (
        1,
        "bindings and bans",
        include_str!("../migrations/sqlite/0001_bindings_and_bans.sql"),
    ),
    (
        2,
        "wishes",
        include_str!("../migrations/sqlite/0002_wishes.sql"),
    ),
    (
        3,
        "quick-closes",
        include_str!("../migrations/sqlite/0003_quick_closes.sql"),
    ),
    (
        4,
        "agents",
        include_str!("../migrations/sqlite/0004_agents.sql"),
    ),
    (
        5,
        "licences",
        include_str!("../migrations/sqlite/0005_licences.sql"),
    ),
    (
        6,
        "journal",
        include_str!("../migrations/sqlite/0006_journal.sql"),
    ),
    (
        7,
        "callbacks",
        include_str!("../migrations/sqlite/0007_callbacks.sql"),
    ),
    (
        8,
        "callback-activations",
        include_str!("../migrations/sqlite/0008_callback_activations.sql"),
    ),
    (
        9,
        "tokens",
        include_str!("../migrations/sqlite/0009_tokens.sql"),
    ),
    (
        10,
        "call-records",
        include_str!("../migrations/sqlite/0010_call_records.sql"),
    ),
    (
        11,
        "audit",
        include_str!("../migrations/sqlite/0011_audit.sql"),
    ),
    (
        12,
        "sessions and credentials",
        include_str!("../migrations/sqlite/0012_sessions_and_credentials.sql"),
    ),
    (
        13,
        "talks without a key",
        include_str!("../migrations/sqlite/0013_talks_without_a_key.sql"),
    ),
    (
        14,
        "second factors",
        include_str!("../migrations/sqlite/0014_second_factors.sql"),
    ),
];

/// From the number on that SQLite's had when PostgreSQL came; each number means the same tables for both.
const POSTGRES: [Step; 9] = [
    (
        6,
        "begin",
        include_str!("../migrations/postgres/0006_begin.sql"),
    ),
    (
        7,
        "callbacks",
        include_str!("../migrations/postgres/0007_callbacks.sql"),
    ),
    (
        8,
        "callback-activations",
        include_str!("../migrations/postgres/0008_callback_activations.sql"),
    ),
    (
        9,
        "tokens",
        include_str!("../migrations/postgres/0009_tokens.sql"),
    ),
    (
        10,
        "call-records",
        include_str!("../migrations/postgres/0010_call_records.sql"),
    ),
    (
        11,
        "audit",
        include_str!("../migrations/postgres/0011_audit.sql"),
    ),
    (
        12,
        "sessions and credentials",
        include_str!("../migrations/postgres/0012_sessions_and_credentials.sql"),
    ),
    (
        13,
        "talks without a key",
        include_str!("../migrations/postgres/0013_talks_without_a_key.sql"),
    ),
    (
        14,
        "second factors",
        include_str!("../migrations/postgres/0014_second_factors.sql"),
    ),
];

/// Those of an SQLite file.
pub(crate) fn sqlite() -> Migrator {
    migrator(&SQLITE)
}

/// Those of a PostgreSQL database.
pub(crate) fn postgres() -> Migrator {
    migrator(&POSTGRES)
}

/// The first one that an SQLite file lacks whose newest is `newest`.
pub(crate) fn after(newest: u64) -> Option<i64> {
    let mut versions = SQLITE.iter().map(|(version, ..)| *version);
    versions.find(|version| version.unsigned_abs() > newest)
}

fn migrator(steps: &[Step]) -> Migrator {
    let steps = steps.iter().map(|(version, name, sql)| {
        let sql = (*sql).into_sql_str();
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_database_end_at_the_same_number() {
        assert_eq!(SQLITE.last().unwrap().0, POSTGRES.last().unwrap().0);
    }
}
