package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
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
	onFailure   func(context.Context, Entry, error)
	journal     Journal
	memory      *memoryJournal // journal, where it is the in-memory one
	rules       *rules         // of the recorder that this runner belongs to; nil for any other

	life      lifecycle
	engineMu  sync.Mutex
	inProcess *inProcess // nil until it is needed

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

// Calls returns the newest calls under this run ID, at most [MaxPage],
// oldest first. It asks the journal of the runner in ctx, else of [Default].
func Calls(ctx context.Context, runID string) ([]Entry, error) {
	return ownerOf(scopeOf(ctx), nil).calls(ctx, runID)
}

// Calls is the package's Calls for this runner, unless ctx carries another.
func (r *Runner) Calls(ctx context.Context, runID string) ([]Entry, error) {
	return ownerOf(scopeOf(ctx), r).calls(ctx, runID)
}

func (r *Runner) calls(ctx context.Context, runID string) ([]Entry, error) {
	page, err := r.journal.Query(ctx, Query{RunID: runID, Limit: MaxPage})
	if err != nil {
		return nil, fmt.Errorf("saferunner: calls of %q: %w", runID, err)
	}
	for i, j := 0, len(page.Entries)-1; i < j; i, j = i+1, j-1 {
		page.Entries[i], page.Entries[j] = page.Entries[j], page.Entries[i]
	}
	return page.Entries, nil
}

// Clear forgets the calls that were recorded or stubbed. What executed stays.
// Outside test mode it forgets nothing and returns [ErrLive]. It asks the
// journal of the runner in ctx, else of [Default].
func Clear(ctx context.Context) error { return ownerOf(scopeOf(ctx), nil).clear(ctx) }

// Clear is the package's Clear for this runner, unless ctx carries another.
func (r *Runner) Clear(ctx context.Context) error { return ownerOf(scopeOf(ctx), r).clear(ctx) }

func (r *Runner) clear(ctx context.Context) error {
	if !TestMode() && r.rules == nil {
		return fmt.Errorf("saferunner: Clear: %w, nothing was forgotten", ErrLive)
	}
	unowned.clear(r)
	q := Query{Statuses: []Status{StatusRecorded, StatusStubbed}, Limit: MaxPage}
	for {
		page, err := r.journal.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("saferunner: Clear: %w", err)
		}
		changes := make([]Change, len(page.Entries))
		for i, e := range page.Entries {
			changes[i] = Forget(e.ID)
		}
		if err := r.journal.Write(ctx, changes...); err != nil {
			return fmt.Errorf("saferunner: Clear: %w", err)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
	}
}

// Shutdown is [Runner.Shutdown] of [Default]. Every main ends with it.
func Shutdown(ctx context.Context) error { return Default().Shutdown(ctx) }

// Shutdown lets what is under way end: Runs, and async calls that are queued
// or executing. From then on Run returns [ErrShutdown], except from inside
// the tasks that are being drained. Calls that wait for a later time, or for
// their next attempt, are cancelled. When ctx ends, what still executes has
// its ctx cancelled, and what is queued is cancelled as well. All that could
// not run is in the journal with its reason, and in the error, joined.
//
// A second Shutdown has nothing left to do and returns nil. The journal is
// left open: who opened it closes it.
func (r *Runner) Shutdown(ctx context.Context) error {
	err := r.life.drain(ctx)
	if e := r.startedEngine(); e != nil {
		err = errors.Join(err, e.Stop(ctx))
	}
	r.life.close()
	reportUnknownForced()
	if err != nil {
		err = fmt.Errorf("saferunner: Shutdown: %w", err)
	}
	return errors.Join(err, r.lost.take())
}

var reportUnknownForced = sync.OnceFunc(func() {
	for _, name := range process().unknownForced() {
		fmt.Fprintf(os.Stderr, "saferunner: %s names %q, but no task bears that name\n", forceVariable, name)
	}
})

// Start begins to work the calls of a durable engine: those of these tasks,
// and of no others. The in-process engine works without it, and Start only
// checks that no two tasks have one name ([ErrTaskTwice]).
func (r *Runner) Start(_ context.Context, tasks ...Named) error {
	seen := make(map[string]bool, len(tasks))
	for _, t := range tasks {
		switch {
		case t == nil || t.definition() == nil:
			return errors.New("saferunner: Start: a task is nil; define it first")
		case seen[t.Name()]:
			return fmt.Errorf("saferunner: Start: %q: %w", t.Name(), ErrTaskTwice)
		}
		seen[t.Name()] = true
	}
	return nil
}

// RunTx runs async calls such that they are queued only if the caller's
// transaction commits. The in-process engine cannot: RunTx returns [ErrNoTx],
// and nothing is executed or recorded.
func (r *Runner) RunTx(_ context.Context, _ any, runID string, _ ...Call) (*Report, error) {
	return &Report{RunID: runID}, fmt.Errorf("saferunner: run %q: %w; nothing was executed", runID, ErrNoTx)
}

// decision is the verdict on one call, with what a test put in its place.
type decision struct {
	verdict verdict
	stub    func(any) (any, error)
	fault   error
}

// decide takes one call to the gate.
func (r *Runner) decide(task string) decision {
	env := process()
	c := circumstances{mode: env.mode, recordOnly: r.recordOnly, forceEnv: env.forces() && env.forcesTask(task)}
	var d decision
	if r.rules != nil {
		c.recorder = true
		d.stub, d.fault, c.force = r.rules.of(task)
		c.stub, c.fault = d.stub != nil, d.fault != nil
	}
	d.verdict = gate(c)
	return d
}

// write puts calls of one run into the journal. A failure is logged and
// counted; it does not change what became of the calls.
func (r *Runner) write(ctx context.Context, records []record) {
	if r.memory != nil {
		r.memory.writeRun(records)
		return
	}
	changes := make([]Change, len(records))
	for i := range records {
		changes[i].record = &records[i]
	}
	if err := r.journal.Write(context.WithoutCancel(ctx), changes...); err != nil {
		r.journalFailure.Add(1)
		r.log().LogAttrs(ctx, slog.LevelError, "saferunner: journal failed", slog.Int("changes", len(changes)), slog.Any("error", err))
	}
}

// JournalFailures returns how many writes the journal has failed. The calls
// went on; each failure was logged.
func (r *Runner) JournalFailures() uint64 { return r.journalFailure.Load() }

func (r *Runner) log() *slog.Logger {
	if r.logger != nil {
		return r.logger
	}
	return slog.Default()
}

// heldResult is the result of the call that holds a key, nil if it is not
// known.
func (r *Runner) heldResult(ctx context.Context, holder string, def *definition) any {
	if def.result == nil {
		return nil
	}
	page, err := r.journal.Query(ctx, Query{ID: holder})
	if err != nil || len(page.Entries) == 0 || page.Entries[0].Status != StatusDone {
		return nil
	}
	result, err := def.result(page.Entries[0].Result)
	if err != nil {
		return nil
	}
	return result
}

// errorList collects errors.
type errorList struct {
	mu   sync.Mutex
	errs []error
}

func (l *errorList) add(err error) {
	l.mu.Lock()
	l.errs = append(l.errs, err)
	l.mu.Unlock()
}

// take returns the errors, joined, and forgets them.
func (l *errorList) take() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.errs...)
	l.errs = nil
	return err
}
