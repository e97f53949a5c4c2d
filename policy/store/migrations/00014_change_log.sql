-- +goose Up
-- The log of what operators changed is chained as the trail is. A change has two links: that it was begun, and what came of it.
ALTER TABLE changes RENAME TO changes_before;
CREATE TABLE changes (
    n         INTEGER PRIMARY KEY,
    tenant    TEXT NOT NULL,    -- what it is found by, as the texts have it
    who       TEXT NOT NULL,
    operation TEXT NOT NULL,
    begun     TEXT NOT NULL,    -- JSON
    begun_seq INTEGER NOT NULL, -- its number in the chain, from 1; 0: older than the chain
    begun_mac BLOB,             -- HMAC-SHA256 over writer, seq, the mac before, and the digest of the text
    begun_key TEXT,             -- which key the mac was made with
    ended     TEXT,             -- JSON; NULL: what came of it is not known
    ended_seq INTEGER,
    ended_mac BLOB,
    ended_key TEXT
);
CREATE INDEX changes_found ON changes (tenant, n);
CREATE INDEX changes_ended ON changes (ended_seq);
INSERT INTO changes SELECT n, tenant, who, operation,
    json_object('n', n, 'at', strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch'), 'who', who, 'role', role, 'client', client,
        'operation', operation, 'path', path, 'tenant', tenant, 'before', json(was)),
    0, NULL, NULL,
    CASE WHEN status = 0 THEN NULL ELSE json_object('n', n, 'status', status, 'tenant', tenant, 'after', json(became)) END,
    NULL, NULL, NULL
FROM changes_before;
DROP TABLE changes_before;

-- Where the chain stands.
CREATE TABLE changes_chain (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    writer    TEXT NOT NULL,
    first_n   INTEGER NOT NULL, -- the first change that is chained
    n         INTEGER NOT NULL, -- the last change
    seq       INTEGER NOT NULL, -- the last link
    mac       BLOB NOT NULL,
    from_n    INTEGER NOT NULL, -- the last change that was removed since there are too many; 0: none was
    from_seq  INTEGER NOT NULL, -- the last link that went with them
    from_mac  BLOB NOT NULL,
    from_seal BLOB NOT NULL,    -- HMAC-SHA256 that says so
    told      INTEGER           -- the last link that webhooks were told of; NULL: none was looked at
);
