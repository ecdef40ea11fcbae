package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/saferunnertest"
)

var takeNote = saferunner.Define("intx.note", func(context.Context, string) error { return nil })

// usersDB returns a database of the user's own, without an engine.
func usersDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := openSQLite(filepath.Join(t.TempDir(), "app.db"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{
		"PRAGMA foreign_keys = ON",
		"CREATE TABLE parents (id integer PRIMARY KEY)",
		"CREATE TABLE things (parent integer REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func take(ctx context.Context, text string) error {
	_, err := saferunner.Run(ctx, "intx", takeNote.With(text).Async(), takeNote.With(text+" sync"))
	return err
}

// A test sees the calls of transactions that have committed, and needs no
// engine.
func TestInTxIsRecordedAtCommit(t *testing.T) {
	rec, db := saferunnertest.New(t), usersDB(t)
	rolledBack := errors.New("roll back")
	within := func(ctx context.Context, text string, err error) error {
		return InTx(ctx, db, func(ctx context.Context, _ *sql.Tx) error { return errors.Join(take(ctx, text), err) })
	}
	if err := within(rec.Context(), "dropped", rolledBack); !errors.Is(err, rolledBack) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = InTx(rec.Context(), db, func(ctx context.Context, _ *sql.Tx) error { _ = take(ctx, "dropped"); panic("fn") })
	}()
	rec.AssertNone()
	err := InTx(rec.Context(), db, func(ctx context.Context, _ *sql.Tx) error {
		err := errors.Join(take(ctx, "1"), within(ctx, "2", nil))
		if dropped := within(ctx, "dropped", rolledBack); !errors.Is(dropped, rolledBack) {
			t.Errorf("the savepoint returned %v", dropped)
		}
		rec.AssertNone()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rec.Assert("intx", takeNote.With("1").Async(), takeNote.With("1 sync"), takeNote.With("2").Async(), takeNote.With("2 sync"))
}

// A transaction that the database refuses leaves nothing.
func TestInTxRefusedByTheDatabase(t *testing.T) {
	rec := saferunnertest.New(t)
	err := InTx(rec.Context(), usersDB(t), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO things VALUES (17)")
		return errors.Join(err, take(ctx, "dropped"))
	})
	if err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") || errors.Is(err, engine.ErrInDoubt) {
		t.Errorf("got %v", err)
	}
	rec.AssertNone()
}

// losingDB begins transactions whose commit has an answer that gets lost.
type losingDB struct{}

type losingTx struct{ pgx.Tx }

func (losingDB) BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error) { return losingTx{}, nil }
func (losingTx) Commit(context.Context) error                           { return errLost }

func TestInPgxTxInDoubt(t *testing.T) {
	rec := saferunnertest.New(t)
	rec.ForceAll()
	var report *saferunner.Report
	err := InPgxTx(rec.Context(), losingDB{}, func(ctx context.Context, _ pgx.Tx) (err error) {
		report, err = saferunner.Run(ctx, "intx", takeNote.With("x"))
		return err
	})
	if !errors.Is(err, engine.ErrInDoubt) || !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	if o := report.Outcomes()[0]; o.Status != "cancelled" || !errors.Is(o.Err, engine.ErrInDoubt) {
		t.Errorf("the call is %+v", o)
	}
	rec.AssertNone()
}

func TestInTxChecks(t *testing.T) {
	rec, db := saferunnertest.New(t), usersDB(t)
	fine := func(context.Context, *sql.Tx) error { return nil }
	over, end := context.WithCancel(rec.Context())
	end()
	var none context.Context
	var noDB *sql.DB
	for want, err := range map[string]error{
		"the ctx is nil":      InTx(none, db, fine),
		"the database is nil": InTx(rec.Context(), noDB, fine),
		"the function is nil": InTx(rec.Context(), db, nil),
		"2 options":           InTx(rec.Context(), db, fine, nil, nil),
		"beginning":           InTx(over, db, fine),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	err := InTx(rec.Context(), db, func(ctx context.Context, _ *sql.Tx) error {
		if err := InTx(ctx, db, fine, &sql.TxOptions{Isolation: sql.LevelSerializable}); err == nil || !strings.Contains(err.Error(), "leave them out") {
			t.Errorf("other options for a savepoint: %v", err)
		}
		return InTx(ctx, db, fine, nil)
	})
	if err != nil {
		t.Error(err)
	}
}

// InTx within one on another database is a transaction of its own, and its
// calls wait for both.
func TestInTxWithinAnother(t *testing.T) {
	rec, db, other := saferunnertest.New(t), usersDB(t), usersDB(t)
	err := InTx(rec.Context(), db, func(ctx context.Context, _ *sql.Tx) error {
		err := InTx(ctx, other, func(ctx context.Context, _ *sql.Tx) error { return take(ctx, "inner") })
		rec.AssertNone()
		return err
	})
	if err != nil {
		t.Error(err)
	}
	rec.AssertCount("intx", 2)
}

func TestInTxOptions(t *testing.T) {
	url := testDatabase(t)
	db := openStdlib(t, url, pgx.QueryExecModeCacheStatement)
	const show = "SHOW transaction_isolation"
	var level, pgxLevel string
	err := InTx(t.Context(), db, func(ctx context.Context, tx *sql.Tx) error { return tx.QueryRowContext(ctx, show).Scan(&level) },
		&sql.TxOptions{Isolation: sql.LevelSerializable})
	conn, err2 := pgx.Connect(t.Context(), url)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	err = InPgxTx(t.Context(), conn, func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, show).Scan(&pgxLevel) },
		pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil || level != "serializable" || pgxLevel != "repeatable read" {
		t.Errorf("levels %s and %s, %v", level, pgxLevel, err)
	}
}

