package riverengine

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/saferunner/saferunner"
)

// Engine keeps async calls, and the journal, in a database. Make one with
// [Open], [NewSQLite] or [NewPostgres], and close it after the runner's
// Shutdown. It is safe for concurrent use.
type Engine struct {
	db          database
	journal     saferunner.Journal
	aead        cipher.AEAD
	log         *slog.Logger
	name        string
	timeout     time.Duration
	concurrency int
	queues      map[string]int // concurrency of single queues

	handler saferunner.Handler             // set before workers start
	specs   map[string]saferunner.TaskSpec // of Start

	mu     sync.RWMutex
	client client // inserts, and works after Start
	works  bool   // from Start until Stop has seen all calls end
	still  func() // ends gathering, and waits for its end
}

var (
	_ saferunner.TxEngine  = (*Engine)(nil)
	_ saferunner.Canceller = (*Engine)(nil)
)

// database is SQLite or Postgres.
type database interface {
	read() session
	// write calls do in a transaction of its own.
	// A failure of its commit is a commitError.
	write(ctx context.Context, do func(s session, tx any) error) error
	// settled reports whether an entry is in the database, once the
	// transaction that may have put it there has ended.
	settled(ctx context.Context, entry string) (bool, error)
	// within returns the session of the user's transaction.
	within(tx any) (session, error)
	putQueued(ctx context.Context, s session, entries []saferunner.Entry) error
	timestamp(time.Time) any // as River's columns hold it
	troubles() string        // a condition that has an index, for calls that have ended badly
	newClient(*Engine, *river.Config) (client, error)
	// committed is told of the queues of new jobs.
	committed(queues map[string]struct{})
	cancelled()
	close() error
}

// client is River's, whatever its kind of transaction.
type client interface {
	insert(ctx context.Context, tx any, jobs []river.InsertManyParams) error
	cancel(ctx context.Context, job int64) error
	start(context.Context) error
	stop(context.Context) error
	stopAndCancel(context.Context) error
}

func newEngine(db database, o *options) (*Engine, error) {
	e := &Engine{
		db: db, journal: &Journal{db}, aead: o.aead, log: o.log, name: workerName(),
		timeout: o.timeout, concurrency: o.concurrency, queues: o.queues,
	}
	var err error
	if e.client, err = db.newClient(e, &river.Config{Logger: quiet(o.log), ID: e.name, SkipUnknownJobCheck: true}); err != nil {
		return nil, fmt.Errorf("riverengine: %w", err)
	}
	return e, nil
}

// Journal returns the journal in the engine's database.
func (e *Engine) Journal() saferunner.Journal { return e.journal }

// Close closes the database, if the engine has opened it. It fails, and
// leaves the database open, while calls may execute: Stop, which Shutdown of
// the runner calls, comes first.
func (e *Engine) Close() error {
	if e.online() != nil {
		return nil
	}
	e.mu.RLock()
	works := e.works
	e.mu.RUnlock()
	if works {
		return errors.New("riverengine: Close: the engine still works: its database stays open until Shutdown of the runner, called again if need be, has waited for the calls that execute")
	}
	return e.db.close()
}

// Submit queues the jobs of a batch, with their journal entries, in one
// transaction. It fails where a redacted argument would be stored in clear,
// and where SQLite, or a key on Postgres, is locked for more than 10 seconds.
// If the database is lost while it commits, and stays away for 5 seconds, the
// error says that the calls may be queued.
func (e *Engine) Submit(ctx context.Context, b saferunner.Batch) ([]saferunner.Ticket, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := e.online(); err != nil {
		return nil, err
	}
	jobs, err := e.packAll(b)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	var tickets []saferunner.Ticket
	var queues map[string]struct{}
	err = e.db.write(ctx, func(s session, tx any) (err error) {
		tickets, queues, err = e.insert(ctx, s, tx, b, jobs)
		return err
	})
	if err = e.settle(ctx, b.Jobs[0].EntryID, err); err != nil {
		return nil, err
	}
	e.db.committed(queues)
	return tickets, nil
}

