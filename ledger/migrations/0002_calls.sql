-- Calls: how often each was made of those that a marketplace limits, which of them wait, and the
-- gate of each endpoint with those that wait at it.

CREATE TABLE call_budgets (
    endpoint TEXT NOT NULL,
    call TEXT NOT NULL,
    -- Moments of the uses that still count, as a JSON list.
    uses TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (endpoint, call)
);

CREATE TABLE closed_calls (
    endpoint TEXT NOT NULL,
    call TEXT NOT NULL,
    reason TEXT NOT NULL,
    closed_until BIGINT NOT NULL,
    -- Refusals in a row; 0 while the call goes through.
    strikes BIGINT NOT NULL,
    -- Refusals ever.
    total BIGINT NOT NULL,
    PRIMARY KEY (endpoint, call)
);

CREATE TABLE gates (
    endpoint TEXT PRIMARY KEY,
    -- Empty while the gate is open.
    reason TEXT,
    since BIGINT NOT NULL,
    version BIGINT NOT NULL,
    failed_probes BIGINT NOT NULL,
    probe_at BIGINT NOT NULL,
    probing_until BIGINT NOT NULL,
    drain_until BIGINT NOT NULL,
    -- Times it was closed, ever.
    total BIGINT NOT NULL
);

CREATE TABLE gate_waiting (
    endpoint TEXT NOT NULL,
    marketplace TEXT NOT NULL,
    order_id TEXT NOT NULL,
    urgency BIGINT NOT NULL,
    -- The end of time for an order without one.
    deadline BIGINT NOT NULL,
    -- When its turn is; empty while the gate is closed.
    slot BIGINT,
    PRIMARY KEY (endpoint, marketplace, order_id)
);
CREATE INDEX gate_waiting_by_urgency
    ON gate_waiting (endpoint, urgency, deadline, marketplace, order_id);
