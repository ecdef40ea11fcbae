package saferunner

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// What the end of an attempt means, by its error and by why its ctx ended.
// The task allows two attempts.
func TestEnding(t *testing.T) {
	down := errors.New("the gateway is down")
	for name, tt := range map[string]struct {
		err     error
		cause   error
		attempt int
		status  journal.Status
		counts  bool
		wait    time.Duration
	}{
		"success":                       {nil, nil, 1, journal.StatusDone, true, 0},
		"success, stopping":             {nil, engine.ErrStopping, 1, journal.StatusDone, true, 0},
		"success, cancelled":            {nil, engine.ErrCancelled, 1, journal.StatusDone, true, 0},
		"failure":                       {down, nil, 1, journal.StatusQueued, true, time.Second},
		"failure of the last":           {down, nil, 2, journal.StatusFailed, true, 0},
		"permanent":                     {Permanent(down), nil, 1, journal.StatusFailed, true, 0},
		"later":                         {Later(time.Minute), nil, 1, journal.StatusQueued, false, time.Minute},
		"later, of the last":            {Later(time.Minute), nil, 2, journal.StatusQueued, false, time.Minute},
		"later, at once":                {Later(0), nil, 1, journal.StatusQueued, false, minLater},
		"failure, stopping":             {down, engine.ErrStopping, 1, journal.StatusQueued, true, 0},
		"failure of the last, stopping": {down, engine.ErrStopping, 2, journal.StatusInterrupted, true, 0},
		"later, stopping":               {Later(time.Minute), engine.ErrStopping, 2, journal.StatusQueued, false, time.Minute},
		"failure, cancelled":            {down, engine.ErrCancelled, 1, journal.StatusCancelled, true, 0},
		"permanent, cancelled":          {Permanent(down), engine.ErrCancelled, 1, journal.StatusCancelled, true, 0},
		"later, cancelled":              {Later(time.Minute), engine.ErrCancelled, 1, journal.StatusCancelled, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			run := record.Delivered(record.Foreign{}, "order.created", time.Time{})
			run.Calls[0].Options = &record.Options{Async: true}
			spec := engine.TaskSpec{Retry: engine.RetryPolicy{MaxAttempts: 2}}
			a := attempt{ctx: taskScope(situation{run: run}, 0, tt.attempt), spec: &spec}
			ctx, cancel := context.WithCancelCause(context.Background())
			if tt.cause != nil {
				cancel(tt.cause)
			}
			defer cancel(nil)

			e := a.ending(ctx, &outcome{err: tt.err, class: classOf(tt.err)})
			if e.Status != tt.status || e.Counts != tt.counts || e.Wait != tt.wait {
				t.Errorf("%s, counts %t, wait %s; want %s, %t, %s", e.Status, e.Counts, e.Wait, tt.status, tt.counts, tt.wait)
			}
		})
	}
}
