package sqljournal

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

const columns = "id, run_id, run, task, args, async, key, status, attempts, result, at, started_at, finished_at, caller, scope"

// row is a change as the database takes it.
type row struct {
	id      string
	forget  bool
	release bool  // it ends the entry's claim
	pending bool  // it is queued or running
	values  []any // of columns and process; none if forget
}

// render makes the row of a change by this process, which an entry names while
// it is queued or running.
func render(c journal.Change, process string) (row, error) {
	if c.Forgets() {
		return row{id: c.ID(), forget: true, release: true}, nil
	}
	e := c.Entry()
	attempts, err := encodeAttempts(e.Attempts)
	if err != nil {
		return row{}, fmt.Errorf("attempts of entry %s: %w", e.ID, err)
	}
	pending := liveness.Pending(e.Status)
	if !pending {
		process = ""
	}
	return row{
		id:      e.ID,
		release: e.Key != "" && givesKeyBack(e.Status),
		pending: pending,
		values: []any{
			e.ID, e.RunID, e.Run, e.Task, text(e.Args), e.Async, e.Key, string(e.Status), attempts, text(e.Result),
			nanoseconds(e.At), nanoseconds(e.StartedAt), nanoseconds(e.FinishedAt), e.Caller, e.Scope, process,
		},
	}, nil
}

// scan reads one entry.
func scan(rows *sql.Rows) (e journal.Entry, err error) {
	var attempts []byte
	var at, started, finished int64
	err = rows.Scan(&e.ID, &e.RunID, &e.Run, &e.Task, (*[]byte)(&e.Args), &e.Async, &e.Key, &e.Status,
		&attempts, (*[]byte)(&e.Result), &at, &started, &finished, &e.Caller, &e.Scope)
	if err != nil {
		return e, err
	}
	e.At, e.StartedAt, e.FinishedAt = moment(at), moment(started), moment(finished)
	if attempts != nil {
		if err := json.Unmarshal(attempts, &e.Attempts); err != nil {
			return e, fmt.Errorf("attempts of entry %s: %w", e.ID, err)
		}
	}
	return e, nil
}

func encodeAttempts(attempts []journal.Attempt) (any, error) {
	if len(attempts) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(attempts)
	return string(encoded), err
}

func text(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return string(raw)
}

// The times that fit into 64 bits of nanoseconds.
var earliest, latest = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

// nanoseconds returns 0 for the zero time, and the nearest that it can for
// one that is too far away.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64
	}
	return t.UnixNano()
}

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
