-- What is closed or opened by hand for a while, in a text that is for whoever wrote it to read.
CREATE TABLE quick_closes (
    id       INTEGER NOT NULL PRIMARY KEY,
    until_ms INTEGER NOT NULL,
    text     TEXT NOT NULL
);
