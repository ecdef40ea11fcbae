// External runs calls on an engine that is not the runner's own: one that
// passes on nothing but what can leave the process.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// queue delivers what it has, one job after the other, when it is told to.
type queue struct {
	handler engine.Handler
	waiting []engine.Delivery
	group   sync.WaitGroup
	spoil   func(json.RawMessage) json.RawMessage // of payloads
	refuse  error
}

func (e *queue) Start(_ context.Context, tasks []engine.TaskSpec, h engine.Handler) error {
	fmt.Println("engine started with", len(tasks), "tasks")
	e.handler = h
	return nil
}

func (e *queue) Stop(context.Context) error {
	e.group.Wait()
	fmt.Println("engine stopped")
	return nil
}

func (e *queue) Submit(_ context.Context, b engine.Batch) ([]engine.Ticket, error) {
	if e.refuse != nil {
		return nil, e.refuse
	}
	for _, j := range b.Jobs {
		sent, err := json.Marshal(j) // no more than this crosses
		if err != nil {
			return nil, err
		}
		d := engine.Delivery{RunID: b.RunID, Run: b.Run, At: b.At, Caller: b.Caller, Worker: "w1"}
		if err := json.Unmarshal(sent, &d.Job); err != nil {
			return nil, err
		}
		if e.spoil != nil {
			d.Payload = e.spoil(d.Payload)
		}
		e.waiting = append(e.waiting, d)
	}
	return nil, nil
}

func (e *queue) work() {
	deliveries := e.waiting
	e.waiting = nil
	e.group.Go(func() {
		for _, d := range deliveries {
			e.deliver(d)
		}
	})
}

func (e *queue) deliver(d engine.Delivery) {
	said := false
	for d.Attempt = 1; ; {
		end := e.handler(context.Background(), d)
		switch {
		case end.Status != journal.StatusQueued:
			return
		case end.Counts:
			d.Attempt++
		case !said:
			fmt.Println("later:", d.Task.Name, end.Wait <= 15*time.Second)
			said = true
		}
		time.Sleep(min(end.Wait, 50*time.Millisecond))
	}
}

type card struct {
	Number string `saferunner:"redact"`
	Cents  int
}

type traceKey struct{}

var (
	add = saferunner.DefineResult("sum.add", func(ctx context.Context, in []int) (int, error) {
		info, _ := saferunner.Current(ctx)
		fmt.Println("adding", in, info.RunID, info.Attempt, info.Key, "trace", ctx.Value(traceKey{}))
		return in[0] + in[1], nil
	})
	charge = saferunner.Define("card.charge", func(_ context.Context, c card) error {
		fmt.Println("charging", c.Number, c.Cents)
		return errors.New("declined")
	}, saferunner.Attempts(2))
	crash = saferunner.Define("crash.now", func(context.Context, string) error { panic("oh no") })
)

func show(ctx context.Context, r *saferunner.Runner, runID string) {
	entries, err := r.Calls(ctx, runID)
	if err != nil {
		fmt.Println("calls:", err)
	}
	for _, e := range entries {
		fmt.Println(" ", e.Task, e.Status, string(e.Args), "result", string(e.Result), "async", e.Async, "caller", e.Caller[strings.LastIndexByte(e.Caller, '/')+1:])
		for _, a := range e.Attempts {
			fmt.Println("    attempt:", a.Error, "worker", a.Worker, "stack", a.Stack != "")
		}
	}
}

// lines are printed in an order of their own, since OnFailure is called from
// goroutines.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	l.all = append(l.all, line)
	l.mu.Unlock()
}

func (l *lines) print() {
	slices.Sort(l.all)
	for _, line := range l.all {
		fmt.Println("failure:", line)
	}
}

func main() {
	ctx := context.WithValue(context.Background(), traceKey{}, "t1")
	e, failures := &queue{}, &lines{}
	r, err := saferunner.New(saferunner.WithEngine(e), saferunner.WithLogger(slog.New(slog.DiscardHandler)),
		saferunner.UnknownFields(30*time.Millisecond),
		saferunner.Propagate(
			func(ctx context.Context) map[string]string {
				return map[string]string{"trace": fmt.Sprint(ctx.Value(traceKey{}))}
			},
			func(ctx context.Context, m map[string]string) context.Context {
				return context.WithValue(ctx, traceKey{}, m["trace"])
			}),
		saferunner.OnFailure(func(_ context.Context, e journal.Entry, err error) { failures.add(fmt.Sprint(e.Status, " ", err)) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("start:", r.Start(ctx, add, charge, crash))
	fmt.Println("again:", r.Start(ctx, add))

	run := func(runID string, calls ...saferunner.Call) {
		report, err := r.Run(ctx, runID, calls...)
		fmt.Println("run:", err)
		for _, o := range report.Outcomes() {
			fmt.Println(" ", o.Task, o.Status, o.Result)
		}
		e.work()
		fmt.Println("wait:", report.Wait(ctx))
		show(ctx, r, runID)
	}
	run("works", add.With([]int{1, 2}).Async().Key("k"), crash.With("x").Async())
	run("duplicate", add.With([]int{1, 2}).Async().Key("k"))
	run("fails", charge.With(card{"4111", 100}).Async())

	e.spoil = func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"Cents":1,"Currency":"EUR"}`) }
	run("unknown.field", charge.With(card{"4111", 100}).Async())
	e.spoil = func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"Cents":"many"}`) }
	run("poisoned", charge.With(card{"4111", 100}).Async())
	e.spoil, e.refuse = nil, errors.New("no room")
	run("refused", add.With([]int{1, 2}).Async().Key("k2"), crash.With("x").Async())
	e.refuse = nil
	run("freed", add.With([]int{3, 4}).Async().Key("k2"))

	_, err = r.RunTx(ctx, "a transaction", "tx", add.With([]int{1, 2}).Async())
	fmt.Println("tx:", errors.Is(err, engine.ErrNoTx))
	fmt.Println("cancel:", r.Cancel(ctx, "x"))

	dry, _ := saferunner.New(saferunner.RecordOnly(), saferunner.WithEngine(&queue{}))
	fmt.Println("dry start:", dry.Start(ctx, add))
	report, err := dry.Run(ctx, "dry", add.With([]int{1, 2}).Async())
	fmt.Println("dry:", report.Recorded(), err)
	fmt.Println("shutdown:", r.Shutdown(ctx), dry.Shutdown(ctx))
	failures.print()
}
