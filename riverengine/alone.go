package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"modernc.org/sqlite"
)

// ownConn is a connection to Postgres beside the pool, which the user's
// transactions may have taken whole.
type ownConn struct {
	mu   sync.Mutex
	conn *pgx.Conn // nil: there is none, or it is broken
}

func (d *postgresDB) alone(ctx context.Context, inTx bool, do func(session) error) error {
	d.own.mu.Lock()
	defer d.own.mu.Unlock()
	if d.own.conn != nil && d.own.conn.IsClosed() {
		d.own.conn = nil
	}
	if d.own.conn == nil {
		var err error
		if d.own.conn, err = d.connect(ctx); err != nil {
			return err
		}
	}
	if !inTx && !d.server.isolated {
		return do(postgresSession{d.own.conn, d.names})
	}
	return pgx.BeginTxFunc(ctx, d.own.conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error { return do(postgresSession{tx, d.names}) })
}

// connect connects as the pool does.
func (d *postgresDB) connect(ctx context.Context) (*pgx.Conn, error) {
	pool := d.pool.Config()
	if pool.BeforeConnect != nil {
		if err := pool.BeforeConnect(ctx, pool.ConnConfig); err != nil {
			return nil, err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, pool.ConnConfig)
	if err != nil || pool.AfterConnect == nil {
		return conn, err
	}
	if err := pool.AfterConnect(ctx, conn); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

func (d *postgresDB) closeAlone() error {
	d.own.mu.Lock()
	defer d.own.mu.Unlock()
	if d.own.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWord)
	defer cancel()
	_ = d.own.conn.Close(ctx) // it may be broken
	d.own.conn = nil
	return nil
}

// ownFile is a second database/sql database on the engine's file, with one connection, which the
// user's transactions do not use. Where the file, or the driver, is not known
// there is none, and the engine's own has to do.
type ownFile struct {
	mu sync.Mutex
	db *sql.DB
}

// lockPause is between two looks whether SQLite is locked. SQLite itself looks
// ten times a second only, and finds the lock taken for seconds while others
// write without a pause.
const lockPause = 10 * time.Millisecond

func (d *sqliteDB) alone(ctx context.Context, inTx bool, do func(session) error) error {
	conn, err := d.aloneConn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for {
		err := aloneOnce(ctx, conn, inTx, do)
		if err == nil || !isBusy(err) {
			return err
		}
		select {
		case <-time.After(lockPause):
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

func aloneOnce(ctx context.Context, conn *sql.Conn, inTx bool, do func(session) error) error {
	if !inTx {
		return do(sqlSession{conn, sqliteNames})
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no more than an error after a commit
	if err := do(sqlSession{tx, sqliteNames}); err != nil {
		return err
	}
	return tx.Commit()
}

func (d *sqliteDB) aloneConn(ctx context.Context) (*sql.Conn, error) {
	d.own.mu.Lock()
	defer d.own.mu.Unlock()
	if d.own.db == nil {
		if _, known := d.db.Driver().(*sqlite.Driver); !known && !d.owned || d.path == "" {
			return d.conn(ctx)
		}
		dsn := fileName(d.path, url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(0)", "synchronous(NORMAL)"}})
		var err error
		if d.own.db, err = sql.Open("sqlite", dsn); err != nil {
			return nil, err
		}
		d.own.db.SetMaxOpenConns(1)
	}
	return d.own.db.Conn(ctx)
}

// fileName returns the name of a file, by an absolute path, with settings.
func fileName(path string, settings url.Values) string {
	if path = filepath.ToSlash(path); path[0] != '/' {
		path = "/" + path // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}).String()
}

func (d *sqliteDB) closeAlone() error {
	d.own.mu.Lock()
	defer d.own.mu.Unlock()
	if d.own.db == nil {
		return nil
	}
	defer func() { d.own.db = nil }()
	return d.own.db.Close()
}
