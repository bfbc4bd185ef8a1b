-- How each agent stands in the queues, in a text that is for whoever wrote it to read.
CREATE TABLE agents (
    user  TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL
) WITHOUT ROWID;
