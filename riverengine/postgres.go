package riverengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/saferunner/saferunner/journal"
)

// NewPostgres returns an engine in the schema saferunner of a Postgres
// database that the user has connected to, and creates its tables there or
// brings them up to date. The engine connects once more, as the pool does, so that
// others know that this process lives even while all of the pool is in use. Close
// ends that, and leaves the pool open.
func NewPostgres(ctx context.Context, pool *pgxpool.Pool, opts ...Option) (*Engine, error) {
	if pool == nil {
		return nil, errors.New("riverengine: NewPostgres: the pool is nil")
	}
	o, err := apply(opts)
	if err != nil {
		return nil, err
	}
	e, err := newPostgres(ctx, pool, false, o)
	if err != nil {
		return nil, fmt.Errorf("riverengine: NewPostgres: %w", err)
	}
	return e, nil
}

func newPostgres(ctx context.Context, pool *pgxpool.Pool, owned bool, o *options) (*Engine, error) {
	d := &postgresDB{
		pool: pool, owned: owned, schema: o.schema, readOnly: o.readOnly,
		names: strings.NewReplacer("@", pgx.Identifier{o.schema}.Sanitize()+"."),
	}
	if err := d.identity.read(ctx, d.read()); err != nil {
		return nil, err
	}
	if o.readOnly {
		if err := d.upToDate(ctx); err != nil {
			return nil, err
		}
		return newEngine(ctx, d, o)
	}
	var err error
	if d.server, err = lookAt(ctx, pool); err != nil {
		return nil, err
	}
	if d.server.pooled {
		d.wake = newWakeup(nil)
		d.wake.notifies = true
	}
	if err := d.migrate(ctx); err != nil {
		return nil, explainRights(err)
	}
	owner, err := d.isOwner(ctx)
	if err != nil {
		return nil, err
	}
	d.server.foreign = !owner
	return newEngine(ctx, d, o)
}

type postgresDB struct {
	identity identity
	pool     *pgxpool.Pool
	owned    bool
	schema   string
	names    *strings.Replacer
	readOnly bool
	server   server
	wake     *wakeup // behind a pooler
	own      ownConn
}

func (d *postgresDB) read() session { return postgresSession{d.pool, d.names} }

func (d *postgresDB) write(ctx context.Context, do func(session, any) error) error {
	if d.readOnly {
		return errReadOnly
	}
	tx, err := d.pool.BeginTx(ctx, d.server.begin())
	if err != nil {
		return err
	}
	if err := do(postgresSession{tx, d.names}, tx); err != nil {
		_ = tx.Rollback(ctx)
		return d.explainLock(err)
	}
	if err := tx.Commit(ctx); err != nil {
		return &commitError{err}
	}
	return nil
}

func (d *postgresDB) explainLock(err error) error {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || failure.Code != "55P03" {
		return err
	}
	return fmt.Errorf("another transaction holds this key, or what else is needed, for more than %s: if it is your own, use RunTx with it, or in InTx the ctx that its function gets: %w", d.server.patience(), err)
}

// settled queues the entry again, which waits for a transaction that has
// queued it and has not ended on the server, and takes that back.
func (d *postgresDB) settled(ctx context.Context, entry string) (there bool, err error) {
	tx, err := d.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	s := postgresSession{tx, d.names}
	put, err := s.exec(ctx, "INSERT INTO @river_job (kind, args, max_attempts, metadata) VALUES ($1, '{}', 1, jsonb_build_object('entry', $2::text))"+
		" ON CONFLICT DO NOTHING", stuckKind, entry)
	if err != nil || put == 0 {
		return put == 0, err
	}
	err = s.query(ctx, func(scan scan) error { return scan(&there) }, "SELECT EXISTS (SELECT FROM @entries WHERE id = $1)", entry) // it has begun
	return there, err
}

func (d *postgresDB) takes(tx any) error { return postgresTakes(tx) }

func (d *postgresDB) within(tx any) (session, error) {
	if err := d.takes(tx); err != nil {
		return nil, err
	}
	return d.session(tx), nil
}

// putEntries writes those of duplicates. Of a queued call the job is all that
// there is until it begins.
func (d *postgresDB) putEntries(ctx context.Context, s session, entries []journal.Entry) error {
	for _, e := range entries {
		if e.Status == journal.StatusQueued {
			continue
		}
		if err := put(ctx, s, e, ""); err != nil {
			return err
		}
	}
	return nil
}

func (d *postgresDB) keeps(text string) bool {
	return utf8.ValidString(text) && !strings.Contains(text, "\x00")
}

func (d *postgresDB) timestamp(t time.Time) any { return t }
func (d *postgresDB) clock() string             { return "(extract(epoch FROM clock_timestamp()) * 1000)::bigint" }
func (d *postgresDB) attemptedBy() string       { return "attempted_by[array_upper(attempted_by, 1)]" }

func (d *postgresDB) putBack() string {
	return "UPDATE @river_job SET state = 'available', attempt = greatest(attempt - 1, 0), metadata = metadata || jsonb_build_object('snoozes'," +
		" 1 + CASE WHEN jsonb_typeof(metadata -> 'snoozes') = 'number' THEN (metadata -> 'snoozes')::int ELSE 0 END)" +
		" WHERE id = $1 AND state = 'running' AND CAST(attempted_at AS text) = $2"
}

func (d *postgresDB) halves() []half {
	return []half{{table: "@entries"}, {table: "@waiting", status: journal.StatusQueued, kinds: true}}
}

func (d *postgresDB) running() string {
	return "id = ANY (ARRAY(SELECT (metadata ->> 'entry') COLLATE \"C\" FROM @river_job WHERE state = 'running' UNION ALL SELECT id FROM @entries WHERE process <> ''))"
}

func (d *postgresDB) unended() string {
	return `SELECT id FROM @river_job WHERE attempted_at IS NULL AND finalized_at IS NULL AND (metadata ->> 'entry') COLLATE "C" = $1` +
		" UNION ALL SELECT id FROM @river_job WHERE id = (SELECT job FROM @entries WHERE id = $1) AND finalized_at IS NULL LIMIT 1"
}

func (d *postgresDB) newClient(e *Engine, c *river.Config) (client, error) {
	c.Schema, c.ReindexerIndexNames = d.schema, keptIndexes()
	if d.server.foreign {
		c.ReindexerIndexNames = []string{} // only the owner may
	}
	if d.wake != nil && d.wake.source == nil { // for the first client
		d.wake.source = cancelledAttempts{e}
	}
	var driver riverdriver.Driver[pgx.Tx] = riverpgxv5.New(d.pool)
	if d.server.isolated {
		driver = readCommitted{riverpgxv5.New(d.pool), d.pool}
	}
	return newClient(driverOf(driver, e, d.wake), c, d.insertSQL)
}

// keptIndexes are those of River that the migrations have left.
func keptIndexes() []string {
	return slices.DeleteFunc(river.ReindexerIndexNamesDefault(), func(name string) bool {
		return name == "river_job_args_index" || name == "river_job_metadata_index" || name == "river_job_kind"
	})
}

// committed has nothing to do where Postgres notifies.
func (d *postgresDB) committed(queues map[string]struct{}) {
	if d.wake != nil {
		for q := range queues {
			d.wake.inserted(q)
		}
	}
}

func (d *postgresDB) cancelled() {
	if d.wake != nil {
		d.wake.cancelled()
	}
}

func (d *postgresDB) close() error {
	if d.owned {
		d.pool.Close()
	}
	return nil
}
