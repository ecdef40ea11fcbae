-- What becomes of a job becomes of its entry, in the same transaction. Functions
-- and views are replaced, never dropped: rights on them, and users' views, stay.

-- STABLE, as what it calls is: else it would not become part of a query.
CREATE OR REPLACE FUNCTION @nanoseconds(t timestamptz) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT (date_part('epoch', t) * 1000000)::bigint * 1000 $$;

-- What an entry has of the job that it is queued as. Nothing in it fails,
-- whatever somebody has done to the job. The parts of the head are taken apart
-- once, which OFFSET sees to.
CREATE OR REPLACE FUNCTION @queued(metadata jsonb, kind text, args jsonb)
RETURNS TABLE (entry text, run_id text, run text, task text, shown text, key text, at bigint, caller text, scope text) LANGUAGE sql IMMUTABLE AS
$$
    SELECT
        metadata ->> 'entry',
        coalesce(metadata ->> 'run_id', ''),
        coalesce(head[1], ''),
        coalesce(metadata ->> 'task', kind),
        coalesce(metadata ->> 'shown', args::text),
        coalesce(metadata ->> 'key', ''),
        CASE WHEN head[2] ~ '^[0-8]?[0-9]{1,18}$' THEN head[2]::bigint ELSE 0 END,
        coalesce(array_to_string(head[5:], '|'), ''),
        coalesce(metadata ->> 'scope', '')
    FROM (SELECT string_to_array(metadata ->> 'call', '|') AS head OFFSET 0) h
$$;

CREATE OR REPLACE VIEW @waiting AS
SELECT
    q.entry COLLATE "C" AS id, q.run_id COLLATE "C" AS run_id, q.run COLLATE "C" AS run, q.task COLLATE "C" AS task, q.shown AS args,
    TRUE AS async, q.key, 'queued' COLLATE "C" AS status, NULL::text AS attempts, NULL::text AS result, q.at, 0::bigint AS started_at, 0::bigint AS finished_at,
    q.caller, q.scope COLLATE "C" AS scope, j.kind
FROM @river_job j, LATERAL @queued(j.metadata, j.kind, j.args) q
WHERE j.attempted_at IS NULL AND j.finalized_at IS NULL AND j.metadata ->> 'entry' IS NOT NULL;

-- For people. Searches go through both halves by themselves, since Postgres
-- would sort all of it.
CREATE OR REPLACE VIEW @calls AS
SELECT id, run_id, run, task, args, async, key, status, attempts, result, at, started_at, finished_at, caller, scope FROM @entries
UNION ALL
SELECT id, run_id, run, task, args, async, key, status, attempts, result, at, started_at, finished_at, caller, scope FROM @waiting;

-- Calls that begin, or are done: all that one statement of River has changed
-- at once, which takes half the time of one after the other. The planner
-- cannot know how many there are: it is told to look up each.

CREATE OR REPLACE FUNCTION @journal_many() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (SELECT FROM jobs WHERE state = 'running') THEN
        INSERT INTO @entries AS e (id, run_id, run, task, args, async, key, status, attempts, at, started_at, finished_at, caller, scope, job)
        SELECT
            q.entry, q.run_id, q.run, q.task, q.shown, TRUE, q.key, 'running',
            '[{"started":' || to_json(j.attempted_at) || ',"worker":' || to_json(coalesce(j.attempted_by[array_upper(j.attempted_by, 1)], '')) || '}]',
            q.at, @nanoseconds(j.attempted_at), 0, q.caller, q.scope, j.id
        FROM jobs j, LATERAL @queued(j.metadata, j.kind, j.args) q
        WHERE j.state = 'running' AND q.entry IS NOT NULL
        ON CONFLICT (id) DO UPDATE SET -- not its first attempt
            status = 'running',
            finished_at = 0,
            started_at = CASE e.started_at WHEN 0 THEN excluded.started_at ELSE e.started_at END,
            attempts = (coalesce(e.attempts::jsonb, '[]') || excluded.attempts::jsonb)::text
        WHERE e.status <> 'running';
    END IF;
    IF EXISTS (SELECT FROM jobs WHERE state = 'completed') THEN
        UPDATE @entries e SET
            status = 'done',
            finished_at = @nanoseconds(j.finalized_at),
            attempts = CASE WHEN right(e.attempts, 2) = '}]' THEN left(e.attempts, -2) || ',"finished":' || to_json(j.finalized_at) || '}]' ELSE e.attempts END,
            result = j.metadata -> 'output' ->> 'result'
        FROM jobs j
        WHERE e.id = j.metadata ->> 'entry' AND j.state = 'completed' AND e.status = 'running';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER saferunner_journal_many AFTER UPDATE ON @river_job REFERENCING NEW TABLE AS jobs
FOR EACH STATEMENT EXECUTE FUNCTION @journal_many();

-- All else that may become of one.

CREATE OR REPLACE FUNCTION @journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry    text := NEW.metadata ->> 'entry';
    rescued  boolean := NEW.metadata -> 'river:rescue_count' IS DISTINCT FROM OLD.metadata -> 'river:rescue_count';
    finish   timestamptz := coalesce(NEW.finalized_at, clock_timestamp());
    output   jsonb := NEW.metadata -> 'output';
    outcome  text;
    holder   text;
