package main

import (
	"context"
	"database/sql"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/saferunner/saferunner/riverengine"
)

// database is one of either kind.
type database struct {
	in    func(context.Context, *stage, func(*stage) error) error
	rows  func(name string) int
	close func()
}

// tx is a transaction of either kind.
type tx struct {
	exec   func(query string) error
	read   func(query string, each func()) error
	commit func() error
}

func open(ctx context.Context, dsn, driver string) (*database, error) {
	if driver == "pgx" {
		return openPgx(ctx, dsn)
	}
	sql.Register("stdlib", stdlib.GetDefaultDriver())
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		dsn = path + "?_txlock=immediate&_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, "CREATE TABLE things (name text)")
	return &database{
		in: func(ctx context.Context, st *stage, fn func(*stage) error) error {
			return riverengine.InTx(ctx, db, func(ctx context.Context, t *sql.Tx) error {
				return st.within(ctx, sqlTx(ctx, t), fn)
			})
		},
		rows: func(name string) (n int) {
			_ = db.QueryRowContext(ctx, "SELECT count(*) FROM things WHERE name = '"+name+"'").Scan(&n)
			return n
		},
		close: func() { _ = db.Close() },
	}, err
}

// within plays fn in a transaction, which may be a savepoint.
func (st *stage) within(ctx context.Context, t *tx, fn func(*stage) error) error {
	outer, outerTx := st.ctx, st.tx
	st.ctx, st.tx = ctx, t
	defer func() { st.ctx, st.tx = outer, outerTx }()
	return fn(st)
}

func sqlTx(ctx context.Context, t *sql.Tx) *tx {
	return &tx{
		exec: func(query string) error { _, err := t.ExecContext(ctx, query); return err },
		read: func(query string, each func()) error {
			rows, err := t.QueryContext(ctx, query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				each()
			}
			return rows.Err()
		},
		commit: t.Commit,
	}
}

func openPgx(ctx context.Context, dsn string) (*database, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, "CREATE TABLE things (name text)")
	return &database{
		in: func(ctx context.Context, st *stage, fn func(*stage) error) error {
			return riverengine.InPgxTx(ctx, pool, func(ctx context.Context, t pgx.Tx) error {
				return st.within(ctx, pgxTx(ctx, t), fn)
			})
		},
		rows: func(name string) (n int) {
			_ = pool.QueryRow(ctx, "SELECT count(*) FROM things WHERE name = $1", name).Scan(&n)
			return n
		},
		close: pool.Close,
	}, err
}

func pgxTx(ctx context.Context, t pgx.Tx) *tx {
	return &tx{
		exec: func(query string) error { _, err := t.Exec(ctx, query); return err },
		read: func(query string, each func()) error {
			rows, err := t.Query(ctx, query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				each()
			}
			return rows.Err()
		},
		commit: func() error { return t.Commit(ctx) },
	}
}
