package riverengine

import (
	"context"
	"slices"

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
	p, err := e.packAll(b)
	if err != nil || len(p.jobs) == 0 {
		return nil, err
	}
	var tickets []engine.Ticket
	var queues map[string]struct{}
	err = e.db.write(ctx, func(s session, tx any) (err error) {
		tickets, queues, err = e.insert(ctx, s, tx, p)
		return err
	})
	if err = e.settle(ctx, tickets, err); err != nil {
		return nil, err
	}
	e.db.committed(queues)
	return tickets, nil
}

// SubmitTx is for the runner, whose RunTx calls it: a program calls [RunTx] or
// [RunPgxTx]. It is Submit within a *sql.Tx, or a pgx.Tx of Postgres.
func (e *Engine) SubmitTx(ctx context.Context, tx any, b engine.Batch) ([]engine.Ticket, error) {
	if err := e.owns(ctx, tx); err != nil {
		return nil, err
	}
	tickets, _, err := e.submitTx(ctx, tx, b)
	return tickets, err
}

// submitTx also returns the queues that have new jobs when tx has committed.
func (e *Engine) submitTx(ctx context.Context, tx any, batches ...engine.Batch) ([]engine.Ticket, map[string]struct{}, error) {
	if err := e.online(); err != nil {
		return nil, nil, err
	}
	s, err := e.db.within(tx)
	if err != nil {
		return nil, nil, err
	}
	p, err := e.packAll(batches...)
	if err != nil || len(p.jobs) == 0 {
		return nil, nil, err
	}
	tickets, queues, err := e.insert(ctx, s, tx, p)
	return tickets, queues, explainTx(err)
}

// WriteTx is for the runner, whose RunTx calls it for calls that are recorded
// in the same transaction. It writes to the journal within that.
func (e *Engine) WriteTx(ctx context.Context, tx any, changes ...journal.Change) error {
	if e.db == nil {
		return e.journal.Write(ctx, changes...)
	}
	if err := e.owns(ctx, tx); err != nil {
		return err
	}
	s, err := e.db.within(tx)
	if err != nil {
		return err
	}
	return writeChanges(ctx, s, e.process, changes)
}

// packed are the jobs of batches that are queued together, with their entries
// and as River has them.
type packed struct {
	jobs    []engine.Job
	entries []journal.Entry
	rows    []river.InsertManyParams
}

func (e *Engine) packAll(batches ...engine.Batch) (p packed, err error) {
	for _, b := range batches {
		p.jobs = slices.Grow(p.jobs, len(b.Jobs))
		for i := range b.Jobs {
			row, err := e.pack(b, i)
			if err != nil {
				return p, err
			}
			p.jobs, p.entries, p.rows = append(p.jobs, b.Jobs[i]), append(p.entries, b.Entry(i)), append(p.rows, row)
		}
	}
	return p, nil
}

// insert claims keys, and writes entries and jobs.
func (e *Engine) insert(ctx context.Context, s session, tx any, p packed) ([]engine.Ticket, map[string]struct{}, error) {
	holders, err := claimAll(ctx, s, p.jobs)
	if err != nil {
		return nil, nil, err
	}
	tickets := make([]engine.Ticket, len(p.jobs))
	queued := make([]river.InsertManyParams, 0, len(p.jobs))
	queues := map[string]struct{}{}
	for i := range p.jobs {
		tickets[i].ID = p.jobs[i].EntryID
		if holder, ok := holders[i]; ok {
			tickets[i].Holder, p.entries[i].Status = holder, journal.StatusDuplicate
			continue
		}
		queued = append(queued, p.rows[i])
		queues[p.rows[i].InsertOpts.Queue] = struct{}{}
	}
	if err := e.db.putEntries(ctx, s, p.entries); err != nil {
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
