package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/inprocess"
	"github.com/saferunner/saferunner/internal/memory"
	"github.com/saferunner/saferunner/journal"
)

// Runner runs lists of calls and journals them. Most programs need only
// [Default]; make one with [New] to choose its journal or its engine, and
// make it the default with [SetDefault]. A Runner is safe for concurrent use.
// The methods of a nil or zero Runner do nothing, and return an error if they
// return one at all.
type Runner struct {
	recordOnly  bool
	concurrency int
	logger      *slog.Logger
	onFailure   func(context.Context, journal.Entry, error)
	middleware  []middleware
	journal     journal.Journal
	memory      *memory.Journal // journal, where it is the in-memory one
	rules       *gate.Rules     // of the recorder that this runner belongs to; nil for any other
	test        *testRecorder   // that recorder
	external    external        // the engine that WithEngine named

	life lifecycle

	mu        sync.Mutex
	inProcess *inprocess.Pool // nil until it is needed
	retired   bool            // the pool takes nothing more from outside
	side      side            // nil pools until they are needed

	lost            errorList     // calls that Shutdown gave up
	journalFailures atomic.Uint64 // writes that the journal failed
}

const defaultConcurrency = 64

// New returns a Runner. It fails on an option that is nil or has a nil or
// impossible value; the error names it.
func New(opts ...Option) (*Runner, error) {
	r := &Runner{}
	for _, option := range opts {
		if option == nil {
			return nil, errors.New("saferunner: New: an option is nil")
		}
		if err := option(r); err != nil {
			return nil, fmt.Errorf("saferunner: New: %w", err)
		}
	}
	if err := r.adoptLedger(); err != nil {
		return nil, fmt.Errorf("saferunner: New: %w", err)
	}
	if r.journal == nil {
		r.journal = memory.New(memory.MaxEntries, memory.MaxBytes)
	}
	r.memory, _ = r.journal.(*memory.Journal)
	return r, nil
}

// adoptLedger makes the journal of a Ledger the runner's.
func (r *Runner) adoptLedger() error {
	ledger, ok := r.external.engine.(engine.Ledger)
	if !ok {
		return nil
	}
	j := ledger.Journal()
	if r.journal != nil && r.journal != j {
		return errors.New("WithJournal: the engine keeps the journal itself: leave WithJournal out, or give it the engine's")
	}
	r.journal, r.external.ledger = j, true
	return nil
}

var (
	defaultMu     sync.Mutex
	defaultRunner atomic.Pointer[Runner]
)

// Default returns the runner of the package-level functions: the one that
// SetDefault was given, else one with the in-memory journal and the
// in-process engine.
func Default() *Runner {
	if r := defaultRunner.Load(); r != nil {
		return r
	}
	defaultMu.Lock()
	defer defaultMu.Unlock()
	if r := defaultRunner.Load(); r != nil {
		return r
	}
	r, _ := New() // without options nothing can fail
	defaultRunner.Store(r)
	return r
}

// SetDefault makes r the runner of the package-level functions. The one
// before it goes on until it is shut down. A nil r stands for a new one of
// the kind that Default makes.
func SetDefault(r *Runner) {
	defaultMu.Lock()
	defer defaultMu.Unlock()
	defaultRunner.Store(r)
}

// pool returns the in-process engine, made when it is first needed.
func (r *Runner) pool() *inprocess.Pool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inProcess == nil {
		n := r.concurrency
		if n == 0 {
			n = defaultConcurrency
		}
		r.inProcess = inprocess.New(n, worker{r})
		if r.retired {
			r.inProcess.Retire()
		}
	}
	return r.inProcess
}

// startedPool returns the in-process engine, nil if it was never needed.
func (r *Runner) startedPool() *inprocess.Pool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inProcess
}

// retirePool is startedPool, of which one that is made later takes nothing.
func (r *Runner) retirePool() *inprocess.Pool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retired = true
	return r.inProcess
}

func (r *Runner) log() *slog.Logger {
	if r.logger != nil {
		return r.logger
	}
	return slog.Default()
}

// TestMode reports whether this process records side effects instead of
// executing them: in a test binary, under SAFERUNNER_MODE=record, and, since
// nothing executes then either, when SAFERUNNER_MODE is neither live nor
// record. It does not tell of a single runner made with [RecordOnly].
func TestMode() bool { return !gateIsLive() }
