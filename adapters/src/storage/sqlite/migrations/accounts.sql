-- Logins that are renewed, and the tokens of scripts.

CREATE TABLE sessions (
    id          TEXT    NOT NULL PRIMARY KEY,
    user_id     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    doc         TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_of_user ON sessions (user_id, created_at DESC, id DESC);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE access_tokens (
    id          TEXT    NOT NULL PRIMARY KEY,
    user_id     TEXT    NOT NULL,
    secret_hash TEXT    NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    doc         TEXT    NOT NULL
) STRICT;

CREATE INDEX access_tokens_of_user ON access_tokens (user_id, created_at, id);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);

-- Invitations into workspaces.

CREATE TABLE invitations (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL,
    code_hash    TEXT    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    doc          TEXT    NOT NULL
) STRICT;

CREATE INDEX invitations_of_workspace ON invitations (workspace_id, created_at, id);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

-- Who changed what. Later entries have later ids.

CREATE TABLE audit (
    id         TEXT    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    doc        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_expiry ON audit (expires_at);
