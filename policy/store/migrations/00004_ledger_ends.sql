-- +goose Up
-- When an account's period ends and when all of a rate is free again, unix milliseconds, so that both can be forgotten.
ALTER TABLE accounts ADD COLUMN "end" INTEGER NOT NULL DEFAULT 0; -- 0: never
ALTER TABLE rates ADD COLUMN clear_at INTEGER NOT NULL DEFAULT 0;
