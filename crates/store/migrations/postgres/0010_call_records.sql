-- Calls, one row each, from its beginning on: without a cause it goes on, or its process was lost. `way` has a place a line, between
-- newlines. What is found by a number goes by a part of it that says little (`*_key`), so that numbers stand in rows alone and are
-- gone with them.
CREATE TABLE call_records (
    place       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    org         TEXT    NOT NULL,
    direction   TEXT    NOT NULL,
    caller      TEXT,
    caller_key  BIGINT,
    caller_user TEXT,
    dialled     TEXT,
    dialled_key BIGINT,
    outside     TEXT,
    outside_key BIGINT,
    callback    BIGINT,
    queue       TEXT,
    agent       TEXT,
    way         TEXT    NOT NULL,
    began_ms    BIGINT NOT NULL,
    answered_ms BIGINT,
    joined_ms   BIGINT,
    ended_ms    BIGINT,
    talked_ms   BIGINT NOT NULL,
    cause       TEXT
);
CREATE INDEX call_records_by_beginning ON call_records (began_ms);
CREATE INDEX call_records_by_caller ON call_records (caller_key);
CREATE INDEX call_records_by_dialled ON call_records (dialled_key);
CREATE INDEX call_records_by_outside ON call_records (outside_key) WHERE outside_key IS NOT NULL;
CREATE INDEX call_records_going_on ON call_records (place) WHERE cause IS NULL;
