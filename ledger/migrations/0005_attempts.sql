-- Each attempt to send an intent. An older program notes none here; the deadline that it keeps in
-- the intent counts all the same.
CREATE TABLE attempts (
    intent_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    call TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    send_deadline BIGINT NOT NULL,
    -- NULL under way, or its worker died; else done, not_done, lost, duplicate; and, once a look
    -- after the deadline did not show it, not_shown; parked when a person was asked about it.
    ended TEXT,
    ended_at BIGINT,
    PRIMARY KEY (intent_id, number)
);
