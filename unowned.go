package saferunner

import (
	"slices"
	"strings"
	"sync"
)

const maxUnowned = 1000

// unowned holds the calls that were recorded in a test binary without a
// recorder to own them: the first ones, and how many there were.
var unowned unownedCalls

type unownedCalls struct {
	mu      sync.Mutex
	records map[*Runner][]*record
	count   map[*Runner]int
}

func (r *Runner) noteUnowned(rec *record) {
	if r.rules != nil || !process().testing {
		return
	}
	u := &unowned
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count == nil {
		u.records, u.count = map[*Runner][]*record{}, map[*Runner]int{}
	}
	if u.count[r]++; u.count[r] <= maxUnowned {
		u.records[r] = append(u.records[r], rec)
	}
}

// clear forgets those of one runner.
func (u *unownedCalls) clear(r *Runner) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.records, r)
	delete(u.count, r)
}

// all returns the calls in the order in which they were run.
func (u *unownedCalls) all() (calls []*record, count int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for r, records := range u.records {
		calls = append(calls, records...)
		count += u.count[r]
	}
	slices.SortFunc(calls, func(a, b *record) int { return strings.Compare(a.id(), b.id()) })
	return calls, count
}
