package riverengine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// server is what the engine has to know of a Postgres and the way to it.
type server struct {
	pooled  bool // a pooler is in between
	foreign bool // the role does not own the tables

	isolated    bool          // by default transactions are of another isolation than the engine's
	lockTimeout time.Duration // of the role or the URL; 0 for none
}

// lookAt asks the server. It fails where nothing can be written.
func lookAt(ctx context.Context, pool *pgxpool.Pool) (s server, err error) {
	if s.pooled, err = behindPooler(ctx, pool); err != nil {
		return s, err
	}
	var readOnly bool
	var milliseconds int64
	err = pool.QueryRow(ctx, `SELECT current_setting('transaction_read_only') = 'on', current_setting('default_transaction_isolation') <> 'read committed',
(extract(epoch FROM current_setting('lock_timeout')::interval) * 1000)::bigint`, pgx.QueryExecModeExec).Scan(&readOnly, &s.isolated, &milliseconds)
	s.lockTimeout = time.Duration(milliseconds) * time.Millisecond
	if err == nil && readOnly {
		err = errors.New("the database is read-only, as that of a standby is, or by default_transaction_read_only: name one that can be written to, or open it with ReadOnly to read its journal")
	}
	return s, err
}

// patience is how long a transaction waits for a lock: the user may want less.
func (s *server) patience() time.Duration {
	if s.lockTimeout > 0 {
		return min(s.lockTimeout, lockPatience)
	}
	return lockPatience
}

// begin is what the engine's transactions begin with: nobody else's are
// changed by it.
func (s *server) begin() pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = %d", s.patience().Milliseconds())}
}

// behindPooler reports whether there is one in between: it tells its clients
// of another server process than theirs. It leaves no prepared statement there.
func behindPooler(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	var process uint32
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeExec).Scan(&process)
	return process != conn.Conn().PgConn().PID(), err
}

// isOwner reports whether the role may do to River's tables what only their owner may.
func (d *postgresDB) isOwner(ctx context.Context) (owns bool, err error) {
	err = d.read().query(ctx, func(scan scan) error { return scan(&owns) },
		"SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass($1)", d.names.Replace("@river_job"))
	return owns, err
}

// mayWrite fails where the role lacks rights on tables that others have made.
func (d *postgresDB) mayWrite(ctx context.Context) error {
	var closed string
	err := d.read().query(ctx, func(scan scan) error { return scan(&closed) }, `SELECT coalesce(string_agg(oid::regclass::text, ', ' ORDER BY relname), '') FROM pg_class
WHERE oid IN (to_regclass('@river_job'), to_regclass('@river_job_id_seq'), to_regclass('@entries'), to_regclass('@claims')) AND NOT CASE relkind
    WHEN 'S' THEN has_sequence_privilege(oid, 'USAGE')
    ELSE has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')
END`)
	if err == nil && closed != "" {
		err = fmt.Errorf("the role lacks rights on %s: give it those that docs/durable.md names, or open it with ReadOnly to read its journal", closed)
	}
	return err
}

// explainRights says what to do where the role may not do what migrate does.
func explainRights(err error) error {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || failure.Code != "42501" {
		return err
	}
	return fmt.Errorf("the role may not do what is needed here: let one that may make the tables or bring them up to date, by saferunner migrate for example,"+
		" and give this one the rights that docs/durable.md names: %w", err)
}

// explainPooler says what to do where a prepared statement is not on the
// connection that it was prepared on.
func explainPooler(err error) error {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || failure.Code != "42P05" && failure.Code != "26000" {
		return err
	}
	return fmt.Errorf("a pooler in transaction mode keeps no prepared statements: add default_query_exec_mode=cache_describe to the URL of Postgres, or set DefaultQueryExecMode in the configuration of the pool: %w", err)
}
