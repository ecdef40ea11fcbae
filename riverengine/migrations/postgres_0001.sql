CREATE TABLE @entries (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          text    NOT NULL UNIQUE,
    run_id      text    NOT NULL,
    run         text    NOT NULL,
    task        text    NOT NULL,
    args        text,
    async       boolean NOT NULL,
    key         text    NOT NULL,
    status      text    NOT NULL,
    attempts    text,
    result      text,
    at          bigint  NOT NULL, -- times: Unix nanoseconds, 0 for none
    started_at  bigint  NOT NULL,
    finished_at bigint  NOT NULL,
    caller      text    NOT NULL,
    scope       text    NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX entries_run_id ON @entries (run_id, seq);
CREATE INDEX entries_run ON @entries (run);
CREATE INDEX entries_task ON @entries (task, seq);
CREATE INDEX entries_status ON @entries (status, seq);

CREATE TABLE @claims (
    task     text NOT NULL,
    key      text NOT NULL,
    entry_id text NOT NULL,
    PRIMARY KEY (task, key)
);

CREATE INDEX claims_entry_id ON @claims (entry_id);
