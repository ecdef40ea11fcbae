// Package recorder is the door between the core and its test kit. The core
// fills in the functions when it is initialised; only packages of this
// project can reach them, so no user's code can let a call through.
package recorder

import (
	"context"
	"time"
)

// New makes the recorder of the test with this name.
var New func(test string) Recorder

// Reveal shows what a saferunner.Call is made of.
var Reveal func(call any) Call

// Same reports whether got is the call that was wanted, both a
// saferunner.Call: by task, arguments, flags and key, and by its time if want
// has one.
var Same func(got, want any) bool

// TakeUnowned returns what nobody owned. From then on it is said that
// somebody looks: without that, the first unowned call says so itself.
var (
	TakeUnowned   func() Unowned
	LookAtUnowned func()
)

// UnknownForced returns the names in FORCE_RUN_SIDE_EFFECTS that no task
// has.
var UnknownForced func() []string

// Adopt makes r, a Recorder of New, also own the calls that nobody owns, and
// returns a function that ends this.
var Adopt func(r Recorder) (end func())

// WithoutCaller returns a ctx whose Runs do not say where they were called.
var WithoutCaller func(ctx context.Context) context.Context

// Unowned is what no recorder owned: the first calls, and how many there were
// in all, and the lists that Run refused.
type Unowned struct {
	Calls   []Call
	Count   int
	Refused []Refused
}

// Refused is a list that Run refused.
type Refused struct {
	Err    error
	Caller uintptr
	Test   string // the one that had ended, if it reached its recorder
}

// Recorder is a runner that records, with rules for the gate.
type Recorder interface {
	Runner() any // a *saferunner.Runner
	NewContext(context.Context) context.Context
	Calls(runID string) []Call        // of every run if runID is empty
	Made(runID string, want any) bool // exactly these, a []saferunner.Call, in this order
	Clear()

	// The last word about a task wins.
	Force(tasks ...string)
	ForceAll()
	Stub(task string, fn func(args any) (any, error))
	Fail(task string, fn func(args any) error) // nil for fn takes the fault back
	FailTimes(task string, n int, err error)

	// Perform executes the recorded calls that pick chooses, first in, first
	// out, and joins their errors.
	Perform(ctx context.Context, pick func(task string) bool) error
	// Wait waits for forced async calls, and joins their errors.
	Wait(context.Context) error
	// End takes the rules back and waits for forced async calls, for at most
	// this long.
	End(limit time.Duration) error
	// Refused returns the errors of lists that Run refused, but for those that
	// AllowRefused took out: those that match err.
	Refused() []error
	AllowRefused(err error)
}

// Arguments are those of one call.
type Arguments interface {
	Pointer() any         // a pointer to them
	Equal(other any) bool // the same type of task, and equal values
}

// Call is a call, recorded or wanted.
type Call struct {
	Call              any // the saferunner.Call
	EntryID, RunID    string
	Task, Key, Status string
	Test              string  // the one that had ended, if the call reached its recorder
	Caller, Defined   uintptr // where Run and Define were called
	Args              Arguments
	Async, BestEffort bool
	When              When
}

// When is when a call may begin, as given to Call.After or Call.At.
type When struct {
	After time.Duration
	At    time.Time
}

// IsZero reports whether it is at once.
func (w When) IsZero() bool { return w.After == 0 && w.At.IsZero() }

// Same reports whether w is as wanted, if a time is wanted at all.
func (w When) Same(want When) bool {
	return want.IsZero() || w.After == want.After && w.At.Equal(want.At)
}
