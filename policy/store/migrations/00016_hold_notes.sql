-- +goose Up
-- What is told of an exchange if its process dies, kept with its hold until it ends, or until it is told.
ALTER TABLE holds ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE INDEX holds_untold ON holds (n) WHERE outcome = 'recovered' AND note <> '';
