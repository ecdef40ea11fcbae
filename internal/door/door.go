// Package door is what the test kit may reach in the root package. The root
// installs a [Kit] when it is initialised; only packages of this project can
// open the door, so no user's code can let a call through.
package door

import (
	"context"
	"time"

	"github.com/saferunner/saferunner/internal/record"
)

// Kit is what the root offers. Call and Runner are its Call and *Runner.
type Kit[Call, Runner any] struct {
	// New makes the recorder of the test with this name, and a ctx made from ctx
	// that carries it.
	New func(ctx context.Context, test string) (Recorder[Call, Runner], context.Context)

	// Reveal shows what a call is made of.
	Reveal func(Call) Revealed

	// Adopt makes a recorder of New also own the calls that nobody owns, and
	// returns a function that ends this.
	Adopt func(Recorder[Call, Runner]) (end func())

	// Unowned returns what nobody owned so far, or since a mark.
	Unowned     func(since int) Unowned
	UnownedMark func() int

	// LookAtUnowned says that somebody will ask for Unowned at the end. Without
	// that, the first unowned call says so itself.
	LookAtUnowned func()

	// UnknownForced returns the names in FORCE_RUN_SIDE_EFFECTS that no task
	// has.
	UnknownForced func() []string

	// WithoutCaller returns a ctx whose Runs do not say where they were called.
	WithoutCaller func(context.Context) context.Context
}

var kit any

// Install is for the root.
func Install[Call, Runner any](k Kit[Call, Runner]) { kit = k }

// Open returns what the root has installed. Call and Runner must be its own.
func Open[Call, Runner any]() Kit[Call, Runner] { return kit.(Kit[Call, Runner]) }

// Recorder is a runner that records, with rules for the gate. The last word
// about a task wins.
type Recorder[Call, Runner any] interface {
	Runner() Runner
	Calls(runID string) []Revealed        // of every run if runID is empty
	Made(runID string, want ...Call) bool // exactly these, in this order
	Clear()

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
	// Undecided returns the Defers and InTxs under the recorder's ctx that were
	// neither committed nor rolled back.
	Undecided() []Undecided
	// Refused returns the errors of lists that Run refused, but for those that
	// AllowRefused took out: those that match err.
	Refused() []error
	AllowRefused(err error)
}

// Undecided is a Defer or an InTx that is open.
type Undecided struct {
	By     string  // Defer or InTx
	Caller uintptr // of that
	Lists  int     // that wait for it
}

// Revealed is a call, recorded or wanted. Its Args are nil for the zero Call.
type Revealed struct {
	Args           record.Arguments
	Options        *record.Options
	EntryID, RunID string
	Status         string
	Caller         uintptr // where Run was called
	Test           string  // the one that had ended, if the call reached its recorder
	Ctx            string  // type of the ctx of an unowned call, if that stands for a request
}

// SameAs reports whether c is the call that was wanted: by task, arguments,
// flags and key, and by its time if want has one.
func (c Revealed) SameAs(want Revealed) bool {
	return Same(c.Args, c.Options, want.Args, want.Options)
}

// Same is SameAs of what calls are made of.
func Same(args record.Arguments, o *record.Options, want record.Arguments, wantOptions *record.Options) bool {
	return want != nil && want.Task().Spec.Name == args.Task().Spec.Name && want.Equal(args) && o.SameWay(wantOptions)
}

// Unowned is what no recorder owned: the first calls, how many there were in
// all, and the lists that Run refused.
type Unowned struct {
	Calls   []Revealed
	Count   int
	Refused []Refused
}

// Refused is a list that Run refused.
type Refused struct {
	Err    error
	Caller uintptr
	Test   string // the one that had ended, if the list reached its recorder
}
