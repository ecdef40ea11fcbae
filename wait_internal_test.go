package saferunner

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// away is a journal that cannot be reached for a while.
type away struct {
	journal.Journal
	until time.Time
}

var errAway = errors.New("connection refused")

func (a away) Query(context.Context, journal.Query) (journal.Page, error) {
	if time.Now().Before(a.until) {
		return journal.Page{}, errAway
	}
	return journal.Page{}, nil
}

func TestWaitWhileTheJournalIsAway(t *testing.T) {
	for name, tt := range map[string]struct {
		away, ctx time.Duration
		want      error
	}{
		"it comes back":     {lookPatience - time.Second, time.Hour, nil},
		"it does not":       {time.Hour, time.Hour, errAway},
		"the ctx ends then": {time.Hour, time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.ctx)
				defer cancel()
				r := sent(away{until: time.Now().Add(tt.away)})
				if err := r.Wait(ctx); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// sent is the report of a run of which nothing was handed to the engine.
func sent(j journal.Journal) *Report {
	run := &record.Run{RunID: "order.created"}
	return &Report{run: run, kept: &originals{durable: &durableCalls{journal: j}}}
}

// shelf is a journal of these entries.
type shelf struct {
	journal.Journal
	entries []journal.Entry
}

func (s shelf) Query(_ context.Context, q journal.Query) (page journal.Page, err error) {
	for _, e := range s.entries {
		switch {
		case len(q.Statuses) > 0 && !slices.Contains(q.Statuses, e.Status):
		case len(page.Entries) == q.PageSize():
			page.Next = "more"
			return page, nil
		default:
			page.Entries = append(page.Entries, e)
		}
	}
	return page, nil
}

func TestWaitNamesWhatHasNotEnded(t *testing.T) {
	queued, running := journal.Entry{Task: "sms.send", Status: journal.StatusQueued}, journal.Entry{Task: "crm.update", Status: journal.StatusRunning}
	const hint = "; they wait for their time, or for a process that has given their tasks to Start"
	for name, tt := range map[string]struct {
		entries []journal.Entry
		want    string
	}{
		"queued":         {[]journal.Entry{queued, queued, {Task: "a.b", Status: journal.StatusDone}}, `2 async calls have not ended (sms.send queued)` + hint},
		"one queued":     {[]journal.Entry{queued}, `1 async call has not ended (sms.send queued); it waits for its time, or for a process that has given its task to Start`},
		"some running":   {[]journal.Entry{queued, running}, `2 async calls have not ended (sms.send queued, crm.update running)`},
		"one running":    {[]journal.Entry{running}, `1 async call has not ended (crm.update running)`},
		"many tasks":     {[]journal.Entry{running, {Task: "a", Status: journal.StatusRunning}, queued, {Task: "b", Status: journal.StatusQueued}}, `4 async calls have not ended (crm.update running, a running, sms.send queued, …)`},
		"more than page": {slices.Repeat([]journal.Entry{queued}, journal.MaxPage+1), `more than 1000 async calls have not ended (sms.send queued)`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				r := sent(shelf{entries: tt.entries})
				err := r.Wait(ctx)
				if want := `saferunner: run "order.created": ` + tt.want + ": context deadline exceeded"; err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("not the cause of the ctx: %v", err)
				}
			})
		})
	}
}

func TestFailuresThatSayNothing(t *testing.T) {
	run := &newRun(1, true).run
	run.SetCall(0, &arguments[int]{core: &core[int]{}}, 0, nil)
	for want, e := range map[string]journal.Entry{
		"cancelled":               {Status: journal.StatusCancelled},
		"failed":                  {Status: journal.StatusFailed},
		"interrupted: no network": {Status: journal.StatusInterrupted, Attempts: []journal.Attempt{{Error: "no network"}}},
		"no network":              {Status: journal.StatusFailed, Attempts: []journal.Attempt{{Error: "no network"}}},
	} {
		if got := errors.Unwrap((&Report{run: run}).failureOf(0, e)).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
