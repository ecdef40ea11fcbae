package saferunner

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The bounds of the in-memory journal: what it holds at most, beside calls
// that have not ended and entries that hold a key.
const (
	memoryEntries = 10_000
	memoryBytes   = 64 << 20
	memoryKeys    = 10_000
)

// memoryJournal is the default journal, and with no bounds that of a
// recorder. It keeps records, and renders entries when it is asked.
type memoryJournal struct {
	mu         sync.Mutex
	records    []*record // in the order of their first write; nil where one was removed
	seqs       []uint64  // their places, ascending; of removed ones too
	held       int       // records that are not nil
	seq        uint64    // place of the last one
	ended      []*record // that may be dropped, oldest end first; some may have gone
	bytes      int64     // that the records hold
	dropped    int
	maxEntries int // 0: no bounds
	maxBytes   int64
	keys       map[taskKey]*keyHolder
}

// gone is the place of a record that was dropped or forgotten: what becomes
// of its call is not told any more.
const gone = math.MaxUint64

func newMemoryJournal(maxEntries int, maxBytes int64) *memoryJournal {
	return &memoryJournal{maxEntries: maxEntries, maxBytes: maxBytes}
}

// Write implements Journal.
func (j *memoryJournal) Write(ctx context.Context, changes ...journal.Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range changes {
		if c.forget {
			j.forget(c.record)
		} else {
			j.put(c.record)
		}
	}
	j.evict()
	return nil
}

// writeRun is Write of calls of one run.
func (j *memoryJournal) writeRun(records []record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records, j.seqs = slices.Grow(j.records, len(records)), slices.Grow(j.seqs, len(records))
	for i := range records {
		j.put(&records[i])
	}
	j.evict()
}

// put takes a record in, unless it is in already, and does what its status
// asks for.
func (j *memoryJournal) put(r *record) {
	if r.seq == 0 {
		j.add(r)
	}
	if len(j.keys) == 0 && j.maxEntries == 0 {
		return
	}
	status, grown := r.observe()
	if r.seq != gone {
		j.bytes += grown
	}
	switch {
	case !status.Final():
	case j.settleKey(r, status):
	case j.maxEntries > 0:
		j.ended = append(j.ended, r)
	}
}

// add appends a record, or puts an entry in the place of one with its ID.
func (j *memoryJournal) add(r *record) {
	if old := j.find(r); old != nil {
		j.replace(old, r)
		return
	}
	j.seq++
	r.seq = j.seq
	j.records = append(j.records, r)
	j.seqs = append(j.seqs, r.seq)
	j.held++
	j.adoptKey(r)
	if j.maxEntries > 0 {
		j.bytes += r.fixedBytes()
	}
}

func (j *memoryJournal) replace(old, r *record) {
	j.records[j.place(old)] = r
	r.seq, old.seq = old.seq, gone
	j.adoptKey(r)
	if j.maxEntries > 0 {
		j.bytes += r.fixedBytes() - old.counted()
	}
}

// evict drops the calls that ended first until the bounds are kept.
func (j *memoryJournal) evict() {
	if j.maxEntries == 0 {
		return
	}
	for len(j.ended) > 0 && (j.held-len(j.keys) > j.maxEntries || j.bytes > j.maxBytes) {
		r := j.ended[0]
		j.ended[0], j.ended = nil, j.ended[1:]
		if r.seq != gone && !j.holdsKey(r) && r.currentStatus().Final() {
			j.remove(r)
			j.dropped++
		}
	}
	j.compact()
}

// remove takes out a record that is in.
func (j *memoryJournal) remove(r *record) {
	if j.maxEntries > 0 {
		j.bytes -= r.counted()
	}
	j.records[j.place(r)] = nil
	r.seq = gone
	j.held--
}

func (j *memoryJournal) place(r *record) int {
	i, _ := slices.BinarySearch(j.seqs, r.seq)
	return i
}

