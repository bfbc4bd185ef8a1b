-- Callback lists, one row an entry. What people look for has columns of its own; `entry` is JSON, of the version that `format` says.
CREATE TABLE callbacks (
    id        INTEGER NOT NULL PRIMARY KEY,
    org       TEXT    NOT NULL,
    list      TEXT    NOT NULL,
    status    TEXT    NOT NULL,
    due_s     INTEGER NOT NULL,
    arrived_s INTEGER NOT NULL,
    number    TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    format    INTEGER NOT NULL,
    entry     TEXT    NOT NULL
);

-- Attempts to reach the person of an entry, from nought on.
CREATE TABLE callback_attempts (
    callback INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    at_s     INTEGER NOT NULL,
    agent    TEXT    NOT NULL,
    outcome  TEXT,
    text     TEXT,
    PRIMARY KEY (callback, number)
) WITHOUT ROWID;

-- What came about on the lists, without numbers, what callers keyed and what people wrote. `began_ms` is the process that says so.
CREATE TABLE callback_facts (
    began_ms INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    callback INTEGER,
    format   INTEGER NOT NULL,
    fact     TEXT    NOT NULL,
    PRIMARY KEY (began_ms, seq)
) WITHOUT ROWID;
CREATE INDEX callback_facts_by_callback ON callback_facts (callback);

-- Who staffs which lists, in a text that is for whoever wrote it to read.
CREATE TABLE callback_staff (
    "user" TEXT NOT NULL PRIMARY KEY,
    lists  TEXT NOT NULL
);

-- The highest numbers that were ever given to something, also where that is erased.
CREATE TABLE highest (
    what   TEXT    NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
);

-- Tables that something was erased from which may be found on the disk still.
CREATE TABLE to_be_wiped (
    what TEXT NOT NULL PRIMARY KEY
);
