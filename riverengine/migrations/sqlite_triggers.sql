-- River's own work does not need this index.
DROP INDEX IF EXISTS river_job_kind;
CREATE INDEX IF NOT EXISTS saferunner_entry ON river_job (metadata ->> 'entry') WHERE finalized_at IS NULL;

-- What becomes of a job becomes of its entry, in the same transaction.

DROP TRIGGER IF EXISTS saferunner_begun;
CREATE TRIGGER saferunner_begun AFTER UPDATE OF state ON river_job
WHEN NEW.state = 'running' AND OLD.state <> 'running'
BEGIN
    UPDATE saferunner_entries SET
        status = 'running',
        finished_at = 0,
        started_at = CASE started_at WHEN 0 THEN CAST(unixepoch(NEW.attempted_at, 'subsec') * 1000 + 0.5 AS INTEGER) * 1000000 ELSE started_at END,
        attempts = json_insert(coalesce(attempts, '[]'), '$[#]', json_object(
            'started', strftime('%Y-%m-%dT%H:%M:%fZ', NEW.attempted_at), 'worker', NEW.attempted_by ->> '$[#-1]'))
    WHERE id = NEW.metadata ->> 'entry';
END;

DROP TRIGGER IF EXISTS saferunner_done;
CREATE TRIGGER saferunner_done AFTER UPDATE OF state ON river_job
WHEN NEW.state = 'completed' AND OLD.state = 'running'
BEGIN
    UPDATE saferunner_entries SET
        status = 'done',
        finished_at = CAST(unixepoch(NEW.finalized_at, 'subsec') * 1000 + 0.5 AS INTEGER) * 1000000,
        attempts = json_set(attempts, '$[#-1].finished', strftime('%Y-%m-%dT%H:%M:%fZ', NEW.finalized_at)),
        result = NEW.metadata ->> '$.output.result'
    WHERE id = NEW.metadata ->> 'entry';
    UPDATE river_job SET args = jsonb('{}'), metadata = jsonb_set(metadata, '$.forgotten', jsonb('true')) WHERE id = NEW.id;
END;

-- Put off: as if the attempt had not been.
DROP TRIGGER IF EXISTS saferunner_snoozed;
CREATE TRIGGER saferunner_snoozed AFTER UPDATE OF state ON river_job
WHEN OLD.state = 'running' AND NEW.state IN ('available', 'scheduled')
    AND NEW.metadata ->> 'snoozes' IS NOT OLD.metadata ->> 'snoozes'
BEGIN
    UPDATE saferunner_entries SET
        status = 'queued',
        started_at = CASE WHEN json_array_length(attempts) = 1 THEN 0 ELSE started_at END,
        attempts = CASE WHEN json_array_length(attempts) = 1 THEN NULL ELSE json_remove(attempts, '$[#-1]') END
    WHERE id = NEW.metadata ->> 'entry';
END;

DROP TRIGGER IF EXISTS saferunner_failed;
CREATE TRIGGER saferunner_failed AFTER UPDATE OF state ON river_job
WHEN OLD.state = 'running' AND NEW.state NOT IN ('running', 'completed')
    AND (NEW.finalized_at IS NOT NULL OR NEW.metadata ->> 'snoozes' IS OLD.metadata ->> 'snoozes')
