package saferunner

import (
	"time"

	"github.com/saferunner/saferunner/internal/record"
)

// Call is a task bound to its arguments, and how to run it: an immutable
// value that may be kept, run again and used from many goroutines. Its
// arguments are not copied by With, but by [Run], for the journal and for
// async calls; a sync call that executes gets the very arguments that were
// passed.
type Call struct {
	task    *record.Task // nil for the zero Call
	args    record.Arguments
	options *record.Options // never changed, only replaced; nil for a plain sync call
}

// justAsync is shared by the calls that have no other option.
var justAsync = &record.Options{Async: true}

// Async returns a copy of the call that Run hands to the engine without
// waiting for it. Its ctx keeps the values of Run's ctx, not its
// cancellation.
func (c Call) Async() Call {
	if c.options == nil {
		c.options = justAsync
		return c
	}
	return c.with(func(o *record.Options) { o.Async = true })
}

// After returns an async copy of the call that does not execute before d has
// passed since Run. It replaces At.
func (c Call) After(d time.Duration) Call {
	return c.with(func(o *record.Options) { o.Async, o.After, o.At = true, d, time.Time{} })
}

// At returns an async copy of the call that does not execute before t. It
// replaces After.
func (c Call) At(t time.Time) Call {
	return c.with(func(o *record.Options) { o.Async, o.After, o.At = true, 0, t })
}

// Key returns a copy of the call with an idempotency key: 1 to 256 bytes of
// UTF-8 without NUL, or Run rejects the list with [ErrKey]. Of the calls of
// one task with one key, one executes: while it is queued, running, done or
// interrupted, any further one ends as a duplicate. A call that fails gives
// its key back. Keys are kept by the journal; the default one forgets them
// with the process. In test mode calls are recorded without claiming their
// key.
func (c Call) Key(key string) Call {
	return c.with(func(o *record.Options) { o.Keyed, o.Key = true, key })
}

// BestEffort returns a copy of the call whose failure does not stop the list.
// Run does not return it; the journal and the [Report] show it.
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
