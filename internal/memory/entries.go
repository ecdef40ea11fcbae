package memory

import (
	"encoding/json"
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
	entry  journal.Entry
	result func() json.RawMessage // of a stub of a call, rendered when it is asked for; nil for others
	bytes  int64
	stub   bool // of what was dropped, and holds a key
	gone   bool
}

func (e *entries) place(id string) int {
	n := len(e.sorted)
	if n > 0 && e.sorted[n-1].entry.ID < id {
		return n
	}
	at, _ := slices.BinarySearchFunc(e.sorted, id, func(w *written, id string) int { return strings.Compare(w.entry.ID, id) })
	return at
}

// put takes in an entry, in the place of one with its ID, which it returns.
func (e *entries) put(w *written) (before *written) {
	if e.byID == nil {
		e.byID = map[string]*written{}
	}
	at := e.place(w.entry.ID)
	if before = e.byID[w.entry.ID]; before != nil {
		before.gone = true
		e.sorted[at] = w
	} else {
		e.sorted = slices.Insert(e.sorted, at, w)
	}
	e.byID[w.entry.ID] = w
	if w.entry.Status.Final() && !w.stub {
		e.ended = append(e.ended, w)
	}
	if len(e.ended) > 2*len(e.sorted)+8 {
		e.ended = slices.DeleteFunc(e.ended, func(w *written) bool { return w.gone })
	}
	return before
}

// remove takes out the entry with this ID, and returns it, nil for none.
func (e *entries) remove(id string) *written {
	w := e.byID[id]
	if w == nil {
		return nil
	}
	delete(e.byID, id)
	if at := e.place(id); at == 0 { // the usual one to go
		e.sorted[0], e.sorted = nil, e.sorted[1:]
	} else {
		e.sorted = slices.Delete(e.sorted, at, at+1)
	}
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
