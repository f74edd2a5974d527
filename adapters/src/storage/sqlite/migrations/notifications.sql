-- Notifications on their way out, and what became of them. Later ones have later ids.

CREATE TABLE outbox (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL,
    -- What is reached on the way: a webhook, the mail server.
    place        TEXT    NOT NULL,
    -- When it may be taken next: its turn while it waits, the end of the lease while it is sent.
    due_at       INTEGER,
    lease        TEXT,
    expires_at   INTEGER,
    doc          TEXT    NOT NULL
) STRICT;

CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_of_workspace ON outbox (workspace_id, id);
CREATE INDEX outbox_by_expiry ON outbox (expires_at) WHERE expires_at IS NOT NULL;
