package main

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/benchmarks/internal/throwaway"
	"github.com/saferunner/saferunner/riverengine"
)

// order is the argument of the jobs, about 170 bytes of JSON.
type order struct {
	ID               int64
	Name, Mail, Text string
}

func (order) Kind() string { return "order.created" }

var someone = order{17, "Ann Example", "ann@example.com", "Thank you for your order, which we will send as soon as we have it, at the latest within three days."}

func subjects(dir, url string) []named {
	file := func(name string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return filepath.Join(dir, name), nil }
	}
	database := func(name string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return throwaway.Database(ctx, url, name) }
	}
	return []named{
		{"sqlite/river", file("river.db"), openPlainSQLite},
		{"sqlite/saferunner", file("saferunner.db"), func(ctx context.Context, path string) (subject, error) {
			return openEngine(ctx, "sqlite:"+path)
		}},
		{"postgres/river", database("river"), openPlainPostgres},
		{"postgres/saferunner", database("saferunner"), openEngine},
	}
}

// engine is saferunner on the durable engine.
type engine struct {
	engine *riverengine.Engine
	dsn    string
	runner *saferunner.Runner
	task   *saferunner.Task[order]
	worked func()
}

func openEngine(ctx context.Context, dsn string) (subject, error) {
	s := &engine{dsn: dsn}
	s.task = saferunner.Define("order.created", func(context.Context, order) error {
		s.worked()
		return nil
	}, saferunner.Timeout(time.Minute))
	return s, s.open(ctx)
}

func (s *engine) open(ctx context.Context) (err error) {
	if s.engine, err = riverengine.Open(ctx, s.dsn, riverengine.Concurrency(workers)); err != nil {
		return err
	}
	s.runner, err = saferunner.New(saferunner.WithEngine(s.engine))
	return err
}

func (s *engine) enqueue(ctx context.Context, n int) error {
	calls := make([]saferunner.Call, n)
	for i := range calls {
		calls[i] = s.task.With(someone).Async()
	}
	_, err := s.runner.Run(ctx, "order.created", calls...)
	return err
}

func (s *engine) start(ctx context.Context, worked func()) error {
	s.worked = worked
	return s.runner.Start(ctx, s.task)
}

// stop leaves a runner that has not been started.
func (s *engine) stop(ctx context.Context) error {
	if err := s.runner.Shutdown(ctx); err != nil {
		return err
	}
	runner, err := saferunner.New(saferunner.WithEngine(s.engine))
	s.runner = runner
	return err
}

func (s *engine) close(context.Context) error { return s.engine.Close() }

// plain is River.
type plain[TTx any] struct {
	driver riverdriver.Driver[TTx]
	client *river.Client[TTx]
	end    func() error
}

type plainWorker struct {
	river.WorkerDefaults[order]
	worked func()
}

func (w *plainWorker) Work(context.Context, *river.Job[order]) error {
	w.worked()
	return nil
}

func openPlainSQLite(ctx context.Context, path string) (subject, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return newPlain(ctx, riversqlite.New(db), db.Close)
}

func openPlainPostgres(ctx context.Context, url string) (subject, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	return newPlain(ctx, riverpgxv5.New(pool), func() error {
		pool.Close()
		return nil
	})
}

func newPlain[TTx any](ctx context.Context, d riverdriver.Driver[TTx], end func() error) (subject, error) {
	m, err := rivermigrate.New(d, nil)
	if err != nil {
		return nil, err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	s := &plain[TTx]{driver: d, end: end}
	s.client, err = river.NewClient(d, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	return s, err
}

func (s *plain[TTx]) enqueue(ctx context.Context, n int) error {
	params := make([]river.InsertManyParams, n)
	for i := range params {
		params[i].Args = someone
	}
	_, err := s.client.InsertMany(ctx, params)
	return err
}

func (s *plain[TTx]) start(ctx context.Context, worked func()) (err error) {
	w := river.NewWorkers()
	river.AddWorker(w, &plainWorker{worked: worked})
	s.client, err = river.NewClient(s.driver, &river.Config{
		Logger: slog.New(slog.DiscardHandler), Workers: w, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		FetchCooldown: 2 * time.Millisecond, FetchPollInterval: time.Second,
	})
	if err != nil {
		return err
	}
	return s.client.Start(ctx)
}

func (s *plain[TTx]) stop(ctx context.Context) error  { return s.client.Stop(ctx) }
func (s *plain[TTx]) close(ctx context.Context) error { return s.end() }
