-- The calls that have begun, and those that never will. What is queued is in
-- River's table alone; the view calls shows all.
CREATE TABLE @entries (
    id          text    COLLATE "C" PRIMARY KEY, -- the order of entries
    run_id      text    COLLATE "C" NOT NULL,
    run         text    COLLATE "C" NOT NULL,
    task        text    COLLATE "C" NOT NULL,
    args        text,
    async       boolean NOT NULL,
    key         text    NOT NULL,
    status      text    COLLATE "C" NOT NULL,
    attempts    text,
    result      text,
    at          bigint  NOT NULL, -- times: Unix nanoseconds, 0 for none
    started_at  bigint  NOT NULL,
    finished_at bigint  NOT NULL,
    caller      text    NOT NULL,
    scope       text    COLLATE "C" NOT NULL,
    job         bigint, -- River's, of a call that it has begun
    process     text    COLLATE "C" NOT NULL DEFAULT '', -- that has it queued or running, if its end is lost with the process: no job's
    class       text    COLLATE "C" NOT NULL GENERATED ALWAYS AS (CASE status WHEN 'running' THEN 'done' ELSE status END) STORED
) WITH (fillfactor = 50);

-- Running and done are one class: a call that goes well changes no index, and its
-- row stays on its page, half of which is left free for that.
CREATE INDEX entries_class ON @entries (class, id);
CREATE INDEX entries_run_id ON @entries (run_id, id);
CREATE INDEX entries_task ON @entries (task, id);
CREATE INDEX entries_scope ON @entries (scope, id) WHERE scope <> '';
CREATE INDEX entries_process ON @entries (process) WHERE process <> '';

-- Of the calls that are queued. The first also keeps a call from being queued twice.
CREATE UNIQUE INDEX saferunner_entry ON @river_job ((metadata ->> 'entry') COLLATE "C") WHERE attempted_at IS NULL;
CREATE INDEX saferunner_run_id ON @river_job ((coalesce(metadata ->> 'run_id', '')) COLLATE "C", (metadata ->> 'entry') COLLATE "C") WHERE attempted_at IS NULL;
CREATE INDEX saferunner_kind ON @river_job (kind, (metadata ->> 'entry') COLLATE "C") WHERE attempted_at IS NULL;
CREATE INDEX saferunner_scope ON @river_job ((metadata ->> 'scope') COLLATE "C", (metadata ->> 'entry') COLLATE "C") WHERE attempted_at IS NULL AND metadata ? 'scope';

CREATE TABLE @claims (
    task     text COLLATE "C" NOT NULL,
    key      text COLLATE "C" NOT NULL,
    entry_id text COLLATE "C" NOT NULL,
    process  text COLLATE "C" NOT NULL DEFAULT '', -- that has claimed it, and may die before it writes the entry
    PRIMARY KEY (task, key)
);

CREATE INDEX claims_entry_id ON @claims (entry_id);
CREATE INDEX claims_process ON @claims (process) WHERE process <> '';

-- The processes that execute, or may. One that has not renewed its row for 15
-- seconds is dead.
CREATE TABLE @processes (
    id   text    COLLATE "C" PRIMARY KEY, -- as in attempted_by of a job
    host text    NOT NULL,
    pid  bigint  NOT NULL,
    mode text    NOT NULL, -- live, record or unknown
    seen bigint  NOT NULL  -- when it was renewed, by the database's clock: Unix milliseconds
) WITH (fillfactor = 50);

-- River's own work needs none of these. The first two cost more than all others,
-- and saferunner_kind stands in for the third.
DROP INDEX IF EXISTS @river_job_args_index;
DROP INDEX IF EXISTS @river_job_metadata_index;
DROP INDEX IF EXISTS @river_job_kind;
