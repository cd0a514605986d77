-- Numbers of decisions in the export, so that none is taken twice; and turns of workers.

ALTER TABLE commands ADD COLUMN export_id TEXT;
CREATE UNIQUE INDEX commands_exported ON commands (export_id) WHERE export_id IS NOT NULL;

-- What one worker of all does once in a while, and from when on the next may.
CREATE TABLE turns (
    name TEXT PRIMARY KEY,
    next_at BIGINT NOT NULL
);
