package riverengine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/saferunner/saferunner/internal/entryid"
	"github.com/saferunner/saferunner/journal"
)

// Query returns one page of the entries that match q. Each of ID, Run, RunID, Task
// and Statuses uses an index; where more are set, one of them does. The calls of a
// run are found by their IDs, which follow that of the run. It fails for a Cursor
// that no page can have had.
func (j *Journal) Query(ctx context.Context, q journal.Query) (journal.Page, error) {
	page, err := j.query(ctx, q)
	if err != nil {
		return journal.Page{}, fmt.Errorf("riverengine: querying: %w", err)
	}
	return page, nil
}

func (j *Journal) query(ctx context.Context, q journal.Query) (page journal.Page, err error) {
	query, args, err := selection(q, j.db)
	if err != nil {
		return page, err
	}
	err = j.db.read().query(ctx, func(scan scan) error {
		if len(page.Entries) == q.PageSize() {
			page.Next = journal.CursorAfter(page.Entries[len(page.Entries)-1].ID)
			return nil
		}
		var e journal.Entry
		if err := readEntry(scan, &e); err != nil {
			return err
		}
		page.Entries = append(page.Entries, e)
		return nil
	}, query, args...)
	return page, err
}

// half is a table or view that holds calls.
type half struct {
	table  string
	status journal.Status // of all of them; empty: any
	kinds  bool           // they are found by the kind of their jobs
}

// selection returns the SELECT for q: of one entry more than the page holds. It
// has a part for each half and, unless something narrows the search further, for
// each class of statuses, since an index has those one after the other.
func selection(q journal.Query, db database) (query string, args []any, err error) {
	order := "DESC"
	if q.OldestFirst {
		order = "ASC"
	}
	after, err := q.After()
	if err != nil {
		return "", nil, err
	}
	if !keepable(&q, db) {
		return selectNone, nil, nil
	}
	s := conditions{}
	s.narrow(q, after)
	page := " ORDER BY id " + order + " LIMIT " + s.value(q.PageSize()+1)
	var parts []string
	for _, h := range db.halves() {
		for _, where := range s.of(h, q, db.running()) {
			parts = append(parts, "SELECT "+columns+" FROM "+h.table+" WHERE "+strings.Join(where, " AND ")+page)
		}
	}
	switch len(parts) {
	case 0: // what waits is in the second half, and not asked for
		return selectNone, nil, nil
	case 1:
		return parts[0], s.args, nil
	}
	for i := range parts {
		parts[i] = "SELECT * FROM (" + parts[i] + ") AS part" + strconv.Itoa(i)
	}
	return strings.Join(parts, " UNION ALL ") + page, s.args, nil
}

// selectNone selects no entry.
const selectNone = "SELECT " + columns + " FROM @entries WHERE FALSE"

// keepable reports whether the database can hold the texts that q asks for. If
// not, no entry matches. Of several statuses it takes out those that do not.
func keepable(q *journal.Query, db database) bool {
	for _, text := range []string{q.ID, q.Run, plain(q.RunID), q.Task} {
		if !db.keeps(text) {
			return false
		}
	}
	asked := len(q.Statuses)
	q.Statuses = slices.DeleteFunc(slices.Clone(q.Statuses), func(s journal.Status) bool { return !db.keeps(string(s)) })
	return asked == 0 || len(q.Statuses) > 0
}

// conditions are those of a query, with what they compare with.
type conditions struct {
	all  []string
	args []any
}

