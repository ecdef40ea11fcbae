// Package sqljournal keeps the journal in an SQLite database, through
// database/sql: the caller brings the driver.
//
//	import _ "modernc.org/sqlite"
//
//	calls, err := sqljournal.Connect(ctx, "sqlite", "file:calls.db")
//	if err != nil {
//		return err
//	}
//	defer calls.Close()
//	runner, err := saferunner.New(saferunner.WithJournal(calls))
//
// Close the journal after the runner's Shutdown, and look at its error: a
// main that exits without Close loses what is still in the buffer.
//
// # What survives
//
// Write buffers; one goroutine commits what is there, many entries a
// transaction. After a clean exit, one that ends with [Journal.Close],
// nothing is missing. When the process is killed, what was committed stays:
// at most the last group of writes, not yet committed, is missing. When the
// machine fails, the last commits may be missing too, but the database is
// sound (write-ahead log, synchronous=NORMAL). A call that has claimed a key is
// on disk before it executes, with its claim, whatever fails afterwards.
//
// Several processes may use one file at the same time. The file must be on a
// local disk: SQLite does not work over network file systems.
//
// # When a process dies
//
// An entry that is queued or running names the process that has written it,
// and while a journal is open it renews its row in saferunner_processes every
// 5 seconds, by the database's clock. A process that was not seen for 15
// seconds is dead, and so is one that has closed its journal. What it was
// executing ends as interrupted and keeps its key; what it had queued ends as
// cancelled and gives its key back, and so does what had claimed a key and was
// not written yet. Any process that has the journal open to
// write, and has renewed its own row without a gap for 20 seconds, sees to
// that, so after an outage nobody is taken for dead who had no time to be seen.
// A death is noticed within 20 seconds, or within 30 after the next Open if
// nobody was alive. OnFailure is not called, since the process that would call
// it is gone. A process that is only stopped for so long, and then goes on,
// writes what really became of its calls.
package sqljournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// ErrClosed is returned by every method but Close and Lost once the journal
// has been closed.
var ErrClosed = errors.New("sqljournal: the journal is closed")

// Journal is a [journal.Journal] in an SQLite database. It is safe for
// concurrent use. All of its work is done in turn by one goroutine on one
// connection: a Query waits for the writes before it, and delays those
// after it.
type Journal struct {
	conn       *sql.Conn
	statements statements
	owned      *sql.DB // closed with the journal; nil if the caller brought it
	options    options
	process    process
	claimed    claimed

	queue   chan item
	buffer  buffer
	stopped chan struct{} // closed when the writer has ended

	mu       sync.Mutex
	closed   bool
	entering sync.WaitGroup // callers that may put something into the queue
	closing  chan struct{}  // closed with closed
	ended    chan struct{}  // closed when the connection is

	lost loss
}

var _ journal.Journal = (*Journal)(nil)

// item is what waits in the queue: a change or, if operation is set, that.
type item struct {
	change    journal.Change
	bytes     int64 // that the buffer counts for the change
	synced    bool  // it is to be on disk
	operation *operation
}

// operation is something to do between two groups of changes.
type operation struct {
	do    func()
	taken atomic.Bool // by the writer, or by a caller that gave it up
	done  chan struct{}
}

// Open returns the journal in db, an SQLite database; its tables, whose
// names begin with saferunner_, are created or brought up to date. It fails
// if the database cannot be written to, or belongs to a newer version of
// this package, or an option is nil.
//
// The journal takes one connection out of db's pool until it is closed, and
// sets journal_mode=WAL, synchronous=NORMAL and busy_timeout on it, whatever
// the others have. If db is limited to one connection, nothing is left for
// anyone else. Close does not close db.
func Open(ctx context.Context, db *sql.DB, opts ...Option) (*Journal, error) {
	o, err := apply(opts)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqljournal: connecting: %w", err)
	}
	j, err := open(ctx, conn, o)
	if err != nil {
		o.reset(conn)
		return nil, errors.Join(err, conn.Close())
	}
	return j, nil
}

// Connect opens a database of its own with this driver, as [sql.Open] does,
// and returns the journal in it, as [Open] does. Close closes the database.
func Connect(ctx context.Context, driver, dsn string, opts ...Option) (*Journal, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("sqljournal: opening: %w", err)
	}
	j, err := Open(ctx, db, opts...)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	j.owned = db
	return j, nil
}

