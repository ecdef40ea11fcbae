package riverengine

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// readCommitted is River's driver where transactions are of another isolation
// by default. River's statements are made for this one: of two that want the
// same rows the later would fail in any other.
type readCommitted struct {
	*riverpgxv5.Driver
	pool *pgxpool.Pool
}

func (d readCommitted) GetExecutor() riverdriver.Executor {
	return committedExecutor{d.Driver.GetExecutor(), d}
}

// committedExecutor has transactions, and a transaction around each statement
// that others get in the way of.
type committedExecutor struct {
	riverdriver.Executor
	driver readCommitted
}

func (e committedExecutor) Begin(ctx context.Context) (riverdriver.ExecutorTx, error) {
	tx, err := e.driver.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return nil, err
	}
	return e.driver.UnwrapExecutor(tx), nil
}

// inCommitted calls a method of River's in a transaction.
func inCommitted[P, R any](ctx context.Context, e committedExecutor, method func(riverdriver.Executor, context.Context, P) (R, error), p P) (result R, err error) {
	tx, err := e.Begin(ctx)
	if err != nil {
		return result, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // no more than an error after a commit
	if result, err = method(tx, ctx, p); err != nil {
		return result, err
	}
	return result, tx.Commit(ctx)
}

func (e committedExecutor) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	return inCommitted(ctx, e, riverdriver.Executor.JobGetAvailable, p)
}

func (e committedExecutor) JobCancel(ctx context.Context, p *riverdriver.JobCancelParams) (*rivertype.JobRow, error) {
	return inCommitted(ctx, e, riverdriver.Executor.JobCancel, p)
}

func (e committedExecutor) JobRescueMany(ctx context.Context, p *riverdriver.JobRescueManyParams) (*struct{}, error) {
	return inCommitted(ctx, e, riverdriver.Executor.JobRescueMany, p)
}

func (e committedExecutor) JobDeleteBefore(ctx context.Context, p *riverdriver.JobDeleteBeforeParams) (int, error) {
	return inCommitted(ctx, e, riverdriver.Executor.JobDeleteBefore, p)
}

func (e committedExecutor) LeaderAttemptReelect(ctx context.Context, p *riverdriver.LeaderReelectParams) (*riverdriver.Leader, error) {
	return inCommitted(ctx, e, riverdriver.Executor.LeaderAttemptReelect, p)
}

func (e committedExecutor) QueueCreateOrSetUpdatedAt(ctx context.Context, p *riverdriver.QueueCreateOrSetUpdatedAtParams) (*rivertype.Queue, error) {
	return inCommitted(ctx, e, riverdriver.Executor.QueueCreateOrSetUpdatedAt, p)
}
