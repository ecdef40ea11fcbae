package riverengine

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"

	"github.com/saferunner/saferunner"
)

// RunTx is [saferunner.Runner.RunTx] of the runner in ctx, else the default
// one, within a transaction on the file of its engine.
func RunTx(ctx context.Context, tx *sql.Tx, runID string, calls ...saferunner.Call) (*saferunner.Report, error) {
	return saferunner.Default().RunTx(ctx, tx, runID, calls...)
}

// RunPgxTx is RunTx within a transaction on Postgres.
func RunPgxTx(ctx context.Context, tx pgx.Tx, runID string, calls ...saferunner.Call) (*saferunner.Report, error) {
	return saferunner.Default().RunTx(ctx, tx, runID, calls...)
}
