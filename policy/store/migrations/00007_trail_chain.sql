-- +goose Up
-- Each record is chained to the one before it, so that what is changed, taken out, moved or cut off is found.
ALTER TABLE trail ADD COLUMN seq INTEGER;  -- its number in the chain, from 1; NULL: older than the chain
ALTER TABLE trail ADD COLUMN mac BLOB;     -- HMAC-SHA256 over writer, seq, the mac before, and the digest of the record
ALTER TABLE trail ADD COLUMN key TEXT;     -- which key the mac was made with: its fingerprint
ALTER TABLE trail ADD COLUMN digest BLOB;  -- SHA-256 of a record that has expired, and is empty; NULL otherwise
ALTER TABLE trail ADD COLUMN expired BLOB; -- HMAC-SHA256 that says so; NULL otherwise

-- Where the chain stands.
CREATE TABLE trail_chain (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    writer  TEXT NOT NULL,
    first_n INTEGER NOT NULL, -- the row of the first chained record
    seq     INTEGER NOT NULL,
    mac     BLOB NOT NULL
);

-- Signed statements of where it stood.
CREATE TABLE trail_checkpoints (
    seq       INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL, -- unix milliseconds
    mac       BLOB NOT NULL,
    key       TEXT NOT NULL,
    signature BLOB NOT NULL     -- Ed25519
);

-- What records are found by, beside trace and tenant: key:ID, code:CODE, model:NAME, type:FINDING, rule:FILE:LINE.
CREATE TABLE trail_terms (
    term TEXT NOT NULL,
    at   INTEGER NOT NULL,
    n    INTEGER NOT NULL,
    PRIMARY KEY (term, at, n)
) WITHOUT ROWID;
INSERT OR IGNORE INTO trail_terms SELECT 'key:' || json_extract(record, '$.key_id'), at, n FROM trail WHERE json_extract(record, '$.key_id') != '';
INSERT OR IGNORE INTO trail_terms SELECT 'code:' || json_extract(record, '$.code'), at, n FROM trail WHERE json_extract(record, '$.code') != '';
INSERT OR IGNORE INTO trail_terms SELECT 'model:' || json_extract(record, '$.model_asked'), at, n FROM trail WHERE json_extract(record, '$.model_asked') != '';
INSERT OR IGNORE INTO trail_terms SELECT 'model:' || json_extract(record, '$.model_served'), at, n FROM trail WHERE json_extract(record, '$.model_served') != '';
INSERT OR IGNORE INTO trail_terms SELECT 'type:' || json_extract(f.value, '$.type'), at, n FROM trail, json_each(record, '$.findings') f;
INSERT OR IGNORE INTO trail_terms SELECT 'rule:' || json_extract(f.value, '$.file') || ':' || json_extract(f.value, '$.line'), at, n FROM trail, json_each(record, '$.decision.fired') f;

-- What was used, by day (UTC), tenant, key and the model that served. Amounts are micro-USD.
CREATE TABLE usage (
    day           TEXT NOT NULL,
    tenant        TEXT NOT NULL,
    key           TEXT NOT NULL,
    model         TEXT NOT NULL, -- empty: none was reached
    exchanges     INTEGER NOT NULL,
    refused       INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    billed        INTEGER NOT NULL,
    overrun       INTEGER NOT NULL,
    PRIMARY KEY (day, tenant, key, model)
) WITHOUT ROWID;
INSERT INTO usage SELECT
    strftime('%Y-%m-%d', at / 1000, 'unixepoch'), tenant, coalesce(json_extract(record, '$.key_id'), ''), coalesce(json_extract(record, '$.model_served'), ''),
    count(*), sum(coalesce(json_extract(record, '$.code'), '') != ''), sum(coalesce(json_extract(record, '$.input_tokens'), 0)),
    sum(coalesce(json_extract(record, '$.output_tokens'), 0)), sum(coalesce(json_extract(record, '$.cost_micro_usd'), 0)),
    sum(coalesce(json_extract(record, '$.billed_micro_usd'), 0)), sum(coalesce(json_extract(record, '$.overrun_micro_usd'), 0))
FROM trail GROUP BY 1, 2, 3, 4;
