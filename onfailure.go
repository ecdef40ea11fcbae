package saferunner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// OnFailure calls fn for each async call that has failed, was cancelled or was
// interrupted for good, with the entry of the call and a [*CallError]. fn is
// called after the end was written down, once at most for each end, on a goroutine
// of its own. At most 16 run at the same time. ctx has the values of Run's ctx, and
// ends after a minute. A panic in fn is logged.
//
// [Shutdown] waits for fn, but for one that has not returned a second after its ctx
// has ended nobody waits any more. If the process dies before fn is called, nobody
// calls it. With a durable engine the process that has ended the call calls fn: of
// a call whose process died, the one that finds it ([engine.Teller]). fn is not
// called for a call that could not be queued: Run returns that failure. New returns
// an error if fn is nil.
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

// onFailureKey is the key of the runner in the ctx of its OnFailure.
type onFailureKey struct{}

// callOnFailure calls the runner's OnFailure, if it has one, without waiting
// for it.
func (r *Runner) callOnFailure(ctx context.Context, err *CallError, entry func() journal.Entry) {
	if r.onFailure == nil {
		return
	}
	e := entry()
	r.sides().failures.Submit(single(func() {
		ctx, cancel := context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), onFailureKey{}, r), onFailureLimit)
		defer cancel()
		e := r.asWritten(ctx, e)
		_, late := within(ctx, grace, func(ctx context.Context) (any, error) {
			o := guarded(func() (any, error) {
				r.onFailure(ctx, e, err)
				return nil, nil
			})
			if o.err != nil {
				r.log().LogAttrs(ctx, slog.LevelError, "saferunner: OnFailure panicked", slog.Any("error", o.err), slog.String("stack", o.stack))
			}
			return nil, nil
		})
		if errors.Is(late, errNotReturned) {
			r.log().LogAttrs(ctx, slog.LevelError, "saferunner: OnFailure has not returned after its ctx had ended; nobody waits for it any more",
				slog.String("task", err.Task), slog.String("entry", err.EntryID))
		}
	}))
}

// asWritten returns an entry as the engine has written it, if that keeps the
// journal and it can be read: with the attempts of other processes.
func (r *Runner) asWritten(ctx context.Context, e journal.Entry) journal.Entry {
	if !r.usesLedger() {
		return e
	}
	page, err := r.journal.Query(ctx, journal.Query{ID: e.ID})
	if err != nil || len(page.Entries) != 1 {
		return e
	}
	return page.Entries[0]
}
