package fanout

import (
	"context"
	"sync"

	"github.com/alitto/pond/v2"
	"github.com/panjf2000/ants/v2"
	concpool "github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"

	"github.com/saferunner/saferunner/internal/pool"
)

// A runner runs the items of a round, with the arguments from first on, and returns when the last has ended.
type runner func(items []item, first int)

// peers lists what is compared. What lives longer than a round is made by start, outside the measurement.
var peers = []struct {
	name  string
	start func() (run runner, stop func())
}{
	{"static", startStatic},
	{"saferunner", startSaferunner},
	{"channel", startChannel},
	{"pond", startPond},
	{"pondgroup", startPondGroup},
	{"conc", startConc},
	{"errgroup", startErrgroup},
	{"ants", startAnts},
}

func nothing() {}

// startStatic is the floor: the items are divided beforehand, and nothing is handed over.
func startStatic() (runner, func()) {
	return func(items []item, first int) {
		lists(items, first, func([]item) {})
		var wg sync.WaitGroup
		for w := range workers {
			share := items[w*len(items)/workers : (w+1)*len(items)/workers]
			wg.Go(func() {
				for i := range share {
					share[i].run()
				}
			})
		}
		wg.Wait()
	}, nothing
}

type list []item

func (l list) Len() int { return len(l) }
func (l list) Do(i int) { l[i].run() }

func startSaferunner() (runner, func()) {
	p := pool.New(workers)
	ctx := context.Background()
	return func(items []item, first int) {
		lists(items, first, func(l []item) { p.Submit(list(l)) })
		must(p.Wait(ctx))
	}, nothing
}

// startChannel closes the channel at the end of a round, which costs less than counting items.
func startChannel() (runner, func()) {
	return func(items []item, first int) {
		funcs := make(chan func(), bound)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for f := range funcs {
					f()
				}
			})
		}
		lists(items, first, func(l []item) {
			for i := range l {
				funcs <- l[i].run
			}
		})
		close(funcs)
		wg.Wait()
	}, nothing
}

// startPond takes the pool's cheapest way: Go has no future, and items recover by themselves.
func startPond() (runner, func()) {
	p := pond.NewPool(workers, pond.WithoutPanicRecovery())
	return func(items []item, first int) {
		var wg sync.WaitGroup
		lists(items, first, func(l []item) {
			wg.Add(len(l))
			for i := range l {
				must(p.Go(func() {
					defer wg.Done()
					l[i].run()
				}))
			}
		})
		wg.Wait()
	}, p.StopAndWait
}

// startPondGroup takes the pool's own way to wait for many: one group a round.
func startPondGroup() (runner, func()) {
	p := pond.NewPool(workers, pond.WithoutPanicRecovery())
	return func(items []item, first int) {
		g := p.NewGroup()
		lists(items, first, func(l []item) {
			var funcs [perList]func()
			for i := range l {
				funcs[i] = l[i].run
			}
			g.Submit(funcs[:len(l)]...)
		})
		must(g.Wait())
	}, p.StopAndWait
}

func startConc() (runner, func()) {
	return func(items []item, first int) {
		p := concpool.New().WithMaxGoroutines(workers)
		lists(items, first, func(l []item) {
			for i := range l {
				p.Go(l[i].run)
			}
		})
		p.Wait()
	}, nothing
}

func startErrgroup() (runner, func()) {
	return func(items []item, first int) {
		var g errgroup.Group
		g.SetLimit(workers)
		lists(items, first, func(l []item) {
			for i := range l {
				g.Go(func() error {
					l[i].run()
					return nil
				})
			}
		})
		must(g.Wait())
	}, nothing
}

func startAnts() (runner, func()) {
	p, err := ants.NewPool(workers)
	must(err)
	return func(items []item, first int) {
		var wg sync.WaitGroup
		lists(items, first, func(l []item) {
			wg.Add(len(l))
			for i := range l {
				must(p.Submit(func() {
					defer wg.Done()
					l[i].run()
				}))
			}
		})
		wg.Wait()
	}, p.Release
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
