CREATE TABLE mapping_proposals (
    id @id,
    json TEXT NOT NULL,
    total BIGINT NOT NULL,
    changes TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    outcome TEXT,
    decided_by TEXT,
    decided_at BIGINT
);
