-- Which queues call back, from activation to end: each is billed for it. Times are milliseconds of UTC.
CREATE TABLE callback_activations (
    queue    TEXT    NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,
    PRIMARY KEY (queue, since_ms)
) WITHOUT ROWID;
