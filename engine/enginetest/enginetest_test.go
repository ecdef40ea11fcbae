package enginetest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/engine/enginetest"
	"github.com/saferunner/saferunner/internal/leaktest"
	"github.com/saferunner/saferunner/journal"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// The suite asks for nothing that a simple engine cannot do.
func TestQueue(t *testing.T) {
	enginetest.Exercise(t, func(t *testing.T, workers int) engine.Engine { return newQueue(workers) })
}

// Of an engine without a journal it asks less.
func TestEngineOnly(t *testing.T) {
	type only struct{ engine.Engine }
	enginetest.Exercise(t, func(t *testing.T, workers int) engine.Engine { return only{newQueue(workers)} })
}

// queue is an engine in memory, with workers that take jobs in turn.
type queue struct {
	entries *entries
	workers int
	ctx     context.Context // of all attempts
	cancel  context.CancelCauseFunc
	group   sync.WaitGroup

	mu       sync.Mutex
	ready    *sync.Cond
	handler  engine.Handler
	tasks    map[string]bool
	due      []*attempt
	jobs     map[string]*attempt // those that have not ended
	stopping bool
}

// attempt is the next one at a job, or the one that executes.
type attempt struct {
	engine.Delivery
	timer  *time.Timer
	cancel context.CancelCauseFunc // while it executes
}

func newQueue(workers int) *queue {
	q := &queue{entries: &entries{list: map[string]journal.Entry{}, holders: map[string]string{}}, workers: workers, jobs: map[string]*attempt{}}
	q.ctx, q.cancel = context.WithCancelCause(context.Background())
	q.ready = sync.NewCond(&q.mu)
	return q
}

func (q *queue) Journal() journal.Journal { return q.entries }

func (q *queue) Submit(ctx context.Context, b engine.Batch) ([]engine.Ticket, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	tickets := make([]engine.Ticket, len(b.Jobs))
	for i, j := range b.Jobs {
		e := b.Entry(i)
		if j.Key != "" {
			if holder, _ := q.entries.Claim(ctx, j.Task.Name, j.Key, j.EntryID); holder != j.EntryID {
				tickets[i].Holder, e.Status = holder, journal.StatusDuplicate
			}
		}
		q.entries.put(e)
		if tickets[i].Holder == "" {
			a := &attempt{Delivery: engine.Delivery{Job: j, RunID: b.RunID, Run: b.Run, At: b.At, Caller: b.Caller, Attempt: 1, Worker: "worker"}}
			q.jobs[j.EntryID] = a
			q.enqueue(a, time.Until(j.NotBefore))
		}
	}
	return tickets, nil
}

// enqueue is called with the lock.
func (q *queue) enqueue(a *attempt, wait time.Duration) {
	arrive := func() {
		q.due = append(q.due, a)
		q.ready.Broadcast()
	}
	if wait <= 0 {
		arrive()
		return
	}
	a.timer = time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.jobs[a.EntryID] == a {
			arrive()
		}
	})
}

func (q *queue) Start(_ context.Context, tasks []engine.TaskSpec, h engine.Handler) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.handler, q.tasks = h, map[string]bool{}
	for _, t := range tasks {
		q.tasks[t.Name] = true
	}
	for range q.workers {
		q.group.Go(q.work)
	}
	return nil
}

func (q *queue) work() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		a := q.next()
		for a == nil && !q.stopping {
			q.ready.Wait()
			a = q.next()
		}
		if a == nil || q.stopping {
			return
		}
		q.execute(a)
	}
}

// next takes a job of a task that it knows.
func (q *queue) next() *attempt {
	for i, a := range q.due {
		if q.tasks[a.Task.Name] {
			q.due = append(q.due[:i:i], q.due[i+1:]...)
			return a
		}
	}
	return nil
}

