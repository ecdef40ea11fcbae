package riverengine

import (
	"context"
	"crypto/cipher"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// Engine keeps async calls, and the journal, in a database. Make one with
// [Open], [NewSQLite] or [NewPostgres], and close it after the runner's
// Shutdown. It is safe for concurrent use.
type Engine struct {
	db          database
	takes       func(tx any) error // which transactions, where there is no db
	journal     journal.Journal
	aead        cipher.AEAD
	log         *slog.Logger
	name        string
	timeout     time.Duration
	concurrency int
	queues      map[string]int // concurrency of single queues
	readOnly    bool

	handler  engine.Handler                                                        // set before workers start
	specs    map[string]engine.TaskSpec                                            // of Start
	told     atomic.Pointer[func(context.Context, engine.Delivery, engine.Ending)] // of Tell
	attempts attemptSet                                                            // that this process executes

	process *process     // nil with ReadOnly
	fetches fetches      // of this process
	judged  atomic.Int64 // when the leader, if that is this process, last found lost attempts: by the database's clock, in milliseconds

	mu     sync.RWMutex // guards what follows, and is not held while River starts or stops
	client client       // inserts, and works after Start
	starts *starting    // a Start that is under way
	closed bool         // Close has succeeded, or is about to: there is no Start any more
	works  bool         // from Start until Stop has seen all calls end
	still  func()       // ends gathering, and waits for its end
}

var (
	_ engine.TxEngine  = (*Engine)(nil)
	_ engine.Canceller = (*Engine)(nil)
	_ engine.Teller    = (*Engine)(nil)
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
	takes(tx any) error
	// has reports whether tx is on this database. It does tx no harm,
	// whatever that is on.
	has(ctx context.Context, tx any) (bool, error)
	// putEntries writes the entries of a batch that its jobs do not bring along.
	putEntries(ctx context.Context, s session, entries []journal.Entry) error
	keeps(text string) bool  // whether a column can hold it
	timestamp(time.Time) any // as River's columns hold it
	// alone calls do on a connection that nothing else uses, in a transaction if
	// asked to. It calls do again where SQLite is locked.
	alone(ctx context.Context, inTx bool, do func(session) error) error
	clock() string       // the database's, in Unix milliseconds
	attemptedBy() string // the process of a job's last attempt
	putBack() string     // puts the job $1 back into the queue as if the attempt that began at the text $2 had not been
	halves() []half      // what holds the calls
	running() string     // the condition that a call executes, which has an index
	unended() string     // selects the job of an entry, in $1, that has not ended
	newClient(*Engine, *river.Config) (client, error)
	// byEntry is about the order of the entries of jobs of one kind. An index has it.
	byEntry() string
	// committed is told of the queues of new jobs.
	committed(queues map[string]struct{})
	cancelled()
	closeAlone() error
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

func newEngine(ctx context.Context, db database, o *options) (*Engine, error) {
	e := &Engine{
		db: db, aead: o.aead, log: o.log, name: workerName(),
		timeout: o.timeout, concurrency: o.concurrency, queues: o.queues, readOnly: o.readOnly,
	}
	var err error
	if !o.readOnly {
		if e.process, err = appear(ctx, db, e.name, o.log); err != nil {
			return nil, err
		}
	}
	e.journal = &Journal{db, e.process}
	if e.client, err = db.newClient(e, &river.Config{Logger: quiet(o.log), ID: e.name, SkipUnknownJobCheck: true}); err != nil {
		return nil, errors.Join(err, e.leave())
	}
	return e, nil
}

// Journal returns the journal in the engine's database.
func (e *Engine) Journal() journal.Journal { return e.journal }

// Close takes the process out of those that others see alive, and closes the
// database, if the engine has opened it. What its journal has running counts as
// lost then. An engine that is made with NewSQLite or NewPostgres is to be
// closed too, before its database: until then it keeps a connection. Close fails, and
// leaves the database open, while calls may execute, or Start is under way: Stop, which
// Shutdown of the runner calls, comes first. A closed engine takes no calls, and does not start.
func (e *Engine) Close() error {
	if e.db == nil {
		return nil
	}
	e.mu.Lock()
	works, starts, closed := e.works, e.starts != nil, e.closed
	e.closed = closed || !works && !starts
	e.mu.Unlock()
	switch {
	case works:
		return errors.New("riverengine: Close: the engine still works: its database stays open until Shutdown of the runner, called again if need be, has waited for the calls that execute")
	case starts:
		return errors.New("riverengine: Close: the engine is being started: its database stays open until that has ended, and Shutdown of the runner has waited for the calls that execute")
	case closed:
		return e.db.close()
	}
	return errors.Join(e.leave(), e.db.close())
}

// leave ends what says that this process lives.
func (e *Engine) leave() error {
	if e.process == nil {
		return nil
	}
	e.process.disappear()
	return e.db.closeAlone()
}
