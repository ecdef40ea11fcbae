CREATE TABLE saferunner_entries (
    id          TEXT    NOT NULL PRIMARY KEY, -- the order of entries
    run_id      TEXT    NOT NULL,
    run         TEXT    NOT NULL,
    task        TEXT    NOT NULL,
    args        TEXT,
    async       INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    attempts    TEXT,
    result      TEXT,
    at          INTEGER NOT NULL, -- times: Unix nanoseconds, 0 for none
    started_at  INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    caller      TEXT    NOT NULL,
    scope       TEXT    NOT NULL,
    process     TEXT    NOT NULL DEFAULT '', -- that has it queued or running, if its end is lost with the process
    class       TEXT    NOT NULL GENERATED ALWAYS AS (iif(status = 'running', 'done', status)) VIRTUAL
);

-- Running and done are one class: a call that goes well moves in the index once less.
CREATE INDEX saferunner_entries_class ON saferunner_entries (class, id);
CREATE INDEX saferunner_entries_run_id ON saferunner_entries (run_id, id);
CREATE INDEX saferunner_entries_task ON saferunner_entries (task, id);
CREATE INDEX saferunner_entries_scope ON saferunner_entries (scope, id) WHERE scope <> '';
CREATE INDEX saferunner_entries_process ON saferunner_entries (process) WHERE process <> '';

CREATE TABLE saferunner_processes (
    id   TEXT    NOT NULL PRIMARY KEY,
    host TEXT    NOT NULL,
    pid  INTEGER NOT NULL,
    mode TEXT    NOT NULL, -- live, record or unknown
    seen INTEGER NOT NULL  -- when it was renewed, by the database's clock: Unix milliseconds
) WITHOUT ROWID;

CREATE TABLE saferunner_claims (
    task     TEXT NOT NULL,
    key      TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    process  TEXT NOT NULL DEFAULT '', -- that has claimed it, and may die before it writes the entry
    PRIMARY KEY (task, key)
) WITHOUT ROWID;

CREATE INDEX saferunner_claims_entry_id ON saferunner_claims (entry_id);
CREATE INDEX saferunner_claims_process ON saferunner_claims (process) WHERE process <> '';