BEGIN
    IF entry IS NULL THEN -- it is not ours
        RETURN NULL;
    END IF;

    -- Put off: as if the attempt had not been.
    IF OLD.state = 'running' AND NEW.metadata -> 'snoozes' IS DISTINCT FROM OLD.metadata -> 'snoozes' AND NEW.finalized_at IS NULL THEN
        UPDATE @entries SET
            status = 'queued',
            started_at = CASE WHEN jsonb_array_length(attempts::jsonb) = 1 THEN 0 ELSE started_at END,
            attempts = nullif((attempts::jsonb - (-1))::text, '[]')
        WHERE id = entry;
        RETURN NULL;
    END IF;

    -- Retried by hand.
    IF OLD.finalized_at IS NOT NULL THEN
        IF NEW.finalized_at IS NULL THEN
            IF NEW.metadata ? 'forgotten' THEN
                RAISE EXCEPTION 'call % cannot be run again: its arguments were deleted when it ended', entry;
            END IF;
            UPDATE @entries SET status = 'queued', finished_at = 0 WHERE id = entry;
            UPDATE @river_job SET metadata = metadata || jsonb_build_object('again', NEW.attempt) WHERE id = NEW.id;
            INSERT INTO @claims (task, key, entry_id) SELECT task, key, id FROM @entries WHERE id = entry AND key <> '' ON CONFLICT DO NOTHING;
            SELECT c.entry_id INTO holder FROM @claims c JOIN @entries e ON (c.task, c.key) = (e.task, e.key) WHERE e.id = entry;
            IF holder <> entry THEN
                RAISE EXCEPTION 'call % cannot be run again: call % has its key by now', entry, holder;
            END IF;
        END IF;
        RETURN NULL;
    END IF;

    IF OLD.state <> 'running' THEN
        outcome := 'cancelled';
        INSERT INTO @entries (id, run_id, run, task, args, async, key, status, at, started_at, finished_at, caller, scope, job)
        SELECT q.entry, q.run_id, q.run, q.task, q.shown, TRUE, q.key, outcome, q.at, 0, @nanoseconds(finish), q.caller, q.scope, NEW.id
        FROM @queued(NEW.metadata, NEW.kind, NEW.args) q
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, finished_at = excluded.finished_at;
    ELSE
        outcome := CASE
            WHEN NEW.finalized_at IS NULL THEN 'queued'
            WHEN rescued THEN 'interrupted'
            ELSE coalesce(nullif(output ->> 'status', 'queued'), CASE WHEN NEW.metadata ? 'cancel_attempted_at' THEN 'cancelled' ELSE 'failed' END)
        END;
        UPDATE @entries SET
            status = outcome,
            finished_at = @nanoseconds(finish),
            attempts = jsonb_set(attempts::jsonb, '{-1}', (attempts::jsonb -> -1) || jsonb_build_object(
                'finished', finish,
                'stack', CASE WHEN rescued THEN '' ELSE coalesce(output ->> 'stack', '') END,
                'error', coalesce(CASE WHEN NOT rescued THEN output ->> 'error' END, NEW.errors[array_upper(NEW.errors, 1)] ->> 'error', '')))::text
        WHERE id = entry;
    END IF;
    IF outcome IN ('failed', 'cancelled') THEN
        DELETE FROM @claims WHERE entry_id = entry;
    END IF;
    IF outcome = 'cancelled' THEN
        UPDATE @river_job SET args = '{}', metadata = metadata || '{"forgotten": true}' WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER saferunner_journal AFTER UPDATE OF state ON @river_job FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state NOT IN ('running', 'completed')
    AND (OLD.state = 'running' OR NEW.state = 'cancelled' OR OLD.finalized_at IS NOT NULL))
EXECUTE FUNCTION @journal();

-- The arguments of what is done are not kept. Most often the engine has deleted them.

CREATE OR REPLACE FUNCTION @forget_args() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.args := '{}';
    NEW.metadata := NEW.metadata || '{"forgotten": true}';
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER saferunner_forget BEFORE UPDATE OF state ON @river_job FOR EACH ROW
WHEN (NEW.state = 'completed' AND OLD.state = 'running' AND NOT NEW.metadata ? 'forgotten')
EXECUTE FUNCTION @forget_args();

-- Deleted by hand before its end.

CREATE OR REPLACE FUNCTION @deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO @entries (id, run_id, run, task, args, async, key, status, at, started_at, finished_at, caller, scope)
    SELECT q.entry, q.run_id, q.run, q.task, q.shown, TRUE, q.key, 'cancelled', q.at, 0, @nanoseconds(clock_timestamp()), q.caller, q.scope
    FROM @queued(OLD.metadata, OLD.kind, OLD.args) q
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, finished_at = excluded.finished_at;
    DELETE FROM @claims WHERE entry_id = OLD.metadata ->> 'entry';
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER saferunner_deleted AFTER DELETE ON @river_job FOR EACH ROW
WHEN (OLD.finalized_at IS NULL AND OLD.metadata ->> 'entry' IS NOT NULL)
EXECUTE FUNCTION @deleted();
