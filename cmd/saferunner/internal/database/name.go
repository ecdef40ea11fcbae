// Package database opens what the command line's --db names: the journal,
// alone or with the engine that keeps async calls there.
package database

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
)

// Name says where a database is.
type Name struct {
	file   string // of SQLite
	server string // URL of Postgres, if file is empty
	ours   bool   // the file's folder is made where there is none
}

// Own returns the name of a file in a folder of this program's own, which is
// made when the database is.
func Own(file string) Name { return Name{file: file, ours: true} }

// scheme is what a URL begins with, of two letters at least: one is a drive.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:(//)?`)

const forms = "write a file, sqlite:FILE or postgres://USER@HOST/DATABASE"

// Parse reads a name: a file, sqlite:FILE or postgres://… A file whose name
// begins like a URL is written with its directory, as in ./a:b
func Parse(text string) (Name, error) {
	file, sqlite := strings.CutPrefix(text, "sqlite:")
	switch {
	case strings.HasPrefix(text, "postgres://"), strings.HasPrefix(text, "postgresql://"):
		if _, err := pgconn.ParseConfig(text); err != nil { // it hides the password
			return Name{}, fmt.Errorf("the URL of Postgres: %w; %s", err, forms)
		}
		return Name{server: text}, nil
	case !sqlite && scheme.MatchString(text):
		return Name{}, fmt.Errorf("%s names no database that is supported; %s", scheme.FindString(text), forms)
	case file == "":
		return Name{}, errors.New("the database has no name; " + forms)
	case file == ":memory:":
		return Name{}, errors.New(":memory: would keep nothing; " + forms)
	case strings.Contains(file, "?"):
		return Name{}, fmt.Errorf("%s has parameters, which a file cannot have; %s", file, forms)
	}
	return Name{file: file}, nil
}

// Check fails if it is a file in a folder that does not exist: its name may
// be misspelt.
func (n Name) Check() error {
	if n.file == "" || n.ours {
		return nil
	}
	folder := filepath.Dir(n.file)
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("journal %s: there is no folder %s; correct the name, or make the folder", n, folder)
	}
	return nil
}

// create makes the file, if it is one and there is none.
func (n Name) create() error {
	if n.file == "" {
		return nil
	}
	if n.ours {
		if err := os.MkdirAll(filepath.Dir(n.file), 0o700); err != nil {
			return err
		}
	}
	return store.Create(n.file)
}

// String shows the name without a password.
func (n Name) String() string {
	if n.file != "" {
		return n.file
	}
	u, err := url.Parse(n.server)
	if err != nil {
		return "postgres://…"
	}
	u.RawQuery, u.User = "", url.User(u.User.Username())
	if u.User.Username() == "" {
		u.User = nil
	}
	return u.String()
}

// Missing reports whether it is a file that does not exist.
func (n Name) Missing() bool {
	if n.file == "" {
		return false
	}
	_, err := os.Stat(n.file)
	return errors.Is(err, os.ErrNotExist)
}
