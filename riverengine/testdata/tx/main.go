// Tx runs calls in transactions of its own, on the database that it is given,
// and prints what became of them.
//
//	tx DSN DRIVER
//	tx DSN DRIVER COUNT	as many at once
//
// DRIVER is pgx for its own transactions, else the name of one of database/sql.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine"
)

var note = saferunner.Define("note.take", func(_ context.Context, text string) error {
	fmt.Println("took", text)
	return nil
})

func main() {
	sql.Register("stdlib", stdlib.GetDefaultDriver())
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Println("error:", err)
	}
}

func run(ctx context.Context, dsn, driver string) error {
	engine, err := riverengine.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer engine.Close()
	runner, err := saferunner.New(saferunner.WithEngine(engine))
	if err != nil {
		return err
	}
	if len(os.Args) == 3 {
		_, err = riverengine.RunTx(ctx, new(sql.Tx), "early", note.With("x").Async())
		fmt.Println("early:", err)
	}
	saferunner.SetDefault(runner)
	if len(os.Args) > 3 {
		return many(ctx, runner, dsn, driver, os.Args[3])
	}
	within := inSQL
	if driver == "pgx" {
		within = inPgx
	}
	for _, commit := range []bool{true, false} {
		if err := within(ctx, dsn, driver, commit); err != nil {
			return err
		}
	}
	if err := runner.Start(ctx, note); err != nil {
		return err
	}
	for _, runID := range []string{"commit", "rollback"} {
		calls, err := saferunner.Calls(ctx, runID)
		if err != nil {
			return err
		}
		for _, c := range calls {
			fmt.Println(runID, c.Task, string(c.Args), c.Status != journal.StatusRecorded, strings.HasPrefix(filepath.Base(c.Caller), "main.go:"))
		}
	}
	report, err := saferunner.Run(ctx, "last", note.With("last").Async())
	if err != nil {
		return err
	}
	if err := report.Wait(ctx); err != nil {
		return err
	}
	return saferunner.Shutdown(ctx)
}

func name(commit bool) string {
	if commit {
		return "commit"
	}
	return "rollback"
}

func said(report *saferunner.Report, err error) {
	for _, o := range report.Outcomes() {
		fmt.Println(report.RunID(), o.Status)
	}
	if err != nil {
		fmt.Println("refused:", err)
	}
}

// open opens the database with a driver of database/sql.
func open(dsn, driver, parameters string) (*sql.DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		dsn = path + parameters
	}
	return sql.Open(driver, dsn)
}

func inSQL(ctx context.Context, dsn, driver string, commit bool) error {
	db, err := open(dsn, driver, "?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	said(riverengine.RunTx(ctx, tx, name(commit), note.With(name(commit)).Async().Key("a key"), note.With("twin").Async().Key("a key")))
	said(riverengine.RunTx(ctx, tx, "sync", note.With("x")))
	if !commit {
		return tx.Rollback()
	}
	return tx.Commit()
}

func inPgx(ctx context.Context, dsn, _ string, commit bool) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	said(riverengine.RunPgxTx(ctx, tx, name(commit), note.With(name(commit)).Async().Key("a key"), note.With("twin").Async().Key("a key")))
	said(riverengine.RunPgxTx(ctx, tx, "sync", note.With("x")))
	if !commit {
		return tx.Rollback(ctx)
	}
	return tx.Commit(ctx)
}
