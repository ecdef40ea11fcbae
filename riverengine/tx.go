package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
)

// RunTx is [saferunner.Runner.RunTx] of the runner in ctx, else the default
// one, within a transaction on the database of its engine: SQLite, or Postgres
// by any driver of database/sql. [saferunner.SetDefault] comes first: a runner
// without an engine of this package fails with [engine.ErrNoTx].
//
// It returns before the commit, and the calls begin after it; so Wait of the
// report comes after the commit too: before, it would wait for what cannot
// begin. Until the transaction ends it keeps, on SQLite, all other writers
// out, and on Postgres those of the keys of its calls: a Run that waits for
// that fails after 10 seconds (with [NewSQLite], after the busy_timeout of
// the connection), and on SQLite waits as long again for its journal. Where
// another transaction on Postgres holds a key, RunTx waits as long as the
// lock_timeout of tx says: without one, for its end. Rows of tx that are still
// open are an error of most drivers: read them first.
//
// A test records the calls at once, and keeps them if tx rolls back; see [InTx].
func RunTx(ctx context.Context, tx *sql.Tx, runID string, calls ...saferunner.Call) (*saferunner.Report, error) {
	return runTx(ctx, tx, runID, calls)
}

// RunPgxTx is [RunTx] within a transaction of pgx.
func RunPgxTx(ctx context.Context, tx pgx.Tx, runID string, calls ...saferunner.Call) (*saferunner.Report, error) {
	return runTx(ctx, tx, runID, calls)
}

func runTx(ctx context.Context, tx any, runID string, calls []saferunner.Call) (*saferunner.Report, error) {
	if isNil(tx) {
		tx = nil // which is refused whatever the engine
	}
	r, err := saferunner.Default().RunTx(ctx, tx, runID, calls...)
	if errors.Is(err, engine.ErrNoTx) {
		err = fmt.Errorf("%w: this runner's engine is none of riverengine's: give saferunner.SetDefault one that has, or call its RunTx", err)
	}
	return r, err
}

var errNilTx = errors.New("riverengine: the transaction is nil: begin one, and look at the error of that")

// isNil reports whether tx is nil, or a nil pointer.
func isNil(tx any) bool {
	v := reflect.ValueOf(tx)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// CheckTx is for the runner, whose RunTx calls it. In a test binary too it knows
// which database Open has named.
func (e *Engine) CheckTx(tx any) error {
	if e.db == nil {
		return e.takes(tx)
	}
	return e.db.takes(tx)
}

func sqliteTakes(tx any) error {
	_, ok := tx.(*sql.Tx)
	switch {
	case isNil(tx):
		return errNilTx
	case !ok:
		return fmt.Errorf("riverengine: the engine is on SQLite and takes part in a *sql.Tx of its file; this is of type %T", tx)
	}
	return nil
}

func postgresTakes(tx any) error {
	if isNil(tx) {
		return errNilTx
	}
	switch tx.(type) {
	case pgx.Tx, *sql.Tx:
		return nil
	}
	return fmt.Errorf("riverengine: the engine is on Postgres and takes part in a *sql.Tx or a pgx.Tx of its database; this is of type %T", tx)
}

// owns fails unless a transaction is on the engine's database: what is queued
// elsewhere is worked by others, or by nobody.
func (e *Engine) owns(ctx context.Context, tx any) error {
	if err := e.online(); err != nil {
		return err
	}
	if err := e.db.takes(tx); err != nil {
		return err
	}
	has, err := e.db.has(ctx, tx)
	if err == nil && !has {
		err = errors.New("riverengine: the transaction is on another database than the engine's: begin it on the engine's database")
	}
	return explainTx(err)
}
