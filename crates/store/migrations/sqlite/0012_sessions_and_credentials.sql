-- What lets people in by HTTP who have logged in (hashes alone), and the passwords that users have chosen for it
-- (hashes alone), in texts that are for whoever wrote them to read.
CREATE TABLE sessions (
    id         TEXT NOT NULL PRIMARY KEY,
    ends_at_ms INTEGER NOT NULL,
    session    TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE credentials (
    "user"     TEXT NOT NULL PRIMARY KEY,
    credential TEXT NOT NULL
) WITHOUT ROWID;
