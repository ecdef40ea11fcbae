package riverengine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine/internal/stmtcache"
	"modernc.org/sqlite"
)

// lockPatience is how long a transaction, or a read of SQLite, waits for
// another to end.
var lockPatience = 10 * time.Second

// NewSQLite returns an engine in an SQLite database that the user has opened,
// and creates its tables there or brings them up to date. It changes none of
// the database's settings. The connections should wait for locks, have a
// write-ahead log and begin by locking, which with modernc.org/sqlite reads
//
//	file:app.db?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)
//
// and there should be a single one (SetMaxOpenConns(1)): SQLite has one
// writer at a time anyway. With synchronous(NORMAL), which Open uses, a
// failure of the machine may take back the last commits; with FULL, the
// default, it does not. The engine opens one connection more on the file, by which
// others know that this process lives; with another driver than
// modernc.org/sqlite, or a database in memory, it uses one of db, which no
// transaction may keep for more than 10 seconds then. Close ends that, and leaves db open.
func NewSQLite(ctx context.Context, db *sql.DB, opts ...Option) (*Engine, error) {
	if db == nil {
		return nil, errors.New("riverengine: NewSQLite: the database is nil")
	}
	o, err := apply(opts)
	if err != nil {
		return nil, err
	}
	e, err := newSQLite(ctx, db, false, o)
	if err != nil {
		return nil, fmt.Errorf("riverengine: NewSQLite: %w", err)
	}
	return e, nil
}

func newSQLite(ctx context.Context, db *sql.DB, owned bool, o *options) (*Engine, error) {
	d := &sqliteDB{db: db, owned: owned, readOnly: o.readOnly}
	d.wake = newWakeup(&cancelledTable{db: d.read()})
	var err error
	if d.path, err = mainFile(ctx, d.read()); err != nil {
		return nil, err
	}
	prepare := d.migrate
	if o.readOnly {
		prepare = d.upToDate
	}
	if err := prepare(ctx); err != nil {
		return nil, err
	}
	return newEngine(ctx, d, o)
}

// openSQLite opens the file at path with all that the engine wants of it.
func openSQLite(path string, readOnly bool) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if absolute = filepath.ToSlash(absolute); absolute[0] != '/' {
		absolute = "/" + absolute // a drive letter
	}
	settings := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", lockPatience.Milliseconds()), "journal_mode(WAL)", "synchronous(NORMAL)"},
	}
	if readOnly {
		settings = url.Values{"mode": {"ro"}, "_pragma": settings["_pragma"][:1]}
	}
	dsn := (&url.URL{Scheme: "file", Path: absolute, RawQuery: settings.Encode()}).String()
	open := func() (driver.Conn, error) { return openPatiently(dsn) }
	db := sql.OpenDB(stmtcache.Connector{Open: open, Size: 256})
	db.SetMaxOpenConns(1)
	return db, nil
}

// openPatiently tries again while others use the file: SQLite does not wait
// for them where it switches to the write-ahead log.
func openPatiently(dsn string) (driver.Conn, error) {
	for end := time.Now().Add(lockPatience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := (&sqlite.Driver{}).Open(dsn)
		if err == nil || !isBusy(err) || time.Now().After(end) {
			return conn, err
		}
	}
}

func isBusy(err error) bool { return strings.Contains(err.Error(), "database is locked") }

type sqliteDB struct {
	path     string // empty in memory
	db       *sql.DB
	owned    bool
	wake     *wakeup
	readOnly bool
	own      ownFile
}

func (d *sqliteDB) read() session { return patientSession{d} }

// conn waits for the connection, and gives up when a transaction on it does
// not end: it may be the caller's own.
func (d *sqliteDB) conn(ctx context.Context) (*sql.Conn, error) {
	patient, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	conn, err := d.db.Conn(patient)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("all connections to the SQLite database were in use for %s: if this is inside a transaction of your own on them, use RunTx with it, or in InTx the ctx that its function gets: %w", lockPatience, err)
	}
	return conn, err
}

// patientSession is the database without a transaction.
type patientSession struct{ db *sqliteDB }

func (p patientSession) exec(ctx context.Context, query string, args ...any) (int64, error) {
	conn, err := p.db.conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool
	return sqliteSession{conn}.exec(ctx, query, args...)
}

func (p patientSession) query(ctx context.Context, each func(scan) error, query string, args ...any) error {
	conn, err := p.db.conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return sqliteSession{conn}.query(ctx, each, query, args...)
}

