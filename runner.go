package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// Runner runs lists of calls and journals them. Most programs need only
// [Default]; make one with [New] to choose its journal or its engine, and
// make it the default with [SetDefault]. A Runner is safe for concurrent use.
type Runner struct {
	recordOnly  bool
	concurrency int
	logger      *slog.Logger
	onFailure   func(context.Context, journal.Entry, error)
	journal     journal.Journal
	memory      *memoryJournal // journal, where it is the in-memory one
	rules       *rules         // of the recorder that this runner belongs to; nil for any other

	life      lifecycle
	engineMu  sync.Mutex
	inProcess *inProcess // nil until it is needed
	retired   bool       // the engine takes nothing more from outside
	external  external   // what WithEngine named

	lost           errorList     // calls that Shutdown cancelled
	journalFailure atomic.Uint64 // writes that the journal failed
}

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
		r.memory = newMemoryJournal(memoryEntries, memoryBytes)
		r.journal = r.memory
	}
	return r, nil
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

func (r *Runner) log() *slog.Logger {
	if r.logger != nil {
		return r.logger
	}
	return slog.Default()
}
