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
