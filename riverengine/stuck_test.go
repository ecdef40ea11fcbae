package riverengine

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// stuck returns the jobs that the leader finds lost, whose own clock is ahead.
func stuck(t *testing.T, e *Engine) (jobs []int64) {
	t.Helper()
	p := &riverdriver.JobGetStuckParams{Max: 10, Schema: schemaOf(e), StuckHorizon: time.Now().Add(time.Hour)}
	rows, err := executorOf(t, e).JobGetStuck(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		jobs = append(jobs, row.ID)
	}
	return jobs
}

// An attempt is lost when its process is, and neither before, however long it
// takes or is to be cancelled, nor by the clock of the leader. It is logged when
// it goes on beyond its time.
func TestLostByProcess(t *testing.T) {
	defer overrunAfter(10 * time.Millisecond)()
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		var log logged
		e, leader := open(t, silent, Logger(log.logger())), open(t, judging)
		end := make(chan struct{})
		works(t, e, func(context.Context, engine.Delivery) error {
			<-end
			return nil
		}, quick)
		id := submit(t, e, engine.Job{Task: quick}).Jobs[0].EntryID
		becomes(t, e, id, journal.StatusRunning)
		waitFor(t, 10*time.Second, "the log", func() bool { return strings.Contains(log.String(), "goes on beyond its time") })
		if ok, err := e.Cancel(t.Context(), id); err != nil || !ok {
			t.Fatalf("Cancel: %v, %v", ok, err)
		}
		if jobs := stuck(t, leader); len(jobs) != 0 {
			t.Errorf("the call of a live process counts as lost: %v", jobs)
		}
		unseen(t, e)
		if jobs := stuck(t, leader); !slices.Equal(jobs, []int64{jobOf(t, e, id)}) {
			t.Errorf("lost are %v, want the call of the stopped process", jobs)
		}
		if _, err := leader.db.read().exec(t.Context(), "DELETE FROM @processes WHERE id = $1", e.name); err != nil {
			t.Fatal(err)
		}
		if jobs := stuck(t, leader); len(jobs) != 1 {
			t.Errorf("lost are %v, want the call of the process that is not there", jobs)
		}
		close(end)
		becomes(t, e, id, journal.StatusDone)
		if n := strings.Count(log.String(), "goes on beyond its time"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, log.String())
		}
	})
}

// overrunAfter has calls that go on beyond their time logged sooner.
func overrunAfter(d time.Duration) (reset func()) {
	before := overrun
	overrun = d
	return func() { overrun = before }
}

// Who has not been seen for long without a gap does not judge.
func TestWhoMayJudge(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		e := open(t, liveness.Pace{Renew: time.Hour, Dead: time.Hour, Judge: 100 * time.Millisecond})
		submit(t, e, engine.Job{Task: quick})
		strand(t, e)
		began := time.Now()
		if jobs := stuck(t, e); len(jobs) > 0 && time.Since(began) < 50*time.Millisecond {
			t.Error("it judges just after it was opened")
		}
		waitFor(t, 10*time.Second, "a judgement", func() bool { return len(stuck(t, e)) == 1 })
		if jobs, _, err := e.lostJobs(t.Context(), time.Now().Add(-2*time.Hour).UnixMilli(), 0, 10); err != nil || len(jobs) > 0 {
			t.Errorf("it judges by a renewal of long ago: %v, %v", jobs, err)
		}
	})
}

