-- Who is billed for Kö Plus, from activation to end. Times are milliseconds of UTC.
CREATE TABLE licences (
    user     TEXT    NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,
    licence  TEXT    NOT NULL,
    PRIMARY KEY (user, since_ms)
) WITHOUT ROWID;
