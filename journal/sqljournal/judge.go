package sqljournal

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// judgedTogether is how many calls one transaction judges at most, and how many
// claims.
const judgedTogether = 256

// lostCall is one whose process is dead or has closed its journal.
type lostCall struct {
	id       string
	status   journal.Status
	attempts []journal.Attempt
}

// judge ends calls of dead processes, and frees the keys that they had claimed
// for calls that were not written. It returns how many calls or claims it has
// looked at, whichever are more. When no call is left, it takes those processes
// out. It runs in the transaction that has made now the time of this process's
// own row.
func (j *Journal) judge(now time.Time) (n int, err error) {
	from, to := j.process.watch.Pace.Alive(now)
	calls, err := j.lostCalls(from, to)
	if err != nil {
		return 0, err
	}
	for _, c := range calls {
		if err := j.end(c, now); err != nil {
			return 0, err
		}
	}
	claims, err := j.judgeClaims(from, to)
	if err == nil && len(calls) < judgedTogether {
		_, err = j.conn.ExecContext(background, "DELETE FROM saferunner_processes WHERE seen NOT BETWEEN ? AND ?",
			from.UnixMilli(), to.UnixMilli())
	}
	return max(len(calls), claims), err
}

const lostSQL = `SELECT id, status, attempts FROM saferunner_entries
WHERE process <> '' AND process NOT IN (SELECT id FROM saferunner_processes WHERE seen BETWEEN ? AND ?) LIMIT ?`

func (j *Journal) lostCalls(from, to time.Time) (calls []lostCall, err error) {
	rows, err := j.conn.QueryContext(background, lostSQL, from.UnixMilli(), to.UnixMilli(), judgedTogether)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c lostCall
		var attempts []byte
		if err := rows.Scan(&c.id, &c.status, &attempts); err != nil {
			return nil, err
		}
		if attempts != nil {
			_ = json.Unmarshal(attempts, &c.attempts) // the call ends even if they cannot be read
		}
		calls = append(calls, c)
	}
	return calls, rows.Err()
}

// end ends a call: as interrupted, with its key, if it was running; as
// cancelled, without it, if it was queued.
func (j *Journal) end(c lostCall, now time.Time) error {
	status, closed := liveness.Verdict(c.status, c.attempts, now)
	attempts, err := encodeAttempts(closed)
	if err != nil {
		return err
	}
	_, err = j.conn.ExecContext(background, "UPDATE saferunner_entries SET status = ?, attempts = ?, finished_at = ?, process = '' WHERE id = ?",
		string(status), attempts, nanoseconds(now), c.id)
	if err != nil || !givesKeyBack(status) {
		return err
	}
	_, err = j.statements.release.ExecContext(background, c.id)
	return err
}
