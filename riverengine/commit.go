package riverengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// commitError is the failure of a commit. Its answer may have been lost, and
// not what was to be committed.
type commitError struct{ cause error }

func (e *commitError) Error() string { return "committing: " + e.cause.Error() }
func (e *commitError) Unwrap() error { return e.cause }

// settlePatience bounds the search for what a failed commit has left, and
// settlePause is between two questions.
var settlePatience = 5 * time.Second

const settlePause = 100 * time.Millisecond

// settle says what became of a batch whose transaction ended with err: nil if
// it is in the database after all. One of nothing but duplicates has queued
// nothing, and may be repeated.
func (e *Engine) settle(ctx context.Context, tickets []engine.Ticket, err error) error {
	if _, ok := errors.AsType[*commitError](err); !ok {
		return err
	}
	queued := slices.IndexFunc(tickets, func(t engine.Ticket) bool { return t.Holder == "" })
	if queued < 0 {
		return err
	}
	entry := tickets[queued].ID
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settlePatience)
	defer cancel()
	switch there, failure := e.ask(ctx, entry); {
	case failure != nil:
		return fmt.Errorf("the calls may be queued all the same: the database was lost while they were committed: look for entry %s before you repeat them: %w", entry, errors.Join(engine.ErrInDoubt, err, failure))
	case there:
		return nil
	}
	return err
}

// ask is settled, again and again until the database answers or ctx ends.
func (e *Engine) ask(ctx context.Context, entry string) (there bool, err error) {
	for {
		there, err = e.db.settled(ctx, entry)
		if err == nil {
			return there, nil
		}
		select {
		case <-time.After(settlePause):
		case <-ctx.Done():
			return false, err
		}
	}
}
