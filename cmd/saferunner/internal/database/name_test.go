package database

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct{ text, shown string }{
		{"app.db", "app.db"},
		{"sqlite:app.db", "app.db"},
		{"sqlite:./a:b", "./a:b"},
		{"./a:b", "./a:b"},
		{"/var/a:b", "/var/a:b"},
		{`C:\app.db`, `C:\app.db`},
		{"postgres://app:s3cret@db/app?sslmode=disable", "postgres://app@db/app"},
		{"postgresql://db:5433/app", "postgresql://db:5433/app"},
		{"postgres://app@/app?host=db&password=s3cret", "postgres://app@/app"},
		{"postgres://app:s3cret@one:1,two:2/app", "postgres://app@one:1,two:2/app"},
	} {
		name, err := Parse(test.text)
		if err != nil || name.String() != test.shown {
			t.Errorf("%s: %q, %v; want %q", test.text, name, err, test.shown)
		}
	}
	for _, text := range []string{
		"", "sqlite:", "mysql://u:s3cret@db/app", "file:app.db", "postgres:app", "SQLITE:app.db",
		":memory:", "sqlite::memory:", "sqlite::memory:?cache=shared", "sqlite:app.db?mode=ro", "app.db?mode=ro",
		"postgres://u:s3cret@db:port/app", "postgres://u:s3cret@%zz/app",
	} {
		if _, err := Parse(text); err == nil || !strings.HasSuffix(err.Error(), "; "+forms) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	for _, text := range []string{path, "sqlite:" + path} {
		if name, err := Parse(text); err != nil || !name.Missing() {
			t.Errorf("%s: %v is not missing, %v", text, name, err)
		}
	}
	if name, err := Parse("postgres://db/app"); err != nil || name.Missing() {
		t.Errorf("%v is missing, %v", name, err)
	}
}
