-- Calls, one row each, from its beginning on: without a cause it goes on, or its process was lost. `way` has a place a line, between
-- newlines. What is found by a number goes by a part of it that says little (`*_key`), so that numbers stand in rows alone and are
-- gone with them.
CREATE TABLE call_records (
    place       INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    org         TEXT    NOT NULL,
    direction   TEXT    NOT NULL,
    caller      TEXT,
    caller_key  INTEGER,
    caller_user TEXT,
    dialled     TEXT,
    dialled_key INTEGER,
    outside     TEXT,
    outside_key INTEGER,
    callback    INTEGER,
    queue       TEXT,
    agent       TEXT,
    way         TEXT    NOT NULL,
    began_ms    INTEGER NOT NULL,
    answered_ms INTEGER,
    joined_ms   INTEGER,
    ended_ms    INTEGER,
    talked_ms   INTEGER NOT NULL,
    cause       TEXT
);
CREATE INDEX call_records_by_beginning ON call_records (began_ms);
CREATE INDEX call_records_by_caller ON call_records (caller_key);
CREATE INDEX call_records_by_dialled ON call_records (dialled_key);
CREATE INDEX call_records_by_outside ON call_records (outside_key) WHERE outside_key IS NOT NULL;
CREATE INDEX call_records_going_on ON call_records (place) WHERE cause IS NULL;
