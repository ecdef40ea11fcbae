package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// Query implements [journal.Journal]. It looks at every call, unless it is
// asked for an ID.
func (j *Journal) Query(ctx context.Context, q journal.Query) (journal.Page, error) {
	if ctx.Err() != nil {
		return journal.Page{}, context.Cause(ctx)
	}
	after, err := q.After()
	if err != nil {
		return journal.Page{}, fmt.Errorf("query: %w", err)
	}
	found, more, dropped := j.find(q, after)
	page := journal.Page{Entries: make([]journal.Entry, len(found)), Dropped: dropped}
	for i, f := range found {
		page.Entries[i] = f.render()
	}
	if more {
		page.Next = journal.CursorAfter(page.Entries[len(found)-1].ID)
	}
	return page, nil
}

// found is a call of a run, or an entry.
type found struct {
	run *record.Run
	at  int
	*written
}

func (f found) render() journal.Entry {
	if f.run != nil {
		return f.run.Entry(f.at)
	}
	e := f.entry
	if f.result != nil {
		e.Result = f.result()
	}
	return e
}

// find returns one page, and whether there are more.
func (j *Journal) find(q journal.Query, after string) (page []found, more bool, dropped int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if q.ID != "" {
		if f, ok := j.withID(q.ID); ok && f.matches(q, after) {
			page = append(page, f)
		}
		return page, false, j.dropped
	}
	limit := q.PageSize()
	for f := range j.inOrder(q.OldestFirst) {
		if !f.matches(q, after) {
			continue
		}
		if len(page) == limit {
			return page, true, j.dropped
		}
		page = append(page, f)
	}
	return page, false, j.dropped
}

// inOrder yields all calls and entries in the order of their IDs.
func (j *Journal) inOrder(oldestFirst bool) func(yield func(found) bool) {
	runs, written := j.all(), j.entries.sorted
	if !oldestFirst {
		slices.Reverse(runs)
		written = j.entries.all()
		slices.Reverse(written)
	}
	return func(yield func(found) bool) {
		for _, r := range runs {
			for n := range r.Calls {
				i := n
				if !oldestFirst {
					i = len(r.Calls) - 1 - n
				}
				if !r.Seen(i) {
					continue
				}
				if len(j.entries.sorted) > 0 {
					id := r.EntryID(i)
					for len(written) > 0 && (written[0].entry.ID < id) == oldestFirst && written[0].entry.ID != id {
						if !yield(found{written: written[0]}) {
							return
						}
						written = written[1:]
					}
					if j.entries.byID[id] != nil {
						continue // written anew
					}
				}
				if !yield(found{run: r, at: i}) {
					return
				}
			}
		}
		for _, w := range written {
			if !yield(found{written: w}) {
				return
			}
		}
	}
}

func (f found) matches(q journal.Query, after string) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	r := f.run
	if r == nil {
		e := &f.entry
		return is(q.ID, e.ID) && is(q.RunID, e.RunID) && is(q.Run, e.Run) && is(q.Task, e.Task) && hasStatus(q, e.Status) &&
			beyond(q, after, e.ID)
	}
	return is(q.RunID, r.RunID) && hasStatus(q, r.Status(f.at)) && (q.Task == "" || q.Task == r.Task(f.at).Spec.Name) &&
		(q.Run == "" || q.Run == r.ID()) && (q.ID == "" || q.ID == r.EntryID(f.at)) && (after == "" || beyond(q, after, r.EntryID(f.at)))
}

func hasStatus(q journal.Query, s journal.Status) bool {
	return len(q.Statuses) == 0 || slices.Contains(q.Statuses, s)
}

// beyond reports whether an ID comes after the one that the page follows.
func beyond(q journal.Query, after, id string) bool {
	return after == "" || q.OldestFirst && id > after || !q.OldestFirst && id < after
}

// withID returns the call or entry with this ID, if it is to be seen.
func (j *Journal) withID(id string) (found, bool) {
	if w := j.entries.byID[id]; w != nil {
		return found{written: w}, true
	}
	if r, i, ok := j.callOf(id); ok {
		return found{run: r, at: i}, true
	}
	return found{}, false
}

// callOf returns the call of a run with this ID, if it is to be seen. Only
// the last of the runs that begin at or before the ID can have it.
func (j *Journal) callOf(id string) (r *record.Run, i int, ok bool) {
	runs := j.runs[j.first:]
	after, _ := slices.BinarySearchFunc(runs, id, func(r *record.Run, id string) int {
		if r.ID() <= id {
			return -1
		}
		return 1
	})
	if after > 0 {
		if i, ok := runs[after-1].Index(id); ok {
			return runs[after-1], i, runs[after-1].Seen(i)
		}
	}
	for _, r := range j.live {
		if i, ok := r.Index(id); ok {
			return r, i, r.Seen(i)
		}
	}
	return nil, 0, false
}

// Find returns the call with this entry ID.
func (j *Journal) Find(id string) (r *record.Run, i int, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.callOf(id)
}
