-- +goose Up
CREATE TABLE trail (
    n        INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    trace    TEXT NOT NULL,
    tenant   TEXT NOT NULL,
    at       INTEGER NOT NULL, -- unix milliseconds
    schema   INTEGER NOT NULL,
    record   TEXT NOT NULL     -- audit.Record as JSON
);
CREATE INDEX trail_trace ON trail (trace);
CREATE INDEX trail_tenant_at ON trail (tenant, at);
CREATE INDEX trail_at ON trail (at);
