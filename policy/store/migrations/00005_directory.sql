-- +goose Up
-- What operators add to the configuration file: keys, tenants, suspensions, quarantines. One row is one of them, as
-- JSON; id is unique within its kind. A row "hash" keeps two keys from having the same hash.
CREATE TABLE directory (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    doc  TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

-- A number that rises with every change: whoever watches it need not read all rows to know.
CREATE TABLE directory_revision (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL);
INSERT INTO directory_revision VALUES (1, (SELECT revision FROM keys_revision));

INSERT INTO directory SELECT 'key', id, json_patch(terms, json_object(
    'tenant', tenant, 'hash', lower(hex(hash)), 'prefix', prefix, 'created_at', created_at,
    'expires_at', expires_at, 'revoked_at', revoked_at)) FROM keys;
INSERT INTO directory SELECT 'hash', lower(hex(hash)), id FROM keys;
DROP TABLE keys;
DROP TABLE keys_revision;
