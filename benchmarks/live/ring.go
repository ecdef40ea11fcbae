package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// ring is the journal that somebody would write by hand: the last 10,000
// calls, under a mutex.
type ring struct {
	mu      sync.Mutex
	entries [10_000]entry
	next    int
}

type entry struct {
	id       int
	runID    string
	task     string
	args     Order
	status   string
	started  time.Time
	finished time.Time
	err      error
}

var byHand ring

func (r *ring) begin(runID, task string, args Order, status string) (place int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	place = r.next % len(r.entries)
	r.entries[place] = entry{id: r.next, runID: runID, task: task, args: args, status: status, started: time.Now()}
	r.next++
	return place
}

func (r *ring) end(place int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &r.entries[place]
	e.status, e.finished, e.err = "done", time.Now(), err
	if err != nil {
		e.status = "failed"
	}
}

// runWithRing is runByHand that notes each call in the ring.
func runWithRing(ctx context.Context, order Order) error {
	names := [...]string{"order.first", "order.second", "order.third"}
	for i, step := range [...]func(context.Context, Order) error{first, second, third} {
		place := byHand.begin("order.created", names[i], order, "running")
		err := guarded(ctx, step, order, &durations[i])
		if byHand.end(place, err); err != nil {
			return err
		}
	}
	return nil
}

// workers is how many goroutines execute async calls at most.
const workers = 64

// groupRounds runs rounds of n no-ops on an errgroup, each noted in the ring,
// until all are done.
func groupRounds(ctx context.Context, rounds, n int) error {
	var g errgroup.Group
	g.SetLimit(workers)
	for range rounds {
		for i := range n {
			order := Order{ID: int64(i)}
			place := byHand.begin("order.created", "order.async", order, "queued")
			g.Go(func() error {
				var took time.Duration
				err := guarded(ctx, noop, order, &took)
				byHand.end(place, err)
				return err
			})
		}
	}
	return g.Wait()
}

func noop(context.Context, Order) error { return nil }
