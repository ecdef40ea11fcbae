package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/sqljournal"
	"github.com/saferunner/saferunner/riverengine"
)

// Database is one that is open. Close it after the runner's Shutdown.
type Database struct {
	file   *sqljournal.Journal // the journal alone, on SQLite
	engine *riverengine.Engine // else
}

// Open opens the journal. What is not there yet is made. A database that
// cannot be written to is refused.
func Open(ctx context.Context, n Name) (*Database, error) {
	if n.file == "" {
		return OpenEngine(ctx, n, silent)
	}
	if err := n.create(); err != nil {
		return nil, fmt.Errorf("journal %s: %w", n, err)
	}
	file, err := store.Open(ctx, n.file)
	if err != nil {
		return nil, err
	}
	return &Database{file: file}, nil
}

// OpenRead is [Open] for a journal that is to be read only: a database that
// cannot be written to is no error.
func OpenRead(ctx context.Context, n Name) (*Database, error) {
	if n.file == "" {
		return openEngine(ctx, n, silent, riverengine.ReadOnly())
	}
	file, err := store.OpenRead(ctx, n.file)
	if err != nil {
		return nil, err
	}
	return &Database{file: file}, nil
}

var silent = slog.New(slog.DiscardHandler)

// OpenEngine opens the engine and its journal, and brings their tables up to
// date. A database that cannot be written to is refused. The engine tells log
// what goes wrong beside the calls.
func OpenEngine(ctx context.Context, n Name, log *slog.Logger) (*Database, error) {
	if n.file != "" {
		err := n.create()
		if err == nil {
			err = store.CheckWritable(ctx, n.file)
		}
		if err != nil {
			return nil, fmt.Errorf("journal %s: %w", n, err)
		}
		return openEngine(ctx, n, log)
	}
	return openEngine(ctx, n, log)
}

func openEngine(ctx context.Context, n Name, log *slog.Logger, opts ...riverengine.Option) (*Database, error) {
	dsn := n.server
	if n.file != "" {
		dsn = "sqlite:" + n.file
	}
	engine, err := riverengine.Open(ctx, dsn, append(opts, riverengine.Logger(log))...)
	if err != nil {
		if denied, ok := errors.AsType[*pgconn.PgError](err); ok && denied.Code == insufficientPrivilege { // the engine's advice is for programs
			return nil, fmt.Errorf("journal %s: %w; let an administrator run saferunner migrate, and grant this user rights in the schema saferunner", n, denied)
		}
		return nil, fmt.Errorf("journal %s: %w", n, shorter{err, n.file})
	}
	return &Database{engine: engine}, nil
}

const insufficientPrivilege = "42501" // as Postgres calls it

// shorter is an error of the engine without what the name says already.
type shorter struct {
	error
	file string
}

func (e shorter) Error() string {
	text := strings.TrimPrefix(e.error.Error(), "riverengine: Open: ")
	return strings.TrimPrefix(text, e.file+": ")
}

func (e shorter) Unwrap() error { return e.error }

// Journal returns the journal.
func (d *Database) Journal() journal.Journal {
	if d.file != nil {
		return d.file
	}
	return d.engine.Journal()
}

// Engine is an option of a runner whose async calls are kept in the database.
func (d *Database) Engine() saferunner.Option { return saferunner.WithEngine(d.engine) }

// Lost returns how many changes the journal alone could not write.
func (d *Database) Lost() int {
	if d.file == nil {
		return 0
	}
	return d.file.Lost()
}

// Close closes the database. Its error may say what the journal has lost.
func (d *Database) Close() error {
	if d.file != nil {
		return d.file.Close()
	}
	return d.engine.Close()
}
