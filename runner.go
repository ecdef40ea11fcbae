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
// [Default]. Make one with [New] to choose its options, and make it the default
// with [SetDefault]. A Runner is safe for concurrent use. The methods of a nil or
// zero Runner do nothing, and return an error if they return one at all.
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

	life lifecycle // which Runs may begin

	mu        sync.Mutex      // guards what is made when it is first needed; not held while a task executes
	inProcess *inprocess.Pool // nil until it is needed
	retired   bool            // the pool takes nothing more from outside
	side      side            // nil pools until they are needed

	lost            errorList     // calls that Shutdown gave up
	journalFailures atomic.Uint64 // writes that the journal failed
}

const defaultConcurrency = 64

// New returns a Runner. It starts nothing. It returns an error that names the
// option if an option is nil, or has a nil or impossible value.
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
	r.listen()
	return nil
}

// listen makes the engine tell r of the calls that it ends itself. A runner that
// executes nothing leaves that to others.
func (r *Runner) listen() {
	if teller, ok := r.external.engine.(engine.Teller); ok && !r.recordOnly {
		teller.Tell(r.told)
	}
}

// The default runner is read without a lock. defaultMu is held while it is made
// or replaced, so that two callers of Default get the same one.
var (
	defaultMu     sync.Mutex
	defaultRunner atomic.Pointer[Runner]
)

// Default returns the runner that the functions of this package use: the one
// that [SetDefault] was given, else one without options, with the in-memory
// journal and the in-process engine.
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

// SetDefault makes r the runner that the functions of this package use. It does
// not shut down the one before. With a nil r, [Default] makes a new runner
// without options.
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
		r.inProcess = inprocess.New(n)
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

// TestMode reports whether this process executes no calls by itself: in a test
// binary, with SAFERUNNER_MODE=record, and with a SAFERUNNER_MODE that is neither
// live nor record, where [Run] returns [ErrMode]. It says nothing of single
// runners made with [RecordOnly].
func TestMode() bool { return !gateIsLive() }
