package riverengine

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/journaltest"
)

// The paces of engines in one process, where nobody dies: a test makes them
// look dead. Those that judge may do so at once, and have an hour for a renewal,
// so that the machine may be slow.
var (
	judging = liveness.Pace{Renew: time.Second, Dead: time.Hour, Judge: 0}
	eager   = liveness.Pace{Renew: 400 * time.Millisecond, Dead: time.Hour, Judge: 0}
	silent  = liveness.Pace{Renew: time.Hour, Dead: time.Hour, Judge: time.Hour}
)

// closeLater closes an engine when the test ends.
func closeLater(t *testing.T, e *Engine) {
	t.Helper()
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

// onBothAt runs a test with a function that opens an engine at a pace, on one
// database of either kind.
func onBothAt(t *testing.T, test func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine)) {
	t.Run("sqlite", func(t *testing.T) { test(t, opener("sqlite:"+testFile(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, opener(testDatabase(t))) })
}

func opener(dsn string) func(*testing.T, liveness.Pace, ...Option) *Engine {
	return func(t *testing.T, pace liveness.Pace, opts ...Option) *Engine {
		t.Helper()
		ctx := liveness.WithPace(t.Context(), pace)
		o, err := apply(opts)
		if err != nil {
			t.Fatal(err)
		}
		var e *Engine
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			e, err = openFile(ctx, path, o)
		} else {
			e, err = openServer(ctx, dsn, o)
		}
		if err != nil {
			t.Fatal(err)
		}
		closeLater(t, e)
		return e
	}
}

const day = 24 * time.Hour

// unseen makes an engine look to others as if it had not been seen for a day.
func unseen(t *testing.T, e *Engine) {
	t.Helper()
	if _, err := e.db.read().exec(t.Context(), "UPDATE @processes SET seen = seen - $1 WHERE id = $2", day.Milliseconds(), e.name); err != nil {
		t.Fatal(err)
	}
}

// stopped makes an engine look, to others and to itself, as if its process had
// been stopped for a day.
func stopped(t *testing.T, e *Engine) {
	t.Helper()
	unseen(t, e)
	e.process.mu.Lock()
	e.process.renewed = e.process.renewed.Add(-day)
	e.process.mu.Unlock()
}

func count(t *testing.T, e *Engine, what string, args ...any) (n int) {
	t.Helper()
	if err := e.db.read().query(t.Context(), func(scan scan) error { return scan(&n) }, "SELECT count(*) FROM "+what, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

// mortals are engines on one database.
type mortals struct {
	open func(*testing.T, liveness.Pace, ...Option) *Engine
	all  []*Engine
}

func (m *mortals) Open(t *testing.T) journal.Journal {
	e := m.open(t, silent)
	m.all = append(m.all, e)
	return e.Journal()
}

func (m *mortals) Judge(t *testing.T) journal.Journal {
	return m.open(t, eager).Journal()
}

func (m *mortals) Die(t *testing.T) {
	for _, e := range m.all {
		stopped(t, e)
	}
}

func TestDeath(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		journaltest.ExerciseDeath(t, func(t *testing.T) journaltest.Processes { return &mortals{open: opener("sqlite:" + testFile(t))} })
	})
	t.Run("postgres", func(t *testing.T) {
		journaltest.ExerciseDeath(t, func(t *testing.T) journaltest.Processes { return &mortals{open: opener(testDatabase(t))} })
	})
}

// A row from the future is that of a process that lives, or of one that was dead
// when the clock was set back: by how far, it is told.
func TestRowFromTheFuture(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		e, judge := open(t, silent), open(t, silent)
		last, _, err := judge.process.renew(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for ahead, want := range map[time.Duration]bool{0: false, silent.Dead - time.Minute: false, silent.Dead + time.Minute: true} {
			if _, err := e.db.read().exec(t.Context(), "UPDATE @processes SET seen = $1 WHERE id = $2", last+ahead.Milliseconds(), e.name); err != nil {
				t.Fatal(err)
			}
			_, _, gone, err := judge.process.orphans(t.Context(), last)
			if err != nil || gone != want {
				t.Errorf("there are dead processes with a row from %v ahead: %v, want %v; %v", ahead, gone, want, err)
			}
			if n := count(t, e, "@processes AS other WHERE id = $1 AND "+judge.process.dead("other.id"), e.name); (n == 1) != want {
				t.Errorf("a row from %v ahead: %d are dead", ahead, n)
			}
		}
	})
}

// The row of a process is there from open until Close, by the name that its
// attempts have. One that only reads has none.
func TestProcessRow(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		reads := open(t, silent)
		e := open(t, silent)
		open(t, silent, ReadOnly())
		if n := count(t, reads, "@processes"); n != 2 {
			t.Errorf("there are %d processes, want 2", n)
		}
		works(t, e, func(context.Context, engine.Delivery) error {
			if n := count(t, reads, "@processes WHERE host <> '' AND pid > 0 AND mode = 'record' AND id = $1", e.name); n != 1 {
				t.Error("its row is not like this process")
			}
			return nil
		}, note)
		entry := becomes(t, e, submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID, journal.StatusDone)
		if worker := entry.Attempts[0].Worker; count(t, reads, "@processes WHERE id = $1", worker) != 1 {
			t.Errorf("the attempt names %s, which is no process", worker)
		}
		if n := count(t, reads, "@entries WHERE process <> ''"); n != 0 {
			t.Errorf("%d entries of jobs name a process", n)
		}
		stop(t, e, 10*time.Second)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if n := count(t, reads, "@processes"); n != 1 {
			t.Errorf("there are %d processes after Close, want 1", n)
		}
	})
}

