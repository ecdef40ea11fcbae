package riverengine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/saferunner/saferunner/internal/door"
	"github.com/saferunner/saferunner/internal/requestctx"
)

// transaction is one of database/sql or of pgx, or a savepoint in it.
type transaction[T any] struct {
	tx       T
	commit   func(context.Context) error
	rollback func(context.Context) error
}

// mark is what the ctx of an InTx has of its transaction. mu guards what follows
// it.
type mark struct {
	db, tx, options any
	depth           int // of savepoints

	mu     sync.Mutex
	inside bool  // a savepoint is open
	failed error // why it must not commit: a savepoint could not be rolled back
}

// enter begins a savepoint.
func (m *mark) enter() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.inside
	m.inside = true
	return !was
}

func (m *mark) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inside = false
}

func (m *mark) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = errors.Join(m.failed, err)
}

func (m *mark) failure() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed
}

// rollbackPatience is how long a rollback may take when ctx has ended.
const rollbackPatience = 5 * time.Second

var (
	errLeft  = errors.New("the function of its InTx panicked, or called runtime.Goexit")
	errEnded = errors.New("the function has ended the transaction itself: it may have been committed, and its calls are lost: let InTx commit, when the function returns nil, or roll back, when it returns an error")
)

// ended reports whether err says that a transaction had ended before.
func ended(err error) bool { return errors.Is(err, sql.ErrTxDone) || errors.Is(err, pgx.ErrTxClosed) }

// runInTx is InTx and InPgxTx.
func runInTx[T any, O comparable](ctx context.Context, caller uintptr, db any, fn func(context.Context, T) error, opts []O,
	begin func(context.Context, O) (transaction[T], error), savepoint func(context.Context, T, int) (transaction[T], error),
) error {
	outer, err := checkInTx(ctx, db, fn == nil, len(opts))
	if err != nil {
		return fmt.Errorf("riverengine: InTx: %w; nothing was done", err)
	}
	u := &unit[T]{outer: outer, mark: mark{db: db}}
	var o O
	if len(opts) > 0 {
		o = opts[0]
	}
	if outer == nil {
		u.own, err = begin(ctx, o)
	} else {
		if len(opts) > 0 && outer.options != any(o) {
			return errors.New("riverengine: InTx: it is a savepoint, and the options are not those of the transaction around it: leave them out; nothing was done")
		}
		if !outer.enter() {
			return errors.New("riverengine: InTx: another savepoint of the transaction is open: end that first, or run fn with its ctx; nothing was done")
		}
		defer outer.leave()
		o = outer.options.(O)
		u.depth = outer.depth + 1
		u.own, err = savepoint(ctx, outer.tx.(T), u.depth)
	}
	if err != nil {
		return fmt.Errorf("riverengine: InTx: beginning: %w", explainRows(err))
	}
	u.tx, u.options = u.own.tx, o
	return u.run(ctx, caller, fn)
}

