-- Where each user can be reached: one row an account, its contacts as JSON. Times are milliseconds of UTC.
CREATE TABLE bindings (
    user       TEXT    NOT NULL PRIMARY KEY,
    ends_at_ms INTEGER NOT NULL,
    contacts   TEXT    NOT NULL
) WITHOUT ROWID;

-- Sources that are kept out.
CREATE TABLE bans (
    source   TEXT    NOT NULL PRIMARY KEY,
    cause    TEXT    NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    times    INTEGER NOT NULL
) WITHOUT ROWID;
