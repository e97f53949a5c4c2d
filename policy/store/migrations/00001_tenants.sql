-- +goose Up
CREATE TABLE keys (
    id         TEXT PRIMARY KEY,
    tenant     TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    prefix     TEXT NOT NULL,
    created_at INTEGER NOT NULL,           -- unix milliseconds
    expires_at INTEGER NOT NULL DEFAULT 0, -- 0: never
    revoked_at INTEGER NOT NULL DEFAULT 0, -- 0: not revoked
    terms      TEXT NOT NULL               -- name, scopes, budgets, rates, models as JSON
) WITHOUT ROWID;
CREATE INDEX keys_tenant ON keys (tenant);

-- One counter that rises with every change of keys: whoever watches it need not read them all to know.
CREATE TABLE keys_revision (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL);
INSERT INTO keys_revision VALUES (1, 0);
-- +goose StatementBegin
CREATE TRIGGER keys_inserted AFTER INSERT ON keys BEGIN UPDATE keys_revision SET revision = revision + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER keys_updated AFTER UPDATE ON keys BEGIN UPDATE keys_revision SET revision = revision + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER keys_deleted AFTER DELETE ON keys BEGIN UPDATE keys_revision SET revision = revision + 1; END;
-- +goose StatementEnd
