// Intx goes through what may happen in an InTx, on the database that it is
// given, and prints what became of rows and calls.
//
//	intx DSN DRIVER FILE
//
// DRIVER is pgx for its own transactions, else the name of one of database/sql.
// FILE is for an engine on another database.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/riverengine"
)

type card struct {
	Number string `saferunner:"redact"`
}

var (
	note = saferunner.Define("note.take", func(_ context.Context, text string) error {
		if text == "fails" {
			return errOops
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, text)
		return nil
	})
	charge = saferunner.Define("card.charge", func(context.Context, card) error { return nil })

	errOops = errors.New("oops")

	mu   sync.Mutex
	took []string
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dsn, driver, file string) (err error) {
	engine, err := riverengine.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer engine.Close()
	runner, err := saferunner.New(saferunner.WithEngine(engine))
	if err != nil {
		return err
	}
	saferunner.SetDefault(runner)
	if err := runner.Start(ctx, note, charge); err != nil {
		return err
	}
	other, err := riverengine.Open(ctx, file)
	if err != nil {
		return err
	}
	defer other.Close()
	elsewhere, err := saferunner.New(saferunner.WithEngine(other))
	if err != nil {
		return err
	}
	if err := elsewhere.Start(ctx, note); err != nil {
		return err
	}
	db, err := open(ctx, dsn, driver)
	if err != nil {
		return err
	}
	defer db.close()
	for _, s := range scenarios {
		s.play(ctx, db, elsewhere)
	}
	return errors.Join(elsewhere.Shutdown(ctx), runner.Shutdown(ctx))
}

// scenario is what one InTx goes through.
type scenario struct {
	name string
	fn   func(*stage) error
}

// stage is where a scenario plays.
type stage struct {
	ctx       context.Context
	db        *database
	elsewhere *saferunner.Runner
	tx        *tx
	name      string
	reports   []*saferunner.Report
}

func (s scenario) play(ctx context.Context, db *database, elsewhere *saferunner.Runner) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st := &stage{ctx: ctx, db: db, elsewhere: elsewhere, name: s.name}
	cancelled[s.name] = cancel
	var err error
	var ended sync.WaitGroup
	ended.Go(func() {
		left := true
		defer func() {
			if v := recover(); v != nil {
				fmt.Println(s.name, "panicked:", v)
			} else if left {
				fmt.Println(s.name, "left by Goexit")
			}
		}()
		err = db.in(ctx, st, s.fn)
		left = false
	})
	ended.Wait()
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), ": sql: ") // what drivers say differs
		text, _, _ = strings.Cut(text, ": tx is closed")
		fmt.Println(s.name, "returned:", text, err == errOops)
	}
	st.show()
}

// show prints what there is after the InTx.
func (st *stage) show() {
	var statuses []string
	for _, r := range st.reports {
		_ = r.Wait(context.Background()) // before Commit it is an error
		for _, o := range r.Outcomes() {
			statuses = append(statuses, string(o.Status))
		}
	}
	calls, err := saferunner.Calls(context.Background(), st.name)
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(took)
	fmt.Printf("%s: %d rows, %d entries, statuses %v, took %q\n", st.name, st.db.rows(st.name), len(calls), statuses, took)
	took = nil
	if err != nil {
		fmt.Println(err)
	}
}

// run runs calls under the name of the scenario, and says how that went.
func (st *stage) run(ctx context.Context, calls ...saferunner.Call) {
	r, err := saferunner.Run(ctx, st.name, calls...)
	st.reports = append(st.reports, r)
	if err != nil {
		fmt.Println(st.name, "Run is refused, since the ctx is spent:", strings.Contains(err.Error(), "is spent, after Commit or Rollback"))
	}
}

func (st *stage) insert() {
	if err := st.tx.exec("INSERT INTO things (name) VALUES ('" + st.name + "')"); err != nil {
		fmt.Println(st.name, "inserting:", err)
	}
}