// value returns the place of a value in the query.
func (c *conditions) value(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

// narrow adds what holds of all halves. The calls of a run are found by their
// IDs, where these are some.
func (c *conditions) narrow(q journal.Query, cursor string) {
	if q.ID != "" {
		c.all = append(c.all, "id = "+c.value(q.ID))
	}
	if q.Run != "" {
		if after, last, ok := entryid.After(q.Run); ok {
			c.all = append(c.all, "id > "+c.value(after)+" AND id <= "+c.value(last))
		}
		c.all = append(c.all, "run = "+c.value(q.Run))
	}
	if q.RunID != "" {
		c.all = append(c.all, "run_id = "+c.value(plain(q.RunID)))
	}
	if cursor != "" {
		beyond := "id < "
		if q.OldestFirst {
			beyond = "id > "
		}
		c.all = append(c.all, beyond+c.value(plain(strings.ToValidUTF8(cursor, "\ufffd"))))
	}
}

// of returns the conditions of each part of a half.
func (c *conditions) of(h half, q journal.Query, running string) (parts [][]string) {
	if h.status != "" && len(q.Statuses) > 0 && !slices.Contains(q.Statuses, h.status) {
		return nil
	}
	where := append(slices.Clip(c.all), "TRUE")
	if h.kinds && q.Task != "" {
		where = append(where, "kind = "+c.value(kindOf(q.Task)))
	}
	if q.Task != "" && (!h.kinds || kindOf(q.Task) != q.Task) {
		where = append(where, "task = "+c.value(q.Task))
	}
	if where = slices.Clip(where); h.status != "" || len(q.Statuses) == 0 {
		return [][]string{where}
	}
	if q.ID != "" || q.Run != "" || q.RunID != "" || q.Task != "" {
		places := make([]string, len(q.Statuses))
		for i, s := range q.Statuses {
			places[i] = c.value(string(s))
		}
		return [][]string{append(where, "status IN ("+strings.Join(places, ", ")+")")}
	}
	for _, s := range slices.Compact(slices.Sorted(slices.Values(q.Statuses))) {
		status := "status = " + c.value(string(s))
		if s == journal.StatusRunning {
			parts = append(parts, append(where, status, running))
		} else {
			parts = append(parts, append(where, status, "class = "+c.value(string(s))))
		}
	}
	return parts
}

func readEntry(scan scan, e *journal.Entry) error {
	var args, attempts, result *string
	var status string
	var at, started, finished int64
	err := scan(&e.ID, &e.RunID, &e.Run, &e.Task, &args, &e.Async, &e.Key, &status,
		&attempts, &result, &at, &started, &finished, &e.Caller, &e.Scope)
	if err != nil {
		return err
	}
	e.Status, e.Args, e.Result = journal.Status(status), raw(args), raw(result)
	e.At, e.StartedAt, e.FinishedAt = moment(at), moment(started), moment(finished)
	if attempts != nil {
		if err := json.Unmarshal([]byte(*attempts), &e.Attempts); err != nil {
			return fmt.Errorf("attempts of entry %s: %w", e.ID, err)
		}
	}
	return nil
}

func raw(s *string) json.RawMessage {
	if s == nil {
		return nil
	}
	return json.RawMessage(*s)
}

var prunable = "at < $1 AND status IN (" + finalStatuses() + ") AND NOT (at = 0 AND run_id = '')" // emptied already

// finalStatuses returns them as SQL.
func finalStatuses() string {
	var list []string
	for _, s := range journal.FinalStatuses() {
		list = append(list, "'"+string(s)+"'")
	}
	return strings.Join(list, ", ")
}

// pruneJobs deletes the jobs of what is pruned, and those that have no entry.
var pruneJobs = "DELETE FROM @river_job WHERE finalized_at IS NOT NULL AND (metadata->>'entry' IN (SELECT id FROM @entries WHERE " + prunable + ")" +
	" OR finalized_at < $2 AND NOT EXISTS (SELECT 1 FROM @entries WHERE id = metadata->>'entry'))"

const holds = "EXISTS (SELECT 1 FROM @claims WHERE entry_id = id)"

// Prune deletes the entries of runs that began before the given time and
// whose status is final, with the arguments that a failed or interrupted call
// has left, and returns how many. Those with a status that only a newer
// version knows stay. Entries that hold a key are emptied instead. It is one
// transaction.
func (j *Journal) Prune(ctx context.Context, before time.Time) (pruned int, err error) {
	err = j.db.write(ctx, func(s session, _ any) error {
		pruned = 0
		if _, err := s.exec(ctx, pruneJobs, nanoseconds(before), j.db.timestamp(before)); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM @entries WHERE NOT " + holds + " AND " + prunable,
			"UPDATE @entries SET run_id = '', run = '', args = NULL, async = FALSE, attempts = NULL," +
				" at = 0, started_at = 0, finished_at = 0, caller = '', scope = '' WHERE " + holds + " AND " + prunable,
		} {
			n, err := s.exec(ctx, statement, nanoseconds(before))
			if err != nil {
				return err
			}
			pruned += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("riverengine: pruning: %w", err)
	}
	return pruned, nil
}