// What a lost commit has come to is asked of the database. SQLite has told.
func TestQueueingAfterALostCommit(t *testing.T) {
	whole := settlePatience
	settlePatience = 200 * time.Millisecond
	defer func() { settlePatience = whole }()
	e, err := openForTest(t.Context(), testDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	begin := func() (any, func() error, func() error) {
		tx, err := e.db.(*postgresDB).pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return tx, func() error { return tx.Commit(t.Context()) }, func() error { return tx.Rollback(t.Context()) }
	}
	for _, commit := range []bool{true, false} {
		q := queueTwo(t, e, commit, begin)
		if committed, err := q.committed(errLost); committed != commit || !errors.Is(err, errLost) || q.doubt {
			t.Errorf("commit %v: told %v, %v", commit, committed, err)
		}
	}
	q := queueTwo(t, e, true, begin)
	var down atomic.Int64
	down.Store(math.MaxInt64)
	e.db = losing{e.db, true, &down}
	if committed, err := q.committed(errLost); committed || !q.doubt || !errors.Is(err, engine.ErrInDoubt) || !errors.Is(err, errLost) {
		t.Errorf("a database that is away: told %v, %v", committed, err)
	}
	e.db = e.db.(losing).database

	file := openTestFile(t, testFile(t))
	q = queueTwo(t, file, false, func() (any, func() error, func() error) {
		tx, err := file.db.(*sqliteDB).db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return tx, tx.Commit, tx.Rollback
	})
	if committed, err := q.committed(errLost); committed || q.doubt || !errors.Is(err, errLost) {
		t.Errorf("SQLite: told %v, %v", committed, err)
	}
}

// queueTwo queues two batches in a transaction, and ends it.
func queueTwo(t *testing.T, e *Engine, commit bool, begin func() (tx any, commit, rollback func() error)) *queueing {
	t.Helper()
	tx, committing, rollback := begin()
	q := &queueing{ctx: t.Context(), tx: tx}
	if ours, err := q.joins(e); !ours || err != nil {
		t.Fatal(ours, err)
	}
	_, err := q.submit(e, []engine.Batch{batchOf(engine.Job{Task: note}), batchOf(engine.Job{Task: note})})
	if commit && err == nil {
		err = committing()
	} else {
		err = errors.Join(err, rollback())
	}
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// Two transactions with the same keys in opposite order do not wait for each
// other.
func TestKeysOfManyListsInOrder(t *testing.T) {
	e, err := openForTest(t.Context(), testDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	one, two := batchOf(engine.Job{Task: note, Key: "a"}), batchOf(engine.Job{Task: note, Key: "b"})
	var group sync.WaitGroup
	for i := range 20 {
		batches := []engine.Batch{one, two}
		if i%2 == 1 {
			batches = []engine.Batch{two, one}
		}
		group.Go(func() {
			err := pgx.BeginFunc(t.Context(), e.db.(*postgresDB).pool, func(tx pgx.Tx) error {
				if _, _, err := e.submitTx(t.Context(), tx, batches...); err != nil {
					return err
				}
				return errRollback
			})
			if !errors.Is(err, errRollback) {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// Of many transactions at once, exactly the calls of those that commit are
// recorded.
func TestManyInTx(t *testing.T) {
	rec, db := saferunnertest.New(t), usersDB(t)
	const n = 100
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			err := InTx(rec.Context(), db, func(ctx context.Context, _ *sql.Tx) error {
				if err := take(ctx, "outer"); err != nil {
					return err
				}
				if err := InTx(ctx, db, func(ctx context.Context, _ *sql.Tx) error { return take(ctx, "inner") }); err != nil {
					return err
				}
				if i%2 == 1 {
					return errRollback
				}
				return nil
			})
			if (i%2 == 1) != errors.Is(err, errRollback) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	rec.AssertCount("intx", n/2*4)
}

// frameworkCtx hides the ctx of its request, as a *gin.Context does.
type frameworkCtx struct {
	context.Context
	Request *http.Request
}

// The transaction is found behind the ctx of a framework.
func TestInTxInARequest(t *testing.T) {
	rec, db := saferunnertest.New(t), usersDB(t)
	err := InTx(rec.Context(), db, func(ctx context.Context, tx *sql.Tx) error {
		hidden := frameworkCtx{context.Background(), httptest.NewRequestWithContext(ctx, "POST", "/", nil)}
		return InTx(hidden, db, func(ctx context.Context, inner *sql.Tx) error {
			if inner != tx {
				t.Error("it is another transaction")
			}
			return take(ctx, "x")
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	rec.AssertCount("intx", 2)
}

// A transaction that its function has ended may have been committed: the error
// and the calls do not say that it was rolled back.
func TestInTxEndedByItsFunction(t *testing.T) {
	onBothByName(t, func(t *testing.T, dsn string) {
		db := usersDB(t)
		if !strings.HasPrefix(dsn, "sqlite:") {
			db = openStdlib(t, dsn, pgx.QueryExecModeCacheStatement)
		}
		for name, within := range map[string]func(ctx context.Context, tx *sql.Tx) error{
			"alone": func(_ context.Context, tx *sql.Tx) error { return tx.Commit() },
			"in a savepoint": func(ctx context.Context, _ *sql.Tx) error {
				return InTx(ctx, db, func(_ context.Context, tx *sql.Tx) error { return tx.Commit() })
			},
			"in a savepoint, unheeded": func(ctx context.Context, _ *sql.Tx) error {
				_ = InTx(ctx, db, func(_ context.Context, tx *sql.Tx) error { return tx.Commit() })
				return nil
			},
		} {
			rec := saferunnertest.New(t)
			var report *saferunner.Report
			err := InTx(rec.Context(), db, func(ctx context.Context, tx *sql.Tx) (err error) {
				if report, err = saferunner.Run(ctx, "intx", takeNote.With("x").Async()); err != nil {
					return err
				}
				return within(ctx, tx)
			})
			checkEnded(t, name, err)
			checkEnded(t, name+", the call", report.Outcomes()[0].Err)
			rec.AssertNone()
		}
	})
}

func TestInPgxTxEndedByItsFunction(t *testing.T) {
	rec := saferunnertest.New(t)
	conn, err := pgx.Connect(t.Context(), testDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	err = InPgxTx(rec.Context(), conn, func(ctx context.Context, tx pgx.Tx) error { return errors.Join(take(ctx, "x"), tx.Commit(ctx)) })
	checkEnded(t, "pgx", err)
	rec.AssertNone()
}

func checkEnded(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "it may have been committed, and its calls are lost") ||
		strings.Contains(err.Error(), "rolled back, ") || strings.Contains(err.Error(), "was rolled back") || strings.Contains(err.Error(), "nothing was executed") {
		t.Errorf("%s: got %v", name, err)
	}
}

// Rows that are open when the function returns, or where a savepoint begins,
// are what the error names, and nothing is in doubt.
func TestInTxWithOpenRows(t *testing.T) {
	url := testDatabase(t)
	const many = "SELECT generate_series(1, 100000)"
	read := func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, many)
		if err == nil && !rows.Next() {
			err = rows.Err()
		}
		return errors.Join(err, take(ctx, "dropped"))
	}
	check := func(name string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "open: close them") || strings.Contains(err.Error(), "rolling back") || errors.Is(err, engine.ErrInDoubt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, savepoint := range map[string]bool{"at the end": false, "at a savepoint": true} {
		rec := saferunnertest.New(t)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		check(name, InPgxTx(rec.Context(), conn, func(ctx context.Context, tx pgx.Tx) error {
			if err := read(ctx, tx); err != nil || !savepoint {
				return err
			}
			return InPgxTx(ctx, conn, func(context.Context, pgx.Tx) error { return nil })
		}))
		rec.AssertNone()
	}
	rec, db := saferunnertest.New(t), openStdlib(t, url, pgx.QueryExecModeCacheStatement)
	check("database/sql", InTx(rec.Context(), db, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, many)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return rows.Err()
		}
		return InTx(ctx, db, func(context.Context, *sql.Tx) error { return nil })
	}))
	rec.AssertNone()
}
