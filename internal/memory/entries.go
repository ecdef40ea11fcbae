package memory

import (
	"slices"
	"strings"

	"github.com/saferunner/saferunner/journal"
)

// entries are those that were written, found by ID and kept in its order.
type entries struct {
	byID   map[string]*written
	sorted []*written
	ended  []*written // that may be dropped, in the order in which they ended; some may be gone
}

type written struct {
	entry journal.Entry
	bytes int64
	stub  bool // of a call that was dropped, and holds a key
	gone  bool
}

func (e *entries) place(id string) int {
	n := len(e.sorted)
	if n > 0 && e.sorted[n-1].entry.ID < id {
		return n
	}
	at, _ := slices.BinarySearchFunc(e.sorted, id, func(w *written, id string) int { return strings.Compare(w.entry.ID, id) })
	return at
}

// insert takes in an entry whose ID is not there.
func (e *entries) insert(w *written) {
	if e.byID == nil {
		e.byID = map[string]*written{}
	}
	e.byID[w.entry.ID] = w
	e.sorted = slices.Insert(e.sorted, e.place(w.entry.ID), w)
	if w.entry.Status.Final() && !w.stub {
		e.ended = append(e.ended, w)
	}
}

// remove takes out the entry with this ID, and returns it, nil for none.
func (e *entries) remove(id string) *written {
	w := e.byID[id]
	if w == nil {
		return nil
	}
	delete(e.byID, id)
	at := e.place(id)
	e.sorted = slices.Delete(e.sorted, at, at+1)
	w.gone = true
	return w
}

// oldestEnded returns the entry that ended first, nil for none.
func (e *entries) oldestEnded() *written {
	for len(e.ended) > 0 && e.ended[0].gone {
		e.ended[0], e.ended = nil, e.ended[1:]
	}
	if len(e.ended) == 0 {
		return nil
	}
	return e.ended[0]
}

// all returns the entries in the order of their IDs.
func (e *entries) all() []*written { return slices.Clone(e.sorted) }