// compact closes the gaps once they make up half of a slice.
func (j *memoryJournal) compact() {
	if len(j.ended) > 2*j.held+64 {
		j.ended = slices.DeleteFunc(j.ended, func(r *record) bool { return r.seq == gone })
	}
	if len(j.records) < 2*j.held+64 {
		return
	}
	kept := 0
	for i, r := range j.records {
		if r != nil {
			j.records[kept], j.seqs[kept] = r, j.seqs[i]
			kept++
		}
	}
	clear(j.records[kept:])
	j.records, j.seqs = j.records[:kept], j.seqs[:kept]
}

// find returns the record of the entry that an entry of Put or Forget stands
// for. Calls are never looked for: each is written by the record it has.
func (j *memoryJournal) find(r *record) *record {
	if r.run != nil {
		return nil
	}
	i := slices.IndexFunc(j.records, func(other *record) bool { return other != nil && other.id() == r.id() })
	if i < 0 {
		return nil
	}
	return j.records[i]
}

func (j *memoryJournal) forget(r *record) {
	if held := j.find(r); held != nil {
		j.remove(held)
		j.compact()
	}
	j.forgetKey(r.id())
}

// forgetAll forgets the records with one of these statuses; all, if none is
// given.
func (j *memoryJournal) forgetAll(statuses ...journal.Status) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.records {
		if r != nil && (len(statuses) == 0 || slices.Contains(statuses, r.currentStatus())) {
			j.remove(r)
		}
	}
	if len(statuses) == 0 {
		j.keys = nil
	}
	j.compact()
}

// all returns the records in the order of their first write.
func (j *memoryJournal) all() []*record {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := make([]*record, 0, j.held)
	for _, r := range j.records {
		if r != nil {
			all = append(all, r)
		}
	}
	return all
}

// Prune implements Journal.
func (j *memoryJournal) Prune(ctx context.Context, before time.Time) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, r := range j.records {
		if r == nil || !r.currentStatus().Final() || !r.at().Before(before) {
			continue
		}
		switch {
		case !j.holdsKey(r):
			j.remove(r)
			n++
		case !r.pruned():
			kept := r.prune()
			j.replace(r, kept)
			j.put(kept)
			n++
		}
	}
	j.compact()
	return n, nil
}

// Query implements Journal. It looks at every record.
func (j *memoryJournal) Query(ctx context.Context, q journal.Query) (journal.Page, error) {
	if ctx.Err() != nil {
		return journal.Page{}, context.Cause(ctx)
	}
	var after uint64
	if q.Cursor != "" {
		n, err := strconv.ParseUint(q.Cursor, 10, 64)
		if err != nil {
			return journal.Page{}, fmt.Errorf("query: cursor %q is none that this journal gave out", q.Cursor)
		}
		after = n
	}
	found, next, dropped := j.selects(q, after)
	page := journal.Page{Entries: make([]journal.Entry, len(found)), Dropped: dropped}
	for i, r := range found {
		page.Entries[i] = r.render()
	}
	if next > 0 {
		page.Next = strconv.FormatUint(next, 10)
	}
	return page, nil
}

// selects returns one page of records after the given place, and the place
// of its last one if there are more.
func (j *memoryJournal) selects(q journal.Query, after uint64) (found []*record, next uint64, dropped int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var last uint64
	for n := range j.records {
		i := n
		if !q.OldestFirst {
			i = len(j.records) - 1 - n
		}
		r, seq := j.records[i], j.seqs[i]
		beyond := after == 0 || q.OldestFirst && seq > after || !q.OldestFirst && seq < after
		if r == nil || !beyond || !q.matches(r) {
			continue
		}
		if len(found) == q.PageSize() {
			return found, last, j.dropped
		}
		found, last = append(found, r), seq
	}
	return found, 0, j.dropped
}

func (q journal.Query) matches(r *record) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	return is(q.ID, r.id()) && is(q.RunID, r.runID()) && is(q.Run, r.runOf()) && is(q.Task, r.task()) &&
		(len(q.Statuses) == 0 || slices.Contains(q.Statuses, r.currentStatus()))
}
