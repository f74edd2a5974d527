-- Every table keeps its record whole, as JSON, in `doc`; the columns beside it are what records
-- are found and ordered by. Times are milliseconds since 1970-01-01T00:00Z.

CREATE TABLE users (
    id           TEXT NOT NULL PRIMARY KEY,
    -- User name and e-mail as they are compared: without case.
    username_key TEXT NOT NULL UNIQUE,
    email_key    TEXT NOT NULL UNIQUE,
    doc          TEXT NOT NULL
) STRICT;

CREATE TABLE workspaces (
    id         TEXT    NOT NULL PRIMARY KEY,
    updated_at INTEGER NOT NULL,
    doc        TEXT    NOT NULL
) STRICT;

CREATE TABLE workspace_members (
    user_id      TEXT    NOT NULL,
    -- When the workspace was made: a user's workspaces are listed oldest first.
    created_at   INTEGER NOT NULL,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, created_at, workspace_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX workspace_members_by_workspace ON workspace_members (workspace_id);

CREATE TABLE analyses (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL,
    issue_id     TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    -- When a worker may take it next: its turn while it waits, the end of the lease while it is
    -- worked on, NULL once it has ended.
    due_at       INTEGER,
    -- The token of the lease it is worked on under.
    lease        TEXT,
    doc          TEXT    NOT NULL,
    UNIQUE (workspace_id, issue_id),
    CHECK ((due_at IS NOT NULL) = (status IN ('pending', 'analyzing'))),
    CHECK ((lease IS NOT NULL) = (status = 'analyzing'))
) STRICT;

CREATE INDEX analyses_newest ON analyses (workspace_id, created_at DESC, id DESC);
CREATE INDEX analyses_newest_by_status ON analyses (workspace_id, status, created_at DESC, id DESC);
CREATE INDEX analyses_due ON analyses (due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE revoked_tokens (
    token      TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
