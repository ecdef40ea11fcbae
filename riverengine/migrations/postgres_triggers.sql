-- What becomes of a job becomes of its entry, in the same transaction.

CREATE OR REPLACE FUNCTION @nanoseconds(t timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT (extract(epoch FROM t) * 1000000)::bigint * 1000 $$;

-- Calls that begin, or are done: all that one statement of River has changed
-- at once, which takes half the time of one after the other. The planner
-- cannot know how many there are: it is told to look up each.

CREATE OR REPLACE FUNCTION @journal_many() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    UPDATE @entries e SET
        status = 'running',
        finished_at = 0,
        started_at = CASE e.started_at WHEN 0 THEN @nanoseconds(j.attempted_at) ELSE e.started_at END,
        attempts = (coalesce(e.attempts::jsonb, '[]') || jsonb_build_object(
            'started', j.attempted_at, 'worker', j.attempted_by[array_upper(j.attempted_by, 1)]))::text
    FROM jobs j
    WHERE e.id = j.metadata ->> 'entry' AND j.state = 'running' AND e.status <> 'running';

    UPDATE @entries e SET
        status = 'done',
        finished_at = @nanoseconds(j.finalized_at),
        attempts = jsonb_set(e.attempts::jsonb, '{-1,finished}', to_jsonb(j.finalized_at))::text,
        result = j.metadata -> 'output' ->> 'result'
    FROM jobs j
    WHERE e.id = j.metadata ->> 'entry' AND j.state = 'completed' AND e.status = 'running';
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS saferunner_journal_many ON @river_job;
CREATE TRIGGER saferunner_journal_many AFTER UPDATE ON @river_job REFERENCING NEW TABLE AS jobs
FOR EACH STATEMENT EXECUTE FUNCTION @journal_many();

-- All else that may become of one.

CREATE OR REPLACE FUNCTION @journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry    text := NEW.metadata ->> 'entry';
    rescued  boolean := NEW.metadata -> 'river:rescue_count' IS DISTINCT FROM OLD.metadata -> 'river:rescue_count';
    finish   timestamptz := coalesce(NEW.finalized_at, clock_timestamp());
    output   jsonb := NEW.metadata -> 'output';
    outcome  text;
BEGIN
    -- Put off: as if the attempt had not been.
    IF OLD.state = 'running' AND NEW.metadata -> 'snoozes' IS DISTINCT FROM OLD.metadata -> 'snoozes' AND NEW.finalized_at IS NULL THEN
        UPDATE @entries SET
            status = 'queued',
            started_at = CASE WHEN jsonb_array_length(attempts::jsonb) = 1 THEN 0 ELSE started_at END,
            attempts = nullif((attempts::jsonb - (-1))::text, '[]')
        WHERE id = entry;
        RETURN NULL;
    END IF;

    IF OLD.finalized_at IS NOT NULL THEN
        IF NEW.finalized_at IS NULL THEN
            UPDATE @entries SET status = 'queued', finished_at = 0 WHERE id = entry;
        END IF;
        RETURN NULL;
    END IF;

    IF OLD.state <> 'running' THEN
        outcome := 'cancelled';
        UPDATE @entries SET status = outcome, finished_at = @nanoseconds(finish) WHERE id = entry;
    ELSE
        outcome := CASE
            WHEN NEW.finalized_at IS NULL THEN 'queued'
            WHEN rescued THEN 'interrupted'
            ELSE coalesce(output ->> 'status', CASE WHEN NEW.metadata ? 'cancel_attempted_at' THEN 'cancelled' ELSE 'failed' END)
        END;
        UPDATE @entries SET
            status = outcome,
            finished_at = @nanoseconds(finish),
            attempts = jsonb_set(attempts::jsonb, '{-1}', (attempts::jsonb -> -1) || jsonb_build_object(
                'finished', finish,
                'stack', coalesce(output ->> 'stack', ''),
                'error', CASE
                    WHEN rescued THEN 'its end was not seen: its process died, or it took longer than its time'
                    ELSE coalesce(output ->> 'error', NEW.errors[array_upper(NEW.errors, 1)] ->> 'error', '')
                END))::text
        WHERE id = entry;
    END IF;
    IF outcome IN ('failed', 'cancelled') THEN
        DELETE FROM @claims WHERE entry_id = entry;
    END IF;
    IF outcome = 'cancelled' THEN
        UPDATE @river_job SET args = '{}' WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS saferunner_journal ON @river_job;
CREATE TRIGGER saferunner_journal AFTER UPDATE OF state ON @river_job FOR EACH ROW
WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.state NOT IN ('running', 'completed')
    AND (OLD.state = 'running' OR NEW.state = 'cancelled' OR OLD.finalized_at IS NOT NULL))
EXECUTE FUNCTION @journal();

-- The arguments of what is done are not kept.

CREATE OR REPLACE FUNCTION @forget_args() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.args := '{}';
    RETURN NEW;
END
$$;

DROP TRIGGER IF EXISTS saferunner_forget ON @river_job;
CREATE TRIGGER saferunner_forget BEFORE UPDATE OF state ON @river_job FOR EACH ROW
WHEN (NEW.state = 'completed' AND OLD.state = 'running')
EXECUTE FUNCTION @forget_args();
