package riverengine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// connectPatience bounds Open on Postgres, if ctx does not.
const connectPatience = 30 * time.Second

// Open opens the database that dsn names, and creates the engine's tables
// there or brings them up to date:
//
//	sqlite:app.db                            a file, made if there is none
//	postgres://user:password@host/database   any URL of Postgres
//
// A file that it makes, and what SQLite puts beside that, is its owner's to
// read and write, and nobody else's; the mode of one that there is stays.
//
// It fails where the database cannot be reached or written to, holds tables
// of a newer version, or, on SQLite, those of another River.
//
// In a test binary Open does not connect: the engine has a journal in memory
// and executes nothing, as the runner would see to anyway.
func Open(ctx context.Context, dsn string, opts ...Option) (*Engine, error) {
	o, err := apply(opts)
	if err != nil {
		return nil, err
	}
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch {
	case scheme == "sqlite" && rest == "":
		return nil, errors.New("riverengine: Open: sqlite: needs a file, as in sqlite:app.db")
	case scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql":
		return nil, errors.New("riverengine: Open: a database is named by sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE")
	case testing.Testing():
		return newOffline(o)
	case scheme == "sqlite":
		return openFile(ctx, rest, o)
	}
	return openServer(ctx, dsn, o)
}

func openFile(ctx context.Context, path string, o *options) (*Engine, error) {
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("riverengine: Open: %w", err)
	}
	db, err := openSQLite(path)
	if err != nil {
		return nil, fmt.Errorf("riverengine: Open: %s: %w", path, err)
	}
	e, err := newSQLite(ctx, db, true, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("riverengine: Open: %s: %w", path, err), db.Close())
	}
	return e, nil
}

// creating keeps a file that is being made from being opened meanwhile: to
// close it gives up the locks that SQLite has on it in this process.
var creating sync.Mutex

// createPrivate makes the file, if there is none, for its owner only. SQLite
// gives the same rights to those that it puts beside it.
func createPrivate(path string) error {
	creating.Lock()
	defer creating.Unlock()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func openServer(ctx context.Context, dsn string, o *options) (*Engine, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("riverengine: Open: the URL of Postgres: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("riverengine: Open: %w", err)
	}
	patient, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	if err := pool.Ping(patient); err != nil {
		pool.Close()
		return nil, fmt.Errorf("riverengine: Open: Postgres cannot be reached: is it running, and are host, user and database right? %w", err)
	}
	e, err := newPostgres(patient, pool, true, o)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return e, nil
}
