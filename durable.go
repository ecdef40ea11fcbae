package saferunner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
	"github.com/saferunner/saferunner/journal"
)

// external is what a runner knows of the durable engine that WithEngine named.
//
// Its state goes from notStarted to starting, and on to started, or back to
// notStarted if the engine fails to start. In test mode there is nothing to start,
// and it goes to stopped. stop leads from starting and started to stopped once
// Stop of the engine has returned nil; until then it may be called again. mu
// guards state and what follows it. It is not held while the engine is called, so
// a Start that hangs keeps nobody waiting.
type external struct {
	engine   engine.Engine
	ledger   bool // it keeps the journal
	patience *time.Duration
	inject   func(context.Context) map[string]string
	extract  func(context.Context, map[string]string) context.Context

	mu          sync.Mutex
	state       externalState
	tasks       map[string]*record.Task // what Start was given; never changed, only set
	cancelStart context.CancelCauseFunc // of a Start that goes on
	startEnded  chan struct{}           // closed when it has returned
	abandoned   bool                    // Shutdown has given up on it
}

type externalState uint8

const (
	notStarted externalState = iota
	starting
	started
	stopped
)

// durable returns the durable engine of async calls, nil where they execute
// in this process: always in test mode.
func (r *Runner) durable() engine.Engine {
	if r.external.engine == nil || r.rules != nil || r.recordOnly || !gateIsLive() {
		return nil
	}
	return r.external.engine
}

// usesLedger reports whether the engine of async calls writes their entries.
func (r *Runner) usesLedger() bool { return r.external.ledger && r.durable() != nil }

// Start begins to execute the calls of a durable engine: those of these tasks, and
// of no others. It returns once the workers run, or about a second after ctx has
// ended. The workers go on until [Runner.Shutdown], also after ctx has ended. In
// test mode Start takes no calls. The in-process engine needs no Start.
//
// Start returns an error if it was called before, in every mode, unless the first
// Start failed; [ErrTaskTwice] if two of the tasks have one name; [ErrShutdown]
// after Shutdown; and [ErrMode] if SAFERUNNER_MODE is neither live nor record. It
// is safe for concurrent use.
func (r *Runner) Start(ctx context.Context, tasks ...Named) error {
	if !r.made() {
		return errNilRunner("Start")
	}
	if requestctx.IsNil(ctx) {
		return errors.New("saferunner: Start with a nil ctx; nothing was started")
	}
	if mode, text := gate.Current(); mode == gate.Unknown {
		return fmt.Errorf("saferunner: Start: %w, and is %q; nothing was started", ErrMode, text)
	}
	defs := make(map[string]*record.Task, len(tasks))
	specs := make([]engine.TaskSpec, 0, len(tasks))
	for _, t := range tasks {
		switch {
		case t == nil || t.task() == nil:
			return errors.New("saferunner: Start: a task is nil; define it first")
		case defs[t.Name()] != nil:
			return fmt.Errorf("saferunner: Start: %q: %w", t.Name(), ErrTaskTwice)
		}
		defs[t.Name()] = t.task()
		specs = append(specs, t.task().Spec)
	}
	if r.life.ended() {
		return fmt.Errorf("saferunner: Start: %w", ErrShutdown)
	}
	r.listen()
	return r.external.start(ctx, r.durable(), defs, specs, r.deliver)
}

// start is Start. An engine that does not heed ctx goes on to start, beside
// it; what it has started when nobody waits any more is stopped.
func (x *external) start(ctx context.Context, e engine.Engine, tasks map[string]*record.Task, specs []engine.TaskSpec, h engine.Handler) error {
	x.mu.Lock()
	if x.state != notStarted {
		x.mu.Unlock()
		return errors.New("saferunner: Start: the runner was started before; give all of its tasks to one Start")
	}
	x.tasks = tasks
	if e == nil {
		x.state = stopped
		x.mu.Unlock()
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	x.state, x.cancelStart, x.startEnded = starting, cancel, make(chan struct{})
	x.mu.Unlock()
	_, err := within(ctx, grace, func(ctx context.Context) (any, error) {
		defer cancel(nil)
		return nil, x.begun(e.Start(ctx, specs, h))
	})
	if errors.Is(err, errNotReturned) {
		err = fmt.Errorf("the engine did not answer within a second: %w; Shutdown stops what it starts", context.Cause(ctx))
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), engine.ErrStopping) && !errors.Is(err, ErrShutdown):
		err = fmt.Errorf("%w: %w", ErrShutdown, err)
	}
	return fmt.Errorf("saferunner: Start: %w", err)
}

// begun notes that the engine's Start has returned.
func (x *external) begun(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	close(x.startEnded)
	switch {
	case err != nil:
		x.state = notStarted
	case x.abandoned:
		x.state = stopped
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), grace)
			defer cancel()
			_ = x.engine.Stop(ctx) // nobody is there to be told
		}()
		return ErrShutdown
	default:
		x.state = started
	}
	return err
}

func (x *external) task(name string) *record.Task {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.tasks[name]
}

