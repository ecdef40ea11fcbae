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
// [github.com/saferunner/saferunner.Runner.Start]. It begins to work jobs of
// these tasks. Jobs of others wait for a process that knows them. Those that
// wait in another queue than their task has here, since it had that in another
// version, are moved to the queue that it has here: at once, and every minute
// what other processes have queued since. While an old and a new version run
// together, both work all of them, each in its own queue.
//
// Start gives up when ctx ends, and when Stop is called meanwhile. What it has
// started goes on when ctx ends, until Stop.
func (e *Engine) Start(ctx context.Context, tasks []engine.TaskSpec, h engine.Handler) error {
	if err := e.online(); err != nil {
		return err
	}
	if len(tasks) == 0 {
		return errors.New("riverengine: Start: no tasks: name those that this process works")
	}
	lasting, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	s := &starting{giveUp: giveUp, ended: make(chan struct{})}
	if err := e.begin(s); err != nil {
		giveUp(err)
		return err
	}
	forget := context.AfterFunc(ctx, func() { giveUp(context.Cause(ctx)) })
	c, err := e.startClient(lasting, tasks, h)
	if !forget() {
		giveUp(context.Cause(ctx))
	}
	e.mu.Lock()
	tooLate := lasting.Err() != nil
	if err == nil && !tooLate {
		e.client, e.works = c, true
		e.still = e.gathers(lasting, tasks)
	}
	e.starts = nil
	e.mu.Unlock()
	switch {
	case tooLate && err == nil: // River has started, and ends with its ctx
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastChance)
		err = errors.Join(context.Cause(lasting), c.stopAndCancel(last))
		cancel()
	case tooLate:
		err = context.Cause(lasting)
	}
	close(s.ended)
	if err != nil {
		return fmt.Errorf("riverengine: Start: %w", err)
	}
	return nil
}

// starting is a Start that is under way.
type starting struct {
	giveUp context.CancelCauseFunc
	ended  chan struct{} // closed when it is not any more
}

// begin says that a Start is under way, if there can be one.
func (e *Engine) begin(s *starting) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed: // meanwhile
		return errClosed
	case e.works || e.starts != nil:
		return errors.New("riverengine: Start: the engine works already")
	}
	e.starts = s
	return nil
}

// startClient starts River, which works until ctx ends.
func (e *Engine) startClient(ctx context.Context, tasks []engine.TaskSpec, h engine.Handler) (client, error) {
	e.handler, e.specs = h, map[string]engine.TaskSpec{}
	for _, spec := range tasks {
		e.specs[spec.Name] = spec
	}
	c, err := e.db.newClient(e, e.config(tasks))
	if err != nil {
		return nil, err
	}
	return c, c.start(ctx)
}

// gathers begins to gather the calls of these tasks, and to sweep, and returns
// what ends it.
func (e *Engine) gathers(ctx context.Context, tasks []engine.TaskSpec) (still func()) {
	ctx, cancel := context.WithCancel(ctx)
	var gatherer sync.WaitGroup
	gatherer.Go(func() { e.gathering(ctx, tasks) })
	gatherer.Go(func() { e.sweeping(ctx) })
	return func() {
		cancel()
		gatherer.Wait()
	}
}

// lastChance is what Stop allows calls whose ctx it has cancelled to end in.
var lastChance = 5 * time.Second

// Stop is for the runner, whose Shutdown calls it: a program calls
// [github.com/saferunner/saferunner.Shutdown]. It takes no further jobs and
// waits for those that execute. When ctx ends it cancels their ctx and gives
// them 5 seconds more: those that may have another attempt go back into the
// queue, the others end as interrupted. What does not end even then is found
// by other processes, once this one has ended; to wait for it, call Stop again.
func (e *Engine) Stop(ctx context.Context) error {
	if err := e.stopStarting(ctx); err != nil {
		return err
	}
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

// stopStarting has a Start that is under way give up, and waits for that.
func (e *Engine) stopStarting(ctx context.Context) error {
	e.mu.RLock()
	s := e.starts
	if s != nil {
		s.giveUp(engine.ErrStopping) // with the lock, which Start takes to say that it has begun
	}
	e.mu.RUnlock()
	if s == nil {
		return nil
	}
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("riverengine: Stop: the engine is being started: %w", context.Cause(ctx))
	}
}

// ended says that no call executes any more.
func (e *Engine) ended() {
	e.mu.Lock()
	e.works = false
	e.mu.Unlock()
}
