package saferunner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// OnFailure has fn called for each async call that has failed, was cancelled
// or was interrupted for good, after that was written down: with the call's
// entry and a [*CallError]. It is called once for each end, on a goroutine of
// its own; at most 16 run at once. ctx has the values of Run's and ends after
// a minute. [Shutdown] waits for fn until its ctx ends. A process that dies
// before fn is called loses the call of fn. A call that could not be queued is
// not one of these: Run returns its failure.
func OnFailure(fn func(ctx context.Context, e journal.Entry, err error)) Option {
	return func(r *Runner) error {
		if fn == nil {
			return errors.New("OnFailure: the function is nil")
		}
		r.onFailure = fn
		return nil
	}
}

const onFailureLimit = time.Minute

// callOnFailure calls the runner's OnFailure, if it has one, without waiting
// for it.
func (r *Runner) callOnFailure(ctx context.Context, err *CallError, entry func() journal.Entry) {
	if r.onFailure == nil {
		return
	}
	e := entry()
	r.sides().failures.Submit(single(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), onFailureLimit)
		defer cancel()
		o := guarded(func() (any, error) {
			r.onFailure(ctx, e, err)
			return nil, nil
		})
		if o.err != nil {
			r.log().LogAttrs(ctx, slog.LevelError, "saferunner: OnFailure panicked", slog.Any("error", o.err), slog.String("stack", o.stack))
		}
	}))
}
