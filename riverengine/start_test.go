package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// busy takes all connections to the database of an engine, until release is
// called.
func busy(t *testing.T, e *Engine) (release func()) {
	t.Helper()
	switch db := e.db.(type) {
	case *sqliteDB:
		tx, err := db.db.BeginTx(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
				t.Error(err)
			}
		}
	case *postgresDB:
		var held []func()
		for range db.pool.Config().MaxConns {
			conn, err := db.pool.Acquire(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, conn.Release)
		}
		return func() {
			for _, release := range held {
				release()
			}
		}
	}
	panic("another database")
}

// A Start that waits for the database gives up when its ctx ends, or when
// Stop is called, which does not wait longer than its ctx either. It can be
// called again.
func TestStartGivesUp(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		release := busy(t, e)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := e.Start(ctx, []engine.TaskSpec{note}, asRunner(nothing)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Start whose ctx ends: %v", err)
		}

		started := make(chan error, 1)
		go func() { started <- e.Start(context.Background(), []engine.TaskSpec{note}, asRunner(nothing)) }()
		waitFor(t, 10*time.Second, "Start to be under way", func() bool {
			e.mu.RLock()
			defer e.mu.RUnlock()
			return e.starts != nil
		})
		if err := e.Start(t.Context(), []engine.TaskSpec{note}, asRunner(nothing)); err == nil || !strings.Contains(err.Error(), "works already") {
			t.Errorf("a second Start meanwhile: %v", err)
		}
		stop(t, e, 10*time.Second)
		if err := <-started; err == nil {
			t.Error("Start has succeeded, though Stop was called before")
		}

		release()
		works(t, e, nothing, note)
		b := submit(t, e, engine.Job{Task: note})
		becomes(t, e, b.Jobs[0].EntryID, "done")
	})
}

// onUsers runs a test with an engine on a database that the user has opened, of
// either kind.
func onUsers(t *testing.T, test func(t *testing.T, e *Engine)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openTestFile(t, testFile(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, openTestSchema(t)) })
}

// After Close nobody sees that the process lives, so it takes no calls, though
// the database is open.
func TestClosedEngine(t *testing.T) {
	onUsers(t, func(t *testing.T, e *Engine) {
		for range 2 {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
		b := batchOf(engine.Job{Task: note})
		_, submitted := e.Submit(t.Context(), b)
		_, cancelled := e.Cancel(t.Context(), b.Jobs[0].EntryID)
		for name, err := range map[string]error{
			"Start":  e.Start(t.Context(), []engine.TaskSpec{note}, asRunner(nothing)),
			"Submit": submitted, "SubmitTx": inTx(t.Context(), e, b, true), "Cancel": cancelled,
		} {
			if err == nil || !strings.Contains(err.Error(), "the engine is closed") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := count(t, e, "@processes"); n != 0 {
			t.Errorf("there are %d processes", n)
		}
	})
}

// Of Close and a Start that is under way, one fails.
func TestCloseDuringStart(t *testing.T) {
	onUsers(t, func(t *testing.T, e *Engine) {
		release := busy(t, e)
		started := make(chan error, 1)
		go func() { started <- e.Start(context.Background(), []engine.TaskSpec{note}, asRunner(nothing)) }()
		waitFor(t, 10*time.Second, "Start to be under way", func() bool {
			e.mu.RLock()
			defer e.mu.RUnlock()
			return e.starts != nil
		})
		if err := e.Close(); err == nil || !strings.Contains(err.Error(), "being started") {
			t.Errorf("Close: %v", err)
		}
		release()
		if err := <-started; err != nil {
			t.Errorf("Start, which Close has left alone: %v", err)
		}
		becomes(t, e, submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID, "done")
		stop(t, e, 10*time.Second)
	})
}
