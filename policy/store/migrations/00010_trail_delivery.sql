-- +goose Up
-- How far each sink of the trail has taken it: the row of the last record that arrived there.
CREATE TABLE trail_sinks (
    name TEXT PRIMARY KEY,
    n    INTEGER NOT NULL
) WITHOUT ROWID;

-- What webhooks are to be told, until they have taken it.
CREATE TABLE webhook_messages (
    id    TEXT PRIMARY KEY,
    hook  TEXT NOT NULL,
    type  TEXT NOT NULL,
    at    INTEGER NOT NULL,            -- when it was put here, unix milliseconds
    body  TEXT NOT NULL,               -- as it is sent and signed
    tries INTEGER NOT NULL DEFAULT 0,
    due   INTEGER NOT NULL,            -- when it is sent next
    dead  INTEGER NOT NULL DEFAULT 0,  -- when it was given up; 0: it was not
    why   TEXT NOT NULL DEFAULT ''     -- what came of the last try
) WITHOUT ROWID;
CREATE INDEX webhook_due ON webhook_messages (hook, due) WHERE dead = 0;
CREATE INDEX webhook_dead ON webhook_messages (hook, dead) WHERE dead != 0;

-- What is told once: a budget in its period.
CREATE TABLE webhook_told (
    what  TEXT PRIMARY KEY,
    until INTEGER NOT NULL             -- when it may be told again, unix milliseconds
) WITHOUT ROWID;
