package riverengine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/pgcluster"
	"github.com/saferunner/saferunner/journal"
)

// quick is a task whose loss is noticed soon.
var quick = engine.TaskSpec{Name: "quick.note", Timeout: time.Second}

// Postgres stops as it would in a crash, and comes back, while calls are
// queued and worked. The program goes on.
func TestPostgresRestart(t *testing.T) {
	t.Parallel()
	cluster, err := pgcluster.Start(clusterDir("restart"))
	if errors.Is(err, exec.ErrNotFound) {
		t.Skipf("%s: needs PostgreSQL's server on this machine: %v", t.Name(), err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Remove(); err != nil {
			t.Error(err)
		}
	})
	e, err := openForTest(t.Context(), cluster.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	var executed atomic.Int64
	works(t, e, func(context.Context, engine.Delivery) error {
		executed.Add(1)
		time.Sleep(2 * time.Millisecond)
		return nil
	}, quick)

	queued, refused := 0, 0
	down := false
	for i := range 60 {
		if i == 20 {
			if err := cluster.Stop(); err != nil {
				t.Fatal(err)
			}
			down = true
		}
		if i == 25 {
			if err := cluster.Restart(); err != nil {
				t.Fatal(err)
			}
			down = false
		}
		switch n, err := tryBatch(e); {
		case err == nil && down:
			t.Error("a batch was taken while Postgres was down")
		case err == nil:
			queued += n
		default:
			refused++
		}
		time.Sleep(10 * time.Millisecond)
	}
	if refused < 5 {
		t.Errorf("%d batches were refused, want those of the time when Postgres was down", refused)
	}
	statuses := map[journal.Status]int{}
	waitFor(t, 120*time.Second, "every call to end", func() bool {
		clear(statuses)
		q := journal.Query{Limit: journal.MaxPage}
		for {
			page, err := e.Journal().Query(t.Context(), q)
			if err != nil {
				return false
			}
			for _, entry := range page.Entries {
				statuses[entry.Status]++
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return statuses[journal.StatusQueued]+statuses[journal.StatusRunning] == 0
			}
		}
	})
	total := statuses[journal.StatusDone] + statuses[journal.StatusInterrupted]
	t.Logf("queued %d, refused %d batches, journal %v, executed %d", queued, refused, statuses, executed.Load())
	if total < queued || statuses[journal.StatusFailed] > 0 {
		t.Errorf("%d calls were queued, the journal has %v", queued, statuses)
	}
	if n := executed.Load(); n > int64(total) || n < int64(statuses[journal.StatusDone]) {
		t.Errorf("executed %d times, the journal has %v", n, statuses)
	}
}

func tryBatch(e *Engine) (int, error) {
	jobs := make([]engine.Job, 20)
	for i := range jobs {
		jobs[i].Task = quick
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := e.Submit(ctx, batchOf(jobs...))
	return len(jobs), err
}

// A full disk refuses calls with a clear error, and what was queued before is
// done when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	path := testFile(t)
	e := openTestFile(t, path)
	db := e.db.(*sqliteDB).db
	limit := func(pages string) {
		t.Helper()
		var now int
		if err := db.QueryRow("PRAGMA max_page_count = " + pages).Scan(&now); err != nil {
			t.Fatal(err)
		}
	}
	b := submit(t, e, engine.Job{Task: note})
	limit("1") // no page more than there are
	var refused error
	queued := []string{b.Jobs[0].EntryID}
	for i := 0; refused == nil && i < 1000; i++ {
		b := batchOf(engine.Job{Task: note, Payload: fmt.Appendf(nil, "%q", strings.Repeat("x", 500))})
		if _, refused = e.Submit(t.Context(), b); refused == nil {
			queued = append(queued, b.Jobs[0].EntryID)
		}
	}
	if refused == nil || !strings.Contains(refused.Error(), "full") {
		t.Fatalf("on a full disk: %v", refused)
	}
	works(t, e, nothing, note)
	time.Sleep(200 * time.Millisecond) // the workers cannot write either
	limit("1000000")
	for _, id := range queued {
		becomes(t, e, id, journal.StatusDone)
	}
	b = submit(t, e, engine.Job{Task: note})
	becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
	page, err := e.Journal().Query(t.Context(), journal.Query{Limit: journal.MaxPage})
	if err != nil || len(page.Entries) != len(queued)+1 {
		t.Errorf("%d entries, want %d: %v", len(page.Entries), len(queued)+1, err)
	}
}

// A job that was spoilt in the database fails, and says so; others go on.
func TestPoisonedJob(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e, told := open(), make(chan string, 9)
		e.Tell(func(_ context.Context, d engine.Delivery, end engine.Ending) {
			told <- d.EntryID + " " + string(end.Status) + " " + end.Error
		})
		spoilt := submit(t, e, engine.Job{Task: note, Payload: []byte(`"x"`)}).Jobs[0].EntryID
		poison := `'"?"'`
		if _, ok := e.db.(*sqliteDB); ok {
			poison = "'{no JSON'"
		}
		if _, err := e.db.read().exec(t.Context(), "UPDATE @river_job SET args = "+poison); err != nil {
			t.Fatal(err)
		}
		good := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
		works(t, e, nothing, note)
		entry := becomes(t, e, spoilt, journal.StatusFailed)
		if entry.ErrorText() == "" {
			t.Errorf("it does not say why: %+v", entry)
		}
		if got, want := <-told, spoilt+" failed "+entry.ErrorText(); got != want {
			t.Errorf("told of %q, want %q", got, want)
		}
		becomes(t, e, good, journal.StatusDone)
	})
}

