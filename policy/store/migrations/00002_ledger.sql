-- +goose Up
-- One account is one budget in one period. Amounts are micro-USD.
CREATE TABLE accounts (
    n       INTEGER PRIMARY KEY,
    budget  TEXT NOT NULL,
    start   INTEGER NOT NULL,           -- of the period, unix milliseconds; 0 for total
    settled INTEGER NOT NULL DEFAULT 0 CHECK (settled >= 0), -- billed, within holds
    overrun INTEGER NOT NULL DEFAULT 0 CHECK (overrun >= 0), -- billed beyond holds
    held    INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    cost    INTEGER NOT NULL DEFAULT 0 CHECK (cost >= 0),    -- what providers charge for it
    UNIQUE (budget, start)
);

-- One rate is its recent uses, encoded: how many units at which moments.
CREATE TABLE rates (
    n     INTEGER PRIMARY KEY,
    id    TEXT NOT NULL UNIQUE,
    marks BLOB NOT NULL
);

-- One hold is one exchange that was granted. Closed ones are kept for a while, so that a second settle is known as one.
CREATE TABLE holds (
    n         INTEGER PRIMARY KEY,
    exchange  TEXT NOT NULL UNIQUE,
    tenant    TEXT NOT NULL,
    owner     TEXT NOT NULL,
    at        INTEGER NOT NULL,            -- unix milliseconds
    amount    INTEGER NOT NULL CHECK (amount >= 0),
    tokens    INTEGER NOT NULL CHECK (tokens >= 0),
    lines     TEXT NOT NULL,               -- accounts and token rates it stands in, as JSON
    closed_at INTEGER NOT NULL DEFAULT 0,  -- 0: open
    outcome   TEXT NOT NULL DEFAULT '',    -- settled, released, recovered
    billed    INTEGER NOT NULL DEFAULT 0,
    cost      INTEGER NOT NULL DEFAULT 0,
    overrun   INTEGER NOT NULL DEFAULT 0,
    estimated INTEGER NOT NULL DEFAULT 0
);

-- Finds the open ones of an owner, and the oldest closed ones.
CREATE INDEX holds_closed ON holds (closed_at, owner);

-- The processes that hold. One that has not beaten for a lease is dead, and its holds are settled by rule.
CREATE TABLE owners (
    id   TEXT PRIMARY KEY,
    beat INTEGER NOT NULL -- unix milliseconds
) WITHOUT ROWID;
