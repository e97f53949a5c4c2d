-- +goose Up
-- What exchanges of tenants that capture said, sealed with the tenant's key. The record has the digest of it.
CREATE TABLE trail_content (
    exchange TEXT PRIMARY KEY,
    tenant   TEXT NOT NULL,
    until    INTEGER NOT NULL, -- when it is removed, unix milliseconds
    sealed   BLOB NOT NULL     -- AES-256-GCM over JSON
) WITHOUT ROWID;
CREATE INDEX trail_content_until ON trail_content (until);