// execute is called with the lock, and gives it up meanwhile.
func (q *queue) execute(a *attempt) {
	var ctx context.Context
	ctx, a.cancel = context.WithCancelCause(q.ctx)
	q.entries.change(a.EntryID, func(e *journal.Entry) { begin(e, a.Worker) })
	q.mu.Unlock()
	end := q.handler(ctx, a.Delivery)
	q.mu.Lock()
	a.cancel(nil)
	q.entries.change(a.EntryID, func(e *journal.Entry) { conclude(e, end) })
	if end.Written != nil {
		end.Written(end.Status)
	}
	delete(q.jobs, a.EntryID)
	if end.Status == journal.StatusQueued {
		next := &attempt{Delivery: a.Delivery}
		if end.Counts {
			next.Attempt++
		}
		q.jobs[a.EntryID] = next
		q.enqueue(next, end.Wait)
	}
}

func begin(e *journal.Entry, worker string) {
	now := time.Now()
	e.Status, e.Attempts = journal.StatusRunning, append(e.Attempts[:len(e.Attempts):len(e.Attempts)], journal.Attempt{Started: now, Worker: worker})
	e.StartedAt = e.Attempts[0].Started
}

func conclude(e *journal.Entry, end engine.Ending) {
	e.Status, e.Result = end.Status, end.Result
	last := len(e.Attempts) - 1
	if end.Status == journal.StatusQueued && !end.Counts {
		if e.Attempts = e.Attempts[:last]; last == 0 {
			e.StartedAt = time.Time{}
		}
		return
	}
	attempts := append([]journal.Attempt(nil), e.Attempts...)
	a := &attempts[last]
	a.Finished, a.Error, a.Stack = time.Now(), end.Error, end.Stack
	e.Attempts, e.FinishedAt = attempts, a.Finished
}

func (q *queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	q.stopping = true
	q.ready.Broadcast()
	for _, a := range q.jobs {
		if a.timer != nil {
			a.timer.Stop()
		}
	}
	q.mu.Unlock()
	stopped := make(chan struct{})
	go func() {
		q.group.Wait()
		close(stopped)
	}()
	select {
	case <-stopped:
		q.cancel(nil)
		return nil
	case <-ctx.Done():
		q.cancel(engine.ErrStopping)
		return ctx.Err()
	}
}

func (q *queue) Cancel(_ context.Context, entryID string) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.jobs[entryID]
	switch {
	case a == nil:
		return false, nil
	case a.cancel != nil:
		a.cancel(engine.ErrCancelled)
		return true, nil
	case a.timer != nil:
		a.timer.Stop()
	}
	delete(q.jobs, entryID)
	for i := range q.due {
		if q.due[i] == a {
			q.due = append(q.due[:i:i], q.due[i+1:]...)
			break
		}
	}
	q.entries.change(entryID, func(e *journal.Entry) { e.Status = journal.StatusCancelled })
	return true, nil
}

// entries is a journal that can do what the suite asks of one.
type entries struct {
	mu      sync.Mutex
	list    map[string]journal.Entry
	holders map[string]string // entries by task and key
}

func (j *entries) put(e journal.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list[e.ID] = e
	if holder := e.Task + "\x00" + e.Key; j.holders[holder] == e.ID && e.Status.Final() && !e.Status.KeepsKey() {
		delete(j.holders, holder)
	}
}

func (j *entries) change(id string, do func(*journal.Entry)) {
	j.mu.Lock()
	e := j.list[id]
	j.mu.Unlock()
	do(&e)
	j.put(e)
}

func (j *entries) Query(_ context.Context, q journal.Query) (page journal.Page, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, ok := j.list[q.ID]; ok {
		page.Entries = []journal.Entry{e}
	}
	return page, nil
}

func (j *entries) Claim(_ context.Context, task, key, entryID string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := task + "\x00" + key
	if j.holders[at] == "" {
		j.holders[at] = entryID
	}
	return j.holders[at], nil
}

var errUnused = errors.New("the suite does not use this")

func (j *entries) Write(context.Context, ...journal.Change) error { return errUnused }
func (j *entries) Prune(context.Context, time.Time) (int, error)  { return 0, errUnused }
