package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/jackc/pgx/v5"
	"modernc.org/sqlite"
)

// identity tells whether a transaction is on the database of the engine. What
// it compares changes when the server restarts: so the engine's is read again
// where another one turns up. mu guards what follows it.
type identity struct {
	mu      sync.Mutex
	own     string
	foreign string // the last one that was another
}

// identify has the start of the server, and the database there.
const identify = "SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text || ' ' || oid::text FROM pg_database WHERE datname = current_database()"

func (i *identity) read(ctx context.Context, s session) error {
	var own string
	if err := s.query(ctx, func(scan scan) error { return scan(&own) }, identify); err != nil {
		return fmt.Errorf("reading which database it is: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.own, i.foreign = own, ""
	return nil
}

// is reports whether seen is the engine's database, and whether that is known.
func (i *identity) is(seen string) (own, known bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return seen == i.own, seen == i.own || seen == i.foreign
}

func (i *identity) note(foreign string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.foreign = foreign
}

func (d *postgresDB) has(ctx context.Context, tx any) (bool, error) {
	if d.takes(tx) != nil {
		return false, nil
	}
	var seen string
	err := d.session(tx).query(ctx, func(scan scan) error { return scan(&seen) }, identify)
	if err != nil {
		if t, ok := tx.(*sql.Tx); ok && ctx.Err() == nil && notPostgres(ctx, t, err) {
			return false, nil
		}
		return false, err
	}
	own, known := d.identity.is(seen)
	if known {
		return own, nil
	}
	// The pool may have no connection but that of the transaction.
	patient, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if err := d.identity.read(patient, d.read()); err != nil {
		return false, err
	}
	if own, _ = d.identity.is(seen); !own {
		d.identity.note(seen)
	}
	return own, nil
}

// notPostgres reports whether a statement of Postgres has failed since the
// transaction is on another database. No other one is harmed by that.
func notPostgres(ctx context.Context, tx *sql.Tx, err error) bool {
	if _, ok := errors.AsType[stater](err); ok || ended(err) {
		return false
	}
	var one int
	return tx.QueryRowContext(ctx, "SELECT 1").Scan(&one) == nil
}

func (d *postgresDB) session(tx any) session {
	if t, ok := tx.(*sql.Tx); ok {
		return sqlSession{t, d.names}
	}
	return postgresSession{tx.(pgx.Tx), d.names}
}

// mainFile returns the file that an SQLite database is in, empty in memory.
func mainFile(ctx context.Context, s session) (file string, err error) {
	err = s.query(ctx, func(scan scan) error { return scan(&file) }, "SELECT coalesce(file, '') FROM pragma_database_list WHERE name = 'main'")
	return file, err
}

// isSQLite is 1 on SQLite alone, and does no harm elsewhere.
const isSQLite = "SELECT CASE WHEN '1' = 1 THEN 0 ELSE 1 END"

func (d *sqliteDB) has(ctx context.Context, tx any) (bool, error) {
	t, ok := tx.(*sql.Tx)
	if !ok || isNil(tx) {
		return false, nil
	}
	var local int
	err := t.QueryRowContext(ctx, isSQLite).Scan(&local)
	if _, ours := errors.AsType[*sqlite.Error](err); ours || ended(err) || ctx.Err() != nil {
		return false, err
	}
	if err != nil || local == 0 {
		return false, nil
	}
	file, err := mainFile(ctx, sqliteSession{t})
	switch {
	case err != nil:
		return false, err
	case file == "" || d.path == "":
		return file == d.path && d.hasTables(ctx, t), nil
	}
	there, err1 := os.Stat(file)
	here, err2 := os.Stat(d.path)
	return err1 == nil && err2 == nil && os.SameFile(there, here), nil
}

// hasTables reports whether the engine's tables are where a transaction is: of a
// database in memory no more can be told.
func (d *sqliteDB) hasTables(ctx context.Context, tx *sql.Tx) bool {
	var tables int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'saferunner_engine'").Scan(&tables)
	return err == nil && tables > 0
}
