package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

func TestOpenRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ dsn, want string }{
		"nothing":      {"", "has no scheme: write sqlite:FILE or postgres://"},
		"no scheme":    {"app.db", "has no scheme: write sqlite:FILE or postgres://"},
		"keywords":     {"host=db password=s3cret:x", "has no scheme: write sqlite:FILE or postgres://"},
		"another kind": {"mysql://root:s3cret@host/db", "riverengine: Open: mysql: names no database that is supported: write sqlite:FILE or postgres://"},
		"no file":      {"sqlite:", "needs a file"},
		"no path":      {"sqlite://", "needs a file"},
		"in memory":    {"sqlite::memory:", "write a file, as in sqlite:app.db"},
		"memory":       {"sqlite::memory:?cache=shared", "write a file, as in sqlite:app.db"},
		"two slashes":  {"sqlite://x.db", "sqlite://: a file has no host: write sqlite:x.db for a file in the working directory, or sqlite:/x.db for one at the root"},
		"three":        {"sqlite:///tmp/x.db?a=b", "write sqlite:tmp/x.db for a file in the working directory, or sqlite:/tmp/x.db for"},
		"parameters":   {"sqlite:x.db?mode=ro", "sqlite:x.db?mode=ro: a file is written without parameters: write sqlite:x.db, or open the database yourself and use NewSQLite"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Open(t.Context(), tt.dsn)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") || e != nil {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for name, option := range map[string]Option{
		"nil": nil, "Seal": Seal(nil), "Concurrency": Concurrency(0), "QueueConcurrency": QueueConcurrency("", 1),
		"DefaultTimeout": DefaultTimeout(0), "Logger": Logger(nil),
	} {
		if _, err := Open(t.Context(), "sqlite:x.db", option); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a bad %s: %v", name, err)
		}
	}
}

// What cannot be reached or opened says so, and what to do.
func TestOpenFails(t *testing.T) {
	o, err := apply(nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	want := "riverengine: Open: " + folder + ": it is a folder: name a file in it, as in sqlite:" + filepath.Join(folder, "app.db") + ": unable to open database file"
	if _, err := openFile(t.Context(), folder, o); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("a folder: %v, want %s", err, want)
	}
	blocked := testFile(t)
	if err := os.Mkdir(blocked+"-journal", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openFile(t.Context(), blocked, o); err == nil || !strings.Contains(err.Error(), ": let this user read and write it") ||
		strings.Count(err.Error(), "riverengine") != 1 {
		t.Errorf("a file that SQLite cannot open: %v", err)
	}
	path := testFile(t)
	if err := os.WriteFile(path, []byte("this is a text, and longer than the header of a database: no more than a hundred bytes"+strings.Repeat(" ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openFile(t.Context(), path, o); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no database: %v", err)
	}
}

// Nobody else can read a database that Open makes, nor what SQLite keeps
// beside it. One that was there keeps its mode.
func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such rights")
	}
	o, err := apply(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"new": 0o600, "there before": 0o640} {
		t.Run(name, func(t *testing.T) {
			path := testFile(t)
			if name != "new" {
				if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, want)); err != nil {
					t.Fatal(err)
				}
			}
			e, err := openFile(t.Context(), path, o)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			submit(t, e, engine.Job{Task: note})
			for _, part := range []string{"", "-wal", "-shm"} {
				info, err := os.Stat(path + part)
				if err != nil {
					t.Fatal(err)
				}
				if mode := info.Mode().Perm(); mode != want {
					t.Errorf("calls.db%s has %o, want %o", part, mode, want)
				}
			}
		})
	}
}

func TestOpenInTestMode(t *testing.T) {
	e, err := Open(t.Context(), "postgres://127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	r, err := saferunner.New(saferunner.WithEngine(e), saferunner.WithJournal(e.Journal()))
	if err != nil {
		t.Fatal(err)
	}
	task := saferunner.Define("offline.note", func(context.Context, string) error { return nil })
	if err := r.Start(t.Context(), task); err != nil {
		t.Error(err)
	}
	if _, err := r.Run(t.Context(), "offline", task.With("x").Async()); err != nil {
		t.Error(err)
	}
	var none *sql.Tx
	for _, wrong := range []any{none, 17} {
		if _, err := r.RunTx(t.Context(), wrong, "offline", task.With("x").Async()); err == nil {
			t.Errorf("RunTx has taken %T", wrong)
		}
	}
	if _, err := r.RunTx(t.Context(), new(sql.Tx), "offline", task.With("x").Async()); err != nil {
		t.Error(err)
	}
	if calls, err := r.Calls(t.Context(), "offline"); err != nil || len(calls) != 2 {
		t.Errorf("got %v, %v", calls, err)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note})); err == nil {
		t.Error("an engine without a database has taken a batch")
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestForeignRiver(t *testing.T) {
	db, err := openSQLite(testFile(t), false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m, err := rivermigrate.New[*sql.Tx](riversqlite.New(db), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSQLite(t.Context(), db); err == nil || !strings.Contains(err.Error(), "another River") {
		t.Errorf("got %v", err)
	}
	var tables int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'saferunner%'").Scan(&tables); err != nil || tables != 0 {
		t.Errorf("it has made %d tables, %v", tables, err)
	}
}

// prepare makes the tables of an open engine as its Open has.
func prepare(ctx context.Context, e *Engine) error {
	if db, ok := e.db.(*sqliteDB); ok {
		return db.migrate(ctx)
	}
	return e.db.(*postgresDB).migrate(ctx)
}

// What a newer version has made is used by those that can, as it is: an old
// process restarts beside new ones, and after a rollback.
func TestNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		v, err := readVersion(t.Context(), e.db.read())
		if err != nil {
			t.Fatal(err)
		}
		newer := version{v.tables + 1, v.river + 1, v.triggers + 1, v.triggers}
		if err := writeVersion(t.Context(), e.db.read(), newer); err != nil {
			t.Fatal(err)
		}
		if _, ok := e.db.(*sqliteDB); ok { // the journal's tables too
			if _, err := e.db.read().exec(t.Context(), "INSERT INTO @schema (version, usable_from) SELECT max(version) + 1, 1 FROM @schema"); err != nil {
				t.Fatal(err)
			}
		}
		old := open()
		works(t, old, nothing, note)
		becomes(t, e, submit(t, old, engine.Job{Task: note}).Jobs[0].EntryID, journal.StatusDone)
		open(ReadOnly())
		if now, err := readVersion(t.Context(), e.db.read()); err != nil || now != newer {
			t.Errorf("the older one has made %+v of %+v, %v", now, newer, err)
		}
		newer.usableFrom++
		if err := writeVersion(t.Context(), e.db.read(), newer); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("a newer riverengine has migrated the database: its tables have version %d, those of River %d, its triggers %d; this one knows %d, %d and %d,"+
			" and those that can use it know triggers of version %d: upgrade riverengine",
			newer.tables, newer.river, newer.triggers, v.tables, v.river, v.triggers, newer.usableFrom)
		if err := prepare(t.Context(), e); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	})
}

// Many processes may open one database at the same time.
func TestOpenTogether(t *testing.T) {
	path, url := testFile(t), testDatabase(t)
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() {
			o, err := apply(nil)
			if err != nil {
				errs <- err
				return
			}
			var e *Engine
			if i%2 == 0 {
				e, err = openFile(t.Context(), path, o)
			} else {
				e, err = openServer(t.Context(), url, o)
			}
			if err == nil {
				err = e.Close()
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
