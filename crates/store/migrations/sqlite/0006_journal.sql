-- Processes that wrote to the journal, one row each.
CREATE TABLE runs (
    run     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    zero_ms INTEGER NOT NULL,
    version INTEGER NOT NULL
);

-- What happened, in the order in which it did, in bytes that are for whoever wrote them to read. A number that is missing is a record
-- that was lost.
CREATE TABLE journal (
    run    INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    record BLOB    NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
