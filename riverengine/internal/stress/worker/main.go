// Worker executes calls that write into a file when they begin and end, for the
// stress command, which stops and kills it.
//
//	worker [flags] work DSN FILE    executes calls until SIGTERM
//	worker [flags] idle DSN         works, and has no task of those
//	worker open DSN                 makes the tables
//	worker queue DSN TASK FIRST COUNT DURATION
//	worker [flags] sync DSN FILE    begins a sync call of ten minutes
//	worker dump DSN                 prints the journal, an entry a line
//	worker lock FILE DURATION       keeps others from writing to SQLite
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine"
)

var (
	pace  = liveness.Standard
	hook  = flag.Duration("hook", 0, "how long OnFailure takes")
	limit = 5 * time.Second // of once and again
)

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	flag.DurationVar(&pace.Renew, "renew", pace.Renew, "between two renewals")
	flag.DurationVar(&pace.Dead, "dead", pace.Dead, "a process that was not seen for so long is dead")
	flag.DurationVar(&pace.Judge, "judge", pace.Judge, "a process may judge after so long")
	flag.Parse()
	ctx, stop := signal.NotifyContext(liveness.WithPace(context.Background(), pace), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errors.New("worker: a command and a database are needed")
	}
	command, dsn, args := args[0], args[1], args[2:]
	switch {
	case command == "work" && len(args) == 1:
		return work(ctx, dsn, args[0], once, again, bad, long)
	case command == "idle":
		return work(ctx, dsn, os.DevNull, other)
	case command == "open":
		_, end, err := open(ctx, dsn)
		if err != nil {
			return err
		}
		return end()
	case command == "queue" && len(args) == 4:
		return queue(ctx, dsn, args)
	case command == "sync" && len(args) == 1:
		return callSync(ctx, dsn, args[0])
	case command == "dump":
		return dump(ctx, dsn)
	case command == "lock" && len(args) == 1:
		return lock(dsn, args[0])
	}
	return fmt.Errorf("worker: %s: no such command, or not with these arguments", command)
}

// file is where the effects are. One write is a line, which a crash cannot
// tear.
var file *os.File

func write(what, task string, n int) error {
	_, err := fmt.Fprintf(file, "%s %d %s %d\n", what, os.Getpid(), task, n)
	return err
}

type call struct {
	N  int           `json:"n"`
	Do time.Duration `json:"do"`
}

// effect does not heed its ctx, so that it goes on after its process was
// stopped.
func effect(task string, fails error) func(context.Context, call) error {
	return func(_ context.Context, c call) error {
		if err := write("begin", task, c.N); err != nil {
			return err
		}
		time.Sleep(c.Do)
		if err := write("end", task, c.N); err != nil {
			return err
		}
		return fails
	}
}

var (
	once  = saferunner.Define("stress.once", effect("stress.once", nil), saferunner.Timeout(limit))
	again = saferunner.Define("stress.again", effect("stress.again", nil), saferunner.Timeout(limit), saferunner.Attempts(20), saferunner.Backoff(10*time.Millisecond, time.Second))
	long  = saferunner.Define("stress.long", effect("stress.long", nil), saferunner.Timeout(time.Hour))
	bad   = saferunner.Define("stress.bad", effect("stress.bad", saferunner.Permanent(errors.New("refused"))), saferunner.Timeout(time.Second), saferunner.Attempts(3))
	other = saferunner.Define("stress.other", effect("stress.other", nil))
	tasks = map[string]*saferunner.Task[call]{"stress.once": once, "stress.again": again, "stress.long": long, "stress.bad": bad}
)

// open returns a runner, and what ends it.
func open(ctx context.Context, dsn string) (*saferunner.Runner, func() error, error) {
	e, err := riverengine.Open(ctx, dsn, riverengine.Concurrency(30))
	if err != nil {
		return nil, nil, err
	}
	r, err := saferunner.New(saferunner.WithEngine(e), saferunner.OnFailure(func(_ context.Context, entry journal.Entry, _ error) {
		var c call
		_ = json.Unmarshal(entry.Args, &c)
		_ = write("hook", entry.Task, c.N)
		time.Sleep(*hook)
	}))
	if err != nil {
		return nil, nil, errors.Join(err, e.Close())
	}
	return r, func() error {
		patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
		defer cancel()
		return errors.Join(r.Shutdown(patient), e.Close())
	}, nil
}

func openEffects(name string) (err error) {
	file, err = os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return err
}

func work(ctx context.Context, dsn, effects string, tasks ...saferunner.Named) error {
	if err := openEffects(effects); err != nil {
		return err
	}
	r, end, err := open(ctx, dsn)
	if err != nil {
		return err
	}
	if err := r.Start(ctx, tasks...); err != nil {
		return errors.Join(err, end())
	}
	fmt.Println("works")
	<-ctx.Done()
	return end()
}

func queue(ctx context.Context, dsn string, args []string) error {
	first, bad := strconv.Atoi(args[1])
	n, worse := strconv.Atoi(args[2])
	do, worst := time.ParseDuration(args[3])
	if err := errors.Join(bad, worse, worst); err != nil {
		return err
	}
	r, end, err := open(ctx, dsn)
	if err != nil {
		return err
	}
	calls := make([]saferunner.Call, n)
	for i := range calls {
		calls[i] = tasks[args[0]].With(call{first + i, do}).Async()
	}
	_, err = r.Run(ctx, "stress", calls...)
	return errors.Join(err, end())
}

func callSync(ctx context.Context, dsn, effects string) error {
	if err := openEffects(effects); err != nil {
		return err
	}
	r, end, err := open(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = r.Run(ctx, "stress", long.With(call{0, 10 * time.Minute}).Key("k"))
	return errors.Join(err, end())
}

func dump(ctx context.Context, dsn string) (err error) {
	e, err := riverengine.Open(ctx, dsn, riverengine.ReadOnly())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	out := json.NewEncoder(os.Stdout)
	q := journal.Query{RunID: "stress", Limit: journal.MaxPage}
	for {
		page, err := e.Journal().Query(ctx, q)
		if err != nil {
			return err
		}
		for _, entry := range page.Entries {
			if err := out.Encode(entry); err != nil {
				return err
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
	}
}

func lock(path, how string) (err error) {
	d, err := time.ParseDuration(how)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=exclusive&_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	fmt.Println("locked")
	time.Sleep(d)
	return tx.Rollback()
}
