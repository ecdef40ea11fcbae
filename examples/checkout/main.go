// Checkout makes orders of baskets, in transactions of the program's own: by
// database/sql with the driver of pgx or lib/pq, by pgx itself or by GORM. What it
// sends is queued with the order, or not at all.
//
//	checkout sql|libpq|pgx|gorm postgres://user:password@host/database BASKET [VOUCHER]
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "github.com/lib/pq"              // the driver postgres
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine"
)

// open opens the shop on a library for databases.
func open(ctx context.Context, library, database string) (s shop, closing func(), err error) {
	if library == "pgx" {
		pool, err := pgxpool.New(ctx, database)
		if err != nil {
			return nil, nil, err
		}
		return pgxShop{pool}, pool.Close, nil
	}
	driver := "pgx"
	if library == "libpq" {
		driver = "postgres"
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		return nil, nil, err
	}
	closing = func() { _ = db.Close() }
	switch library {
	case "sql", "libpq":
		return sqlShop{db}, closing, nil
	case "gorm":
		return gormShop{db}, closing, nil
	}
	return nil, nil, errors.Join(fmt.Errorf("%s: not sql, libpq, pgx or gorm", library), db.Close())
}

func run(ctx context.Context, library, database, basket, voucher string) (err error) {
	s, closing, err := open(ctx, library, database)
	if err != nil {
		return err
	}
	defer closing()
	engine, err := riverengine.Open(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	runner, err := saferunner.New(saferunner.WithEngine(engine))
	if err != nil {
		return err
	}
	saferunner.SetDefault(runner)
	defer func() {
		grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = errors.Join(err, saferunner.Shutdown(grace))
	}()
	if err := runner.Start(ctx, reserve, sendReceipt, thank); err != nil {
		return err
	}
	if err := checkout(ctx, s, basket, voucher); err != nil {
		return err
	}
	return worked(ctx, runner.Journal()) // a server would go on instead
}

// worked waits until nothing is left to do.
func worked(ctx context.Context, j journal.Journal) error {
	for {
		page, err := j.Query(ctx, journal.Query{Statuses: []journal.Status{journal.StatusQueued, journal.StatusRunning}, Limit: 1})
		if err != nil || len(page.Entries) == 0 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func main() {
	if len(os.Args) < 4 || len(os.Args) > 5 {
		log.Fatal("usage: checkout sql|libpq|pgx|gorm postgres://... BASKET [VOUCHER]")
	}
	voucher := ""
	if len(os.Args) == 5 {
		voucher = os.Args[4]
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], voucher); err != nil {
		log.Fatal(err)
	}
}
