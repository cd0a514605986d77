-- One text for SQLite and PostgreSQL. Moments are milliseconds since 1970 UTC, flags are 0 and 1,
-- documents are JSON text, sealed bytes are base64 text. @id is the one word on which the two
-- differ: a number that the database gives out. Migrations only add, so that an older program
-- goes on working on a newer ledger.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One key for each order, each ERP key and each unreadable message, wrapped by the master key.
CREATE TABLE data_keys (
    owner TEXT PRIMARY KEY,
    wrapped TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Orders whose personal data must not be kept again, whether they are known here or not.
CREATE TABLE erasures (
    marketplace TEXT NOT NULL,
    order_id TEXT NOT NULL,
    erased_at BIGINT NOT NULL,
    PRIMARY KEY (marketplace, order_id)
);

CREATE TABLE orders (
    marketplace TEXT NOT NULL,
    order_id TEXT NOT NULL,
    external_po TEXT,
    ours BIGINT NOT NULL,
    feed TEXT NOT NULL,
    facts TEXT NOT NULL,
    payload TEXT,
    payload_hash TEXT NOT NULL,
    sold_at BIGINT NOT NULL,
    total TEXT NOT NULL,
    currency TEXT NOT NULL,
    seller_reference TEXT,
    first_seen_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    seen_version BIGINT NOT NULL,
    handled_version BIGINT NOT NULL,
    shipments_version BIGINT NOT NULL,
    handled_shipments BIGINT NOT NULL,
    commands_version BIGINT NOT NULL,
    handled_commands BIGINT NOT NULL,
    progress TEXT NOT NULL,
    progress_version BIGINT NOT NULL,
    sales_order TEXT,
    reference_written TEXT,
    accepted_elsewhere BIGINT NOT NULL,
    shown TEXT,
    stage TEXT NOT NULL,
    blocked_on TEXT,
    waits_for TEXT,
    waits_for_mapping BIGINT NOT NULL,
    mapping_version BIGINT NOT NULL,
    deadline BIGINT,
    wake_at BIGINT,
    read_back_since BIGINT,
    finished BIGINT NOT NULL,
    -- 0 once the run is over and no news came since, and for orders that are not ours.
    active BIGINT NOT NULL,
    PRIMARY KEY (marketplace, order_id)
);
CREATE INDEX orders_by_external_po ON orders (external_po);
CREATE INDEX orders_by_sale ON orders (sold_at);
CREATE INDEX orders_active ON orders (marketplace, deadline) WHERE active = 1;
CREATE INDEX orders_read_back ON orders (marketplace, read_back_since)
    WHERE read_back_since IS NOT NULL;
CREATE INDEX orders_booked ON orders (marketplace, sold_at) WHERE sales_order IS NOT NULL;

CREATE TABLE shipments (
    external_po TEXT NOT NULL,
    shipment_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    feed TEXT NOT NULL,
    facts TEXT NOT NULL,
    payload TEXT,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (external_po, shipment_id)
);

CREATE TABLE unreadable (
    origin TEXT NOT NULL,
    scope TEXT NOT NULL,
    item TEXT NOT NULL,
    payload TEXT,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (origin, scope, item)
);

CREATE TABLE intents (
    id @id,
    marketplace TEXT NOT NULL,
    order_id TEXT NOT NULL,
    effect TEXT NOT NULL,
    body TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    mapping_version BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    send_deadline BIGINT,
    last_attempt_at BIGINT,
    created_at BIGINT NOT NULL,
    outcome TEXT,
    settled_at BIGINT
);
CREATE UNIQUE INDEX intents_open ON intents (marketplace, order_id, effect)
    WHERE outcome IS NULL;
CREATE INDEX intents_by_order ON intents (marketplace, order_id);

CREATE TABLE exceptions (
    id @id,
    origin TEXT NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    marketplace TEXT,
    order_id TEXT,
    evidence TEXT NOT NULL,
    deadline BIGINT,
    opened_at BIGINT NOT NULL,
    told_at BIGINT,
    closed_at BIGINT,
    closed_by TEXT
);
CREATE UNIQUE INDEX exceptions_open ON exceptions (origin, scope, subject, kind)
    WHERE closed_at IS NULL;
CREATE INDEX exceptions_untold ON exceptions (id) WHERE closed_at IS NULL AND told_at IS NULL;

CREATE TABLE events (
    id @id,
    marketplace TEXT NOT NULL,
    order_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX events_by_order ON events (marketplace, order_id);

CREATE TABLE commands (
    id @id,
    marketplace TEXT NOT NULL,
    order_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    command TEXT NOT NULL,
    person TEXT NOT NULL,
    detail TEXT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX commands_by_order ON commands (marketplace, order_id);

CREATE TABLE feeds (
    name TEXT PRIMARY KEY,
    cursor TEXT,
    running BIGINT NOT NULL,
    rows_running BIGINT NOT NULL,
    rows_last BIGINT NOT NULL,
    last_started BIGINT,
    last_success BIGINT,
    last_error TEXT,
    failures BIGINT NOT NULL,
    paused BIGINT NOT NULL
);

CREATE TABLE reference_data (
    host TEXT NOT NULL,
    call TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (host, call)
);

CREATE TABLE mappings (
    version BIGINT PRIMARY KEY,
    json TEXT NOT NULL,
    published_at BIGINT NOT NULL
);
