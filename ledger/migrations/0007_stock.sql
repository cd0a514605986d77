-- Stock: what a site said, what each marketplace is to show and why, what Mirakl took of it, what a
-- person must look at first, and who publishes now.

-- One batch as it was read. The number is ours and grows strictly: it fences late attempts.
CREATE TABLE stock_snapshots (
    snapshot_no @id,
    site TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    -- Empty when the site cannot say which orders the batch includes.
    orders_seen_through BIGINT,
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- reading, accepted or refused.
    state TEXT NOT NULL,
    -- Counts and control totals, JSON.
    totals TEXT NOT NULL,
    -- Why it was refused, a JSON list of codes.
    reasons TEXT NOT NULL
);
CREATE UNIQUE INDEX stock_snapshots_live ON stock_snapshots (site, batch_id)
    WHERE state <> 'refused';
CREATE INDEX stock_snapshots_accepted ON stock_snapshots (site, snapshot_no)
    WHERE state = 'accepted';

-- Positions of the newest accepted snapshot, and of one that is being read.
CREATE TABLE stock_positions (
    snapshot_no BIGINT NOT NULL,
    sku TEXT NOT NULL,
    place TEXT NOT NULL,
    figures TEXT NOT NULL,
    PRIMARY KEY (snapshot_no, sku, place)
);

-- One offer: what it should show, what was last sent, what Mirakl took, what it shows.
CREATE TABLE stock_offers (
    marketplace TEXT NOT NULL,
    offer_sku TEXT NOT NULL,
    snapshot_no BIGINT NOT NULL,
    wanted BIGINT NOT NULL,
    wanted_at BIGINT NOT NULL,
    explanation TEXT NOT NULL,
    sent BIGINT,
    sent_at BIGINT,
    sent_import BIGINT,
    -- Empty when nobody knows what Mirakl holds: then it is sent again.
    acknowledged BIGINT,
    acknowledged_at BIGINT,
    acknowledged_import BIGINT,
    -- A quantity that Mirakl refused is not sent again by a difference.
    refused BIGINT,
    shown BIGINT,
    shown_at BIGINT,
    PRIMARY KEY (marketplace, offer_sku)
);

-- The sum behind each number, one row each time it changed: it held until the next one.
CREATE TABLE stock_publications (
    marketplace TEXT NOT NULL,
    offer_sku TEXT NOT NULL,
    at BIGINT NOT NULL,
    snapshot_no BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    explanation TEXT NOT NULL,
    PRIMARY KEY (marketplace, offer_sku, at)
);

-- Files for Mirakl (STO01), written down before they are sent. The number fences late answers.
CREATE TABLE stock_imports (
    id @id,
    marketplace TEXT NOT NULL,
    run TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    send_deadline BIGINT,
    import_id TEXT,
    -- open, sent, done or dropped.
    state TEXT NOT NULL,
    lines BIGINT NOT NULL,
    refused_lines BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    UNIQUE (marketplace, run)
);

CREATE TABLE stock_import_lines (
    import BIGINT NOT NULL,
    offer_sku TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (import, offer_sku)
);

-- What the guard holds, one review a snapshot and marketplace.
CREATE TABLE stock_reviews (
    marketplace TEXT NOT NULL,
    snapshot_no BIGINT NOT NULL,
    -- held, approved, rejected or replaced.
    state TEXT NOT NULL,
    numbers TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    PRIMARY KEY (marketplace, snapshot_no)
);

CREATE TABLE stock_held (
    marketplace TEXT NOT NULL,
    offer_sku TEXT NOT NULL,
    snapshot_no BIGINT NOT NULL,
    was BIGINT,
    wanted BIGINT NOT NULL,
    -- What goes out while it is held, because sales explain it; empty when nothing does.
    meanwhile BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (marketplace, offer_sku)
);

-- Who publishes a marketplace now; the epoch grows with each holder.
CREATE TABLE stock_leases (
    marketplace TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);

-- Bookings since a moment: what a snapshot has not seen yet.
CREATE INDEX events_booked ON events (at) WHERE what = 'sales_order_created';