// checkInTx returns the transaction around, nil if there is none.
func checkInTx(ctx context.Context, db any, noFunction bool, options int) (outer *mark, err error) {
	switch {
	case requestctx.IsNil(ctx):
		return nil, errors.New("the ctx is nil")
	case isNil(db):
		return nil, errors.New("the database is nil")
	case noFunction:
		return nil, errors.New("the function is nil")
	case options > 1:
		return nil, fmt.Errorf("%d options were given: put all into one", options)
	}
	marks, err := door.OpenTransactions().Around(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range marks {
		if m := m.(*mark); reflect.TypeOf(db).Comparable() && m.db == db {
			return m, nil
		}
	}
	return nil, nil
}

// unit is one InTx. It goes on to commit once fn has returned nil, and to
// rollback in all other cases.
type unit[T any] struct {
	mark
	own   transaction[T]
	outer *mark // nil if it is no savepoint
	held  door.Held
}

func (u *unit[T]) run(ctx context.Context, caller uintptr, fn func(context.Context, T) error) error {
	inner, held := door.OpenTransactions().Hold(ctx, caller, &u.mark)
	u.held = held
	returned := false
	defer func() {
		if !returned {
			_ = u.back(ctx, errLeft) // nobody is there to be told
		}
	}()
	err := fn(inner, u.own.tx)
	returned = true
	if err != nil {
		return u.back(ctx, err)
	}
	if err = u.failure(); err != nil {
		return u.back(ctx, u.spoilt(ctx, err))
	}
	if u.outer != nil {
		if err := u.own.commit(ctx); err != nil {
			return u.back(ctx, explainEnd(ctx, err))
		}
		return u.held.Committed()
	}
	return u.end(ctx)
}

// spoilt explains why a transaction does not commit in which a savepoint could
// not be rolled back.
func (u *unit[T]) spoilt(ctx context.Context, err error) error {
	if ended(err) && (u.outer != nil || ended(u.own.rollback(ctx))) { // with pgx, the savepoint alone may have ended
		return explainEnd(ctx, err)
	}
	return fmt.Errorf("riverengine: InTx: rolled back, since a savepoint in it could not be rolled back: %w", err)
}

// explainEnd explains why a transaction did not commit.
func explainEnd(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case ended(err):
		return fmt.Errorf("riverengine: InTx: %w: %w", errEnded, err)
	}
	return fmt.Errorf("riverengine: InTx: rolled back, and nothing was executed: %w", explainRows(err))
}

// hasOpenRows reports whether err is that of pgx, which has no name for it, for a
// connection on which rows are open. Nothing was sent.
func hasOpenRows(err error) bool {
	return pgconn.SafeToRetry(err) && strings.Contains(err.Error(), "conn busy")
}

// explainRows says what to do about open rows. Through database/sql, pgx does not
// tell them from a connection that is lost.
func explainRows(err error) error {
	switch {
	case hasOpenRows(err):
		return fmt.Errorf("rows of a query on the connection are open: close them first: %w", err)
	case errors.Is(err, driver.ErrBadConn):
		return fmt.Errorf("the connection is lost, or rows of a query on it are open: close them first: %w", err)
	}
	return err
}

// back rolls back, and returns err.
func (u *unit[T]) back(ctx context.Context, err error) error {
	cause := err
	if !errors.Is(err, errEnded) {
		cause = fmt.Errorf("its transaction was rolled back: %w", err)
	}
	u.held.Forget(cause)
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackPatience)
	defer cancel()
	failure := u.own.rollback(patient)
	switch {
	case failure == nil, u.outer == nil && (ended(failure) || hasOpenRows(failure) || ctx.Err() != nil): // the server does it when the connection ends
		return err
	case u.outer != nil:
		u.outer.fail(failure)
		if errors.Is(err, errEnded) { // which says it
			return err
		}
	}
	return errors.Join(err, fmt.Errorf("riverengine: InTx: rolling back: %w", failure))
}

// end queues what can be queued, commits, and runs the rest.
func (u *unit[T]) end(ctx context.Context) error {
	q := &queueing{ctx: ctx, tx: u.tx}
	if err := u.held.Queue(q.joins, q.submit); err != nil {
		return u.back(ctx, explainEnd(ctx, err))
	}
	if ctx.Err() != nil {
		return u.back(ctx, explainEnd(ctx, context.Cause(ctx)))
	}
	err := u.own.commit(ctx)
	if err != nil && hasOpenRows(err) {
		return u.back(ctx, explainEnd(ctx, err))
	}
	committed, err := q.committed(err)
	switch {
	case committed:
		q.wake()
		if err := u.held.Committed(); err != nil {
			return fmt.Errorf("riverengine: InTx: the transaction has committed, and after that: %w", err)
		}
		return nil
	case q.doubt:
		u.held.InDoubt(err)
		return err
	}
	return u.back(ctx, explainEnd(ctx, err))
}
