-- What users have asked for by telephone, in a text that is for whoever wrote it to read.
CREATE TABLE wishes (
    user   TEXT NOT NULL PRIMARY KEY,
    wishes TEXT NOT NULL
) WITHOUT ROWID;
