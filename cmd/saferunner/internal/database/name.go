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
)

// Name says where a database is.
type Name struct {
	file   string // of SQLite
	server string // URL of Postgres, if file is empty
}

var otherScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// Parse reads a name: a file, sqlite:FILE or postgres://…
func Parse(text string) (Name, error) {
	file, sqlite := strings.CutPrefix(text, "sqlite:")
	switch {
	case strings.HasPrefix(text, "postgres://"), strings.HasPrefix(text, "postgresql://"):
		return Name{server: text}, nil
	case !sqlite && otherScheme.MatchString(text):
		return Name{}, fmt.Errorf("%s names no database that is supported; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE", otherScheme.FindString(text))
	case file == "":
		return Name{}, errors.New("the database has no name; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE")
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
