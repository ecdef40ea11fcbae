// Undelivered hands calls to an engine whose workers cannot execute them:
// arguments that cannot be read, a ctx that is none. It prints all that is
// written down and logged of them, in which nothing may be that is secret.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// What the payloads hold begins with 7733.
type (
	number struct {
		Pin  int32 `saferunner:"redact"`
		Name string
	}
	address struct {
		Host netip.Addr `saferunner:"redact"`
	}
	date struct {
		Born time.Time `saferunner:"redact"`
	}
	nested struct {
		Cards []map[string]*number
	}
	quoting struct {
		Token quotes `saferunner:"redact"`
	}
	whole struct {
		Pin int `saferunner:"redact"`
	}
	vendor struct {
		Card struct{ Number int32 }
	}
	plain struct{ Cents int32 }
	card  struct {
		Number int64  `saferunner:"redact"`
		Text   string `saferunner:"redact"`
	}
)

// charge panics with its arguments on the stack.
//
//go:noinline
func charge(number int64, text string) error {
	if number > 0 && text != "" {
		panic("cannot charge")
	}
	return nil
}

// quotes is a type whose error quotes what it was given.
type quotes struct{}

func (*quotes) UnmarshalJSON(b []byte) error { return quote(b) }
func (quotes) MarshalJSON() ([]byte, error)  { return []byte(`{}`), nil }

func (*whole) UnmarshalJSON(b []byte) error { return quote(b) }
func (whole) MarshalJSON() ([]byte, error)  { return []byte(`{}`), nil }

// unread is a type that does not read what it writes.
type unread struct {
	Pin int `saferunner:"redact"`
}

func (*unread) UnmarshalJSON(b []byte) error { return fmt.Errorf("bad value %s", b) }
func (unread) MarshalJSON() ([]byte, error)  { return []byte(`{"Pin":7733}`), nil }

func quote(b []byte) error {
	if string(b) == "{}" {
		return nil
	}
	return fmt.Errorf("bad value %s", b)
}

func main() {
	undecodable[number]("a number that is too large", `{"Pin":7733123456789,"Name":"ann"}`)
	undecodable[number]("a text for a number", `{"Pin":"7733"}`)
	undecodable[number]("a list for a number", `{"Pin":[7733]}`)
	undecodable[number]("another field", `{"Pin":7733,"Name":7733}`)
	undecodable[number]("unknown field", `{"Pin":7733,"Nom":"7733"}`)
	undecodable[number]("cut off", `{"Pin":7733`)
	undecodable[number]("no JSON", `7733x`)
	undecodable[number]("a text for all", `"7733"`)
	undecodable[address]("no address", `{"Host":"7733.example"}`)
	undecodable[date]("no time", `{"Born":"7733-13-01"}`)
	undecodable[nested]("nested", `{"Cards":[{"a":{"Pin":7733123456789}}]}`)
	undecodable[quoting]("an error that quotes", `{"Token":"7733"}`)
	undecodable[whole]("an error of the whole that quotes", `{"Pin":7733}`)
	undecodable[unread]("not read back", `{}`)
	undecodable[vendor]("by an option", `{"Card":{"Number":7733123456789}}`, saferunner.Redact("Card.Number"))

	fmt.Println("a panic")
	try(`{"Number":7733123456789,"Text":"7733"}`, saferunner.Define("some.task", func(_ context.Context, c card) error { return charge(c.Number, c.Text) }))

	extract("nil", func(context.Context) context.Context { return nil })
	extract("a nil pointer", func(context.Context) context.Context { return (*ctx)(nil) })
	extract("RecordOnly", func(ctx context.Context) context.Context {
		dry, _ := saferunner.New(saferunner.RecordOnly())
		return saferunner.NewContext(ctx, dry)
	})
	extract("panic", func(context.Context) context.Context { panic("in extract") })
	extract("a ctx of its own", func(context.Context) context.Context { return context.Background() })
}

