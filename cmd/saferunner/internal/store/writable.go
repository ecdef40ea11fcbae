package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/saferunner/saferunner/journal/sqljournal"
)

// ErrReadOnly is the error for a file that can be read and not written to.
var ErrReadOnly = errors.New("the database is read-only; let this user write it, and make files beside it, or name another one")

// CheckWritable returns [ErrReadOnly] for a database that cannot be written
// to, as on a read-only mount: SQLite opens it all the same. A database that
// another process has locked is writable.
func CheckWritable(ctx context.Context, path string) (err error) {
	db, err := connect(path, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the database is closed as well
	// BEGIN alone succeeds.
	_, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE; CREATE TABLE saferunner_writable (x); ROLLBACK")
	switch {
	case is(err, sqlite3.SQLITE_READONLY):
		return ErrReadOnly
	case is(err, sqlite3.SQLITE_CANTOPEN):
		return fmt.Errorf("%w; let this user read and write it, and make files beside it", err)
	case is(err, sqlite3.SQLITE_BUSY):
		return nil
	}
	return err
}

// OpenRead opens a journal to read it. Nothing is written, and a database that
// cannot be written to, as on a read-only mount, is no error.
func OpenRead(ctx context.Context, path string) (*sqljournal.Journal, error) {
	if err := checkNoFolder(path); err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	j, err := connectRead(ctx, path, "")
	if is(err, sqlite3.SQLITE_READONLY) || is(err, sqlite3.SQLITE_CANTOPEN) {
		j, err = openRead(ctx, path)
	}
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, explainRead(path, err))
	}
	return j, nil
}

// explainRead says why a file cannot be read as a journal.
func explainRead(path string, err error) error {
	switch {
	case is(err, sqlite3.SQLITE_NOTADB):
		return errors.New("it is no SQLite database; name another file")
	case is(err, sqlite3.SQLITE_CANTOPEN):
		if _, missing := os.Stat(path); missing != nil {
			return missing
		}
		return fmt.Errorf("%w; let this user read it, and the folder that it is in", err)
	}
	return err
}

func connectRead(ctx context.Context, path, parameters string) (*sqljournal.Journal, error) {
	name, err := uri(path, parameters)
	if err != nil {
		return nil, err
	}
	return sqljournal.Connect(ctx, "sqlite", name, sqljournal.ReadOnly())
}

// openRead opens a journal as SQLite does where nothing can be written. It is
// for that alone: else SQLite would leave files beside it.
func openRead(ctx context.Context, path string) (*sqljournal.Journal, error) {
	j, err := connectRead(ctx, path, "mode=ro")
	if !is(err, sqlite3.SQLITE_CANTOPEN) && !is(err, sqlite3.SQLITE_READONLY) {
		return j, err
	}
	// Where no file can be made beside it, SQLite reads it as one that nobody
	// changes, without the log.
	if log, missing := os.Stat(path + "-wal"); missing == nil && log.Size() > 0 {
		return nil, fmt.Errorf("%s-wal holds changes that cannot be read here; copy both files to where files can be made: %w", path, err)
	}
	return connectRead(ctx, path, "immutable=1")
}

func connect(path, parameters string) (*sql.DB, error) {
	name, err := uri(path, parameters)
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", name)
}

// is reports whether err is this error of SQLite, or a finer one of its kind.
func is(err error, code int) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code()&0xff == code
}
