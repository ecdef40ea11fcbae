package riverengine

import (
	"context"

	"github.com/riverqueue/river"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// Submit is for the runner, whose Run calls it: a program calls
// [github.com/saferunner/saferunner.Run]. It queues the jobs of a batch, with
// their journal entries, in one transaction. It fails where a redacted
// argument would be stored in clear, and where SQLite, or a key on Postgres,
// is locked for more than 10 seconds, or than lock_timeout says. If the database is lost while it
// commits, and stays away for 5 seconds, the error is [engine.ErrInDoubt]:
// the calls may be queued.
func (e *Engine) Submit(ctx context.Context, b engine.Batch) ([]engine.Ticket, error) {
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
	var tickets []engine.Ticket
	var queues map[string]struct{}
	err = e.db.write(ctx, func(s session, tx any) (err error) {
		tickets, queues, err = e.insert(ctx, s, tx, b, jobs)
		return err
	})
	if err = e.settle(ctx, tickets, err); err != nil {
		return nil, err
	}
	e.db.committed(queues)
	return tickets, nil
}

// SubmitTx is for the runner, whose RunTx calls it: a program calls [RunTx] or
// [RunPgxTx]. It is Submit within a *sql.Tx of SQLite or a pgx.Tx of Postgres.
func (e *Engine) SubmitTx(ctx context.Context, tx any, b engine.Batch) ([]engine.Ticket, error) {
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

// WriteTx is for the runner, whose RunTx calls it for calls that are recorded
// in the same transaction. It writes to the journal within that.
func (e *Engine) WriteTx(ctx context.Context, tx any, changes ...journal.Change) error {
	if e.db == nil {
		return e.journal.Write(ctx, changes...)
	}
	s, err := e.db.within(tx)
	if err != nil {
		return err
	}
	return writeChanges(ctx, s, changes)
}

func (e *Engine) packAll(b engine.Batch) ([]river.InsertManyParams, error) {
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
func (e *Engine) insert(ctx context.Context, s session, tx any, b engine.Batch, jobs []river.InsertManyParams) ([]engine.Ticket, map[string]struct{}, error) {
	holders, err := claimAll(ctx, s, b.Jobs)
	if err != nil {
		return nil, nil, err
	}
	tickets := make([]engine.Ticket, len(jobs))
	entries := make([]journal.Entry, len(jobs))
	queued := make([]river.InsertManyParams, 0, len(jobs))
	queues := map[string]struct{}{}
	for i := range jobs {
		entries[i] = b.Entry(i)
		tickets[i].ID = b.Jobs[i].EntryID
		if holder, ok := holders[i]; ok {
			tickets[i].Holder, entries[i].Status = holder, journal.StatusDuplicate
			continue
		}
		queued = append(queued, jobs[i])
		queues[jobs[i].InsertOpts.Queue] = struct{}{}
	}
	if err := e.db.putEntries(ctx, s, entries); err != nil {
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
