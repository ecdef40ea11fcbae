package saferunner

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
	"unsafe"
)

// The bounds of the in-memory journal: what it holds at most beside the
// entries that hold a key, and as many of those again.
const (
	memoryEntries = 10_000
	memoryBytes   = 64 << 20
	memoryKeys    = 10_000
)

// memoryJournal is the default journal, and with no bounds that of a
// recorder. It keeps records, and renders entries when it is asked.
type memoryJournal struct {
	mu         sync.Mutex
	records    []*record // in the order of their first write; forgotten and dropped ones are nil
	first      int       // records before this one are nil
	held       int       // records that are not nil
	bytes      int64     // that they hold
	seq        uint64    // of the last record
	dropped    int
	maxEntries int // 0: no bounds
	maxBytes   int64
	keys       map[taskKey]*keyHolder
}

// gone is the place of a record that was dropped or forgotten while its call
// went on: what becomes of the call is not told any more.
const gone = math.MaxUint64

type taskKey struct{ task, key string }

// keyHolder is an entry that holds a key. Its record is nil until it is
// written.
type keyHolder struct {
	id     string
	record *record
}

func newMemoryJournal(maxEntries int, maxBytes int64) *memoryJournal {
	return &memoryJournal{maxEntries: maxEntries, maxBytes: maxBytes}
}

// Write implements Journal.
func (j *memoryJournal) Write(ctx context.Context, changes ...Change) error {
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

// writeRun is Write of the calls of one run.
func (j *memoryJournal) writeRun(records []record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = slices.Grow(j.records, len(records))
	for i := range records {
		j.put(&records[i])
	}
	j.evict()
}

// put takes a record in, unless it is in already, and its key out of use if
// that has come to its end.
func (j *memoryJournal) put(r *record) {
	if r.seq == gone {
		return
	}
	known := r.seq != 0
	if !known {
		j.add(r)
	}
	if j.maxEntries > 0 {
		j.bytes += r.recount(known)
	}
	if len(j.keys) > 0 {
		j.releaseKey(r)
	}
}

// add appends a record, or puts an entry in the place of one with its ID.
func (j *memoryJournal) add(r *record) {
	if i := j.find(r); i >= 0 {
		r.seq = j.records[i].seq
		j.bytes -= j.records[i].counted()
		j.records[i] = r
	} else {
		j.seq++
		r.seq = j.seq
		j.records = append(j.records, r)
		j.held++
	}
	j.adoptKey(r)
}

// evict drops the oldest records until the bounds are kept. Those that hold
// a key stay, and do not count.
func (j *memoryJournal) evict() {
	if j.maxEntries == 0 || j.held <= j.maxEntries && j.bytes <= j.maxBytes {
		return
	}
	for i := j.first; i < len(j.records) && (j.held-len(j.keys) > j.maxEntries || j.bytes > j.maxBytes); i++ {
		if r := j.records[i]; r != nil && !j.holdsKey(r) {
			j.remove(i)
			j.dropped++
		}
	}
	j.compact()
}

func (j *memoryJournal) remove(i int) {
	j.bytes -= j.records[i].counted()
	j.records[i].seq = gone
	j.records[i] = nil
	j.held--
}

// compact closes the gaps once they make up half of the slice.
func (j *memoryJournal) compact() {
	for j.first < len(j.records) && j.records[j.first] == nil {
		j.first++
	}
	if len(j.records) < 2*j.held+64 {
		return
	}
	j.records = slices.DeleteFunc(j.records, func(r *record) bool { return r == nil })
	j.first = 0
}

// find returns the place of the entry that an entry of Put or Forget stands
// for. Calls are never looked for: each is written by the record it has.
func (j *memoryJournal) find(r *record) int {
	if r.run != nil {
		return -1
	}
	return slices.IndexFunc(j.records, func(other *record) bool { return other != nil && other.id() == r.id() })
}

func (j *memoryJournal) forget(r *record) {
	if i := j.find(r); i >= 0 {
		j.remove(i)
		j.compact()
	}
	for tk, h := range j.keys {
		if h.id == r.id() {
			delete(j.keys, tk)
		}
	}
}

// clear forgets everything.
func (j *memoryJournal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.records {
		switch {
		case r == nil:
		case r.run != nil && r.currentStatus() == "":
			r.seq = 0 // not reached yet: it comes again
		default:
			r.seq = gone
		}
	}
	j.records, j.first, j.held, j.bytes, j.keys = nil, 0, 0, 0, nil
}

// all returns the records in the order of their first write.
func (j *memoryJournal) all() []*record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(j.records[j.first:]), func(r *record) bool { return r == nil })
}

