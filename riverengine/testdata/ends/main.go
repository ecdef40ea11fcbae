// Ends works calls that end badly, and prints what OnFailure is told of them.
//
//	ends DSN          runs calls of its own, and shuts down while some execute
//	ends DSN queue    queues a call of end.found
//	ends DSN COUNT    works what is in the database, until it was told so often
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine"
)

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type traceKey struct{}

var begun = make(chan struct{}, 10)

func untilStopped(ctx context.Context, _ int) error {
	begun <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

var (
	permanent = saferunner.Define("end.permanent", func(context.Context, int) error {
		return saferunner.Permanent(errors.New("no such card"))
	}, saferunner.Timeout(time.Second), saferunner.Attempts(3))
	slow = saferunner.Define("end.slow", func(ctx context.Context, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	}, saferunner.Timeout(200*time.Millisecond))
	putBack = saferunner.Define("end.putback", untilStopped, saferunner.Attempts(3))
	cut     = saferunner.Define("end.cut", untilStopped)
	nilBare = saferunner.Define("end.nil", func(context.Context, int) error {
		var failure *os.PathError
		return failure
	})
	nilWrapped = saferunner.Define("end.nilwrapped", func(context.Context, int) error {
		var failure *os.PathError
		return fmt.Errorf("upload: %w", errors.Join(errors.New("no room"), saferunner.Permanent(failure)))
	})
	panicking = saferunner.Define("end.panicking", func(context.Context, int) error { return panics{} }, saferunner.Attempts(2), saferunner.Backoff(time.Millisecond, time.Millisecond))
	cancel    = saferunner.Define("end.cancelled", untilStopped, saferunner.Attempts(3))
	found     = saferunner.Define("end.found", untilStopped, saferunner.Timeout(time.Second))
)

// panics is an error of which each method does.
type panics struct{}

func (panics) Error() string { panic("in Error") }
func (panics) Unwrap() error { panic("in Unwrap") }
func (panics) Is(error) bool { panic("in Is") }
func (panics) As(any) bool   { panic("in As") }

func run(ctx context.Context) error {
	e, err := riverengine.Open(ctx, os.Args[1])
	if err != nil {
		return err
	}
	defer e.Close()
	told := make(chan struct{}, 100)
	r, err := saferunner.New(saferunner.WithEngine(e),
		saferunner.Propagate(
			func(ctx context.Context) map[string]string {
				return map[string]string{"trace": fmt.Sprint(ctx.Value(traceKey{}))}
			},
			func(ctx context.Context, m map[string]string) context.Context {
				return context.WithValue(ctx, traceKey{}, m["trace"])
			}),
		saferunner.OnFailure(func(ctx context.Context, entry journal.Entry, err error) {
			page, failure := e.Journal().Query(ctx, journal.Query{ID: entry.ID})
			if failure != nil {
				fmt.Println("the journal:", failure)
				return
			}
			_, bounded := ctx.Deadline()
			call, _ := errors.AsType[*saferunner.CallError](err)
			fmt.Println(entry.Task, entry.Status, "journal", page.Entries[0].Status, "attempt", call.Attempt, "of", len(entry.Attempts), "error", entry.ErrorText(),
				"trace", ctx.Value(traceKey{}), "live", ctx.Err() == nil, bounded)
			told <- struct{}{}
		}))
	if err != nil {
		return err
	}
	values := context.WithValue(ctx, traceKey{}, "t1")
	if len(os.Args) > 2 && os.Args[2] == "queue" {
		_, err := r.Run(values, "found", found.With(0).Async())
		return err
	}
	if err := r.Start(ctx, permanent, slow, putBack, cut, cancel, found, nilBare, nilWrapped, panicking); err != nil {
		return err
	}
	if len(os.Args) > 2 {
		n, err := strconv.Atoi(os.Args[2])
		if err != nil {
			return err
		}
		for range n {
			<-told
		}
		return r.Shutdown(ctx)
	}
	ctx = values
	report, err := r.Run(ctx, "ends", permanent.With(1).Async(), slow.With(2).Async(),
		nilBare.With(7).Async(), nilWrapped.With(8).Async(), panicking.With(9).Async())
	if err != nil {
		return err
	}
	_ = report.Wait(ctx) // their failures, which are what this is about
	if report, err = r.Run(ctx, "cancelled", cancel.With(5).Async().After(time.Hour), cancel.With(6).Async()); err != nil {
		return err
	}
	<-begun
	for _, o := range report.Outcomes() {
		if err := r.Cancel(ctx, o.EntryID); err != nil {
			return err
		}
	}
	_ = report.Wait(ctx)
	if _, err := r.Run(ctx, "stopped", putBack.With(3).Async(), cut.With(4).Async()); err != nil {
		return err
	}
	<-begun
	<-begun
	impatient, end := context.WithTimeout(ctx, 50*time.Millisecond)
	defer end()
	_ = r.Shutdown(impatient) // which names them
	return nil
}