// A stuck call of a task that the leader does not know goes back into the
// queue, for a process that knows it.
func TestStuckCallOfUnknownTask(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		var log logged
		leader := open(Logger(log.logger()))
		retried := submit(t, leader, engine.Job{Task: retry}).Jobs[0].EntryID
		once := submit(t, leader, engine.Job{Task: quick}).Jobs[0].EntryID
		strand(t, leader)
		if entry := entryOf(t, leader, retried); entry.Status != journal.StatusRunning {
			t.Fatalf("got %+v", entry)
		}
		works(t, leader, nothing, note)
		if entry := becomes(t, leader, once, journal.StatusInterrupted); len(entry.Attempts) != 1 || entry.Attempts[0].Worker != "dead" || entry.ErrorText() == "" {
			t.Errorf("got %+v", entry)
		}
		becomes(t, leader, retried, journal.StatusQueued)
		waitFor(t, 10*time.Second, "the leader to log", func() bool { return strings.Contains(log.String(), once) })
		if text := log.String(); !strings.Contains(text, "async call interrupted") || !strings.Contains(text, "entry="+once) ||
			!strings.Contains(text, "task="+quick.Name) || !strings.Contains(text, "run_id=order.created") || !strings.Contains(text, "by hand") || strings.Contains(text, retried) {
			t.Errorf("the leader's log says %q", text)
		}
		knows := open()
		works(t, knows, nothing, retry)
		if entry := becomes(t, knows, retried, journal.StatusDone); len(entry.Attempts) != 2 {
			t.Errorf("got %+v", entry)
		}
	})
}

// strand makes all jobs look as if their process had died an hour ago.
func strand(t *testing.T, e *Engine) {
	t.Helper()
	begun := "now() - interval '1 hour', attempted_by = ARRAY['dead']"
	if _, ok := e.db.(*sqliteDB); ok {
		begun = "datetime('now', '-1 hour', 'subsec'), attempted_by = jsonb('[\"dead\"]')"
	}
	if _, err := e.db.read().exec(t.Context(), "UPDATE @river_job SET state = 'running', attempt = 1, attempted_at = "+begun); err != nil {
		t.Fatal(err)
	}
}

// A stuck call whose task has no Attempts any more is not run again, though it
// was queued with some.
func TestStuckCallWithoutRetryNow(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		id := submit(t, e, engine.Job{Task: retry}).Jobs[0].EntryID
		strand(t, e)
		works(t, e, func(context.Context, engine.Delivery) error {
			t.Error("it was executed again")
			return nil
		}, noRetry)
		if entry := becomes(t, e, id, journal.StatusInterrupted); len(entry.Attempts) != 1 {
			t.Errorf("it was taken up again: %+v", entry.Attempts)
		}
	})
}