// SubmitTx is Submit within a *sql.Tx of SQLite or a pgx.Tx of Postgres.
func (e *Engine) SubmitTx(ctx context.Context, tx any, b saferunner.Batch) ([]saferunner.Ticket, error) {
	if err := e.online(); err != nil {
		return nil, err
	}
	s, err := e.db.within(tx)
	if err != nil {
		return nil, err
	}
	jobs, err := e.packAll(b)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	tickets, _, err := e.insert(ctx, s, tx, b, jobs)
	return tickets, err
}

// WriteTx writes to the journal within the same.
func (e *Engine) WriteTx(ctx context.Context, tx any, changes ...saferunner.Change) error {
	if e.online() != nil {
		return e.journal.Write(ctx, changes...)
	}
	s, err := e.db.within(tx)
	if err != nil {
		return err
	}
	return writeChanges(ctx, s, changes)
}

func (e *Engine) packAll(b saferunner.Batch) ([]river.InsertManyParams, error) {
	jobs := make([]river.InsertManyParams, len(b.Jobs))
	for i := range b.Jobs {
		var err error
		if jobs[i], err = e.pack(b, i); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// insert claims keys, and writes entries and jobs.
func (e *Engine) insert(ctx context.Context, s session, tx any, b saferunner.Batch, jobs []river.InsertManyParams) ([]saferunner.Ticket, map[string]struct{}, error) {
	holders, err := claimAll(ctx, s, b.Jobs)
	if err != nil {
		return nil, nil, err
	}
	tickets := make([]saferunner.Ticket, len(jobs))
	entries := make([]saferunner.Entry, len(jobs))
	queued := make([]river.InsertManyParams, 0, len(jobs))
	queues := map[string]struct{}{}
	for i := range jobs {
		entries[i] = b.Entry(i)
		tickets[i].ID = b.Jobs[i].EntryID
		if holder, ok := holders[i]; ok {
			tickets[i].Holder, entries[i].Status = holder, saferunner.StatusDuplicate
			continue
		}
		queued = append(queued, jobs[i])
		queues[jobs[i].InsertOpts.Queue] = struct{}{}
	}
	if err := e.db.putQueued(ctx, s, entries); err != nil {
		return nil, nil, err
	}
	if len(queued) == 0 {
		return tickets, nil, nil
	}
	e.mu.RLock()
	c := e.client
	e.mu.RUnlock()
	return tickets, queues, c.insert(ctx, tx, queued)
}

// Cancel takes out the job of an entry that has not begun, or cancels the
// ctx of its task, in whatever process it executes: at once on Postgres and
// within this process, within about a second by another on SQLite. It looks
// through the jobs that have not ended.
func (e *Engine) Cancel(ctx context.Context, entryID string) (bool, error) {
	if err := e.online(); err != nil {
		return false, err
	}
	var job int64
	found := func(scan scan) error { return scan(&job) }
	err := e.db.read().query(ctx, found, "SELECT id FROM @river_job WHERE finalized_at IS NULL AND metadata->>'entry' = $1", entryID)
	if err != nil || job == 0 {
		return false, err
	}
	e.mu.RLock()
	c := e.client
	e.mu.RUnlock()
	if err := c.cancel(ctx, job); err != nil {
		return false, err
	}
	e.db.cancelled()
	return true, nil
}

// Start begins to work jobs of these tasks. Jobs of others wait for a
// process that knows them. Those that wait in another queue than their task
// has here, since it had that in another version, are moved to the queue that
// it has here: at once, and every minute what other processes have queued
// since. While an old and a new version run together, both work all of them,
// each in its own queue.
func (e *Engine) Start(ctx context.Context, tasks []saferunner.TaskSpec, h saferunner.Handler) error {
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
	e.handler, e.specs = h, map[string]saferunner.TaskSpec{}
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

// Stop takes no further jobs and waits for those that execute. When ctx ends
// it cancels their ctx and gives them a few seconds more: those without a
// retry end as interrupted, others go back into the queue. What does not end
// even then is found by other processes, once its time is over; to wait for
// it, call Stop again.
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
