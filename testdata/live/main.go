// Live does outside of a test what its argument says. A test builds it, with
// the race detector if it has that itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/saferunner/saferunner"
)

var scenarios = map[string]func() error{
	"ctx under middleware": ctxUnderMiddleware,
	"async then sync":      asyncThenSync,
	"one key":              oneKey,
	"Run while it drains":  runWhileItDrains,
}

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if err := scenarios[os.Args[1]](); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

type seen struct{}

// ctxUnderMiddleware has tasks and middlewares that leave goroutines behind,
// which go on to use their ctx.
func ctxUnderMiddleware() error {
	var readers sync.WaitGroup
	read := func(ctx context.Context) {
		readers.Go(func() {
			for range 500 {
				_, _ = saferunner.Current(ctx)
				_, _, _ = ctx.Value(seen{}), ctx.Err(), ctx.Done()
			}
		})
	}
	r, err := saferunner.New(saferunner.WithMiddleware(
		func(ctx context.Context, call saferunner.CallInfo, next func(context.Context) error) error {
			read(ctx)
			return next(context.WithValue(ctx, seen{}, call.Task))
		}))
	if err != nil {
		return err
	}
	fn := func(ctx context.Context, n int) error {
		read(ctx)
		if call, _ := saferunner.Current(ctx); ctx.Value(seen{}) != call.Task {
			return errors.New("the value that the middleware has put into ctx is lost")
		}
		if n == 0 {
			return errors.New("as it should")
		}
		return nil
	}
	plain := saferunner.Define("live.plain", fn)
	limited := saferunner.Define("live.limited", fn, saferunner.Timeout(time.Minute))
	retried := saferunner.Define("live.retried", fn, saferunner.Attempts(3), saferunner.Backoff(1, 1))
	for range 50 {
		report, err := r.Run(context.Background(), "live", plain.With(1).Async(), limited.With(1).Async(), retried.With(0).Async(),
			plain.With(1), limited.With(1), plain.With(0).BestEffort(), plain.With(1))
		if err != nil {
			return err
		}
		if err := report.Wait(context.Background()); err == nil {
			return errors.New("a call that fails did not")
		}
	}
	readers.Wait()
	return r.Shutdown(context.Background())
}

// asyncThenSync has sync calls with all that a call can need while workers
// have the run.
func asyncThenSync() error {
	type order struct {
		ID   int
		note *string
	}
	start := saferunner.Define("live.start", func(context.Context, int) error { return nil })
	save := saferunner.Define("live.save", func(context.Context, order) error { return nil })
	price := saferunner.DefineResult("live.price", func(_ context.Context, n int) ([]int, error) {
		if n%2 == 0 {
			return nil, errors.New("even")
		}
		return []int{n}, nil
	})
	for i := range 5000 {
		_, err := saferunner.Run(context.Background(), "live", start.With(1).Async(), save.With(order{ID: i}),
			price.With(i).BestEffort(), price.With(1).Key(fmt.Sprint("key ", i)), start.With(2).Async(), price.With(i).BestEffort())
		if err != nil {
			return err
		}
		if i%100 == 0 {
			if _, err := saferunner.Calls(context.Background(), "live"); err != nil {
				return err
			}
		}
	}
	return saferunner.Shutdown(context.Background())
}

// oneKey has many goroutines with the same keys, more than the journal holds
// entries.
func oneKey() error {
	const keys, callers = 9000, 8
	var did [keys]atomic.Int32
	issue := saferunner.DefineResult("live.issue", func(_ context.Context, n int) ([]int, error) {
		did[n].Add(1)
		return []int{n}, nil
	})
	var all sync.WaitGroup
	errs := make([]error, callers)
	for c := range callers {
		all.Go(func() {
			for n := range keys {
				report, err := saferunner.Run(context.Background(), "live", issue.With(n).Key(fmt.Sprint(n)))
				if err != nil {
					errs[c] = err
					return
				}
				out, err := issue.Result(report)
				switch {
				case err == nil && (len(out) != 1 || out[0] != n):
					errs[c] = fmt.Errorf("the result for key %d is %d", n, out)
				case err == nil:
					out[0] = -1 // each has a copy of its own
				case !errors.Is(err, saferunner.ErrDuplicate):
					errs[c] = err
				}
			}
		})
	}
	all.Wait()
	for n := range did {
		if did[n].Load() != 1 {
			return fmt.Errorf("the calls with key %d executed %d times", n, did[n].Load())
		}
	}
	return errors.Join(append(errs, saferunner.Shutdown(context.Background()))...)
}

// runWhileItDrains runs calls on a runner that is being shut down: it takes
// those of the tasks that it still executes, and no others.
func runWhileItDrains() error {
	background := context.Background()
	r, err := saferunner.New()
	if err != nil {
		return err
	}
	other, err := saferunner.New()
	if err != nil {
		return err
	}
	do := func(r *saferunner.Runner, ctx context.Context, fn func(context.Context) error) error {
		task := saferunner.Define("drains.task", func(ctx context.Context, _ int) error { return fn(ctx) })
		_, err := r.Run(saferunner.NewContext(ctx, r), "drains", task.With(1))
		return err
	}
	nothing := func(context.Context) error { return nil }
	var left context.Context // of a task that has ended
	if err := do(r, background, func(ctx context.Context) error { left = ctx; return nil }); err != nil {
		return err
	}
	begun, drains := make(chan bool), make(chan bool)
	var within, around error
	go func() {
		_ = do(r, background, func(ctx context.Context) error {
			close(begun)
			<-drains
			within = do(r, ctx, nothing)
			around = do(other, ctx, func(ctx context.Context) error { return do(r, ctx, nothing) })
			return nil
		})
	}()
	<-begun
	ended := make(chan error)
	go func() { ended <- r.Shutdown(background) }()
	for do(r, background, nothing) == nil {
		runtime.Gosched()
	}
	ofEnded := do(r, left, nothing)
	ofOther := do(other, background, func(ctx context.Context) error { return do(r, ctx, nothing) })
	close(drains)
	if err := <-ended; err != nil {
		return err
	}
	if within != nil || around != nil || !errors.Is(ofEnded, saferunner.ErrShutdown) || !errors.Is(ofOther, saferunner.ErrShutdown) {
		return fmt.Errorf("in a task: %v, and around another runner: %v; of a task that has ended: %v, of another runner's: %v", within, around, ofEnded, ofOther)
	}
	return nil
}
