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
    scope       TEXT    NOT NULL
);

CREATE INDEX saferunner_entries_run_id ON saferunner_entries (run_id, id);
CREATE INDEX saferunner_entries_run ON saferunner_entries (run, id);
CREATE INDEX saferunner_entries_task ON saferunner_entries (task, id);
CREATE INDEX saferunner_entries_status ON saferunner_entries (status, id);

CREATE TABLE saferunner_claims (
    task     TEXT NOT NULL,
    key      TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    PRIMARY KEY (task, key)
) WITHOUT ROWID;

CREATE INDEX saferunner_claims_entry_id ON saferunner_claims (entry_id);
