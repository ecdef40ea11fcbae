package riverengine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// Query returns one page of the entries that match q. It fails for a Cursor
// that no page can have had.
func (j *Journal) Query(ctx context.Context, q journal.Query) (journal.Page, error) {
	page, err := j.query(ctx, q)
	if err != nil {
		return journal.Page{}, fmt.Errorf("riverengine: querying: %w", err)
	}
	return page, nil
}

func (j *Journal) query(ctx context.Context, q journal.Query) (page journal.Page, err error) {
	query, args, err := selection(q, j.db.troubles(), j.db.calls())
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

// selection returns the SELECT for q: of one entry more than the page holds.
// Troubles is a condition that calls which ended badly meet, and others not;
// the calls are in tables, of which each is searched by itself.
func selection(q journal.Query, troubles string, tables []string) (query string, args []any, err error) {
	where := []string{"TRUE"}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, condition+"$"+strconv.Itoa(len(args)))
	}
	for _, filter := range []struct{ condition, value string }{
		{"id = ", q.ID}, {"run = ", q.Run}, {"run_id = ", plain(q.RunID)}, {"task = ", q.Task},
	} {
		if filter.value != "" {
			add(filter.condition, filter.value)
		}
	}
	order, beyond := "DESC", "id < "
	if q.OldestFirst {
		order, beyond = "ASC", "id > "
	}
	after, err := q.After()
	if err != nil {
		return "", nil, err
	}
	if after != "" {
		add(beyond, plain(after))
	}
	if len(q.Statuses) > 0 {
		places := make([]string, len(q.Statuses))
		for i, s := range q.Statuses {
			args = append(args, string(s))
			places[i] = "$" + strconv.Itoa(len(args))
		}
		where = append(where, "status IN ("+strings.Join(places, ", ")+")")
		if !slices.ContainsFunc(q.Statuses, func(s journal.Status) bool { return !endedBadly(s) }) {
			where = append(where, troubles)
		}
	}
	args = append(args, q.PageSize()+1)
	page := " ORDER BY id " + order + " LIMIT $" + strconv.Itoa(len(args))
	parts := make([]string, len(tables))
	for i, table := range tables {
		parts[i] = "SELECT " + columns + " FROM " + table + " WHERE " + strings.Join(where, " AND ") + page
	}
	if len(parts) == 1 {
		return parts[0], args, nil
	}
	query = "(" + strings.Join(parts, ") UNION ALL (") + ")" + page
	return query, args, nil
}

func endedBadly(s journal.Status) bool {
	return s == journal.StatusFailed || s == journal.StatusInterrupted
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
