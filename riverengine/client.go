package riverengine

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
)

// config is River's for a process that works these tasks. Lost jobs are
// judged by their process; see executor.
func (e *Engine) config(tasks []engine.TaskSpec) *river.Config {
	workers := river.NewWorkers()
	queues := map[string]river.QueueConfig{}
	river.AddWorkerArgs(workers, jobArgs{kind: stuckKind}, &worker{engine: e})
	for _, spec := range tasks {
		river.AddWorkerArgs(workers, jobArgs{kind: kindOf(spec.Name)}, &worker{engine: e, spec: spec})
		queues[queueOf(spec.Queue)] = river.QueueConfig{MaxWorkers: cmp.Or(e.queues[spec.Queue], e.concurrency)}
	}
	return &river.Config{
		ID: e.name, Logger: quiet(e.log), Workers: workers, Queues: queues,
		SkipUnknownJobCheck: true, FetchOnlyKnownKinds: true,
		FetchCooldown: 2 * time.Millisecond, FetchPollInterval: time.Second,
		JobTimeout: -1, RescueStuckJobsAfter: time.Second,
		CompletedJobRetentionPeriod: time.Second, // the journal keeps what is of interest
		CancelledJobRetentionPeriod: -1,          // until they are pruned
		DiscardedJobRetentionPeriod: -1,
	}
}

// typedClient is a client on one kind of transaction. A *sql.Tx on Postgres
// does not go through River, which knows pgx there.
type typedClient[TTx any] struct {
	river     *river.Client[TTx]
	insertSQL func(context.Context, *sql.Tx, []river.InsertManyParams) error // nil where TTx is *sql.Tx
}

func newClient[TTx any](d riverdriver.Driver[TTx], c *river.Config, insertSQL func(context.Context, *sql.Tx, []river.InsertManyParams) error) (client, error) {
	inner, err := river.NewClient(d, c)
	if err != nil {
		return nil, err
	}
	return typedClient[TTx]{inner, insertSQL}, nil
}

func (c typedClient[TTx]) insert(ctx context.Context, tx any, jobs []river.InsertManyParams) error {
	if t, ok := tx.(*sql.Tx); ok && c.insertSQL != nil {
		return c.insertSQL(ctx, t, jobs)
	}
	_, err := c.river.InsertManyFastTx(ctx, tx.(TTx), jobs)
	return explainPooler(err)
}

func (c typedClient[TTx]) cancel(ctx context.Context, job int64) error {
	_, err := c.river.JobCancel(ctx, job)
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil
	}
	return explainPooler(err)
}

func (c typedClient[TTx]) start(ctx context.Context) error         { return c.river.Start(ctx) }
func (c typedClient[TTx]) stop(ctx context.Context) error          { return c.river.Stop(ctx) }
func (c typedClient[TTx]) stopAndCancel(ctx context.Context) error { return c.river.StopAndCancel(ctx) }