// The row is renewed while the user's transactions have all connections.
func TestRenewalBesideABusyPool(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		other, e := open(t, silent), open(t, liveness.Pace{Renew: 10 * time.Millisecond, Dead: time.Hour, Judge: time.Hour})
		t.Cleanup(takeAll(t, e))
		seen := func() (ms int64) {
			if err := other.db.read().query(t.Context(), func(scan scan) error { return scan(&ms) }, "SELECT seen FROM @processes WHERE id = $1", e.name); err != nil {
				t.Fatal(err)
			}
			return ms
		}
		first := seen()
		waitFor(t, 10*time.Second, "a renewal", func() bool { return seen() > first })
	})
}

// takeAll takes all connections of an engine, each in a transaction that reads.
func takeAll(t *testing.T, e *Engine) (giveBack func()) {
	t.Helper()
	var back []func()
	switch d := e.db.(type) {
	case *sqliteDB:
		conn, err := d.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "BEGIN DEFERRED; SELECT count(*) FROM saferunner_entries"); err != nil {
			t.Fatal(err)
		}
		back = append(back, func() {
			_, _ = conn.ExecContext(context.Background(), "ROLLBACK")
			_ = conn.Close()
		})
	case *postgresDB:
		for range d.pool.Config().MaxConns {
			tx, err := d.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			back = append(back, func() { _ = tx.Rollback(context.Background()) })
		}
	}
	return func() {
		for _, f := range back {
			f()
		}
	}
}

// The driver and the file of a database that the user has opened may not be known:
// then its own connection has to do.
func TestProcessOfDatabaseInMemory(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	e, err := NewSQLite(liveness.WithPace(t.Context(), eager), db)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, e)
	works(t, e, nothing, note)
	becomes(t, e, submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID, journal.StatusDone)
}

// A process that was stopped is seen again before it begins anything.
func TestStoppedProcessIsSeenFirst(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		e := open(t, silent)
		works(t, e, func(context.Context, engine.Delivery) error {
			if n := count(t, e, "@processes WHERE id = $1 AND seen > $2", e.name, time.Now().Add(-time.Hour).UnixMilli()); n != 1 {
				t.Error("it executes while others take it for dead")
			}
			return nil
		}, note)
		stopped(t, e)
		id := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
		becomes(t, e, id, journal.StatusDone)
	})
}

// What was fetched before the process was stopped, and may have been taken for lost,
// does not begin.
func TestAttemptFromBeforeTheStop(t *testing.T) {
	p := &process{pace: liveness.Standard, watch: liveness.Watch{Pace: liveness.Standard}, renewed: time.Now()}
	at := time.UnixMilli(1_700_000_000_000)
	p.watch.Renewed(at)
	p.watch.Renewed(at.Add(5 * time.Second))
	if !p.covers(at.Add(time.Second)) {
		t.Error("an attempt without a gap since does not begin")
	}
	p.watch.Renewed(at.Add(time.Minute))
	if p.covers(at.Add(time.Second)) {
		t.Error("an attempt before the gap begins")
	}
	if !p.covers(at.Add(time.Minute)) {
		t.Error("an attempt after the gap does not begin")
	}
	p.renewed = time.Now().Add(-time.Minute)
	if p.covers(at.Add(time.Minute)) {
		t.Error("an attempt begins while this process is not seen")
	}
}

// A process that cannot be seen says so, once.
func TestUnseenProcessIsLogged(t *testing.T) {
	var log logged
	pace := liveness.Pace{Renew: 10 * time.Millisecond, Dead: 50 * time.Millisecond, Judge: time.Hour}
	e := opener("sqlite:"+testFile(t))(t, pace, Logger(log.logger()))
	if _, err := e.db.read().exec(t.Context(), "ALTER TABLE @processes RENAME TO hidden"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 10*time.Second, "the log", func() bool { return strings.Contains(log.String(), "cannot be seen") })
	time.Sleep(5 * pace.Dead)
	if n := strings.Count(log.String(), "cannot be seen"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
	if _, err := e.db.read().exec(t.Context(), "ALTER TABLE hidden RENAME TO saferunner_processes"); err != nil {
		t.Fatal(err)
	}
}

// The log names the call of a dead process by its run ID.
func TestLogOfOrphanHasItsRunID(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		var log logged
		dead := open(t, silent)
		entry := journal.Entry{ID: id(), RunID: "order.created", Task: "sms.send", Status: journal.StatusRunning}
		if err := dead.Journal().Write(t.Context(), journal.Put(entry)); err != nil {
			t.Fatal(err)
		}
		unseen(t, dead)
		e := open(t, eager, Logger(log.logger()))
		becomes(t, e, entry.ID, journal.StatusInterrupted)
		waitFor(t, 10*time.Second, "the log", func() bool { return strings.Contains(log.String(), "entry="+entry.ID) })
		if text := log.String(); !strings.Contains(text, "call interrupted: its process is gone") || !strings.Contains(text, "run_id=order.created") {
			t.Errorf("logged %s", text)
		}
	})
}
