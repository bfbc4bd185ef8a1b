-- Which queues call back, from activation to end: each is billed for it. Times are milliseconds of UTC.
CREATE TABLE callback_activations (
    queue    TEXT   NOT NULL,
    since_ms BIGINT NOT NULL,
    until_ms BIGINT,
    PRIMARY KEY (queue, since_ms)
);
