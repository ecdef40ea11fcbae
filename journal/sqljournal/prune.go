package sqljournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// Prune deletes the entries of runs that began before the given time and
// whose status is final, and returns how many. Those with a status that only
// a newer version knows stay. Entries that hold a key are emptied instead. It
// works through them in transactions of 1,024, between which other writes
// take their turn; if it fails, those that it counts are gone.
func (j *Journal) Prune(ctx context.Context, before time.Time) (pruned int, err error) {
	if j.options.readOnly {
		return 0, ErrReadOnly
	}
	after := ""
	for {
		var n int
		var last sql.NullString
		var failure error
		err := j.perform(ctx, func() { n, last, failure = j.pruneSome(ctx, after, nanoseconds(before)) })
		if err := errors.Join(err, failure); err != nil {
			return pruned, fmt.Errorf("sqljournal: pruning, after %d entries: %w", pruned, err)
		}
		if !last.Valid {
			return pruned, nil
		}
		pruned += n
		after = last.String
	}
}

var prunable = "at < ? AND status IN (" + finalStatuses() + ")" +
	" AND NOT (at = 0 AND run_id = '')" // emptied already

// finalStatuses returns them as SQL.
func finalStatuses() string {
	var list []string
	for _, s := range journal.FinalStatuses() {
		list = append(list, "'"+string(s)+"'")
	}
	return strings.Join(list, ", ")
}

// pruneSome prunes the first of those whose ID is greater than after. The
// last one is null when there are none.
func (j *Journal) pruneSome(ctx context.Context, after string, before int64) (n int, last sql.NullString, err error) {
	err = j.conn.QueryRowContext(ctx, "SELECT max(id) FROM (SELECT id FROM saferunner_entries WHERE id > ? AND "+
		prunable+" ORDER BY id LIMIT ?)", after, before, groupSize).Scan(&last)
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
			result, err := j.conn.ExecContext(background, statement+" AND id > ? AND id <= ? AND "+prunable,
				after, last.String, before)
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
