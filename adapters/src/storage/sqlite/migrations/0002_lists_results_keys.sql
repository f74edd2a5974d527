-- What analyses are listed by, the results of former runs, and the keys of repeated requests.

ALTER TABLE analyses ADD COLUMN priority     TEXT;
ALTER TABLE analyses ADD COLUMN project_id   TEXT NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN project_slug TEXT NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN model        TEXT;
-- In lower case, as texts are that are looked for.
ALTER TABLE analyses ADD COLUMN searched     TEXT NOT NULL DEFAULT '';

-- Near enough until the record is next written.
UPDATE analyses SET
  priority     = doc ->> '$.specification.priority',
  project_id   = substr(coalesce(doc ->> '$.issue.project.id', ''), 1, 200),
  project_slug = substr(coalesce(doc ->> '$.issue.project.slug', ''), 1, 200),
  model        = CASE WHEN doc ->> '$.specification' IS NOT NULL
                 THEN coalesce(doc ->> '$.specification.model', 'heuristic') END,
  searched     = lower(concat_ws(' ', doc ->> '$.issue.short_id', issue_id,
                 substr(doc ->> '$.issue.title', 1, 160), substr(doc ->> '$.issue.culprit', 1, 100),
                 substr(doc ->> '$.specification.summary', 1, 160)));

-- One index for every list: its order is theirs, and it holds what they are filtered by, so that
-- a page of rare ones reads entries of its workspace and no records but its own.
DROP INDEX analyses_newest;
DROP INDEX analyses_newest_by_status;
CREATE INDEX analyses_listed ON analyses
  (workspace_id, created_at DESC, id DESC, status, priority, project_id, project_slug, model, searched);

CREATE TABLE former_results (
    analysis_id TEXT    NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    revision    INTEGER NOT NULL,
    doc         TEXT    NOT NULL,
    UNIQUE (analysis_id, revision)
) STRICT;

CREATE TABLE idempotency_keys (
    key        TEXT    NOT NULL PRIMARY KEY,
    request    TEXT    NOT NULL,
    token      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Sealed; NULL while the request is carried out.
    answer     TEXT
) STRICT;

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
