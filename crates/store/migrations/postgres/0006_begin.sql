-- All that an SQLite file has after its migration of the same number; from here on the two are changed together.

-- Which database it is, so that one that was begun anew is known.
CREATE TABLE identity (
    id UUID NOT NULL PRIMARY KEY DEFAULT gen_random_uuid()
);
INSERT INTO identity DEFAULT VALUES;

-- Where each user can be reached: one row an account, its contacts as JSON. Times are milliseconds of UTC.
CREATE TABLE bindings (
    "user"     TEXT   NOT NULL PRIMARY KEY,
    ends_at_ms BIGINT NOT NULL,
    contacts   TEXT   NOT NULL
);

-- Sources that are kept out.
CREATE TABLE bans (
    source   TEXT   NOT NULL PRIMARY KEY,
    cause    TEXT   NOT NULL,
    since_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    times    BIGINT NOT NULL
);

-- What users have asked for by telephone, in a text that is for whoever wrote it to read.
CREATE TABLE wishes (
    "user" TEXT NOT NULL PRIMARY KEY,
    wishes TEXT NOT NULL
);

-- What is closed or opened by hand for a while, in a text that is for whoever wrote it to read.
CREATE TABLE quick_closes (
    id       BIGINT NOT NULL PRIMARY KEY,
    until_ms BIGINT NOT NULL,
    text     TEXT   NOT NULL
);

-- How each agent stands in the queues, in a text that is for whoever wrote it to read.
CREATE TABLE agents (
    "user" TEXT NOT NULL PRIMARY KEY,
    state  TEXT NOT NULL
);

-- Who is billed for Kö Plus, from activation to end.
CREATE TABLE licences (
    "user"   TEXT   NOT NULL,
    since_ms BIGINT NOT NULL,
    until_ms BIGINT,
    licence  TEXT   NOT NULL,
    PRIMARY KEY ("user", since_ms)
);

-- Processes that wrote to the journal, one row each.
CREATE TABLE runs (
    run     BIGINT NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    zero_ms BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- What happened, in the order in which it did, in bytes that are for whoever wrote them to read. A number that is missing is a record
-- that was lost.
CREATE TABLE journal (
    run    BIGINT NOT NULL,
    seq    BIGINT NOT NULL,
    at_ms  BIGINT NOT NULL,
    record BYTEA  NOT NULL,
    PRIMARY KEY (run, seq)
);
