package saferunnertest

import (
	"slices"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/journal"
)

// Assert fails the test unless exactly these calls were made under the run ID, in
// this order. It compares task, arguments, Async, Key and BestEffort, and the time
// of After or At if the wanted call has one. Skipped calls do not count.
//
// Arguments are compared as they were when Run was called, at every depth. An Equal
// method of a type counts. Times are equal if they are the same instant, numbers of
// math/big if their values are, errors if they have one type and one text.
// Functions, channels and services such as *http.Client are compared by identity,
// everything else by value. NaN equals NaN. A nil slice or map differs from an
// empty one.
//
// A failure shows the fields that differ, what was recorded under the run ID, and
// the assertion that holds, to be pasted.
func (r *Recorder) Assert(runID string, want ...saferunner.Call) {
	r.t.Helper()
	if r.rec.Made(runID, want...) {
		return
	}
	wanted := make([]call, len(want))
	for i := range want {
		var ok bool
		if wanted[i], ok = wantedCall(want[i]); !ok {
			r.t.Errorf("saferunnertest: Assert(%q): wanted call %d is the zero Call, or With was called on a nil task", runID, i+1)
			return
		}
	}
	r.t.Error(r.mismatch(assertion{"Assert", runID, placeOf(callsite.Caller(0)), wanted}, wanted, r.made(runID)))
}

// AssertCount fails the test unless exactly n calls were made under the run ID.
// Skipped calls do not count.
func (r *Recorder) AssertCount(runID string, n int) {
	r.t.Helper()
	got := r.made(runID)
	if len(got) != n {
		r.t.Error(r.countText(assertion{"AssertCount", runID, placeOf(callsite.Caller(0)), nil}, plural(n, "call", "calls"), len(got), got))
	}
}

// AssertTask fails the test unless exactly n calls of the task were made under the
// run ID. Skipped calls and calls of other tasks do not count.
func (r *Recorder) AssertTask(runID string, task saferunner.Named, n int) {
	r.t.Helper()
	names, ok := r.names("AssertTask", []saferunner.Named{task})
	if !ok {
		return
	}
	got := r.made(runID)
	have := 0
	for _, c := range got {
		if c.task == names[0] {
			have++
		}
	}
	if have != n {
		r.t.Error(r.countText(assertion{"AssertTask", runID, placeOf(callsite.Caller(0)), nil}, plural(n, "call of ", "calls of ")+names[0], have, got))
	}
}

// AssertNone fails the test if a call was made, under whatever run ID.
func (r *Recorder) AssertNone() {
	r.t.Helper()
	if got := r.made(""); len(got) > 0 {
		r.t.Errorf("saferunnertest: no calls wanted, %s made:\n%s", plural(len(got), "was", "were"), ledger(got, true))
	}
}

// made returns the calls under the run ID but those that were skipped.
func (r *Recorder) made(runID string) []call {
	return slices.DeleteFunc(r.calls(runID), func(c call) bool {
		return c.status == string(journal.StatusSkipped)
	})
}
