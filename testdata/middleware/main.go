// Middleware runs calls under middleware of all kinds, sync, async and on an
// engine of its own, and prints what became of them: middleware wraps what
// executes, and nothing executes in a test.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

type (
	middleware = func(context.Context, saferunner.CallInfo, func(context.Context) error) error
	next       = func(context.Context) error
)

// trace is what a case does, in order.
type trace struct {
	mu    sync.Mutex
	steps []string
}

func (t *trace) add(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, fmt.Sprintf(format, args...))
}

func (t *trace) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	steps := strings.Join(t.steps, ", ")
	t.steps = nil
	return steps
}

var did trace

var (
	errTask  = errors.New("the task's error")
	errOther = errors.New("another error")
)

// What tasks do.
func succeeds(context.Context) (string, error) { return "sent", nil }
func fails(context.Context) (string, error)    { return "", errTask }
func permanent(context.Context) (string, error) {
	return "", saferunner.Permanent(errTask)
}
func panics(context.Context) (string, error) { panic("in the task") }
func exits(context.Context) (string, error)  { runtime.Goexit(); return "", nil }

// once returns what fails at the first attempt, and succeeds at the second.
func once(err error) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if info, _ := saferunner.Current(ctx); info.EntryID != "" && attempts.Add(1) == 1 {
			return "", err
		}
		return "sent", nil
	}
}

// attempts counts those of one call.
var attempts atomic.Int32

func named(name string) middleware {
	return func(ctx context.Context, _ saferunner.CallInfo, next next) error {
		did.add("%s in", name)
		err := next(ctx)
		did.add("%s out (%v)", name, err)
		return err
	}
}

// around returns a middleware that needs to know only of ctx and next.
func around(m func(ctx context.Context, next next) error) middleware {
	return func(ctx context.Context, _ saferunner.CallInfo, next next) error { return m(ctx, next) }
}

func returns(err error) middleware {
	return around(func(ctx context.Context, next next) error { _ = next(ctx); return err })
}

type key struct{}

var dry, _ = saferunner.New(saferunner.RecordOnly())

// late calls next of the case before it, with the ctx that it had.
var late func() error

func keep(ctx context.Context, next next) { late = func() error { return next(ctx) } }

