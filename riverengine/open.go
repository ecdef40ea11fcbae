package riverengine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"
)

// Open opens the database that dsn names, and creates the engine's tables
// there or brings them up to date:
//
//	sqlite:app.db                            a file, made if there is none
//	postgres://user:password@host/database   any URL of Postgres
//
// A file that it makes, and what SQLite puts beside that, is its owner's to
// read and write, and nobody else's; the mode of one that there is stays.
//
// It fails where the database cannot be reached or, without [ReadOnly], written
// to by this user, holds tables of a newer version, or, on SQLite, those of another River. On Postgres it
// gives up after 30 seconds, the making of the tables included, or when ctx
// ends. It notices a pooler, such as PgBouncer, and prepares no statements there unless
// the URL has default_query_exec_mode.
//
// In a test binary Open does not connect: the engine has a journal in memory
// and executes nothing, as the runner would see to anyway.
func Open(ctx context.Context, dsn string, opts ...Option) (*Engine, error) {
	o, err := apply(opts)
	if err != nil {
		return nil, err
	}
	scheme, file, err := parseName(dsn)
	switch {
	case err != nil:
		return nil, fmt.Errorf("riverengine: Open: %w", err)
	case testing.Testing() && scheme == "sqlite":
		return newOffline(o, sqliteTakes)
	case testing.Testing():
		return newOffline(o, postgresTakes)
	case scheme == "sqlite":
		return openFile(ctx, file, o)
	}
	return openServer(ctx, dsn, o)
}

var plainScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)

// parseName returns the scheme of dsn and, of SQLite, the file. Its error
// shows no more than the scheme of what may hold a password.
func parseName(dsn string) (scheme, file string, err error) {
	const forms = "sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE"
	scheme, rest, found := strings.Cut(dsn, ":")
	bare, _, parameters := strings.Cut(rest, "?")
	switch {
	case scheme == "postgres", scheme == "postgresql":
		return scheme, "", nil
	case !found || !plainScheme.MatchString(scheme):
		return "", "", errors.New("the name of the database has no scheme: write " + forms)
	case scheme != "sqlite":
		return "", "", fmt.Errorf("%s: names no database that is supported: write %s", scheme, forms)
	case strings.Trim(bare, "/") == "":
		return "", "", errors.New("sqlite: needs a file, as in sqlite:app.db")
	case strings.HasPrefix(rest, "//"):
		path := strings.TrimLeft(bare, "/")
		return "", "", fmt.Errorf("sqlite://: a file has no host: write sqlite:%s for a file in the working directory, or sqlite:/%s for one at the root", path, path)
	case bare == ":memory:":
		return "", "", errors.New("sqlite::memory: would keep nothing: write a file, as in sqlite:app.db; tests of an engine itself use NewSQLite")
	case parameters:
		return "", "", fmt.Errorf("%s: a file is written without parameters: write sqlite:%s, or open the database yourself and use NewSQLite", dsn, bare)
	}
	return scheme, rest, nil
}

func openFile(ctx context.Context, path string, o *options) (*Engine, error) {
	if !o.readOnly {
		if err := createPrivate(path); err != nil {
			return nil, fmt.Errorf("riverengine: Open: %w", err)
		}
	}
	db, err := openSQLite(path, o.readOnly)
	if err != nil {
		return nil, fmt.Errorf("riverengine: Open: %s: %w", path, err)
	}
	e, err := newSQLite(ctx, db, true, o)
	if err != nil {
		if closing := db.Close(); closing != nil {
			err = fmt.Errorf("%w; closing it: %w", err, closing)
		}
		return nil, fmt.Errorf("riverengine: Open: %s: %w", path, explainFile(path, err))
	}
	return e, nil
}

// explainFile adds to an error of SQLite what it leaves out. It does not open
// the file, for the reason that creating names.
func explainFile(path string, err error) error {
	const readonly, cantOpen = 8, 14
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok || failure.Code()&0xff != readonly && failure.Code()&0xff != cantOpen {
		return err
	}
	info, missing := os.Stat(path)
	switch {
	case missing != nil:
		return fmt.Errorf("%w: %w", err, missing)
	case info.IsDir():
		return fmt.Errorf("it is a folder: name a file in it, as in sqlite:%s: %w", filepath.Join(path, "app.db"), err)
	}
	return fmt.Errorf("%w: its mode is %s: let this user read and write it, and make files beside it", err, info.Mode())
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
