package saferunner

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/door"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
	"github.com/saferunner/saferunner/journal"
)

const maxUnowned = 1000

// unowned is what was recorded or refused in a test binary without a recorder
// to own it, or reached one whose test had ended: the first runs and lists,
// and how many calls there were.
var unowned unownedCalls

// unownedCalls keeps the first runs and refused lists, and counts the rest. mu
// guards all of it. It is held while runs are looked at, which have locks of their
// own, and never by code that holds one of these.
type unownedCalls struct {
	mu      sync.Mutex
	runs    []unownedRun
	beyond  map[*Runner]int // calls that were not kept
	refused []door.Refused
	looked  bool // somebody will look, or was told
}

type unownedRun struct {
	runner *Runner
	run    *record.Run
	test   string
	ctx    string // type of a ctx that hides the ctx of its request, empty for others
}

// endedTest returns the test whose recorder a call has reached after its end,
// and whether nobody owns what is run here.
func (r *Runner) endedTest() (test string, isUnowned bool) {
	if !gate.Testing() {
		return "", false
	}
	if r.test == nil {
		return "", true
	}
	return r.test.test, r.test.HasEnded()
}

// noteUnowned notes a run of which at least one call was recorded.
func (r *Runner) noteUnowned(ctx context.Context, run *record.Run) {
	if !gate.Testing() || r.rules != nil && !r.rules.HasEnded() {
		return
	}
	test, isUnowned := r.endedTest()
	if !isUnowned {
		return
	}
	u := &unowned
	u.mu.Lock()
	defer u.mu.Unlock()
	if run.Unowned {
		return
	}
	run.Unowned = true
	switch {
	case len(u.runs) < maxUnowned:
		u.runs = append(u.runs, unownedRun{r, run, test, requestctx.TypeName(ctx)})
	default:
		if u.beyond == nil {
			u.beyond = map[*Runner]int{}
		}
		u.beyond[r] += len(run.Calls)
	}
	u.tell(run)
}

// tell says of the first unowned call that it was recorded, where nobody will
// look at the end. u.mu is held.
func (u *unownedCalls) tell(run *record.Run) {
	if u.looked || !flag.Parsed() || !testing.Testing() || !testing.Verbose() {
		return
	}
	u.looked = true
	fmt.Fprintf(os.Stderr, "saferunner: %s: run %q was recorded, not executed, and no test owns it: give the code rec.Context(), or list such calls with saferunnertest.Main\n",
		callsite.String(run.Caller), run.RunID)
}

// noteRefused notes a list that Run refused.
func (r *Runner) noteRefused(err error, _ string, caller uintptr) {
	test, isUnowned := r.endedTest()
	switch {
	case isUnowned:
		unowned.mu.Lock()
		defer unowned.mu.Unlock()
		if len(unowned.refused) < maxUnowned {
			unowned.refused = append(unowned.refused, door.Refused{Err: err, Caller: caller, Test: test})
		}
	case r.test != nil:
		r.test.mu.Lock()
		defer r.test.mu.Unlock()
		r.test.refused = append(r.test.refused, err)
	}
}

// look says that somebody will ask for all.
func (u *unownedCalls) look() {
	u.mu.Lock()
	u.looked = true
	u.mu.Unlock()
}

// clear forgets the calls of one runner.
func (u *unownedCalls) clear(r *Runner) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.runs = slices.DeleteFunc(u.runs, func(n unownedRun) bool { return n.runner == r })
	delete(u.beyond, r)
}

// mark returns how many runs there are, for since.
func (u *unownedCalls) mark() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.runs)
}

// since returns what has come since a mark, in the order in which it was run.
func (u *unownedCalls) since(mark int) (all door.Unowned) {
	u.mu.Lock()
	defer u.mu.Unlock()
	runs := slices.Clone(u.runs[min(mark, len(u.runs)):])
	slices.SortStableFunc(runs, func(a, b unownedRun) int { return a.run.Compare(b.run) })
	for _, n := range runs {
		for i := range n.run.Calls {
			if n.run.Status(i) != journal.StatusRecorded {
				continue
			}
			all.Count++
			if c, ok := revealCall(n.run, i); ok {
				c.Test, c.Ctx = n.test, n.ctx
				all.Calls = append(all.Calls, c)
			}
		}
	}
	for _, n := range u.beyond {
		all.Count += n
	}
	all.Refused = slices.Clone(u.refused)
	return all
}
