-- Every request to a model. The columns beside `doc` are what calls are found by and summed over.

CREATE TABLE model_calls (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL,
    analysis_id  TEXT,
    started_at   INTEGER NOT NULL,
    -- The day it counts for, UTC: YYYY-MM-DD.
    day          TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    -- What was asked; NULL where there is no answer to it.
    key          TEXT,
    cost         INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    reused       INTEGER NOT NULL,
    input        INTEGER NOT NULL,
    cached       INTEGER NOT NULL,
    output       INTEGER NOT NULL,
    doc          TEXT    NOT NULL
) STRICT;

CREATE INDEX model_calls_of_analysis ON model_calls (workspace_id, analysis_id, started_at, id)
    WHERE analysis_id IS NOT NULL;
CREATE INDEX model_calls_by_key ON model_calls (workspace_id, key, started_at DESC, id DESC)
    WHERE key IS NOT NULL;
CREATE INDEX model_calls_by_day
    ON model_calls (workspace_id, day, model, cost, calls, reused, input, cached, output);
