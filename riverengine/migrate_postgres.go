package riverengine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// migrationLock is the key of the advisory lock of a transaction that migrates.
const migrationLock = 0x5afe_4177

// minConnections: one listens, and work goes on while another waits.
const minConnections = 3

var (
	// migrationPatience is how long a process waits for its turn, and for the locks
	// on tables that others hold.
	migrationPatience = 20 * time.Second
	// migrationPause is between two tries. Each of them holds up those that
	// queue calls for beginMigration's lock_timeout at most.
	migrationPause = 200 * time.Millisecond
)

// beginMigration bounds waits for locks, behind which all others would wait,
// and nothing else, whatever the settings of the role say.
const beginMigration = "BEGIN ISOLATION LEVEL READ COMMITTED; " +
	"SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout'); " +
	"SET LOCAL lock_timeout = 50"

// migrator of Postgres, and the version that it leads to.
func (d *postgresDB) migrator() (*rivermigrate.Migrator[pgx.Tx], version, error) {
	m, err := rivermigrate.New(riverpgxv5.New(d.pool), &rivermigrate.Config{Schema: d.schema})
	if err != nil {
		return nil, version{}, err
	}
	wants, err := latest(m, "migrations/postgres_0*.sql")
	return m, wants, err
}

// upToDate fails unless the tables are.
func (d *postgresDB) upToDate(ctx context.Context) error {
	_, wants, err := d.migrator()
	if err != nil {
		return err
	}
	exists, err := d.hasTables(ctx, d.read())
	if err == nil && !exists {
		err = ErrNoTables
	}
	if err != nil {
		return err
	}
	return readable(ctx, d.read(), wants)
}

func (d *postgresDB) hasTables(ctx context.Context, s session) (has bool, err error) {
	err = s.query(ctx, func(scan scan) error { return scan(&has) }, "SELECT to_regclass($1) IS NOT NULL", d.names.Replace("@engine"))
	return has, err
}

// due returns the version of the tables, all zero if there are none, and
// whether they have to be migrated.
func (d *postgresDB) due(ctx context.Context, s session, wants version) (has version, is bool, err error) {
	exists, err := d.hasTables(ctx, s)
	if err == nil && exists {
		has, err = readVersion(ctx, s)
	}
	if err != nil {
		return has, false, err
	}
	is, err = due(has, wants)
	return has, is, err
}

// migrate brings the tables up to date. If they are, that takes no lock.
func (d *postgresDB) migrate(ctx context.Context) error {
	if most := d.pool.Config().MaxConns; most < minConnections {
		return fmt.Errorf("the engine needs %d connections, and its pool has %d at most: raise pool_max_conns in the URL, or MaxConns of the pool", minConnections, most)
	}
	m, wants, err := d.migrator()
	if err != nil {
		return err
	}
	has, is, err := d.due(ctx, d.read(), wants)
	switch {
	case err != nil:
		return err
	case !is:
		return d.mayWrite(ctx)
	}
	if has == (version{}) {
		if err := d.migrateAlone(ctx, func(tx pgx.Tx) error { return d.begin(ctx, m, tx) }); err != nil {
			return err
		}
	}
	return d.migrateAlone(ctx, func(tx pgx.Tx) error { return d.finish(ctx, m, wants, tx) })
}

// migrateAlone calls do in a transaction, which no other process does meanwhile. It
// tries again while others hold locks, for so long.
func (d *postgresDB) migrateAlone(ctx context.Context, do func(pgx.Tx) error) error {
	for end := time.Now().Add(migrationPatience); ; {
		err := d.tryAlone(ctx, do)
		if !isLocked(err) {
			return err
		}
		late := time.Now().After(end)
		if !late {
			select {
			case <-time.After(migrationPause):
				continue
			case <-ctx.Done():
			}
		}
		return fmt.Errorf("making the tables, or bringing them up to date, has waited for %s: let that end, or end it by pg_terminate_backend, and open again: %w",
			d.holders(ctx), errors.Join(err, ctx.Err()))
	}
}

var errMigrating = errors.New("another process migrates the database")

func isLocked(err error) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return errors.Is(err, errMigrating) || ok && (failure.Code == "55P03" || failure.Code == "40P01")
}

func (d *postgresDB) tryAlone(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := d.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginMigration})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // no more than an error after a commit
	var mine bool
	if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", migrationLock).Scan(&mine); err != nil {
		return explainPooler(err)
	}
	if !mine {
		return errMigrating
	}
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// committedFirst is the last of River's migrations that has to be committed
// before the next: Postgres lets nobody use a new value of a type before.
const committedFirst = 4

// begin makes the schema and the first of River's tables.
func (d *postgresDB) begin(ctx context.Context, m *rivermigrate.Migrator[pgx.Tx], tx pgx.Tx) error {
	schema := pgx.Identifier{d.schema}.Sanitize()
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT to_regnamespace($1) IS NOT NULL", schema).Scan(&exists); err != nil {
		return explainPooler(err)
	}
	if !exists { // else the role may do without the right to make one
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+schema); err != nil {
			return err
		}
	}
	//nolint:staticcheck // deprecated for what committedFirst is about
	_, err := m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: committedFirst})
	return err
}

// finish does all else, unless another process has done it meanwhile.
func (d *postgresDB) finish(ctx context.Context, m *rivermigrate.Migrator[pgx.Tx], wants version, tx pgx.Tx) error {
	s := postgresSession{tx, d.names}
	has, is, err := d.due(ctx, s, wants)
	if err != nil || !is {
		return err
	}
	//nolint:staticcheck // deprecated for what committedFirst is about
	if _, err := m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	if _, err := s.exec(ctx, versionTable); err != nil {
		return err
	}
	for i := has.tables + 1; i <= wants.tables; i++ {
		if err := runFile(ctx, s, fmt.Sprintf("migrations/postgres_%04d.sql", i)); err != nil {
			return err
		}
	}
	if err := runFile(ctx, s, "migrations/postgres_triggers.sql"); err != nil {
		return err
	}
	return writeVersion(ctx, s, wants)
}

// holders names the transactions that hold the lock of migrations, or one on
// a table of the engine.
func (d *postgresDB) holders(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	var all string
	err := d.read().query(ctx, func(scan scan) error { return scan(&all) },
		`SELECT coalesce(string_agg(format('server process %s (application "%s", user %s, %s since %s)', pid, application_name, usename, state, xact_start::timestamp(0)), ', '), '')
FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid IN (
    SELECT l.pid FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
    WHERE l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (c.relnamespace = to_regnamespace($1) OR l.locktype = 'advisory' AND l.classid = 0 AND l.objid = $2::bigint::oid))`,
		pgx.Identifier{d.schema}.Sanitize(), migrationLock)
	if err != nil || all == "" {
		return "another transaction"
	}
	return all
}