func (d *sqliteDB) write(ctx context.Context, do func(session, any) error) error {
	if d.readOnly {
		return errReadOnly
	}
	conn, err := d.conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool
	began := time.Now()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return explainBusy(ctx, conn, began, err)
	}
	if err := do(sqliteSession{tx}, tx); err != nil {
		_ = tx.Rollback()
		return explainBusy(ctx, conn, began, err)
	}
	if err := tx.Commit(); err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // SQLite leaves it open for another try
		return &commitError{err}
	}
	return nil
}

func (d *sqliteDB) settled(ctx context.Context, entry string) (there bool, err error) {
	err = d.read().query(ctx, func(scan scan) error { return scan(&there) }, "SELECT EXISTS (SELECT 1 FROM @entries WHERE id = $1)", entry)
	return there, err
}

// explainBusy says what to do where another connection holds the lock.
func explainBusy(ctx context.Context, conn *sql.Conn, began time.Time, err error) error {
	if ctx.Err() != nil || !isBusy(err) {
		return err
	}
	waited := fmt.Sprintf("gave up %s after it had begun", time.Since(began).Round(time.Millisecond))
	timeout := -1
	if conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&timeout) == nil && timeout == 0 {
		waited = "did not wait, since its connection has no busy_timeout"
	}
	return fmt.Errorf("another connection has locked the SQLite database, and this transaction %s: if the other is a transaction of your own on the same file, use RunTx with it, or in InTx the ctx that its function gets: %w", waited, err)
}

func (d *sqliteDB) takes(tx any) error { return sqliteTakes(tx) }

func (d *sqliteDB) within(tx any) (session, error) {
	if err := d.takes(tx); err != nil {
		return nil, err
	}
	return sqliteSession{tx.(*sql.Tx)}, nil
}

// together is how many entries one statement writes: most of what a
// statement costs is not the writing.
const together = 20

var putTogether = "INSERT INTO @entries (id, run_id, run, task, args, async, key, status, at, started_at, finished_at, caller, scope) VALUES " +
	strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, TRUE, ?, ?, ?, 0, 0, ?, ''), ", together), ", ")

func (d *sqliteDB) putEntries(ctx context.Context, s session, entries []journal.Entry) error {
	for ; len(entries) >= together; entries = entries[together:] {
		values := make([]any, 0, 9*together)
		for _, e := range entries[:together] {
			values = append(values, e.ID, plain(e.RunID), e.Run, e.Task, text(e.Args), plain(e.Key), string(e.Status), nanoseconds(e.At), plain(e.Caller))
		}
		if _, err := s.exec(ctx, putTogether, values...); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := put(ctx, s, e, ""); err != nil {
			return err
		}
	}
	return nil
}

func (d *sqliteDB) keeps(string) bool { return true }

// timestamp is text, as River writes it.
func (d *sqliteDB) timestamp(t time.Time) any { return t.UTC().Format("2006-01-02 15:04:05.000") }

func (d *sqliteDB) clock() string {
	return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
}

// attemptedBy leaves out what is no JSON.
func (d *sqliteDB) attemptedBy() string {
	return "CASE WHEN json_valid(attempted_by, 6) THEN attempted_by ->> '$[#-1]' END"
}

func (d *sqliteDB) putBack() string {
	return "UPDATE @river_job SET state = 'available', attempt = max(attempt - 1, 0), metadata = jsonb_set(metadata, '$.snoozes', 1 + coalesce(metadata ->> 'snoozes', 0))" +
		" WHERE id = $1 AND state = 'running' AND CAST(attempted_at AS text) = $2"
}

func (d *sqliteDB) halves() []half { return []half{{table: "@entries"}} }

func (d *sqliteDB) running() string {
	return "id IN (SELECT metadata ->> 'entry' FROM @river_job WHERE state = 'running' UNION ALL SELECT id FROM @entries WHERE process <> '')"
}

func (d *sqliteDB) unended() string {
	return "SELECT id FROM @river_job WHERE finalized_at IS NULL AND metadata ->> 'entry' = $1"
}

func (d *sqliteDB) newClient(e *Engine, c *river.Config) (client, error) {
	return newClient(driverOf(riversqlite.New(d.db), e, d.wake), c, nil)
}

func (d *sqliteDB) committed(queues map[string]struct{}) {
	for q := range queues {
		d.wake.inserted(q)
	}
}

func (d *sqliteDB) cancelled() { d.wake.cancelled() }

func (d *sqliteDB) close() error {
	if !d.owned {
		return nil
	}
	return d.db.Close()
}
