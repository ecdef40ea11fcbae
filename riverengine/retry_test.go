package riverengine

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// noRetry is the task of retry in a version that has no Attempts any more.
var noRetry = engine.TaskSpec{Name: retry.Name}

// A call that was queued when its task had Attempts is not retried by a worker
// whose task has none.
func TestRetryRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		id := submit(t, open(), engine.Job{Task: retry}).Jobs[0].EntryID
		e, last := open(), make(chan bool, 3)
		works(t, e, func(_ context.Context, d engine.Delivery) error {
			last <- d.Attempt >= d.Task.Retry.Attempts()
			return errors.New("no answer")
		}, noRetry)
		if entry := becomes(t, e, id, journal.StatusFailed); len(entry.Attempts) != 1 || len(last) != 1 || !<-last {
			t.Errorf("the only attempt was not the last: %+v", entry)
		}
	})
}

// An attempt too many for the task as it is now is not made.
func TestRetryRemovedBetweenAttempts(t *testing.T) {
	for name, tt := range map[string]struct {
		first func(context.Context) error // attempt, by the old version
		want  journal.Status
		says  string
	}{
		"it has failed":    {func(context.Context) error { return errors.New("no answer") }, journal.StatusFailed, "no Attempts"},
		"it was cut short": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, journal.StatusInterrupted, "look"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
				old, begun := open(), make(chan struct{}, 3)
				slow := retry
				slow.Retry.Initial = 2 * time.Second
				works(t, old, func(ctx context.Context, _ engine.Delivery) error {
					begun <- struct{}{}
					return tt.first(ctx)
				}, slow)
				id := submit(t, old, engine.Job{Task: slow, Key: "k"}).Jobs[0].EntryID
				<-begun
				stop(t, old, 200*time.Millisecond)
				becomes(t, old, id, journal.StatusQueued)

				var log logged
				e := open(Logger(log.logger()))
				works(t, e, func(context.Context, engine.Delivery) error {
					t.Error("it was executed again")
					return nil
				}, noRetry)
				entry := becomes(t, e, id, tt.want)
				if !strings.Contains(entry.ErrorText(), "not executed") || !strings.Contains(entry.ErrorText(), tt.says) {
					t.Errorf("the entry says %q", entry.ErrorText())
				}
				waitFor(t, 10*time.Second, "the log to say so", func() bool { return strings.Contains(log.String(), "not executed") })
				if text := log.String(); !strings.Contains(text, id) || !strings.Contains(text, retry.Name) || !strings.Contains(text, "order.created") {
					t.Errorf("the log says %q", text)
				}
				holder, err := e.Journal().Claim(t.Context(), retry.Name, "k", "next")
				if given := holder == "next"; err != nil || given != (tt.want == journal.StatusFailed) {
					t.Errorf("its key is held by %s, %v", holder, err)
				}
			})
		})
	}
}

// A call that was refused since its task has lost attempts executes once for
// each time that a person runs it again, and no more.
func TestRefusedCallRunByHand(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		old, attempts := open(), make(chan int, 4)
		slow := retry
		slow.Retry.Initial = time.Second
		fails := func(_ context.Context, d engine.Delivery) error {
			attempts <- d.Attempt
			return errors.New("no answer")
		}
		works(t, old, fails, slow)
		id := submit(t, old, engine.Job{Task: slow}).Jobs[0].EntryID
		waitFor(t, 10*time.Second, "its first attempt", func() bool { return len(attempts) == 1 })
		stop(t, old, 10*time.Second)

		e := open()
		works(t, e, fails, noRetry)
		becomes(t, e, id, journal.StatusFailed)
		for n := 2; n <= 3; n++ {
			if len(attempts) != n-1 {
				t.Fatalf("executed %d times, want %d", len(attempts), n-1)
			}
			runByHand(t, e, id)
			waitFor(t, 10*time.Second, "an attempt by hand", func() bool { return len(attempts) == n })
			becomes(t, e, id, journal.StatusFailed)
		}
	})
}

// A call without Attempts that is run again by hand, and is cut short then,
// does not execute once more by itself.
func TestCutShortWhenRunByHand(t *testing.T) {
	for name, worked := range map[string]engine.TaskSpec{"without Attempts": noRetry, "queued without Attempts": retry} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
				e, begun := open(), make(chan struct{}, 3)
				var byHand atomic.Bool
				works(t, e, func(ctx context.Context, _ engine.Delivery) error {
					if !byHand.Load() {
						return permanent("no answer")
					}
					begun <- struct{}{}
					<-ctx.Done()
					return ctx.Err()
				}, worked)
				id := submit(t, e, engine.Job{Task: noRetry}).Jobs[0].EntryID
				becomes(t, e, id, journal.StatusFailed)
				byHand.Store(true)
				runByHand(t, e, id)
				waitFor(t, 10*time.Second, "its second attempt", func() bool { return len(begun) == 1 })
				stop(t, e, 10*time.Millisecond)
				if entry := entryOf(t, e, id); entry.Status != journal.StatusInterrupted || entry.ErrorText() == "" {
					t.Errorf("got %+v", entry)
				}
				if s := state(t, e, id); s != string(rivertype.JobStateCancelled) {
					t.Errorf("its job is %s, and may be executed again", s)
				}
			})
		})
	}
}

// runByHand has River retry the job of an entry.
func runByHand(t *testing.T, e *Engine, entry string) {
	t.Helper()
	var job int64
	err := e.db.read().query(t.Context(), func(scan scan) error { return scan(&job) },
		"SELECT id FROM @river_job WHERE metadata->>'entry' = $1", entry)
	if err != nil {
		t.Fatal(err)
	}
	switch c := e.client.(type) {
	case typedClient[pgx.Tx]:
		_, err = c.river.JobRetry(t.Context(), job)
	case typedClient[*sql.Tx]:
		_, err = c.river.JobRetry(t.Context(), job)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// logged keeps what is logged as errors.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelError}))
}
