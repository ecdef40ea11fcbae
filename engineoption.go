package saferunner

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// WithEngine makes e execute the runner's async calls, instead of the pool in
// this process. In test mode it is never reached: calls are recorded, and
// those that are let through execute in this process. Where e is a [Ledger]
// its journal is the runner's.
func WithEngine(e engine.Engine) Option {
	return func(r *Runner) error {
		if e == nil {
			return errors.New("WithEngine: the engine is nil")
		}
		if isNilPointer(e) {
			return fmt.Errorf("WithEngine: the engine is a nil %T: make one first, and look at its error", e)
		}
		r.external.engine = e
		return nil
	}
}

// isNilPointer finds what a failed constructor leaves in an interface.
func isNilPointer(v any) bool {
	p := reflect.ValueOf(v)
	return p.Kind() == reflect.Pointer && p.IsNil()
}

// UnknownFields sets how long a call waits for a worker that knows all fields
// of its arguments, as there is one soon while a new version is rolled out:
// from its Run, or from the time of its After or At. Then the call fails, and
// names the field. Without it a call waits for 10 minutes. It matters to
// engines with workers in other processes only.
func UnknownFields(wait time.Duration) Option {
	return func(r *Runner) error {
		if wait < 0 {
			return fmt.Errorf("UnknownFields(%s): must not be negative", wait)
		}
		r.external.patience = &wait
		return nil
	}
}

// Propagate carries values of the ctx, such as that of a trace, to workers in
// other processes: inject is called by Run, for each batch of async calls,
// and returns what is to travel; extract is called by the worker and returns
// the ctx that the task gets. Both are called from several goroutines at
// once. The in-process engine keeps the values of the ctx without it.
func Propagate(inject func(context.Context) map[string]string, extract func(context.Context, map[string]string) context.Context) Option {
	return func(r *Runner) error {
		if inject == nil || extract == nil {
			return errors.New("Propagate: a function is nil")
		}
		r.external.inject, r.external.extract = inject, extract
		return nil
	}
}