var cases = []struct {
	name       string
	middleware []middleware
	task       func(context.Context) (string, error)
}{
	{"order", []middleware{named("outer"), named("inner")}, succeeds},
	{"order of a failure", []middleware{named("outer"), named("inner")}, fails},
	{"what it is told", []middleware{told}, succeeds},
	{"value of ctx", []middleware{around(func(ctx context.Context, next next) error {
		return next(context.WithValue(ctx, key{}, "from the middleware"))
	})}, func(ctx context.Context) (string, error) { return fmt.Sprint(ctx.Value(key{})), nil }},
	{"ctx with another runner", []middleware{around(func(ctx context.Context, next next) error {
		return next(saferunner.NewContext(ctx, saferunner.Default()))
	})}, succeeds},
	{"ctx with a RecordOnly runner", []middleware{around(func(ctx context.Context, next next) error {
		return next(saferunner.NewContext(ctx, dry))
	})}, succeeds},
	{"foreign ctx", []middleware{around(func(_ context.Context, next next) error { return next(context.Background()) })}, succeeds},
	{"foreign ctx, hidden", []middleware{around(func(_ context.Context, next next) error { _ = next(context.Background()); return nil })}, succeeds},
	{"foreign ctx from inside", []middleware{named("outer"), around(func(_ context.Context, next next) error { return next(context.TODO()) })}, succeeds},
	{"nil ctx", []middleware{around(func(_ context.Context, next next) error {
		var none context.Context
		return next(none)
	})}, succeeds},
	{"next never", []middleware{around(func(context.Context, next) error { return nil })}, succeeds},
	{"next never, with an error", []middleware{around(func(context.Context, next) error { return errOther })}, succeeds},
	{"next never, hidden from outside", []middleware{returns(nil), around(func(context.Context, next) error { return errOther })}, succeeds},
	{"next never, permanent", []middleware{around(func(context.Context, next) error { return saferunner.Permanent(errOther) })}, succeeds},
	{"next twice", []middleware{around(func(ctx context.Context, next next) error { return errors.Join(next(ctx), next(ctx)) })}, succeeds},
	{"next twice, hidden", []middleware{around(func(ctx context.Context, next next) error { _ = next(ctx); _ = next(ctx); return nil })}, succeeds},
	{"next twice from outside", []middleware{around(func(ctx context.Context, next next) error { _ = next(ctx); return next(ctx) }), named("inner")}, succeeds},
	{"next twice at once", []middleware{around(func(ctx context.Context, next next) error {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _ = next(ctx) })
		}
		wg.Wait()
		return nil
	})}, succeeds},
	{"next later", []middleware{around(func(ctx context.Context, next next) error { keep(ctx, next); return nil })}, succeeds},
	{"next of the one before", []middleware{around(func(ctx context.Context, next next) error {
		did.add("late: %v", late())
		return next(ctx)
	})}, succeeds},
	{"next later, after Goexit", []middleware{around(func(ctx context.Context, next next) error { keep(ctx, next); runtime.Goexit(); return nil })}, succeeds},
	{"next of the exited one", []middleware{around(func(ctx context.Context, next next) error {
		did.add("late: %v", late())
		return next(ctx)
	})}, succeeds},
	{"not waited for", []middleware{around(func(ctx context.Context, next next) error {
		begun := make(chan bool)
		go func() { _ = next(context.WithValue(ctx, key{}, begun)) }()
		<-begun
		did.add("given up")
		return errOther
	})}, slow},
	{"not waited for, hidden", []middleware{around(func(ctx context.Context, next next) error {
		begun := make(chan bool)
		go func() { _ = next(context.WithValue(ctx, key{}, begun)) }()
		<-begun
		return nil
	})}, slow},
	{"another goroutine", []middleware{around(func(ctx context.Context, next next) error {
		err := make(chan error)
		go func() { err <- next(ctx) }()
		return <-err
	}), named("inner")}, succeeds},
	{"panic in another goroutine", []middleware{around(func(ctx context.Context, next next) error {
		err := make(chan error)
		go func() { err <- next(ctx) }()
		return <-err
	}), around(func(context.Context, next) error { panic("in a middleware") })}, succeeds},
	{"panic", []middleware{named("outer"), around(func(context.Context, next) error { panic("in a middleware") })}, succeeds},
	{"panic after next", []middleware{around(func(ctx context.Context, next next) error { _ = next(ctx); panic(errOther) })}, succeeds},
	{"panic of the task", []middleware{named("outer")}, panics},
	{"panic of the task, hidden", []middleware{returns(nil)}, panics},
	{"Goexit", []middleware{around(func(context.Context, next) error { runtime.Goexit(); return nil })}, succeeds},
	{"Goexit after next", []middleware{around(func(ctx context.Context, next next) error { _ = next(ctx); runtime.Goexit(); return nil })}, succeeds},
	{"Goexit of the task", []middleware{around(func(ctx context.Context, next next) error {
		defer did.add("deferred")
		return next(ctx)
	})}, exits},
	{"Goexit of the task in another goroutine", []middleware{around(func(ctx context.Context, next next) error {
		var wg sync.WaitGroup
		wg.Go(func() { _ = next(ctx) })
		wg.Wait()
		return nil
	})}, exits},
	{"failure", []middleware{named("outer")}, fails},
	{"failure, another error", []middleware{returns(errOther)}, fails},
	{"failure, hidden", []middleware{returns(nil)}, fails},
	{"success, an error", []middleware{returns(errOther)}, succeeds},
	{"success, an error, hidden from outside", []middleware{returns(nil), returns(errOther)}, succeeds},
	{"Permanent of the task", []middleware{named("outer")}, permanent},
	{"Permanent of the task, another error", []middleware{returns(errOther)}, permanent},
	{"Permanent of a middleware", []middleware{returns(saferunner.Permanent(errOther))}, fails},
	{"Permanent of a middleware, another error outside", []middleware{returns(errOther), returns(saferunner.Permanent(errOther))}, fails},
	{"Later of the task", []middleware{named("outer")}, once(saferunner.Later(time.Millisecond))},
	{"Later of the task, another error", []middleware{around(func(ctx context.Context, next next) error {
		if next(ctx) != nil {
			return errOther
		}
		return nil
	})}, once(saferunner.Later(time.Millisecond))},
	{"Later of a middleware", []middleware{around(func(ctx context.Context, next next) error {
		if next(ctx) != nil {
			return saferunner.Later(time.Millisecond)
		}
		return nil
	})}, once(errTask)},
	{"Later of a middleware, another error outside", []middleware{around(func(ctx context.Context, next next) error {
		if next(ctx) != nil {
			return errOther
		}
		return nil
	}), around(func(ctx context.Context, next next) error {
		if next(ctx) != nil {
			return saferunner.Later(time.Millisecond)
		}
		return nil
	})}, once(errTask)},
}

// slow says when it begins, and ends once its middleware is back and saferunner
// waits for it.
func slow(ctx context.Context) (string, error) {
	ctx.Value(key{}).(chan bool) <- true
	for stacks := make([]byte, 1<<20); !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "saferunner.(*next).close("); {
		runtime.Gosched()
	}
	did.add("slow")
	return "sent", ctx.Err()
}

// told says what a middleware knows, and what stands in the journal by then.
func told(ctx context.Context, call saferunner.CallInfo, next next) error {
	entries, err := runner.Calls(context.Background(), call.RunID)
	status := journal.Status("none")
	for _, e := range entries {
		if e.ID == call.EntryID {
			status = e.Status
		}
	}
	_, limited := ctx.Deadline()
	current, _ := saferunner.Current(ctx)
	did.add("%s %s attempt %d key %q async %t, limited %t, in the journal %s (%v), as Current %t",
		call.RunID, call.Task, call.Attempt, call.Key, call.Async, limited, status, err, current == call)
	return next(ctx)
}

