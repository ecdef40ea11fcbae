package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/sqljournal"
	_ "modernc.org/sqlite" // the driver
)

const batch = 1024

func BenchmarkJournal(b *testing.B) {
	b.Run("group", benchmarkGroup)
	b.Run("raw", func(b *testing.B) { benchmarkInserts(b, batch) })
	b.Run("each", func(b *testing.B) { benchmarkInserts(b, 1) })
}

func benchmarkGroup(b *testing.B) {
	ctx := context.Background()
	j, err := sqljournal.Connect(ctx, "sqlite", newDatabase(b))
	must(b, err)
	changes := make([]journal.Change, b.N)
	for i, e := range newEntries(b.N) {
		changes[i] = journal.Put(e)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range changes {
		must(b, j.Write(ctx, changes[i]))
	}
	must(b, j.Flush(ctx))
	b.StopTimer()
	must(b, j.Close())
}

// benchmarkInserts writes by hand, with this many entries a transaction.
func benchmarkInserts(b *testing.B, perCommit int) {
	ctx := context.Background()
	db, err := sql.Open("sqlite", newDatabase(b))
	must(b, err)
	defer func() { must(b, db.Close()) }()
	conn, err := db.Conn(ctx)
	must(b, err)
	defer func() { must(b, conn.Close()) }()
	_, err = conn.ExecContext(ctx, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
	must(b, err)
	insert, err := conn.PrepareContext(ctx, `INSERT INTO saferunner_entries
		(id, run_id, run, task, args, async, key, status, attempts, result, at, started_at, finished_at, caller, scope)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	must(b, err)
	defer func() { must(b, insert.Close()) }()
	entries := newEntries(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for len(entries) > 0 {
		n := min(perCommit, len(entries))
		if n > 1 {
			_, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE")
			must(b, err)
		}
		for _, e := range entries[:n] {
			attempts, err := json.Marshal(e.Attempts)
			must(b, err)
			_, err = insert.ExecContext(ctx, e.ID, e.RunID, e.Run, e.Task, string(e.Args), e.Async, e.Key, string(e.Status), string(attempts),
				string(e.Result), e.At.UnixNano(), e.StartedAt.UnixNano(), e.FinishedAt.UnixNano(), e.Caller, e.Scope)
			must(b, err)
		}
		if n > 1 {
			_, err = conn.ExecContext(ctx, "COMMIT")
			must(b, err)
		}
		entries = entries[n:]
	}
	b.StopTimer()
}

// newDatabase returns the name of a new file that holds the journal's tables.
func newDatabase(b *testing.B) string {
	dsn := "file:" + filepath.ToSlash(filepath.Join(b.TempDir(), "calls.db"))
	j, err := sqljournal.Connect(context.Background(), "sqlite", dsn)
	must(b, err)
	must(b, j.Close())
	return dsn
}

func newEntries(n int) []journal.Entry {
	entries := make([]journal.Entry, n)
	start := time.Now()
	for i := range entries {
		at := start.Add(time.Duration(i) * time.Millisecond)
		entries[i] = journal.Entry{
			ID: fmt.Sprintf("0kq3x%014d", i), RunID: fmt.Sprint("order.", i%20), Run: fmt.Sprintf("0kq3r%014d", i/3), Task: fmt.Sprint("task.", i%7),
			Args: json.RawMessage(`{"to":"+27821234567","text":"Thank you for your order!"}`), Status: journal.StatusDone,
			Attempts: []journal.Attempt{{Started: at, Finished: at.Add(time.Millisecond)}},
			Result:   json.RawMessage(`{"id":17}`), At: at, StartedAt: at, FinishedAt: at.Add(time.Millisecond), Caller: "shop/checkout.go:42",
		}
	}
	return entries
}

func must(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}
