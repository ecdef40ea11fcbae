package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/journal/sqljournal"
)

// journalPath returns the file of the journal: the flag, else SAFERUNNER_DB,
// else a file in the user's state directory.
func journalPath(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv("SAFERUNNER_DB"); path != "" {
		return path, nil
	}
	dir, err := stateDir(runtime.GOOS, os.Getenv, os.UserHomeDir)
	if err != nil {
		return "", fmt.Errorf("no place for the journal: %w; set --db or SAFERUNNER_DB", err)
	}
	return filepath.Join(dir, "saferunner", "journal.db"), nil
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

// openJournal opens the journal, which is made if there is none.
func openJournal(ctx context.Context, flag string) (*sqljournal.Journal, error) {
	path, err := journalPath(flag)
	if err != nil {
		return nil, exit(codeJournal, err)
	}
	journal, err := store.Open(ctx, path)
	if err != nil {
		return nil, exit(codeJournal, err)
	}
	return journal, nil
}

// errNoJournal says that nothing has been written down yet.
var errNoJournal = errors.New("there is no journal yet")

// existingJournal opens the journal to look into it, and does not make one.
func existingJournal(ctx context.Context, flag string) (*sqljournal.Journal, error) {
	path, err := journalPath(flag)
	if err != nil {
		return nil, exit(codeJournal, err)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s", errNoJournal, path)
	}
	return openJournal(ctx, flag)
}

// closeJournal closes the journal after err. What it lost is said on stderr,
// and is the error where there was none: the calls themselves are done.
func closeJournal(journal *sqljournal.Journal, err error) error {
	lost := journal.Close()
	if n := journal.Lost(); lost == nil && n > 0 { // it has said so before, to nobody
		lost = fmt.Errorf("the journal has lost %s; look at the disk that it is on", count(n, "change"))
	}
	switch {
	case lost == nil:
		return err
	case err == nil:
		return exit(codeJournal, lost)
	default:
		fmt.Fprintln(os.Stderr, "saferunner:", lost)
		return err
	}
}

// queryAll returns all that q selects.
func queryAll(ctx context.Context, journal saferunner.Journal, q saferunner.Query) ([]saferunner.Entry, error) {
	entries := []saferunner.Entry{} // none is an empty list in JSON
	for q.Limit = saferunner.MaxPage; ; {
		page, err := journal.Query(ctx, q)
		if err != nil {
			return nil, exit(codeJournal, err)
		}
		entries = append(entries, page.Entries...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return entries, nil
		}
	}
}
