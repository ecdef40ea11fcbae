package saferunner

import "context"

// NewMemoryJournal is the default journal with bounds of a test's own.
func NewMemoryJournal(entries int, bytes int64) journal.Journal { return newMemoryJournal(entries, bytes) }

// The bounds of the default journal.
const (
	MemoryEntries = memoryEntries
	MemoryBytes   = memoryBytes
	MemoryKeys    = memoryKeys
)

// NewForcedRunner is a runner that executes under go test: one of a recorder
// with everything forced, with other parts in its place.
func NewForcedRunner(opts ...Option) (*Runner, error) {
	r, err := New(opts...)
	if err != nil {
		return nil, err
	}
	r.rules = &rules{}
	r.rules.ForceAll()
	return r, nil
}

// EndRules ends the rules of a forced runner as the end of its test does.
func EndRules(r *Runner) {
	r.rules.end()
	r.rules.drained()
}

// InProcess is the engine of a runner.
func InProcess(r *Runner) engine.Engine { return r.engine() }

// NewInProcess is an in-process engine of its own.
func NewInProcess(concurrency int) engine.Engine {
	return newInProcess(concurrency, func(context.Context, engine.Delivery) {})
}
