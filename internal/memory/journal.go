// Package memory is the default journal: the newest runs, in memory.
package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// The bounds of the default journal. See [New].
const (
	MaxEntries = 10_000
	MaxBytes   = 64 << 20
	MaxKeys    = 10_000
)

// Journal is a [journal.Journal] in memory. It holds runs, not entries: a
// call's status is read from its run, so that a call costs the journal
// nothing after its run was put into it. What other code writes, with Write,
// is kept as entries by ID, beside the runs. Safe for concurrent use.
//
// A run goes through three places. It is put into runs. When the journal
// grows beyond its bounds, the oldest run is dropped: it goes for good if it
// has ended, and is moved to live if it has not, with those of its calls
// that have not ended. From there it goes once the last of them has. A call
// that holds a key leaves a stub, an entry that says so.
type Journal struct {
	maxEntries int // 0: no bounds
	maxBytes   int64

	mu      sync.Mutex    // no code of a user's is called under it
	runs    []*record.Run // in the order of their IDs; nil before first
	first   int           // the oldest one that was not dropped
	live    []*record.Run // dropped, but not ended
	entries entries       // that were written, and stubs
	calls   int           // of runs, and entries; stubs and what is live do not count
	bytes   int64         // that they take
	dropped int
	keys    map[taskKey]holder
}

var _ journal.Journal = (*Journal)(nil)

// New returns a Journal that holds at most maxEntries calls, of at most
// maxBytes bytes, beside the newest run, calls that have not ended, and what
// is left of calls that hold a key. With maxEntries 0 it has no bounds.
func New(maxEntries int, maxBytes int64) *Journal {
	return &Journal{maxEntries: maxEntries, maxBytes: maxBytes}
}

// PutRun takes a run in, once, when its first call is to be seen. From then
// on its calls change in the run.
func (j *Journal) PutRun(r *record.Run) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := len(j.runs)
	for at > j.first && r.Before(j.runs[at-1]) {
		at--
	}
	if at == len(j.runs) {
		j.runs = append(j.runs, r)
	} else {
		j.runs = slices.Insert(j.runs, at, r)
	}
	if j.maxEntries > 0 {
		j.countRun(r, len(r.Calls), r.Bytes())
		if j.calls > j.maxEntries || j.bytes > j.maxBytes {
			j.evict()
		}
	}
}

// Grew counts results and errors of a run that have come since it was counted.
func (j *Journal) Grew(r *record.Run) {
	if j.maxEntries == 0 {
		return
	}
	bytes := r.Growth()
	if bytes == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.CountedBytes > 0 {
		r.CountedBytes += bytes
		j.bytes += bytes
		j.evict()
	}
}

// countRun counts a run for so much, and no more for what it was counted for.
func (j *Journal) countRun(r *record.Run, calls int, bytes int64) {
	j.calls += calls - int(r.CountedCalls)
	j.bytes += bytes - r.CountedBytes
	r.CountedCalls, r.CountedBytes = int32(calls), bytes
}

// uncountRun takes a run out of what is counted.
func (j *Journal) uncountRun(r *record.Run) { j.countRun(r, 0, 0) }

// recount counts a run anew, of which calls were dropped.
func (j *Journal) recount(r *record.Run) {
	if r.CountedBytes > 0 {
		r.Growth() // Held has it
		j.countRun(r, len(r.Calls)-r.Dropped(), r.Held())
	}
}

// Ended is told of the calls from..to of a run that the journal has dropped
// before they had ended.
func (j *Journal) Ended(r *record.Run, from, to int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := from; i < to; i++ {
		j.dropCall(r, i)
	}
	if !r.Live() {
		j.live = slices.DeleteFunc(j.live, func(l *record.Run) bool { return l == r })
	}
}

// Write implements [journal.Journal]. It renders the entries.
func (j *Journal) Write(ctx context.Context, changes ...journal.Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	rendered := make([]journal.Entry, len(changes))
	for i, c := range changes {
		if !c.Forgets() {
			rendered[i] = c.Entry()
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, c := range changes {
		if c.Forgets() {
			j.forget(c.ID())
		} else {
			j.put(&written{entry: rendered[i]})
		}
	}
	j.evict()
	return nil
}

// put takes an entry in, in the place of one with its ID.
func (j *Journal) put(w *written) {
	e := &w.entry
	if e.Status.Final() && !e.Status.KeepsKey() && j.holds(e.Task, e.Key, e.ID) {
		delete(j.keys, taskKey{e.Task, e.Key})
	}
	j.uncount(j.entries.put(w))
	if !w.stub {
		w.bytes = journal.Put(*e).Size()
		j.calls++
		j.bytes += w.bytes
	}
}

func (j *Journal) uncount(w *written) {
	if w != nil && !w.stub {
		j.calls--
		j.bytes -= w.bytes
	}
}

// forget takes out the entry or call with this ID, and its claim.
func (j *Journal) forget(id string) {
	j.uncount(j.entries.remove(id))
	if r, i, ok := j.callOf(id); ok {
		r.Drop(i)
		j.recount(r)
	}
	for tk, h := range j.keys {
		if h.id == id {
			delete(j.keys, tk)
		}
	}
}

// all returns the runs in the order of their IDs.
func (j *Journal) all() []*record.Run {
	if len(j.live) == 0 {
		return slices.Clone(j.runs[j.first:])
	}
	all := append(slices.Clone(j.live), j.runs[j.first:]...)
	slices.SortFunc(all, (*record.Run).Compare)
	return all
}

// Runs returns the runs in the order of their IDs.
func (j *Journal) Runs() []*record.Run {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all()
}

// Clear forgets everything, keys included. What a run that goes on comes to
// later is to be seen.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	runs := j.runs[j.first:]
	j.runs, j.first, j.entries, j.keys = nil, 0, entries{}, nil
	j.calls, j.bytes = 0, 0
	for _, r := range j.live {
		dropSeen(r)
	}
	for _, r := range runs {
		counted := r.CountedBytes > 0
		r.CountedCalls, r.CountedBytes = 0, 0 // as j counts nothing
		if !r.Live() {
			continue
		}
		dropSeen(r)
		j.runs = append(j.runs, r)
		if counted {
			r.Growth() // Held has it
			j.countRun(r, len(r.Calls)-r.Dropped(), r.Held())
		}
	}
}

func dropSeen(r *record.Run) {
	for i := range r.Calls {
		if r.Seen(i) {
			r.Drop(i)
		}
	}
}

// ClearStatuses forgets the calls with one of these statuses.
func (j *Journal) ClearStatuses(statuses ...journal.Status) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.all() {
		for i := range r.Calls {
			if slices.Contains(statuses, r.Status(i)) {
				r.Drop(i)
			}
		}
		j.recount(r)
	}
	for _, w := range j.entries.all() {
		if slices.Contains(statuses, w.entry.Status) {
			j.uncount(j.entries.remove(w.entry.ID))
		}
	}
	j.sweep()
}
