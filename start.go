package saferunner

import (
	"context"
	"errors"
	"fmt"
)

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