// stop stops the engine, for which it waits no longer than last, which
// outlasts ctx. One that is being started is made to return from that first.
func (x *external) stop(ctx, last context.Context) error {
	if err := x.endStart(ctx, last); err != nil {
		return err
	}
	x.mu.Lock()
	running := x.state == started
	x.mu.Unlock()
	if !running {
		return nil
	}
	_, err := within(last, 0, func(context.Context) (any, error) { return nil, x.engine.Stop(ctx) })
	switch {
	case errors.Is(err, errNotReturned):
		return fmt.Errorf("the engine has not stopped: %w", context.Cause(ctx))
	case err != nil:
		return err // to be waited for once more
	}
	x.mu.Lock()
	x.state = stopped
	x.mu.Unlock()
	return nil
}

// endStart waits for a Start that goes on.
func (x *external) endStart(ctx, last context.Context) error {
	x.mu.Lock()
	if x.state != starting {
		x.mu.Unlock()
		return nil
	}
	cancel, ended := x.cancelStart, x.startEnded
	x.mu.Unlock()
	cancel(engine.ErrStopping)
	select {
	case <-ended:
		return nil
	case <-last.Done():
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.state == starting {
		x.abandoned = true
		return fmt.Errorf("the engine has not returned from Start: %w", context.Cause(ctx))
	}
	return nil
}

// submitDurable hands the queued calls of from..to to the durable engine. If
// it takes none, all have failed.
func (l *list) submitDurable(from, to int) {
	ledger := l.runner.external.ledger
	if ledger {
		l.show(from)
	} else {
		l.show(to)
	}
	jobs := l.jobs(from, to)
	tickets, err := l.handOver(jobs)
	switch {
	case errors.Is(err, engine.ErrInDoubt):
		l.clean = to // what the database has, it has; a failure must not be written over it
		for _, j := range jobs {
			l.failed(j.Position, callError(l.run, j.Position, 0, err, ""))
		}
	case err != nil:
		l.clean = min(l.clean, from)
		l.notQueued(from, to, err)
	case ledger:
		l.showOthers(jobs, to)
		l.duplicates(jobs, tickets)
	}
	l.handedOver(jobs)
}

// handedOver lets Wait of the report ask the journal.
func (l *list) handedOver(jobs []engine.Job) {
	kept := l.originals()
	if kept.durable == nil {
		kept.durable = &durableCalls{journal: l.runner.journal}
	}
	for _, j := range jobs {
		kept.durable.places = append(kept.durable.places, j.Position)
	}
}

func (l *list) jobs(from, to int) []engine.Job {
	jobs := make([]engine.Job, 0, to-from)
	for i := from; i < to; i++ {
		if l.run.Status(i) == journal.StatusQueued {
			jobs = append(jobs, l.job(i))
		}
	}
	return jobs
}

func (l *list) job(i int) engine.Job {
	return engine.Job{
		EntryID: l.run.EntryID(i), Position: i, Task: l.task(i).Spec,
		Key: l.run.Key(i), NotBefore: l.run.Calls[i].Options.NotBefore(l.run.At),
	}
}

// showOthers writes the calls between the jobs that are none: the jobs
// themselves the engine has written.
func (l *list) showOthers(jobs []engine.Job, end int) {
	for _, j := range jobs {
		l.show(j.Position)
		l.clean = j.Position + 1
	}
	l.show(end)
}

func (l *list) handOver(jobs []engine.Job) ([]engine.Ticket, error) {
	b, err := l.batch(jobs)
	switch e := l.txEngine(); {
	case err != nil:
		return nil, err
	case e != nil:
		return e.SubmitTx(l.ctx, l.tx, b)
	}
	return l.runner.durable().Submit(l.ctx, b)
}

// batch completes the jobs, and makes a batch of them.
func (l *list) batch(jobs []engine.Job) (engine.Batch, error) {
	b := engine.Batch{RunID: l.run.RunID, Run: l.run.ID(), At: l.run.At, Caller: callsite.String(l.run.Caller), Jobs: jobs}
	var metadata map[string]string
	if inject := l.runner.external.inject; inject != nil {
		o := guarded(func() (any, error) {
			metadata = inject(l.ctx)
			return nil, nil
		})
		if o.err != nil {
			return b, fmt.Errorf("the function of Propagate: %w", o.err)
		}
	}
	for i := range jobs {
		j, args := &jobs[i], l.run.Calls[jobs[i].Position].Args
		var err error
		if j.Payload, err = args.Payload(); err != nil {
			return b, fmt.Errorf("%w: %w", ErrArguments, err)
		}
		if j.Args, j.Metadata = j.Payload, metadata; args.Redacted() {
			j.Args, j.Redacted = args.Shown(), true
		}
	}
	return b, nil
}

// duplicates settles the calls whose keys the engine found claimed.
func (l *list) duplicates(jobs []engine.Job, tickets []engine.Ticket) {
	for n, t := range tickets {
		if t.Holder == "" {
			continue
		}
		i := jobs[n].Position
		l.run.Settle(i, journal.StatusDuplicate)
		if l.tx == nil {
			l.set(i, l.runner.heldResult(l.graced(), t.Holder, l.run, i))
		}
	}
}