// Query implements Journal. It looks at every record.
func (j *memoryJournal) Query(ctx context.Context, q Query) (Page, error) {
	if ctx.Err() != nil {
		return Page{}, context.Cause(ctx)
	}
	var after uint64
	if q.Cursor != "" {
		n, err := strconv.ParseUint(q.Cursor, 10, 64)
		if err != nil {
			return Page{}, fmt.Errorf("query: cursor %q is none that this journal gave out", q.Cursor)
		}
		after = n
	}
	records := j.all()
	if !q.OldestFirst {
		slices.Reverse(records)
	}
	j.mu.Lock()
	page := Page{Dropped: j.dropped}
	j.mu.Unlock()
	last := uint64(0)
	for _, r := range records {
		seq := j.seqOf(r)
		beyond := after == 0 || q.OldestFirst && seq > after || !q.OldestFirst && seq < after
		if !beyond || !q.matches(r) {
			continue
		}
		if len(page.Entries) == q.PageSize() {
			page.Next = strconv.FormatUint(last, 10)
			break
		}
		page.Entries = append(page.Entries, r.render())
		last = seq
	}
	return page, nil
}

func (j *memoryJournal) seqOf(r *record) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return r.seq
}

func (q Query) matches(r *record) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	if !is(q.ID, r.id()) || !is(q.RunID, r.runID()) || !is(q.Run, r.runOf()) || !is(q.Task, r.task()) {
		return false
	}
	status := r.currentStatus()
	return (status != "" || r.run == nil) && (len(q.Statuses) == 0 || slices.Contains(q.Statuses, status))
}

// Prune implements Journal.
func (j *memoryJournal) Prune(ctx context.Context, before time.Time) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for i, r := range j.records {
		if r == nil || !r.currentStatus().Final() || !r.at().Before(before) {
			continue
		}
		switch {
		case !j.holdsKey(r):
			j.remove(i)
			n++
		case !r.pruned():
			j.put(r.prune())
			n++
		}
	}
	j.compact()
	return n, nil
}

// recount returns by how many bytes the record has grown since it was counted
// last, if it was.
func (r *record) recount(known bool) int64 {
	if r.run != nil {
		r.run.mu.Lock()
		defer r.run.mu.Unlock()
	}
	before, now := int64(0), r.memory()
	if known {
		before = r.countedBytes()
	}
	if r.exec != nil {
		r.exec.counted = now
	}
	return now - before
}

// counted is what the journal has counted for the record.
func (r *record) counted() int64 {
	if r.run != nil {
		r.run.mu.Lock()
		defer r.run.mu.Unlock()
	}
	return r.countedBytes()
}

func (r *record) countedBytes() int64 {
	if x := r.exec; x != nil && x.counted > 0 {
		return x.counted
	}
	return r.plainBytes()
}

// memory is about how many bytes the record keeps from being freed.
func (r *record) memory() int64 {
	x := r.exec
	switch {
	case r.run == nil:
		e := x.entry
		return int64(unsafe.Sizeof(*r)+unsafe.Sizeof(*x)+unsafe.Sizeof(*e)) + int64(len(e.Args)+len(e.Result))
	case x == nil:
		return r.plainBytes()
	}
	bytes := r.plainBytes() + int64(unsafe.Sizeof(*x)) + x.resultSize + int64(len(x.args)+len(x.resultJSON))
	for _, a := range x.attempts {
		bytes += int64(len(a.Error) + len(a.Stack))
	}
	return bytes + int64(len(x.attempts)-1)*int64(unsafe.Sizeof(Attempt{}))
}

// plainBytes is what a record costs that did not execute.
func (r *record) plainBytes() int64 {
	return int64(unsafe.Sizeof(singleRun{})+4*idLength) + r.call.bound.size() + int64(r.size)
}
