-- +goose Up
-- What has expired is in no index that records are found by.
DROP INDEX trail_tenant_at;
DROP INDEX trail_at;
CREATE INDEX trail_tenant_at ON trail (tenant, at) WHERE expired IS NULL;
CREATE INDEX trail_at ON trail (at) WHERE expired IS NULL;
