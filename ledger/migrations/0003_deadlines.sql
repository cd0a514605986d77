-- How near each deadline is, when a run was last seen open, and what sweeps found.

ALTER TABLE exceptions ADD COLUMN level BIGINT NOT NULL DEFAULT 0;
ALTER TABLE exceptions ADD COLUMN raised_at BIGINT;

-- The window as the watcher last saw it; empty while nobody waits for us.
ALTER TABLE orders ADD COLUMN due_from BIGINT;
ALTER TABLE orders ADD COLUMN due_at BIGINT;
-- When the order's run was last seen open.
ALTER TABLE orders ADD COLUMN run_seen_at BIGINT;
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE sweeps (
    id @id,
    marketplace TEXT NOT NULL,
    run TEXT NOT NULL UNIQUE,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    tracking_id TEXT,
    files_read BIGINT NOT NULL,
    state TEXT NOT NULL,
    counts TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sweeps_by_marketplace ON sweeps (marketplace, id);

-- Orders that a sweep has still to hold against the sales orders; emptied when it ends.
CREATE TABLE sweep_orders (
    sweep BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    PRIMARY KEY (sweep, order_id)
);
