-- What lets programs in by HTTP: hashes alone, in a text that is for whoever wrote it to read.
CREATE TABLE tokens (
    id    TEXT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL
) WITHOUT ROWID;
