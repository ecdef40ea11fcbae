package riverengine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// A Postgres that lets nothing be written is refused, whether it has the tables
// or not; with ReadOnly its journal can be read.
func TestReadOnlyPostgres(t *testing.T) {
	url := testDatabase(t)
	lock := func(on bool) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		var name string
		if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
			t.Fatal(err)
		}
		statement := fmt.Sprintf("SET transaction_read_only = off; ALTER DATABASE %s SET default_transaction_read_only = %t", pgx.Identifier{name}.Sanitize(), on)
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what string) {
		t.Helper()
		if err := openErr(t, url); err == nil || !strings.Contains(err.Error(), "the database is read-only") || strings.Count(err.Error(), "riverengine") != 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
	lock(true)
	refused("without tables")
	readOnly, err := apply([]Option{ReadOnly()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openServer(t.Context(), url, readOnly); !errors.Is(err, ErrNoTables) {
		t.Errorf("without tables: %v", err)
	}
	lock(false)
	e, err := openForTest(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	id := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	lock(true)
	refused("with tables")
	reader, err := openServer(t.Context(), url, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	reads(t, reader, id)
}

// A file is read without a lock, and nothing is made.
func TestReadOnlySQLite(t *testing.T) {
	readOnly, err := apply([]Option{ReadOnly()})
	if err != nil {
		t.Fatal(err)
	}
	path := testFile(t)
	if _, err := openFile(t.Context(), path, readOnly); err == nil {
		t.Error("a file that is not there was opened")
	}
	e := openTestFile(t, path)
	id := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
	reader, err := openFile(t.Context(), path, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	reads(t, reader, id)
}

// reads looks whether an engine reads an entry, and does nothing else.
func reads(t *testing.T, e *Engine, id string) {
	t.Helper()
	if entry := entryOf(t, e, id); entry.Status != journal.StatusQueued {
		t.Errorf("got %+v", entry)
	}
	ctx := t.Context()
	_, submitted := e.Submit(ctx, batchOf(engine.Job{Task: note}))
	_, cancelled := e.Cancel(ctx, id)
	_, claimed := e.Journal().Claim(ctx, note.Name, "k", id)
	for what, err := range map[string]error{
		"Submit": submitted, "Cancel": cancelled, "Claim": claimed,
		"Start": e.Start(ctx, []engine.TaskSpec{note}, nil), "Write": e.Journal().Write(ctx, journal.Forget(id)),
	} {
		if !errors.Is(err, errReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
