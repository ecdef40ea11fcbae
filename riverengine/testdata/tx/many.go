package main

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/riverengine"
)

// many runs n transactions at once, of which it rolls back every second one,
// while it works, and waits for the calls of the others.
func many(ctx context.Context, runner *saferunner.Runner, dsn, driver, n string) error {
	count, err := strconv.Atoi(n)
	if err != nil {
		return err
	}
	transaction, closing, err := transactions(ctx, dsn, driver)
	if err != nil {
		return err
	}
	defer closing()
	if err := runner.Start(ctx, note); err != nil {
		return err
	}
	reports := make([]*saferunner.Report, count)
	errs := make([]error, count)
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() {
			reports[i], errs[i] = transaction(strconv.Itoa(i), i%2 == 0)
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i := 0; i < count; i += 2 {
		if err := reports[i].Wait(ctx); err != nil {
			return err
		}
	}
	return saferunner.Shutdown(ctx)
}

// transactions returns what runs a call in a transaction of its own.
func transactions(ctx context.Context, dsn, driver string) (transaction func(text string, commit bool) (*saferunner.Report, error), closing func(), err error) {
	if driver == "pgx" {
		pool, err := pgxpool.New(ctx, dsn)
		if err != nil {
			return nil, nil, err
		}
		return func(text string, commit bool) (report *saferunner.Report, err error) {
			tx, err := pool.Begin(ctx)
			if err != nil {
				return nil, err
			}
			report, err = riverengine.RunPgxTx(ctx, tx, "many", note.With(text).Async())
			return report, errors.Join(err, ended(commit && err == nil, func() error { return tx.Commit(ctx) }, func() error { return tx.Rollback(ctx) }))
		}, pool.Close, nil
	}
	db, err := open(dsn, driver, "?_txlock=immediate&_pragma=busy_timeout(60000)")
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	if driver != "sqlite" {
		db.SetMaxOpenConns(10)
	}
	return func(text string, commit bool) (report *saferunner.Report, err error) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return nil, err
		}
		report, err = riverengine.RunTx(ctx, tx, "many", note.With(text).Async())
		return report, errors.Join(err, ended(commit && err == nil, tx.Commit, tx.Rollback))
	}, func() { _ = db.Close() }, nil
}

func ended(commit bool, committing, rollback func() error) error {
	if commit {
		return committing()
	}
	return rollback()
}
