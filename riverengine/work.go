package riverengine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// Start is for the runner, whose Start calls it: a program calls
// [github.com/saferunner/saferunner.Runner.Start]. It begins to work jobs of these tasks. Jobs of
// others wait for a process that knows them. Those that wait in another queue
// than their task has here, since it had that in another version, are moved to
// the queue that it has here: at once, and every minute what other processes
// have queued since. While an old and a new version run together, both work
// all of them, each in its own queue.
func (e *Engine) Start(ctx context.Context, tasks []engine.TaskSpec, h engine.Handler) error {
	if err := e.online(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.works {
		return errors.New("riverengine: Start: the engine works already")
	}
	if len(tasks) == 0 {
		return errors.New("riverengine: Start: no tasks: name those that this process works")
	}
	e.handler, e.specs = h, map[string]engine.TaskSpec{}
	for _, spec := range tasks {
		e.specs[spec.Name] = spec
	}
	c, err := e.db.newClient(e, e.config(tasks))
	if err != nil {
		return fmt.Errorf("riverengine: Start: %w", err)
	}
	if err := c.start(ctx); err != nil {
		return fmt.Errorf("riverengine: Start: %w", err)
	}
	e.client, e.works = c, true
	gathers, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var gatherer sync.WaitGroup
	gatherer.Go(func() { e.gathering(gathers, tasks) })
	e.still = func() {
		cancel()
		gatherer.Wait()
	}
	return nil
}

// lastChance is what Stop allows calls whose ctx it has cancelled to end in.
var lastChance = 5 * time.Second

// Stop is for the runner, whose Shutdown calls it: a program calls
// [github.com/saferunner/saferunner.Shutdown]. It takes no further jobs and waits for those that
// execute. When ctx ends it cancels their ctx and gives them 5 seconds more:
// those without a retry end as interrupted, others go back into the queue.
// What does not end even then is found by other processes, once its time is
// over; to wait for it, call Stop again.
func (e *Engine) Stop(ctx context.Context) error {
	e.mu.RLock()
	works, c, still := e.works, e.client, e.still
	e.mu.RUnlock()
	if !works {
		return nil
	}
	still()
	if c.stop(ctx) == nil {
		e.ended()
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastChance)
	defer cancel()
	err := c.stopAndCancel(last)
	if err == nil {
		e.ended()
	} else {
		err = fmt.Errorf("some still execute: %w", err)
	}
	return errors.Join(fmt.Errorf("riverengine: Stop: calls were cancelled: %w", context.Cause(ctx)), err)
}

// ended says that no call executes any more.
func (e *Engine) ended() {
	e.mu.Lock()
	e.works = false
	e.mu.Unlock()
}
