package saferunner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/saferunner/saferunner/internal/callsite"
)

// external is what a runner knows of the engine that WithEngine named.
type external struct {
	engine   Engine
	ledger   bool // it keeps the journal
	patience *time.Duration
	inject   func(context.Context) map[string]string
	extract  func(context.Context, map[string]string) context.Context

	mu      sync.Mutex
	tasks   map[string]*definition // what Start was given; never changed, only set
	started bool
}

// outside returns the engine of async calls where it is not the one of this
// process: never in test mode.
func (r *Runner) outside() Engine {
	if r.external.engine == nil || r.rules != nil || r.recordOnly || process().mode != modeLive {
		return nil
	}
	return r.external.engine
}

// usesLedger reports whether the engine of async calls writes their entries.
func (r *Runner) usesLedger() bool { return r.external.ledger && r.outside() != nil }

// submitOutside hands jobs, of which the last is before end, to an engine that
// is not in this process. If it takes none, all have failed.
func (l *list) submitOutside(jobs []Job, end int) {
	ledger := l.runner.external.ledger
	if ledger {
		l.show(jobs[0].Position)
	} else {
		l.show(end)
	}
	l.run.outside = l.runner.journal
	tickets, err := l.handOver(jobs)
	switch {
	case errors.Is(err, ErrInDoubt):
		l.clean = end // what the database has, it has; a failure must not be written over it
		for _, j := range jobs {
			l.failed(j.Position, l.run.callError(j.Position, 0, err, ""))
		}
	case err != nil:
		l.clean = min(l.clean, jobs[0].Position)
		l.notQueued(jobs, err)
	case ledger:
		l.showOthers(jobs, end)
		l.duplicates(jobs, tickets)
	}
	for _, j := range jobs {
		l.run.sent = append(l.run.sent, j.EntryID)
	}
}

// showOthers writes the calls between the jobs that are none: the jobs
// themselves the engine has written.
func (l *list) showOthers(jobs []Job, end int) {
	for i := l.clean; i < end; i++ {
		if !slices.ContainsFunc(jobs, func(j Job) bool { return j.Position == i }) {
			l.clean = i
			l.show(i + 1)
		}
	}
	l.clean = end
}

func (l *list) handOver(jobs []Job) ([]Ticket, error) {
	b := Batch{RunID: l.run.runID, Run: l.run.id(), At: l.run.at, Caller: callsite.String(l.run.caller), Jobs: jobs}
	var metadata map[string]string
	if inject := l.runner.external.inject; inject != nil {
		metadata = inject(l.ctx)
	}
	for i := range jobs {
		if err := jobs[i].encode(); err != nil {
			return nil, err
		}
		jobs[i].Metadata = metadata
	}
	if e := l.txEngine(); e != nil {
		return e.SubmitTx(l.ctx, l.tx, b)
	}
	return l.runner.outside().Submit(l.ctx, b)
}

// encode fills in the arguments, for a worker that does not have the call.
func (j *Job) encode() (err error) {
	bound := j.call.call.bound
	if j.Payload, err = json.Marshal(bound.Pointer()); err != nil {
		return fmt.Errorf("%w: %w", ErrArguments, err)
	}
	j.Args = j.Payload
	if bound.definition().shown.Has(bound.value()) {
		j.Args, j.Redacted = j.call.call.shown(), true
	}
	return nil
}

// duplicates settles the calls whose keys the engine found claimed.
func (l *list) duplicates(jobs []Job, tickets []Ticket) {
	for i, t := range tickets {
		if t.Holder == "" {
			continue
		}
		at := jobs[i].Position
		l.settle(at, StatusDuplicate)
		if l.tx == nil {
			l.report.Outcomes[at].Result = l.runner.heldResult(l.ctx, t.Holder, &l.run.records[at])
		}
	}
}

// start begins to work, once.
func (x *external) start(ctx context.Context, defs map[string]*definition, h Handler) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.started {
		return errors.New("saferunner: Start: the runner has been started; its tasks are frozen")
	}
	specs := make([]TaskSpec, 0, len(defs))
	for _, d := range defs {
		specs = append(specs, d.spec)
	}
	x.tasks = defs
	if err := x.engine.Start(ctx, specs, h); err != nil {
		return fmt.Errorf("saferunner: Start: %w", err)
	}
	x.started = true
	return nil
}

func (x *external) stop(ctx context.Context) error {
	x.mu.Lock()
	started := x.started
	x.mu.Unlock()
	if !started {
		return nil
	}
	if err := x.engine.Stop(ctx); err != nil {
		return err // to be waited for once more
	}
	x.mu.Lock()
	x.started = false
	x.mu.Unlock()
	return nil
}
