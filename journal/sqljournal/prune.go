package sqljournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Prune deletes the entries of calls made before the given time, except
// queued, running and held ones, and returns how many. Entries that hold a
// key are emptied instead. It works through them in transactions of 1,024,
// between which other writes take their turn; if it fails, those that it
// counts are gone.
func (j *Journal) Prune(ctx context.Context, before time.Time) (pruned int, err error) {
	var seq int64
	for {
		var n int
		var last sql.NullInt64
		var failure error
		err := j.perform(ctx, func() { n, last, failure = j.pruneSome(ctx, seq, nanoseconds(before)) })
		if err := errors.Join(err, failure); err != nil {
			return pruned, fmt.Errorf("sqljournal: pruning, after %d entries: %w", pruned, err)
		}
		if !last.Valid {
			return pruned, nil
		}
		pruned += n
		seq = last.Int64
	}
}

const prunable = "at < ? AND status NOT IN ('queued', 'running', 'held')" +
	" AND NOT (at = 0 AND run_id = '')" // emptied already

// pruneSome prunes the first of those beyond the entry seq. The last one is
// null when there are none.
func (j *Journal) pruneSome(ctx context.Context, seq, before int64) (n int, last sql.NullInt64, err error) {
	err = j.conn.QueryRowContext(ctx, "SELECT max(seq) FROM (SELECT seq FROM saferunner_entries WHERE seq > ? AND "+
		prunable+" ORDER BY seq LIMIT ?)", seq, before, groupSize).Scan(&last)
	if err != nil || !last.Valid {
		return 0, last, err
	}
	err = j.transact(func() error {
		n = 0
		for _, statement := range []string{
			"DELETE FROM saferunner_entries WHERE NOT " + held,
			"UPDATE saferunner_entries SET run_id = '', run = '', args = NULL, async = 0, attempts = NULL," +
				" at = 0, started_at = 0, finished_at = 0, caller = '', scope = '' WHERE " + held,
		} {
			result, err := j.conn.ExecContext(background, statement+" AND seq > ? AND seq <= ? AND "+prunable,
				seq, last.Int64, before)
			if err != nil {
				return err
			}
			affected, err := result.RowsAffected()
			if err != nil {
				return err
			}
			n += int(affected)
		}
		return nil
	})
	if err != nil {
		n = 0
	}
	return n, last, err
}

const held = "EXISTS (SELECT 1 FROM saferunner_claims WHERE entry_id = saferunner_entries.id)"