// Jobs are looked up by what an index has, whatever else is in the table.
func TestLostQueryIsServed(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		e := open(t, silent)
		explain, bad := "EXPLAIN ", "Seq Scan on river_job"
		if _, ok := e.db.(*sqliteDB); ok {
			explain, bad = "EXPLAIN QUERY PLAN ", "SCAN river_job"
		}
		jobs := make([]engine.Job, 2000)
		for i := range jobs {
			jobs[i].Task = note
		}
		submit(t, e, jobs...)
		ended := make([]journal.Change, 2000)
		for i := range ended {
			ended[i] = journal.Put(journal.Entry{ID: id(), Status: journal.StatusDone})
		}
		if err := e.Journal().Write(t.Context(), ended...); err != nil {
			t.Fatal(err)
		}
		if _, err := e.db.read().exec(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
		for name, query := range map[string]string{
			"lost":   e.lostQuery(),
			"orphan": "SELECT id FROM @entries WHERE process <> '' AND " + e.process.dead("process"),
		} {
			args := []any{}
			if name == "lost" {
				args = []any{int64(0), int64(0), 1000}
			}
			var plan []string
			err := e.db.read().query(t.Context(), func(scan scan) error {
				var line string
				var skip any
				var err error
				if bad == "SCAN river_job" {
					err = scan(&skip, &skip, &skip, &line)
				} else {
					err = scan(&line)
				}
				plan = append(plan, line)
				return err
			}, explain+query, args...)
			text := strings.Join(plan, "\n")
			if err != nil || strings.Contains(text, bad) || name == "lost" && strings.Contains(text, "river_job_pkey") || name == "orphan" && !strings.Contains(text, "entries_process") {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		}
	})
}

// The loss of a call that was to be cancelled is logged like that of any other.
func TestCancelledCallOfDeadProcessIsLogged(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		var log logged
		e := open(Logger(log.logger()))
		id := submit(t, e, engine.Job{Task: quick}).Jobs[0].EntryID
		strand(t, e)
		if ok, err := e.Cancel(t.Context(), id); err != nil || !ok {
			t.Fatalf("Cancel: %v, %v", ok, err)
		}
		works(t, e, nothing, note)
		becomes(t, e, id, journal.StatusInterrupted)
		if s := state(t, e, id); s != string(rivertype.JobStateCancelled) {
			t.Errorf("its job is %s", s)
		}
		waitFor(t, 10*time.Second, "the leader to log", func() bool {
			return strings.Contains(log.String(), "async call interrupted") && strings.Contains(log.String(), "entry="+id)
		})
	})
}

// A leader whose clock is ahead does not give up an attempt that has begun since
// it looked, in place of the one that it has judged.
func TestJudgedAttemptAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		b := submit(t, e, engine.Job{Task: retry}, engine.Job{Task: retry})
		strand(t, e)
		ahead := time.Now().Add(time.Minute)
		leader := executorOf(t, e)
		rows, err := leader.JobGetStuck(t.Context(), &riverdriver.JobGetStuckParams{Max: 10, Schema: schemaOf(e), StuckHorizon: ahead})
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d stuck jobs, %v", len(rows), err)
		}
		again, now := jobOf(t, e, b.Jobs[0].EntryID), "now()"
		if _, ok := e.db.(*sqliteDB); ok {
			now = "datetime('now', 'subsec')"
		}
		if _, err := e.db.read().exec(t.Context(), "UPDATE @river_job SET attempt = 2, attempted_at = "+now+" WHERE id = $1", again); err != nil {
			t.Fatal(err)
		}
		p := &riverdriver.JobRescueManyParams{Schema: schemaOf(e), StuckHorizon: ahead}
		for _, row := range rows {
			p.ID = append(p.ID, row.ID)
			p.Error = append(p.Error, []byte(`{"at":"2026-01-02T03:04:05Z","attempt":1,"error":"","trace":""}`))
			p.FinalizedAt = append(p.FinalizedAt, nil)
			p.ScheduledAt = append(p.ScheduledAt, time.Now())
			p.State = append(p.State, string(rivertype.JobStateRetryable))
		}
		if _, err := leader.JobRescueMany(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		for i, want := range []rivertype.JobState{rivertype.JobStateRunning, rivertype.JobStateRetryable} {
			if s := state(t, e, b.Jobs[i].EntryID); s != string(want) {
				t.Errorf("job %d is %s, want %s", i+1, s, want)
			}
		}
	})
}

func schemaOf(e *Engine) string {
	if d, ok := e.db.(*postgresDB); ok {
		return d.schema
	}
	return ""
}

// executorOf is what River works with.
func executorOf(t *testing.T, e *Engine) riverdriver.Executor {
	t.Helper()
	switch d := e.db.(type) {
	case *sqliteDB:
		return driverOf(riversqlite.New(d.db), e, d.wake).GetExecutor()
	case *postgresDB:
		return driverOf(riverpgxv5.New(d.pool), e, nil).GetExecutor()
	}
	t.Fatalf("%T", e.db)
	return nil
}
