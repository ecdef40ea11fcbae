package memory

import (
	"context"
	"time"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// evict drops what is oldest until the bounds are kept: whole runs, though
// never the newest, and entries that have ended.
func (j *Journal) evict() {
	if j.maxEntries == 0 {
		return
	}
	for j.calls > j.maxEntries || j.bytes > j.maxBytes {
		w := j.entries.oldestEnded()
		switch {
		case len(j.runs)-j.first > 1 && (w == nil || j.runs[j.first].ID() < w.entry.ID):
			r := j.runs[j.first]
			j.runs[j.first] = nil
			j.first++
			j.dropRun(r)
		case w != nil:
			j.dropEntry(w)
		default:
			return
		}
	}
	if j.first > len(j.runs)/2 {
		n := copy(j.runs, j.runs[j.first:])
		clear(j.runs[n:])
		j.runs, j.first = j.runs[:n], 0
	}
}

// dropRun drops a run that was taken out of runs.
func (j *Journal) dropRun(r *record.Run) {
	j.uncountRun(r)
	if r.Keep() {
		j.live = append(j.live, r)
	} else if !r.Keyed {
		j.dropped += len(r.Calls)
		return
	}
	for i := range r.Calls {
		j.dropCall(r, i)
	}
}

// dropCall drops a call if it has ended, and reports whether it was to be
// seen.
func (j *Journal) dropCall(r *record.Run, i int) bool {
	s := r.Status(i)
	if !s.Final() || !r.Seen(i) {
		return false
	}
	if r.Key(i) == "" || !s.KeepsKey() || !j.leaveStub(r, i) {
		j.dropped++
	}
	return r.Drop(i)
}

// leaveStub puts a stub in the place of a call, if it holds its key.
func (j *Journal) leaveStub(r *record.Run, i int) bool {
	tk := taskKey{r.Task(i).Spec.Name, r.Key(i)}
	id := r.EntryID(i)
	if j.keys[tk].id != id {
		return false
	}
	s := journal.Entry{ID: id, Task: tk.task, Key: tk.key, Status: r.Status(i)}
	j.put(&written{entry: s, result: r.ShownResult(i), stub: true}) // whose rendering may call a user's code
	j.keys[tk] = holder{id: id}
	return true
}

func (j *Journal) dropEntry(w *written) {
	e := w.entry
	j.uncount(j.entries.remove(e.ID))
	if e.Key != "" && e.Status.KeepsKey() && j.holds(e.Task, e.Key, e.ID) {
		s := journal.Entry{ID: e.ID, Task: e.Task, Key: e.Key, Status: e.Status, Result: e.Result}
		j.put(&written{entry: s, stub: true})
		return
	}
	j.dropped++
}

// Prune implements [journal.Journal].
func (j *Journal) Prune(ctx context.Context, before time.Time) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	n, dropped := 0, j.dropped
	for _, r := range j.all() {
		if !r.At.Before(before) {
			continue
		}
		for i := range r.Calls {
			if j.dropCall(r, i) {
				n++
			}
		}
		j.recount(r)
	}
	for _, w := range j.entries.all() {
		if !w.stub && w.entry.At.Before(before) && w.entry.Status.Final() {
			j.dropEntry(w)
			n++
		}
	}
	j.dropped = dropped // asked for, not forced by the bounds
	j.sweep()
	return n, nil
}

// sweep takes out the runs of which nothing is to be seen any more.
func (j *Journal) sweep() {
	kept := j.runs[:0:0]
	for _, r := range j.runs[j.first:] {
		seen := r.Live()
		for i := 0; i < len(r.Calls) && !seen; i++ {
			seen = r.Seen(i)
		}
		if seen {
			kept = append(kept, r)
			continue
		}
		j.uncountRun(r)
	}
	j.runs, j.first = kept, 0
}