type ctx struct{ context.Context }

func undecodable[T any](name, payload string, opts ...saferunner.TaskOption) {
	fmt.Println(name)
	try(payload, saferunner.Define("some.task", func(context.Context, T) error { fmt.Println("executed"); return nil }, opts...))
}

func extract(name string, fn func(context.Context) context.Context) {
	fmt.Println("extract returns " + name)
	task := saferunner.Define("some.task", func(context.Context, plain) error { fmt.Println("executed"); return nil })
	inject := func(context.Context) map[string]string { return nil }
	try(`{}`, task, saferunner.Propagate(inject, func(ctx context.Context, _ map[string]string) context.Context { return fn(ctx) }))
}

// try runs a call whose payload becomes another one on its way.
func try[T any](payload string, task *saferunner.Task[T], opts ...saferunner.Option) {
	background := context.Background()
	var log strings.Builder
	failed := make(chan string, 1)
	r, err := saferunner.New(append(opts, saferunner.WithEngine(&spoils{payload: json.RawMessage(payload)}), saferunner.UnknownFields(0),
		saferunner.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: stable}))),
		saferunner.OnFailure(func(_ context.Context, e journal.Entry, err error) {
			failed <- fmt.Sprint(e.ErrorText() == errors.Unwrap(err).Error(), " ", err)
		}))...)
	if err == nil {
		err = r.Start(background, task)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	report, err := r.Run(background, "spoilt", task.With(*new(T)).Async())
	fmt.Println("  wait:", errors.Join(err, report.Wait(background)))
	if err := r.Shutdown(background); err != nil {
		fmt.Println("  shutdown:", err)
	}
	entries, err := r.Calls(background, "spoilt")
	for _, e := range entries {
		e.ID, e.Run, e.Caller, e.At, e.StartedAt, e.FinishedAt = "", "", "", time.Time{}, time.Time{}, time.Time{}
		for i := range e.Attempts {
			a := &e.Attempts[i]
			if a.Stack != "" && strings.Contains(a.Stack, "charge") {
				fmt.Printf("  stack: it names main.go %t, holds numbers %t\n", strings.Contains(a.Stack, "main.go:"), strings.Contains(a.Stack, "0x"))
			}
			a.Started, a.Finished, a.Stack = time.Time{}, time.Time{}, ""
		}
		text, _ := json.Marshal(e)
		fmt.Println("  journal:", string(text))
	}
	if err != nil {
		fmt.Println("  calls:", err)
	}
	if log.Len() > 0 {
		fmt.Print("  log: ", log.String())
	}
	select {
	case text := <-failed:
		fmt.Println("  OnFailure:", text)
	default:
	}
}

// stable leaves out what is different each time.
func stable(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == "entry" {
		return slog.Attr{}
	}
	if a.Key == "stack" { // the function that has panicked
		first, _, _ := strings.Cut(a.Value.String(), "\n")
		return slog.String(a.Key, first)
	}
	return a
}

// spoils is an engine that delivers another payload.
type spoils struct {
	payload json.RawMessage
	handler engine.Handler
	group   sync.WaitGroup
}

func (e *spoils) Start(_ context.Context, _ []engine.TaskSpec, h engine.Handler) error {
	e.handler = h
	return nil
}

func (e *spoils) Stop(context.Context) error {
	e.group.Wait()
	return nil
}

func (e *spoils) Submit(_ context.Context, b engine.Batch) ([]engine.Ticket, error) {
	for _, j := range b.Jobs {
		j.Payload = e.payload
		d := engine.Delivery{Job: j, RunID: b.RunID, Run: b.Run, At: b.At, Caller: b.Caller, Attempt: 1}
		e.group.Go(func() {
			if end := e.handler(context.Background(), d); !end.Status.Final() {
				fmt.Println("  not final:", end.Status)
			}
		})
	}
	return nil, nil
}
