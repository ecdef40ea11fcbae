package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/database"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine"
)

// databaseName returns the name of the database: the flag, else
// SAFERUNNER_DB, else a file in the user's state directory.
func databaseName(flag string) (database.Name, error) {
	text := cmp.Or(flag, os.Getenv("SAFERUNNER_DB"))
	if text == "" {
		dir, err := stateDir(runtime.GOOS, os.Getenv, os.UserHomeDir)
		if err != nil {
			return database.Name{}, exitf(codeJournal, "no place for the journal: %w; set --db or SAFERUNNER_DB", err)
		}
		return database.Own(filepath.Join(dir, "saferunner", "journal.db")), nil
	}
	name, err := database.Parse(text)
	if err != nil {
		return database.Name{}, exit(codeUsage, err)
	}
	if err := name.Check(); err != nil {
		return database.Name{}, exit(codeJournal, err)
	}
	return name, nil
}

// stateDir is where the system keeps what programs remember of a user.
func stateDir(system string, getenv func(string) string, home func() (string, error)) (string, error) {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if dir := getenv("LocalAppData"); system == "windows" && dir != "" {
		return dir, nil
	}
	dir, err := home()
	switch {
	case err != nil:
		return "", err
	case system == "darwin" || system == "ios":
		return filepath.Join(dir, "Library", "Application Support"), nil
	default:
		return filepath.Join(dir, ".local", "state"), nil
	}
}

// opener opens what a name names.
type opener func(context.Context, database.Name) (*database.Database, error)

// open opens the database of the flag.
func open(ctx context.Context, flag string, with opener) (*database.Database, error) {
	name, err := databaseName(flag)
	if err != nil {
		return nil, err
	}
	db, err := with(ctx, name)
	if err != nil {
		return nil, exit(codeJournal, err)
	}
	return db, nil
}

// openJournal opens the journal, which is made if there is none.
func openJournal(ctx context.Context, flag string) (*database.Database, error) {
	return open(ctx, flag, database.Open)
}

// openEngine opens the database for async calls, which are kept there.
func openEngine(ctx context.Context, flag string, log *slog.Logger) (*database.Database, error) {
	return open(ctx, flag, func(ctx context.Context, name database.Name) (*database.Database, error) {
		return database.OpenEngine(ctx, name, log)
	})
}

// errNoJournal says that nothing has been written down yet.
var errNoJournal = errors.New("there is no journal yet")

// existingJournal opens the journal that there is, and does not make a file.
func existingJournal(ctx context.Context, flag string, with opener) (*database.Database, error) {
	name, err := databaseName(flag)
	if err != nil {
		return nil, err
	}
	if name.Missing() {
		return nil, fmt.Errorf("%w at %s", errNoJournal, name)
	}
	db, err := with(ctx, name)
	switch {
	case errors.Is(err, riverengine.ErrNoTables):
		return nil, fmt.Errorf("%w in %s", errNoJournal, name)
	case err != nil:
		return nil, exit(codeJournal, err)
	}
	return db, nil
}

// queryAll returns all that q selects.
func queryAll(ctx context.Context, j journal.Journal, q journal.Query) ([]journal.Entry, error) {
	entries := []journal.Entry{} // none is an empty list in JSON
	for q.Limit = journal.MaxPage; ; {
		page, err := j.Query(ctx, q)
		if err != nil {
			return nil, exit(codeJournal, err)
		}
		entries = append(entries, page.Entries...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return entries, nil
		}
	}
}
