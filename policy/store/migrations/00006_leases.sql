-- +goose Up
-- What was admitted on a local lease while the store that several Weirs share did not answer, until that one has it.
CREATE TABLE leases (
    exchange TEXT PRIMARY KEY,
    tenant   TEXT NOT NULL,
    owner    TEXT NOT NULL,    -- the process that wrote it, of owners
    amount   INTEGER NOT NULL, -- micro-USD: the hold, or what was billed once it is over
    hold     TEXT NOT NULL,    -- JSON
    ended    TEXT NOT NULL     -- JSON; empty while it is open
) WITHOUT ROWID;
CREATE INDEX leases_tenant ON leases (tenant, amount);
