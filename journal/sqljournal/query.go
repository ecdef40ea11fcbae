package sqljournal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/saferunner/saferunner/internal/entryid"
	"github.com/saferunner/saferunner/journal"
)

// Query returns one page of the entries that match q. Of ID, Run, RunID, Task
// and Statuses, the first that is set uses an index; the others are checked
// entry by entry, about 2 million a second, until the page is full. So are calls
// that are running, among those that are done. The calls of a run are found by
// their IDs, which follow that of the run. It fails for a Cursor that no page can
// have had.
func (j *Journal) Query(ctx context.Context, q journal.Query) (journal.Page, error) {
	var page journal.Page
	text, args, err := selection(q)
	if err != nil {
		return page, err
	}
	var failure error
	err = j.perform(ctx, func() { page, failure = j.query(ctx, q.PageSize(), text, args) })
	if err := errors.Join(err, failure); err != nil {
		return journal.Page{}, fmt.Errorf("sqljournal: querying: %w", err)
	}
	return page, nil
}

// query runs a selection, which asks for one entry more than the page holds.
func (j *Journal) query(ctx context.Context, size int, text string, args []any) (page journal.Page, err error) {
	rows, err := j.conn.QueryContext(ctx, text, args...)
	if err != nil {
		return page, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if len(page.Entries) == size {
			page.Next = journal.CursorAfter(page.Entries[size-1].ID)
			break
		}
		entry, err := scan(rows)
		if err != nil {
			return page, err
		}
		page.Entries = append(page.Entries, entry)
	}
	return page, rows.Err()
}

// selection returns the SELECT for q. It settles which index SQLite uses, by
// a plus sign before the columns that must not be looked up: without that,
// SQLite may choose the statuses, which are the least selective.
func selection(q journal.Query) (text string, args []any, err error) {
	order, beyond := "DESC", "id < ?"
	if q.OldestFirst {
		order, beyond = "ASC", "id > ?"
	}
	after, err := q.After()
	if err != nil {
		return "", nil, fmt.Errorf("sqljournal: querying: %w", err)
	}
	where, values, indexed := equalities(q)
	if after != "" {
		where, values = append(where, beyond), append(values, after)
	}
	var selects []string
	branch := func(condition string, more ...any) {
		selects = append(selects, "SELECT "+columns+" FROM saferunner_entries WHERE "+
			strings.Join(append(slices.Clip(where), condition), " AND "))
		args = append(append(args, values...), more...)
	}
	statuses := slices.Compact(slices.Sorted(slices.Values(q.Statuses)))
	switch {
	case len(statuses) == 0:
		branch("TRUE")
	case indexed:
		var more []any
		for _, s := range statuses {
			more = append(more, string(s))
		}
		branch("+status IN (?"+strings.Repeat(", ?", len(statuses)-1)+")", more...)
	default: // one SELECT a status: SQLite merges them, and reads a page of each at most
		for _, s := range statuses {
			branch("class = ? AND +status = ?", class(s), string(s))
		}
	}
	text = strings.Join(selects, " UNION ALL ") + " ORDER BY id " + order + " LIMIT ?"
	return text, append(args, q.PageSize()+1), nil
}

// class is the column of that name, which is indexed.
func class(s journal.Status) string {
	if s == journal.StatusRunning {
		s = journal.StatusDone
	}
	return string(s)
}

// equalities returns the conditions on columns that most narrow the search,
// the best one first and the only one to be looked up in an index, and whether
// there is one. The calls of a run are found by their IDs.
func equalities(q journal.Query) (where []string, values []any, indexed bool) {
	add := func(condition string, more ...any) {
		where, values = append(where, condition), append(values, more...)
	}
	if q.ID != "" {
		add("id = ?", q.ID)
		indexed = true
	}
	if q.Run != "" {
		if after, last, ok := entryid.After(q.Run); ok && !indexed {
			add("id > ? AND id <= ?", after, last)
			indexed = true
		}
		add("+run = ?", q.Run)
	}
	for _, filter := range []struct{ column, value string }{{"run_id", q.RunID}, {"task", q.Task}} {
		switch {
		case filter.value == "":
		case indexed:
			add("+"+filter.column+" = ?", filter.value)
		default:
			add(filter.column+" = ?", filter.value)
			indexed = true
		}
	}
	return where, values, indexed
}