// runner is that of the case.
var runner *saferunner.Runner

func main() {
	if len(os.Args) > 1 {
		bare()
		return
	}
	for _, c := range cases {
		fmt.Println(c.name)
		texts := map[string]string{}
		for _, way := range []string{"sync", "async", "durable"} {
			attempts.Store(0)
			texts[way] = run(way, c.middleware, c.task)
		}
		fmt.Println("  sync:", texts["sync"])
		if texts["async"] == texts["durable"] {
			fmt.Println("  async, durable:", texts["async"])
			continue
		}
		fmt.Println("  async:", texts["async"])
		fmt.Println("  durable:", texts["durable"])
	}
}

// run runs one call and says what became of it.
func run(way string, middleware []middleware, fn func(context.Context) (string, error)) string {
	ctx := context.Background()
	options := []saferunner.Option{saferunner.WithLogger(slog.New(slog.DiscardHandler))}
	for _, m := range middleware {
		options = append(options, saferunner.WithMiddleware(m))
	}
	if way == "durable" {
		options = append(options, saferunner.WithEngine(&atOnce{}))
	}
	var err error
	if runner, err = saferunner.New(options...); err != nil {
		return err.Error()
	}
	var executed atomic.Int32
	task := saferunner.DefineResult("mail.send", func(ctx context.Context, _ string) (string, error) {
		executed.Add(1)
		did.add("task")
		return fn(ctx)
	}, saferunner.Timeout(time.Minute), saferunner.Attempts(2), saferunner.Backoff(time.Millisecond, time.Millisecond))
	if err := runner.Start(ctx, task); err != nil {
		return err.Error()
	}
	call := task.With("x").Key("k")
	if way != "sync" {
		call = call.Async()
	}
	var report *saferunner.Report
	var wg sync.WaitGroup
	wg.Go(func() { // which a Goexit ends
		report, err = runner.Run(ctx, "order.paid", call)
		if err == nil {
			err = report.Wait(ctx)
		}
	})
	wg.Wait()
	steps := did.take()
	entries, queryErr := runner.Calls(ctx, "order.paid")
	if queryErr != nil || len(entries) != 1 {
		return fmt.Sprint(entries, queryErr)
	}
	e := entries[0]
	text := fmt.Sprintf("executed %d, %s, attempts %d", executed.Load(), e.Status, len(e.Attempts))
	if len(e.Result) > 0 {
		result, resultErr := task.Result(report)
		text += fmt.Sprintf(", result %s, returned as %q, %v", e.Result, result, resultErr)
	}
	if last := e.ErrorText(); last != "" {
		text += "\n    " + last
		if e.Attempts[len(e.Attempts)-1].Stack != "" {
			text += ", with its stack"
		}
		if err != nil && !strings.HasSuffix(err.Error(), ": "+last) {
			text += "\n    returned: " + err.Error()
		}
	}
	if err := runner.Shutdown(ctx); err != nil {
		text += "\n    shutdown: " + err.Error()
	}
	if steps != "" {
		text += "\n    " + steps
	}
	return text
}

// bare runs what no middleware is around: it was recorded, or let through in
// test mode.
func bare() {
	ctx := context.Background()
	r, err := saferunner.New(saferunner.WithMiddleware(named("middleware")))
	if err != nil {
		fmt.Println(err)
		return
	}
	mail := saferunner.Define("mail.send", func(context.Context, string) error { did.add("task"); return nil })
	other := saferunner.Define("other.task", func(context.Context, string) error { did.add("other"); return nil })
	report, err := r.Run(ctx, "order.paid", mail.With("x"), mail.With("x").Async(), other.With("x"))
	fmt.Println(err, report.Wait(ctx), report.Recorded(), did.take())
}

// atOnce is an engine that delivers at once, and obeys endings.
type atOnce struct {
	handler engine.Handler
	group   sync.WaitGroup
}

func (e *atOnce) Start(_ context.Context, _ []engine.TaskSpec, h engine.Handler) error {
	e.handler = h
	return nil
}

func (e *atOnce) Stop(context.Context) error {
	e.group.Wait()
	return nil
}

func (e *atOnce) Submit(_ context.Context, b engine.Batch) ([]engine.Ticket, error) {
	for _, j := range b.Jobs {
		sent, err := json.Marshal(j)
		if err != nil {
			return nil, err
		}
		d := engine.Delivery{RunID: b.RunID, Run: b.Run, At: b.At, Caller: b.Caller, Attempt: 1}
		if err := json.Unmarshal(sent, &d.Job); err != nil {
			return nil, err
		}
		e.group.Go(func() {
			for end := e.handler(context.Background(), d); end.Status == journal.StatusQueued; end = e.handler(context.Background(), d) {
				if end.Counts {
					d.Attempt++
				}
				time.Sleep(end.Wait)
			}
		})
	}
	return nil, nil
}
