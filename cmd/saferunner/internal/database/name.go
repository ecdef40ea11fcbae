// Package database opens what the command line's --db names: the journal,
// alone or with the engine that keeps async calls there.
package database

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Name says where a database is.
type Name struct {
	file   string // of SQLite
	server string // URL of Postgres, if file is empty
}

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
	}
	return Name{file: file}, nil
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
