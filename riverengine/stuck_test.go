package riverengine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// A call that is to be cancelled has its time to end, as any other has.
func TestCancelledCallIsNotStuck(t *testing.T) {
	e := openTestFile(t, testFile(t))
	for name, tt := range map[string]struct {
		runs    time.Duration
		visible bool
	}{
		"within its time": {5 * time.Second, false},
		"beyond its time": {time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now().Add(-tt.runs)
			row := &rivertype.JobRow{
				Kind: note.Name, AttemptedAt: &begun, Attempt: 1, MaxAttempts: 1,
				Metadata: fmt.Appendf(nil, `{"call":%q,"cancel_attempted_at":"2026-01-02T03:04:05Z"}`, head{timeout: 20 * time.Second}),
			}
			e.prepare(row)
			if visible := strings.Contains(string(row.Metadata), "cancel_attempted_at"); visible != tt.visible || !strings.Contains(string(row.Metadata), "call") {
				t.Errorf("River sees %s", row.Metadata)
			}
		})
	}
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