BEGIN
    UPDATE saferunner_entries SET
        status = CASE
            WHEN NEW.finalized_at IS NULL THEN 'queued'
            WHEN NEW.metadata ->> '$."river:rescue_count"' IS NOT OLD.metadata ->> '$."river:rescue_count"' THEN 'interrupted'
            ELSE coalesce(nullif(NEW.metadata ->> '$.output.status', 'queued'), iif(NEW.metadata ->> 'cancel_attempted_at' IS NULL, 'failed', 'cancelled'))
        END,
        finished_at = CAST(unixepoch(coalesce(NEW.finalized_at, 'now'), 'subsec') * 1000 + 0.5 AS INTEGER) * 1000000,
        attempts = json_set(attempts,
            '$[#-1].finished', strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(NEW.finalized_at, 'now')),
            '$[#-1].stack', iif(NEW.metadata ->> '$."river:rescue_count"' IS NOT OLD.metadata ->> '$."river:rescue_count"',
                '', coalesce(NEW.metadata ->> '$.output.stack', '')),
            '$[#-1].error', coalesce(
                iif(NEW.metadata ->> '$."river:rescue_count"' IS OLD.metadata ->> '$."river:rescue_count"', NEW.metadata ->> '$.output.error', NULL),
                json(NEW.errors) ->> '$[#-1].error', ''))
    WHERE id = NEW.metadata ->> 'entry';
    DELETE FROM saferunner_claims WHERE entry_id = NEW.metadata ->> 'entry' AND NEW.finalized_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM saferunner_entries WHERE id = entry_id AND status IN ('failed', 'cancelled'));
    UPDATE river_job SET args = jsonb('{}'), metadata = jsonb_set(metadata, '$.forgotten', jsonb('true')) WHERE id = NEW.id
        AND EXISTS (SELECT 1 FROM saferunner_entries WHERE id = NEW.metadata ->> 'entry' AND status = 'cancelled');
END;

DROP TRIGGER IF EXISTS saferunner_cancelled;
CREATE TRIGGER saferunner_cancelled AFTER UPDATE OF state ON river_job
WHEN NEW.state = 'cancelled' AND OLD.finalized_at IS NULL AND OLD.state <> 'running'
BEGIN
    UPDATE saferunner_entries SET
        status = 'cancelled',
        finished_at = CAST(unixepoch(NEW.finalized_at, 'subsec') * 1000 + 0.5 AS INTEGER) * 1000000
    WHERE id = NEW.metadata ->> 'entry';
    DELETE FROM saferunner_claims WHERE entry_id = NEW.metadata ->> 'entry';
    UPDATE river_job SET args = jsonb('{}'), metadata = jsonb_set(metadata, '$.forgotten', jsonb('true')) WHERE id = NEW.id;
END;

-- Retried by hand.
DROP TRIGGER IF EXISTS saferunner_again;
CREATE TRIGGER saferunner_again AFTER UPDATE OF state ON river_job
WHEN OLD.finalized_at IS NOT NULL AND NEW.finalized_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'the call cannot be run again: its arguments were deleted when it ended') WHERE NEW.metadata ->> 'forgotten';
    UPDATE saferunner_entries SET status = 'queued', finished_at = 0 WHERE id = NEW.metadata ->> 'entry';
    UPDATE river_job SET metadata = jsonb_set(metadata, '$.again', NEW.attempt) WHERE id = NEW.id;
    INSERT INTO saferunner_claims (task, key, entry_id)
        SELECT task, key, id FROM saferunner_entries WHERE id = NEW.metadata ->> 'entry' AND key <> '' ON CONFLICT DO NOTHING;
    SELECT RAISE(ABORT, 'the call cannot be run again: another has its key by now')
        FROM saferunner_claims c JOIN saferunner_entries e ON c.task = e.task AND c.key = e.key
        WHERE e.id = NEW.metadata ->> 'entry' AND c.entry_id <> e.id;
END;

-- Deleted by hand before its end.
DROP TRIGGER IF EXISTS saferunner_deleted;
CREATE TRIGGER saferunner_deleted AFTER DELETE ON river_job
WHEN OLD.finalized_at IS NULL
BEGIN
    UPDATE saferunner_entries SET status = 'cancelled', finished_at = CAST(unixepoch('now', 'subsec') * 1000 + 0.5 AS INTEGER) * 1000000
        WHERE id = OLD.metadata ->> 'entry';
    DELETE FROM saferunner_claims WHERE entry_id = OLD.metadata ->> 'entry';
END;
