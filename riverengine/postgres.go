package riverengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/saferunner/saferunner"
)

// NewPostgres returns an engine in the schema saferunner of a Postgres
// database that the user has connected to, and creates its tables there or
// brings them up to date. Close leaves the pool open.
func NewPostgres(ctx context.Context, pool *pgxpool.Pool, opts ...Option) (*Engine, error) {
	if pool == nil {
		return nil, errors.New("riverengine: NewPostgres: the pool is nil")
	}
	o, err := apply(opts)
	if err != nil {
		return nil, err
	}
	return newPostgres(ctx, pool, false, o)
}

func newPostgres(ctx context.Context, pool *pgxpool.Pool, owned bool, o *options) (*Engine, error) {
	d := &postgresDB{
		pool: pool, owned: owned, schema: o.schema,
		names: strings.NewReplacer("@", pgx.Identifier{o.schema}.Sanitize()+"."),
	}
	if err := d.migrate(ctx); err != nil {
		return nil, fmt.Errorf("riverengine: Postgres: %w", err)
	}
	return newEngine(d, o)
}

type postgresDB struct {
	pool   *pgxpool.Pool
	owned  bool
	schema string
	names  *strings.Replacer
}

func (d *postgresDB) read() session { return postgresSession{d.pool, d.names} }

func (d *postgresDB) write(ctx context.Context, do func(session, any) error) error {
	begin := fmt.Sprintf("BEGIN; SET LOCAL lock_timeout = %d", lockPatience.Milliseconds())
	tx, err := d.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return err
	}
	if err := do(postgresSession{tx, d.names}, tx); err != nil {
		_ = tx.Rollback(ctx)
		return explainLock(err)
	}
	if err := tx.Commit(ctx); err != nil {
		return &commitError{err}
	}
	return nil
}

func explainLock(err error) error {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || failure.Code != "55P03" {
		return err
	}
	return fmt.Errorf("another transaction holds this key, or what else is needed, for more than %s: if it is your own, use RunTx with it: %w", lockPatience, err)
}

// settled puts the entry again, which waits for a transaction that has put it
// and has not ended on the server, and takes that back.
func (d *postgresDB) settled(ctx context.Context, entry string) (bool, error) {
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	put, err := postgresSession{tx, d.names}.exec(ctx, "INSERT INTO @entries (id, run_id, run, task, async, key, status, at, started_at, finished_at, caller, scope)"+
		" VALUES ($1, '', '', '', TRUE, '', '', 0, 0, 0, '', '') ON CONFLICT (id) DO NOTHING", entry)
	return put == 0, err
}

func (d *postgresDB) within(tx any) (session, error) {
	t, ok := tx.(pgx.Tx)
	if !ok {
		return nil, fmt.Errorf("riverengine: the engine is on Postgres and takes part in a pgx.Tx of its database, not in a %T", tx)
	}
	return postgresSession{t, d.names}, nil
}

const putMany = "INSERT INTO @entries (run_id, run, at, caller, async, started_at, finished_at, scope, id, task, args, key, status)" +
	" SELECT $1, $2, $3, $4, TRUE, 0, 0, '', * FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[])"

// putQueued writes all in one statement: they are of one run.
func (d *postgresDB) putQueued(ctx context.Context, s session, entries []saferunner.Entry) error {
	n := len(entries)
	all := make([]string, 5*n)
	ids, tasks, args, keys, statuses := all[:n], all[n:2*n], all[2*n:3*n], all[3*n:4*n], all[4*n:]
	for i, e := range entries {
		ids[i], tasks[i], args[i], keys[i], statuses[i] = e.ID, e.Task, string(e.Args), e.Key, string(e.Status)
	}
	e := entries[0]
	_, err := s.exec(ctx, putMany, e.RunID, e.Run, nanoseconds(e.At), e.Caller, ids, tasks, args, keys, statuses)
	return err
}

func (d *postgresDB) timestamp(t time.Time) any { return t }
func (d *postgresDB) troubles() string          { return "trouble" }

func (d *postgresDB) newClient(c *river.Config) (client, error) {
	c.Schema, c.ReindexerIndexNames = d.schema, keptIndexes()
	return newClient(driverOf(riverpgxv5.New(d.pool), nil), c)
}

// keptIndexes are those of River that the migrations have left.
func keptIndexes() []string {
	return slices.DeleteFunc(river.ReindexerIndexNamesDefault(), func(name string) bool {
		return name == "river_job_args_index" || name == "river_job_metadata_index" || name == "river_job_kind"
	})
}

func (d *postgresDB) committed(map[string]struct{}) {} // Postgres notifies
func (d *postgresDB) cancelled(string, int64)       {}

func (d *postgresDB) close() error {
	if d.owned {
		d.pool.Close()
	}
	return nil
}