func open(ctx context.Context, conn *sql.Conn, o options) (*Journal, error) {
	j := &Journal{
		conn:    conn,
		options: o,
		process: newProcess(liveness.PaceOf(ctx)),
		queue:   make(chan item, bufferSize),
		stopped: make(chan struct{}),
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	if err := j.configure(ctx); err != nil {
		return nil, fmt.Errorf("sqljournal: setting up the connection: %w", err)
	}
	if err := j.migrate(ctx); err != nil {
		return nil, fmt.Errorf("sqljournal: preparing the tables: %w", err)
	}
	if err := j.prepare(ctx); err != nil {
		return nil, fmt.Errorf("sqljournal: preparing statements: %w", err)
	}
	go j.run()
	return j, nil
}

const setBusyTimeout = "PRAGMA busy_timeout = 5000"

func (j *Journal) configure(ctx context.Context) error {
	if _, err := j.conn.ExecContext(ctx, setBusyTimeout); err != nil {
		return err
	}
	if j.options.readOnly {
		_, err := j.conn.ExecContext(ctx, "PRAGMA query_only = TRUE")
		return err
	}
	// SQLite does not wait for others while it switches to the log.
	return retry(func() error {
		_, err := j.conn.ExecContext(ctx, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
		return err
	})
}

// Write puts changes into the buffer and returns. It waits only while the
// buffer is full, which it is with 8,192 changes or 32 MiB; if ctx ends first,
// its error says how many of the changes were taken. Changes of one entry that are committed together are written
// once, as the entry stands then. A Write of a call that is running and has claimed a key waits until that is on disk.
//
// If earlier changes could not be committed, an error that says how many and
// why is returned once, by whichever of Write, Flush and Close comes next.
// The changes of the Write that returns it have been taken nevertheless.
func (j *Journal) Write(ctx context.Context, changes ...journal.Change) error {
	for i, c := range changes {
		if c == (journal.Change{}) {
			return fmt.Errorf("sqljournal: change %d of %d is the zero Change: make it with Put or Forget; nothing was written", i+1, len(changes))
		}
	}
	if !j.enter() {
		return ErrClosed
	}
	defer j.entering.Done()
	if j.options.readOnly {
		return ErrReadOnly
	}
	wait := false
	for i, c := range changes {
		synced := j.claimed.begins(c)
		wait = wait || synced
		if err := j.add(ctx, c, synced); err != nil {
			return fmt.Errorf("sqljournal: %d of %d changes were written: %w", i, len(changes), err)
		}
	}
	if wait {
		if err := j.perform(ctx, func() {}); err != nil {
			return fmt.Errorf("sqljournal: waiting until a call with a key is on disk: %w", err)
		}
	}
	return j.lost.take()
}

// Flush returns when everything written before it has been committed or
// counted as lost, or ctx has ended. It reports losses as Write does.
func (j *Journal) Flush(ctx context.Context) error {
	if err := j.perform(ctx, func() {}); err != nil {
		return fmt.Errorf("sqljournal: flushing: %w", err)
	}
	return j.lost.take()
}

// Close commits what is buffered, takes the row of this process out, and ends
// the journal. What the journal has queued or running then counts as lost. If another process
// keeps the database locked, Close tries for up to 21 seconds for each 1,024
// changes or 4 MiB before it counts them as lost. It reports losses as Write does. A
// Write that waits for room meanwhile returns [ErrClosed]. A second Close
// waits for the first one and returns nil.
func (j *Journal) Close() error {
	j.mu.Lock()
	first := !j.closed
	if first {
		j.closed = true
		close(j.closing)
	}
	j.mu.Unlock()
	if !first {
		<-j.ended
		return nil
	}
	j.entering.Wait()
	close(j.queue)
	<-j.stopped
	defer close(j.ended)
	j.options.reset(j.conn)
	errs := []error{j.lost.take(), j.statements.close(), j.conn.Close()}
	if j.owned != nil {
		errs = append(errs, j.owned.Close())
	}
	return errors.Join(errs...)
}

// Lost returns how many changes could not be committed since Open; those of
// one entry that would have been written together count once.
func (j *Journal) Lost() int { return j.lost.count() }

// enter keeps the queue open for a caller, until it calls entering.Done. It
// returns false if the journal has been closed.
func (j *Journal) enter() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return false
	}
	j.entering.Add(1)
	return true
}

// add puts a change into the queue, once the buffer has room for it, for a
// caller that has entered.
func (j *Journal) add(ctx context.Context, c journal.Change, synced bool) error {
	bytes := c.Size()
	if err := j.buffer.take(ctx, j.closing, bytes); err != nil {
		return err
	}
	err := j.enqueue(ctx, item{change: c, bytes: bytes, synced: synced})
	if err != nil {
		j.buffer.give(bytes)
	}
	return err
}

// enqueue waits for room in the queue, for a caller that has entered.
func (j *Journal) enqueue(ctx context.Context, it item) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case j.queue <- it:
		return nil
	default:
	}
	select {
	case j.queue <- it:
		return nil
	case <-j.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// perform has the writer call do after everything that was enqueued before.
// If it returns an error, do was not called and will not be.
func (j *Journal) perform(ctx context.Context, do func()) error {
	op := &operation{do: do, done: make(chan struct{})}
	if !j.enter() {
		return ErrClosed
	}
	err := j.enqueue(ctx, item{operation: op})
	j.entering.Done()
	if err != nil {
		return err
	}
	select {
	case <-op.done:
	case <-ctx.Done():
		if op.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		<-op.done
	}
	return nil
}
