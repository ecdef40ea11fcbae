package saferunner

import (
	"context"
	"fmt"
	"slices"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/door"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/journal"
)

func init() {
	door.InstallTransactions(door.Transactions{Hold: holdInTx, Around: around})
}

// heldInTx are the lists that wait for the transaction of an InTx. What was run
// is in held, until Queue takes it from there. One goroutine ends it.
type heldInTx struct {
	held   *heldRuns
	lists  []*list      // that Queue has taken
	queued []queuedInTx // those in the transaction
	rest   []*list      // those for after it
}

// queuedInTx is a list that is queued if the transaction commits.
type queuedInTx struct {
	list    *list
	jobs    []engine.Job
	tickets []engine.Ticket
}

func holdInTx(ctx context.Context, caller uintptr, mark any) (context.Context, door.Held) {
	h := &heldRuns{by: "InTx", caller: caller, mark: mark}
	return h.over(ctx), &heldInTx{held: h}
}

func around(ctx context.Context) (marks []any, err error) {
	s := scopeOf(ctx)
	if s == nil {
		return nil, nil
	}
	for h := s.deferred; h != nil; h = h.parent {
		if !h.isOpen() {
			return nil, h.spent()
		}
		if h.mark != nil {
			marks = append(marks, h.mark)
		}
	}
	return marks, nil
}

// engineLists are the lists of one engine that are queued together.
type engineLists struct {
	engine engine.Engine
	lists  []*list
}

// Queue implements door.Held.
func (h *heldInTx) Queue(joins func(engine.Engine) (bool, error), submit func(engine.Engine, []engine.Batch) ([]engine.Ticket, error)) error {
	h.lists, _ = h.held.end(heldCommitted)
	var all []engineLists
	for _, l := range h.lists {
		e, err := l.engineInTx(joins)
		if err != nil {
			return err
		}
		if e == nil {
			h.rest = append(h.rest, l)
			continue
		}
		i := slices.IndexFunc(all, func(of engineLists) bool { return of.engine == e })
		if i < 0 {
			i, all = len(all), append(all, engineLists{engine: e})
		}
		all[i].lists = append(all[i].lists, l)
	}
	for _, of := range all {
		if err := h.queue(of, submit); err != nil {
			return fmt.Errorf("queueing: %w", err)
		}
	}
	return nil
}

// engineInTx returns the engine that queues the list in the transaction, nil
// for a list that is run after it.
func (l *list) engineInTx(joins func(engine.Engine) (bool, error)) (engine.Engine, error) {
	all, same := l.say.DecideAll()
	if len(l.run.Calls) == 0 || !l.runner.usesLedger() || !same || all.Verdict != gate.Executed {
		return nil, nil
	}
	for i := range l.run.Calls {
		if !l.run.Calls[i].Options.IsAsync() {
			return nil, nil
		}
	}
	e := l.runner.durable()
	if ok, err := joins(e); !ok || err != nil {
		return nil, err
	}
	return e, nil
}

func (h *heldInTx) queue(of engineLists, submit func(engine.Engine, []engine.Batch) ([]engine.Ticket, error)) error {
	batches := make([]engine.Batch, len(of.lists))
	first := len(h.queued)
	for n, l := range of.lists {
		if err := l.runner.life.enter(l.scope, l.runner); err != nil {
			return fmt.Errorf("run %q: %w", l.run.RunID, err)
		}
		defer l.runner.life.leave()
		calls := make([]Call, len(l.run.Calls))
		jobs := make([]engine.Job, len(calls))
		for i := range calls {
			calls[i].args = l.run.Calls[i].Args
		}
		l.pass(calls)
		for i := range jobs {
			jobs[i] = l.job(i)
		}
		var err error
		if batches[n], err = l.batch(jobs); err != nil {
			return fmt.Errorf("run %q: %w", l.run.RunID, err)
		}
		h.queued = append(h.queued, queuedInTx{list: l, jobs: jobs})
	}
	tickets, err := submit(of.engine, batches)
	if err != nil {
		return err
	}
	for i := range h.queued[first:] {
		q := &h.queued[first+i]
		q.tickets, tickets = tickets[:len(q.jobs)], tickets[len(q.jobs):]
	}
	return nil
}

// Committed implements door.Held.
func (h *heldInTx) Committed() error {
	if h.lists == nil { // of a savepoint, which queues nothing
		h.lists, _ = h.held.end(heldCommitted)
		h.rest = h.lists
	}
	for _, q := range h.queued {
		q.settle()
		q.list.duplicates(q.jobs, q.tickets)
		q.end()
	}
	return h.held.handOn(h.rest)
}

// settle notes that the calls are queued, as far as it is known.
func (q *queuedInTx) settle() {
	for i := range q.jobs {
		q.list.run.Settle(i, journal.StatusQueued)
	}
	q.list.handedOver(q.jobs)
}

func (q *queuedInTx) end() {
	q.list.run.Ended(1)
	q.list.run.Undefer()
}

// InDoubt implements door.Held.
func (h *heldInTx) InDoubt(cause error) {
	for _, q := range h.queued {
		q.settle()
		q.end()
	}
	forgetAll(h.rest, cause)
}

// Forget implements door.Held.
func (h *heldInTx) Forget(cause error) {
	if h.lists == nil {
		h.lists, _ = h.held.end(heldRolledBack)
	}
	forgetAll(h.lists, cause)
}
