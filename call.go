package saferunner

import (
	"time"

	"github.com/saferunner/saferunner/internal/record"
)

// Call is a task with its arguments and how to run it. It is an immutable value:
// it may be kept, run again, and used from several goroutines at once.
//
// [Run] copies the arguments, not With. The journal and async calls get the
// copy; a sync call that executes gets the arguments that were passed.
type Call struct {
	task    *record.Task // nil for the zero Call
	args    record.Arguments
	options *record.Options // never changed, only replaced; nil for a plain sync call
}

// justAsync is shared by the calls that have no other option.
var justAsync = &record.Options{Async: true}

// Async returns a copy of the call that [Run] hands to the engine and does not
// wait for. Its ctx has the values of Run's ctx, but not its cancellation. Its
// arguments must survive JSON, or Run returns [ErrArguments].
func (c Call) Async() Call {
	if c.options == nil {
		c.options = justAsync
		return c
	}
	return c.with(func(o *record.Options) { o.Async = true })
}

// After returns an async copy of the call that executes once d has passed since
// [Run], not before. It replaces At. If d is not positive the call does not
// wait.
func (c Call) After(d time.Duration) Call {
	return c.with(func(o *record.Options) { o.Async, o.After, o.At = true, d, time.Time{} })
}

// At returns an async copy of the call that executes at t, not before. It
// replaces After. If t has passed the call does not wait.
func (c Call) At(t time.Time) Call {
	return c.with(func(o *record.Options) { o.Async, o.After, o.At = true, 0, t })
}

// Key returns a copy of the call with an idempotency key: 1 to 256 bytes of
// UTF-8 without NUL, or [Run] rejects the list with [ErrKey].
//
// Of the calls of one task with one key, one executes. While that call is
// queued, running, done or interrupted, a further call ends as a duplicate,
// which is no error. A call that failed gives its key back. If the key cannot be
// claimed, because the journal fails or is full of keys, the call does not
// execute and fails.
//
// The journal keeps the keys; the default one forgets them with the process. A
// recorded call claims no key.
func (c Call) Key(key string) Call {
	return c.with(func(o *record.Options) { o.Keyed, o.Key = true, key })
}

// BestEffort returns a copy of the call whose failure does not stop the list.
// [Run] does not return the failure; the journal and the [Report] show it.
func (c Call) BestEffort() Call {
	return c.with(func(o *record.Options) { o.BestEffort = true })
}

// with returns the call with changed options.
func (c Call) with(change func(*record.Options)) Call {
	var o record.Options
	if c.options != nil {
		o = *c.options
	}
	change(&o)
	c.options = &o
	return c
}

func (c Call) name() string { return c.task.Spec.Name }
