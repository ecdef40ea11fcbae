package riverengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner/engine"
	"modernc.org/sqlite"
)

// queueing is what InTx queues in its transaction.
type queueing struct {
	ctx    context.Context
	tx     any
	known  map[*Engine]bool // whether the transaction is on their database
	queued []queued
	doubt  bool // it is not known whether the transaction has committed
}

// queued is what one engine has queued.
type queued struct {
	engine  *Engine
	tickets []engine.Ticket
	queues  map[string]struct{}
}

// joins reports whether the transaction is on the engine's database.
func (q *queueing) joins(e engine.Engine) (ours bool, err error) {
	own, ok := e.(*Engine)
	if !ok || own.db == nil {
		return false, nil
	}
	if ours, ok = q.known[own]; ok {
		return ours, nil
	}
	if ours, err = own.db.has(q.ctx, q.tx); err != nil {
		return false, err
	}
	if q.known == nil {
		q.known = map[*Engine]bool{}
	}
	q.known[own] = ours
	return ours, nil
}

func (q *queueing) submit(e engine.Engine, batches []engine.Batch) ([]engine.Ticket, error) {
	own := e.(*Engine)
	tickets, queues, err := own.submitTx(q.ctx, q.tx, batches...)
	if err == nil {
		q.queued = append(q.queued, queued{own, tickets, queues})
	}
	return tickets, err
}

// wake tells workers of this process about new jobs.
func (q *queueing) wake() {
	for _, all := range q.queued {
		all.engine.db.committed(all.queues)
	}
}

// committed says what became of the transaction whose commit returned err. If
// it cannot, it sets doubt.
func (q *queueing) committed(err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	if ended(err) || refused(err) {
		return false, err
	}
	cause := err
	for _, all := range q.queued {
		if _, local := all.engine.db.(*sqliteDB); local { // SQLite always says so
			return false, err
		}
		i := slices.IndexFunc(all.tickets, func(t engine.Ticket) bool { return t.Holder == "" })
		if i < 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(q.ctx), settlePatience)
		defer cancel()
		there, failure := all.engine.ask(ctx, all.tickets[i].ID)
		if failure == nil {
			return there, err
		}
		cause = errors.Join(cause, failure)
	}
	q.doubt = true
	return false, fmt.Errorf("riverengine: InTx: the answer to the commit was lost: look whether it has taken place before you repeat it: %w: %w", engine.ErrInDoubt, cause)
}

// refused reports whether a database has said that it did not commit.
func refused(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return true
	}
	if _, ok := errors.AsType[*sqlite.Error](err); ok {
		return true
	}
	s, ok := errors.AsType[stater](err)
	if !ok {
		return strings.HasSuffix(err.Error(), "in a failed transaction") // lib/pq, which has rolled back
	}
	state := s.SQLState()
	lost := strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P") || state == "40003"
	return !lost
}

// stater is an error of Postgres, by pgx or lib/pq.
type stater interface {
	error
	SQLState() string
}
