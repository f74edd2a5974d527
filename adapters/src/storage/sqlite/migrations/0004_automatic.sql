-- What is explained without being asked: which webhook deliveries were taken, how far each
-- workspace's source was looked through, and which workspaces want it.

CREATE TABLE deliveries (
    workspace_id TEXT    NOT NULL,
    mark         TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, mark)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_by_expiry ON deliveries (expires_at);

CREATE TABLE watches (
    workspace_id TEXT    NOT NULL PRIMARY KEY,
    began        INTEGER NOT NULL,
    seen_until   INTEGER,
    -- When it may be taken next: its turn while it waits, the end of the lease while someone has it.
    due_at       INTEGER NOT NULL,
    lease        TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX workspaces_automatic ON workspaces (id)
    WHERE json_extract(doc, '$.settings.auto_analyze') = 1;
