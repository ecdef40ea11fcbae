package saferunner

import (
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/inprocess"
	"github.com/saferunner/saferunner/internal/memory"
	"github.com/saferunner/saferunner/journal"
)

// NewMemoryJournal is the default journal with bounds of a test's own.
func NewMemoryJournal(entries int, bytes int64) journal.Journal { return memory.New(entries, bytes) }

// The bounds of the default journal.
const (
	MemoryEntries = memory.MaxEntries
	MemoryBytes   = memory.MaxBytes
	MemoryKeys    = memory.MaxKeys
)

// InProcessCalls is how many async calls wait or execute at most.
const InProcessCalls = inprocess.MaxCalls

// NewForcedRunner is a runner that executes under go test: one of a recorder
// with everything forced, with other parts in its place.
func NewForcedRunner(opts ...Option) (*Runner, error) {
	r, err := New(opts...)
	if err != nil {
		return nil, err
	}
	r.rules = &gate.Rules{}
	r.rules.ForceAll()
	return r, nil
}

// EndRules ends the rules of a forced runner as the end of its test does.
func EndRules(r *Runner) { r.rules.Over() }
