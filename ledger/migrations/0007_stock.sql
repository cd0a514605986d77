-- Stock: what a site said, what each marketplace is to show and why, what Mirakl took of it, what a
-- person must look at first, and who publishes now.

-- One batch as it was read.
CREATE TABLE stock_snapshots (
    id @id,
    site TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    -- The site's own word; empty when it cannot say which orders the batch includes.
    orders_seen_through TEXT,
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- reading, accepted or refused.
    state TEXT NOT NULL,
    -- Counts and control totals, JSON.
    totals TEXT NOT NULL,
    -- Why it was refused, a JSON list.
    reasons TEXT NOT NULL
);
CREATE UNIQUE INDEX stock_snapshots_live ON stock_snapshots (site, batch_id)
    WHERE state <> 'refused';
CREATE INDEX stock_snapshots_accepted ON stock_snapshots (site, id) WHERE state = 'accepted';

-- Positions of the newest accepted snapshot, and of one that is being read.
CREATE TABLE stock_positions (
    snapshot BIGINT NOT NULL,
    sku TEXT NOT NULL,
    place TEXT NOT NULL,
    figures TEXT NOT NULL,
    PRIMARY KEY (snapshot, sku, place)
);

-- What of the item master decides on listing, packs and prices.
CREATE TABLE stock_items (
    site TEXT NOT NULL,
    sku TEXT NOT NULL,
    facts TEXT NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (site, sku)
);

-- One computation for one marketplace. The number grows strictly: it fences late attempts.
CREATE TABLE stock_publications (
    snapshot_no @id,
    marketplace TEXT NOT NULL,
    run TEXT NOT NULL,
    snapshot BIGINT NOT NULL,
    is_full BIGINT NOT NULL,
    -- computing, computed, sent, done or dropped.
    state TEXT NOT NULL,
    counts TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX stock_publications_by_marketplace ON stock_publications (marketplace, snapshot_no);

-- One offer: what it should show, what was last sent, what Mirakl took, what it shows.
CREATE TABLE stock_offers (
    marketplace TEXT NOT NULL,
    offer_sku TEXT NOT NULL,
    -- 1 while Mirakl's exports name it.
    listed BIGINT NOT NULL,
    listed_at BIGINT NOT NULL,
    -- BlueCherry's SKU; empty while no mapping names it.
    sku TEXT,
    snapshot_no BIGINT NOT NULL,
    -- Empty when nothing can be said; then nothing is sent.
    wanted BIGINT,
    wanted_at BIGINT,
    -- Fingerprint of the sum behind it.
    sum_print BIGINT,
    sent BIGINT,
    sent_at BIGINT,
    sent_import BIGINT,
    acknowledged BIGINT,
    acknowledged_at BIGINT,
    acknowledged_import BIGINT,
    -- What it showed before figures grew too old, while the action chosen for that lasts.
    steady BIGINT,
    -- A quantity that Mirakl refused is not sent again by a difference.
    refused BIGINT,
    -- How far a person let it go; the guard holds it no more within that.
    approved BIGINT,
    -- Since when it may show something else than Mirakl took: an order changed. Then it is sent again.
    doubted_at BIGINT,
    shown BIGINT,
    shown_at BIGINT,
    PRIMARY KEY (marketplace, offer_sku)
);

-- The sum behind each number, one row each time it changed: it held until the next one.
CREATE TABLE stock_explanations (
    marketplace TEXT NOT NULL,
    offer_sku TEXT NOT NULL,
    at BIGINT NOT NULL,
    snapshot_no BIGINT NOT NULL,
    quantity BIGINT,
    explanation TEXT NOT NULL,
    PRIMARY KEY (marketplace, offer_sku, at)
);

-- Files for Mirakl (STO01), written down before they are sent. One for each computation at most.
CREATE TABLE stock_imports (
    id @id,
    marketplace TEXT NOT NULL,
    snapshot_no BIGINT NOT NULL UNIQUE,
    attempts BIGINT NOT NULL,
    import_id TEXT,
    -- open, sent, done or dropped.
    state TEXT NOT NULL,
    lines BIGINT NOT NULL,
    refused_lines BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX stock_imports_by_marketplace ON stock_imports (marketplace, id);

CREATE TABLE stock_import_lines (
    import BIGINT NOT NULL,
    offer_sku TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (import, offer_sku)
);

-- What the guard held, named by the computation that held it first.
CREATE TABLE stock_reviews (
    marketplace TEXT NOT NULL,
    review BIGINT NOT NULL,
    snapshot BIGINT NOT NULL,
    -- Of what is held; the same again is the same review.
    print BIGINT NOT NULL,
    -- held, approved, rejected or replaced.
    state TEXT NOT NULL,
    numbers TEXT NOT NULL,
    -- A refused batch that may be taken all the same, once somebody says so.
    site TEXT,
    batch_id TEXT,
    opened_at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    -- 1 once the run that waits for a person was told that it was replaced.
    told BIGINT NOT NULL,
    PRIMARY KEY (marketplace, review)
);

CREATE TABLE stock_held (
    marketplace TEXT NOT NULL,
    offer_sku TEXT NOT NULL,
    was BIGINT,
    wanted BIGINT NOT NULL,
    -- What goes out while it is held, because sales explain it; empty when nothing does.
    meanwhile BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (marketplace, offer_sku)
);

-- Batches that a person let through although they looked wrong, and for which marketplace.
CREATE TABLE stock_approved_batches (
    site TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    marketplace TEXT NOT NULL,
    approved_at BIGINT NOT NULL,
    PRIMARY KEY (site, batch_id, marketplace)
);

-- Who reads a site, or publishes a marketplace, now; the epoch grows with each holder.
CREATE TABLE stock_leases (
    scope TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);

-- When the units that an order takes changed last, as this side saw it.
ALTER TABLE orders ADD COLUMN units_changed_at BIGINT;
CREATE INDEX orders_units_changed ON orders (units_changed_at) WHERE units_changed_at IS NOT NULL;
-- Bookings since a moment: what a snapshot may not have seen yet.
CREATE INDEX events_booked ON events (at) WHERE what = 'sales_order_created';
