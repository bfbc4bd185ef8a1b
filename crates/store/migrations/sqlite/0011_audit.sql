-- What people had done: who, by which way in, what, and what came of it (nothing where it was done). No numbers and no texts of theirs.
CREATE TABLE audit (
    id     TEXT    NOT NULL PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    org    TEXT,
    who    TEXT    NOT NULL,
    way    TEXT    NOT NULL,
    what   TEXT    NOT NULL,
    result TEXT
) WITHOUT ROWID;
CREATE INDEX audit_by_time ON audit (at_ms);
