-- +goose Up
-- HMAC-SHA256 that says with which row the chain began: what stands before it, and only that, is older than the chain.
ALTER TABLE trail_chain ADD COLUMN began BLOB NOT NULL DEFAULT x'';
