package saferunner

import (
	"slices"
	"sync"
)

const maxUnowned = 1000

// unowned holds the calls that were recorded in a test binary without a
// recorder to own them: the first ones, and how many there were.
var unowned unownedCalls

type unownedCalls struct {
	mu    sync.Mutex
	calls []unownedCall
	count int
}

type unownedCall struct {
	runner *Runner
	record *record
}

func (r *Runner) noteUnowned(rec *record) {
	if r.rules != nil || !process().testing {
		return
	}
	u := &unowned
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count++; len(u.calls) < maxUnowned {
		u.calls = append(u.calls, unownedCall{r, rec})
	}
}

// clear forgets those of one runner.
func (u *unownedCalls) clear(r *Runner) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := len(u.calls)
	u.calls = slices.DeleteFunc(u.calls, func(c unownedCall) bool { return c.runner == r })
	u.count -= before - len(u.calls)
}

func (u *unownedCalls) all() (calls []*record, count int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, c := range u.calls {
		calls = append(calls, c.record)
	}
	return calls, u.count
}
