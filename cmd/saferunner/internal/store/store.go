// Package store opens the command line's journal: an SQLite file.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	_ "modernc.org/sqlite" // the driver

	"github.com/saferunner/saferunner/journal/sqljournal"
)

// Open returns the journal in the file at path. A file that does not exist
// is created, for its owner alone. It fails
// with [ErrReadOnly] for a database that cannot be written to. Closing
// the journal closes the file. Errors name the path.
func Open(ctx context.Context, path string) (*sqljournal.Journal, error) {
	j, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	return j, nil
}

func open(ctx context.Context, path string) (*sqljournal.Journal, error) {
	if err := Create(path); err != nil {
		return nil, err
	}
	if err := CheckWritable(ctx, path); err != nil {
		return nil, err
	}
	name, err := uri(path, "")
	if err != nil {
		return nil, err
	}
	return sqljournal.Connect(ctx, "sqlite", name)
}

// uri returns the path as a URI with these parameters: in a plain file name,
// the driver would take what follows a question mark for them.
func uri(path, parameters string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	name := filepath.ToSlash(absolute)
	if name[0] != '/' {
		name = "/" + name // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: name, RawQuery: parameters}).String(), nil
}

func checkNoFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("it is a folder; name a file in it")
	}
	return nil
}

var creating sync.Mutex

// Create makes the file at path, if there is none, for its owner alone:
// SQLite would let everyone read it. One that exists is not opened: closing any descriptor of a file ends the locks that
// SQLite holds on it in this process, which is also why it is done by one
// goroutine at a time.
func Create(path string) error {
	if path == "" {
		return errors.New("the path is empty")
	}
	creating.Lock()
	defer creating.Unlock()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return checkNoFolder(path)
	}
	if err != nil {
		return err
	}
	return file.Close()
}
