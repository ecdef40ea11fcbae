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

// external is what a runner knows of the durable engine that WithEngine
// named. It is started once, with tasks that are frozen then, and may be
// stopped again and again. mu guards state and tasks, and is not held while
// the engine is called.
type external struct {
	engine   engine.Engine
	ledger   bool // it keeps the journal
	patience *time.Duration
	inject   func(context.Context) map[string]string
	extract  func(context.Context, map[string]string) context.Context

	mu    sync.Mutex
	state externalState
	tasks map[string]*record.Task // what Start was given; never changed, only set
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

// Start begins to work the calls of a durable engine: those of these tasks,
// and of no others. It returns once workers run, or soon after ctx ends; they
// go on until [Shutdown], also when ctx ends. The tasks are frozen: a second
// Start is an error, in every mode, as are two tasks of one name
// ([ErrTaskTwice]). In test mode Start takes no job. The in-process engine
// works without it. With a bad SAFERUNNER_MODE Start returns [ErrMode].
func (r *Runner) Start(ctx context.Context, tasks ...Named) error {
	if r == nil || r.journal == nil {
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
	return r.external.start(ctx, r.durable(), defs, specs, r.deliver)
}

func (x *external) start(ctx context.Context, e engine.Engine, tasks map[string]*record.Task, specs []engine.TaskSpec, h engine.Handler) error {
	x.mu.Lock()
	if x.state != notStarted {
		x.mu.Unlock()
		return errors.New("saferunner: Start: the runner has been started; its tasks are frozen")
	}
	x.state, x.tasks = starting, tasks
	x.mu.Unlock()
	if e == nil {
		x.become(stopped)
		return nil
	}
	if err := e.Start(ctx, specs, h); err != nil {
		x.become(notStarted)
		return fmt.Errorf("saferunner: Start: %w", err)
	}
	x.become(started)
	return nil
}

func (x *external) become(s externalState) {
	x.mu.Lock()
	x.state = s
	x.mu.Unlock()
}

func (x *external) task(name string) *record.Task {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.tasks[name]
}

// stop stops the engine. One that is being started is stopped too.
func (x *external) stop(ctx context.Context) error {
	x.mu.Lock()
	running := x.state == starting || x.state == started
	x.mu.Unlock()
	if !running {
		return nil
	}
	if err := x.engine.Stop(ctx); err != nil {
		return err // to be waited for once more
	}
	x.become(stopped)
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
	if l.report.durable == nil {
		l.report.durable = &durableCalls{journal: l.runner.journal}
	}
	for _, j := range jobs {
		l.report.durable.sent = append(l.report.durable.sent, j.Position)
	}
}

func (l *list) jobs(from, to int) []engine.Job {
	jobs := make([]engine.Job, 0, to-from)
	for i := from; i < to; i++ {
		if l.run.Status(i) == journal.StatusQueued {
			jobs = append(jobs, engine.Job{
				EntryID: l.run.EntryID(i), Position: i, Task: l.task(i).Spec,
				Key: l.run.Key(i), NotBefore: l.run.Calls[i].Options.NotBefore(l.run.At),
			})
		}
	}
	return jobs
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
	b := engine.Batch{RunID: l.run.RunID, Run: l.run.ID(), At: l.run.At, Caller: callsite.String(l.run.Caller), Jobs: jobs}
	var metadata map[string]string
	if inject := l.runner.external.inject; inject != nil {
		o := guarded(func() (any, error) {
			metadata = inject(l.ctx)
			return nil, nil
		})
		if o.err != nil {
			return nil, fmt.Errorf("the function of Propagate: %w", o.err)
		}
	}
	for i := range jobs {
		j, args := &jobs[i], l.run.Calls[jobs[i].Position].Args
		var err error
		if j.Payload, err = args.Payload(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArguments, err)
		}
		if j.Args, j.Metadata = j.Payload, metadata; args.Redacted() {
			j.Args, j.Redacted = args.Shown(), true
		}
	}
	if e := l.txEngine(); e != nil {
		return e.SubmitTx(l.ctx, l.tx, b)
	}
	return l.runner.durable().Submit(l.ctx, b)
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
			l.outcome(i).Result = l.runner.heldResult(l.ctx, t.Holder, l.run, i)
		}
	}
}
