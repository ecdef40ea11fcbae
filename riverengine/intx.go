package riverengine

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// InTx begins a transaction on db, calls fn with it, and commits it if fn
// returns nil. It is [saferunner.Defer] and a transaction: what fn runs under its
// ctx, by [saferunner.Run] or Do, waits for the end.
//
//	err := riverengine.InTx(ctx, db, func(ctx context.Context, tx *sql.Tx) error {
//		if err := orders.Insert(ctx, tx, order); err != nil {
//			return err
//		}
//		_, err := saferunner.Run(ctx, "order.created", sendReceipt.With(order).Async())
//		return err
//	})
//
// If db is the database of the runner's engine, the lists that have only
// async calls are queued in the transaction, together, just before it commits:
// they are there if it commits, and are not if it rolls back. A list with a sync
// call runs after the commit, whole, as do all lists on another engine: a process
// that dies in between loses them. Their errors are those of InTx, which then says
// that the transaction has committed.
//
// If fn returns an error, InTx rolls back, forgets the lists and returns the
// error as it is. It also rolls back if the calls cannot be queued, if ctx has ended,
// and if fn panics or calls runtime.Goexit, which goes on. A key that another call
// holds is no error: that call is a duplicate. If the answer to the commit is lost, InTx
// asks the engine's database; if that cannot tell, the error is [engine.ErrInDoubt],
// and lists with sync calls do not run. A test records the lists if the
// transaction commits, with whatever database, and needs no engine.
//
// Within another InTx on the same db, which is the same value, InTx is a
// savepoint: what fn runs is run, or queued, with the outer one. Savepoints of one
// transaction come one after the other. Options are those of the outer one. Within
// one on another db, or a Defer, InTx is a transaction of its own, and hands on to that
// the lists that it does not queue. Another value for the same server is another db,
// as for an InPgxTx around an InTx: the inner transaction commits by itself.
//
// fn does not end tx: if it does, InTx returns an error, and the calls are lost,
// although tx may have been committed. fn closes the rows that it reads from tx
// before it returns. Goroutines of fn that run calls end before it. Where another
// transaction on Postgres holds a key, InTx waits as long as the lock_timeout of tx says: without one, for its end.
// At most one of opts may be given.
func InTx(ctx context.Context, db interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}, fn func(ctx context.Context, tx *sql.Tx) error, opts ...*sql.TxOptions) error {
	given := make([]sql.TxOptions, len(opts))
	for i, o := range opts {
		if o != nil {
			given[i] = *o
		}
	}
	begin := func(ctx context.Context, o sql.TxOptions) (transaction[*sql.Tx], error) {
		tx, err := db.BeginTx(ctx, &o)
		return transaction[*sql.Tx]{tx, func(context.Context) error { return tx.Commit() }, func(context.Context) error { return tx.Rollback() }}, err
	}
	return runInTx(ctx, caller(), db, fn, given, begin, sqlSavepoint)
}

// InPgxTx is [InTx] with a transaction of pgx. db is a pool or a connection.
func InPgxTx(ctx context.Context, db interface {
	BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
}, fn func(ctx context.Context, tx pgx.Tx) error, opts ...pgx.TxOptions) error {
	begin := func(ctx context.Context, o pgx.TxOptions) (transaction[pgx.Tx], error) {
		tx, err := db.BeginTx(ctx, o)
		if err != nil {
			return transaction[pgx.Tx]{}, err
		}
		return transaction[pgx.Tx]{tx, tx.Commit, tx.Rollback}, nil
	}
	return runInTx(ctx, caller(), db, fn, opts, begin, pgxSavepoint)
}

// caller returns where the function that calls it was called.
func caller() uintptr {
	var pcs [1]uintptr
	runtime.Callers(3, pcs[:])
	return pcs[0]
}

// sqlSavepoint begins a savepoint, as Postgres, SQLite and MySQL have it.
func sqlSavepoint(ctx context.Context, tx *sql.Tx, depth int) (transaction[*sql.Tx], error) {
	return savepoint(ctx, tx, depth, func(ctx context.Context, statement string) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
}

// pgxSavepoint does not leave it to pgx, which holds a savepoint for ended that
// could not be released, and would not roll it back.
func pgxSavepoint(ctx context.Context, tx pgx.Tx, depth int) (transaction[pgx.Tx], error) {
	return savepoint(ctx, tx, depth, func(ctx context.Context, statement string) error {
		_, err := tx.Exec(ctx, statement)
		return err
	})
}

// savepoint begins one in tx, on which run executes a statement.
func savepoint[T any](ctx context.Context, tx T, depth int, run func(ctx context.Context, statement string) error) (transaction[T], error) {
	name := "saferunner_" + strconv.Itoa(depth)
	exec := func(ctx context.Context, statement string) error {
		if err := run(ctx, statement+name); err != nil {
			return fmt.Errorf("%s%s: %w", statement, name, err)
		}
		return nil
	}
	return transaction[T]{
		tx:     tx,
		commit: func(ctx context.Context) error { return exec(ctx, "RELEASE SAVEPOINT ") },
		rollback: func(ctx context.Context) error {
			if err := exec(ctx, "ROLLBACK TO SAVEPOINT "); err != nil {
				return err
			}
			return exec(ctx, "RELEASE SAVEPOINT ")
		},
	}, exec(ctx, "SAVEPOINT ")
}
