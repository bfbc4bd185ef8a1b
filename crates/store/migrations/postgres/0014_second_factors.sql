-- The second step of logging in by HTTP (RFC 6238), of those who have switched it on: its secret, without which no code can be
-- tried, and hashes of their recovery codes, in a text that is for whoever wrote it to read.
CREATE TABLE second_factors (
    who    TEXT NOT NULL PRIMARY KEY,
    factor TEXT NOT NULL
);
