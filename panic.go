package saferunner

import (
	"fmt"

	"github.com/saferunner/saferunner/internal/stack"
)

// guard turns a panic of what is not ours, a task or a stub, into its error.
// It is deferred.
func (o *outcome) guard() {
	if v := recover(); v != nil {
		*o = panicked(v)
	}
}

// panicked is what has panicked with v. It is called where that is recovered.
func panicked(v any) outcome { return outcome{err: &panicError{v}, stack: stack.Text(0)} }

// guarded calls fn, and turns a panic into its error.
func guarded(fn func() (any, error)) (o outcome) {
	defer o.guard()
	o.result, o.err = fn()
	return o
}

// panicError is the cause of a call whose task panicked.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Is makes the error match ErrPanic.
func (e *panicError) Is(target error) bool { return target == ErrPanic }

// Unwrap returns the panic's value if it was an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}
