-- +goose Up
-- What operators changed. A row is written before the change is made, and completed once it is known what came of it.
CREATE TABLE changes (
    n         INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL, -- unix milliseconds
    who       TEXT NOT NULL,
    role      TEXT NOT NULL,
    client    TEXT NOT NULL,
    operation TEXT NOT NULL,
    path      TEXT NOT NULL,
    tenant    TEXT NOT NULL,    -- empty: it is about none, or about all
    status    INTEGER NOT NULL, -- of the answer; 0: not known
    was       TEXT,             -- JSON; NULL: there was nothing
    became    TEXT              -- JSON; NULL: there is nothing any more
);
CREATE INDEX changes_tenant ON changes (tenant, n);
