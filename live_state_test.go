package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
)

// rounds calls round with new seeds: a few times, or for as many seconds as
// SAFERUNNER_TEST_SECONDS says. It names the seed of the first that fails.
func rounds(t *testing.T, round func(t *testing.T, seed uint64)) {
	seconds, _ := strconv.Atoi(os.Getenv("SAFERUNNER_TEST_SECONDS"))
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	for n := uint64(0); n < 200 || time.Now().Before(end); n++ {
		seed := n
		if seconds > 0 {
			seed = rand.Uint64()
		}
		if round(t, seed); t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// live is a runner that executes, and what its tasks have done.
type live struct {
	t      *testing.T
	runner *saferunner.Runner

	mu       sync.Mutex
	executed map[string]int // attempts by entry ID
	keys     map[string]int // executions under way by key
	done     map[string]int // successes by key
	begun    map[string]int // the last sync call that began, by run
	failures map[string]int // calls of OnFailure by entry ID
	tasks    []*saferunner.Task[int]
	attempts map[string]int // that a task may have
}

func newLive(t *testing.T) *live {
	l := &live{
		t: t, executed: map[string]int{}, keys: map[string]int{}, done: map[string]int{},
		begun: map[string]int{}, failures: map[string]int{}, attempts: map[string]int{},
	}
	l.runner = quiet(t, saferunner.Concurrency(4), saferunner.OnFailure(func(_ context.Context, e journal.Entry, _ error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failures[e.ID]++
	}))
	l.define("live.once", 1, saferunner.Timeout(time.Second))
	l.define("live.thrice", 3, saferunner.Attempts(3), saferunner.Backoff(time.Second, time.Minute))
	l.define("live.often", 9, saferunner.Attempts(9), saferunner.Backoff(time.Millisecond, time.Millisecond))
	return l
}

var errLive = errors.New("as it comes")

// define defines a task that does what its argument and chance say.
func (l *live) define(name string, attempts int, opts ...saferunner.TaskOption) {
	l.attempts[name] = attempts
	l.tasks = append(l.tasks, saferunner.Define(name, func(ctx context.Context, n int) error {
		call, _ := saferunner.Current(ctx)
		l.begin(call)
		defer l.end(call)
		switch n % 10 {
		case 0:
			panic("in a task")
		case 1:
			if call.Async {
				runtime.Goexit()
			}
		case 2:
			return errLive
		case 3:
			return saferunner.Permanent(errLive)
		case 4:
			if call.Async && rand.IntN(2) == 0 {
				return saferunner.Later(time.Second)
			}
		case 5:
			time.Sleep(time.Duration(n) * time.Millisecond)
		case 6:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(2 * time.Second):
			}
		case 7:
			if call.Attempt == 1 {
				return errLive
			}
		}
		l.mu.Lock()
		l.done[call.Task+call.Key]++
		l.mu.Unlock()
		return nil
	}, opts...))
}

func (l *live) begin(call saferunner.CallInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.executed[call.EntryID]++
	if call.Attempt > l.attempts[call.Task] {
		l.t.Errorf("%s: attempt %d", call.Task, call.Attempt)
	}
	if call.Key == "" {
		return
	}
	if key := call.Task + call.Key; l.keys[key] > 0 || l.done[key] > 0 {
		l.t.Errorf("%s executes with key %s while %d do and %d have", call.Task, call.Key, l.keys[key], l.done[key])
	}
	l.keys[call.Task+call.Key]++
}

func (l *live) end(call saferunner.CallInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if call.Key != "" {
		l.keys[call.Task+call.Key]--
	}
}

func (l *live) list(r *rand.Rand) (calls []saferunner.Call) {
	for range r.IntN(6) {
		c := l.tasks[r.IntN(len(l.tasks))].With(r.IntN(1000))
		switch r.IntN(4) {
		case 0:
			c = c.Async()
		case 1:
			c = c.After(time.Duration(r.IntN(3000)) * time.Millisecond)
		}
		if r.IntN(3) == 0 {
			c = c.Key(fmt.Sprint(r.IntN(5)))
		}
		if r.IntN(3) == 0 {
			c = c.BestEffort()
		}
		calls = append(calls, c)
	}
	return calls
}

// However lists with keys, retries, panics, exits, cancels and a Shutdown
// meet: no call executes more often than its task allows, a key is held by
// one, and each call ends once, in the journal as in the report.
func TestLiveListsKeepTheirPromises(t *testing.T) {
	rounds(t, func(t *testing.T, seed uint64) {
		synctest.Test(t, func(t *testing.T) { liveRound(t, rand.New(rand.NewPCG(seed, 1))) })
	})
}

func liveRound(t *testing.T, r *rand.Rand) {
	l := newLive(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var reports []*saferunner.Report
	for range 1 + r.IntN(4) {
		lists := make([][]saferunner.Call, 1+r.IntN(5))
		for i := range lists {
			lists[i] = l.list(r)
		}
		pause, cancels := time.Duration(r.IntN(1500))*time.Millisecond, r.IntN(2) == 0
		wg.Go(func() {
			for _, calls := range lists {
				report, _ := l.runner.Run(t.Context(), "live", calls...) // what it returns, the report has
				mu.Lock()
				reports = append(reports, report)
				mu.Unlock()
				for i, o := range report.Outcomes() {
					if cancels && i%2 == 0 {
						_ = l.runner.Cancel(t.Context(), o.EntryID) // it may have ended
					}
				}
				time.Sleep(pause)
			}
		})
	}
	time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
	patience := time.Duration(r.IntN(3000)) * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	start := time.Now()
	_ = l.runner.Shutdown(ctx) // it says what could not run
	if took := time.Since(start); took > patience+2*time.Second {
		t.Errorf("Shutdown took %s with a ctx of %s", took, patience)
	}
	wg.Wait()
	time.Sleep(time.Hour) // what did not heed its ctx
	synctest.Wait()
	for _, report := range reports {
		if err := report.Wait(t.Context()); errors.Is(err, context.DeadlineExceeded) && report.ID() == "" {
			t.Error(err)
		}
		l.check(report)
	}
}

// check holds a report against the journal, and both against what was done.
func (l *live) check(report *saferunner.Report) {
	l.t.Helper()
	if report.ID() == "" {
		return // refused, after Shutdown
	}
	page, err := l.runner.Journal().Query(context.Background(), journal.Query{Run: report.ID(), OldestFirst: true, Limit: journal.MaxPage})
	if err != nil || len(page.Entries) != len(report.Outcomes()) {
		l.t.Fatalf("%d entries for %d outcomes, %v", len(page.Entries), len(report.Outcomes()), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, o := range report.Outcomes() {
		e := page.Entries[i]
		if e.ID != o.EntryID || e.Status != o.Status || !e.Status.Final() {
			l.t.Errorf("the journal has %s %s, the report %s %s", e.ID, e.Status, o.EntryID, o.Status)
		}
		begun := 0
		for _, a := range e.Attempts {
			if !a.Started.IsZero() {
				begun++
			}
		}
		if later := l.executed[e.ID] - begun; later < 0 || later > 0 && !e.Async {
			l.t.Errorf("%s %s: executed %d times, the journal has %d", e.Task, e.Status, l.executed[e.ID], begun)
		}
		failed := e.Status == journal.StatusFailed || e.Status == journal.StatusCancelled || e.Status == journal.StatusInterrupted
		if l.failures[e.ID] > 1 || e.Async && failed && begun > 0 && l.failures[e.ID] != 1 || !failed && l.failures[e.ID] > 0 && e.Status != journal.StatusDone {
			l.t.Errorf("%s %s: OnFailure was called %d times", e.Task, e.Status, l.failures[e.ID])
		}
		if failed && e.ErrorText() == "" {
			l.t.Errorf("%s %s without a reason", e.Task, e.Status)
		}
	}
	for key, n := range maps.All(l.keys) {
		if n != 0 {
			l.t.Errorf("key %s: %d still execute", key, n)
		}
	}
}
