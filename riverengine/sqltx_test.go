package riverengine

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// A job is the same in its table, whatever the kind of transaction.
func TestSQLJobsAreRivers(t *testing.T) {
	url := testDatabase(t)
	e, err := openForTest(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	jobs := []engine.Job{
		{Task: note, Payload: json.RawMessage(`{"b":1.50,"a":"ä \"quoted\" \\ 😀"}`)},
		{Task: engine.TaskSpec{Name: "with/queue", Queue: "mail", Timeout: time.Minute, Retry: engine.RetryPolicy{MaxAttempts: 4}}, Payload: json.RawMessage(`[1,2]`), Key: "k"},
		{Task: note, Payload: json.RawMessage(`"later"`), NotBefore: time.Now().Add(time.Hour).Truncate(time.Second).Add(999_999_999), Metadata: map[string]string{"trace": "x"}},
		{Task: note, Payload: json.RawMessage(`"\u0000"`), Key: "twice"},
		{Task: note, Payload: json.RawMessage(`"` + strings.Repeat("x", mostRows/2) + `"`)},
		{Task: note, Payload: json.RawMessage(`"` + strings.Repeat("y", mostRows) + `"`)},
		{Task: note, Payload: json.RawMessage(`"last"`), Key: "twice"},
	}
	b := batchOf(jobs...)
	rows := func(within func(context.Context) error) (all []string) {
		t.Helper()
		if err := within(t.Context()); err != nil {
			t.Fatal(err)
		}
		const query = "SELECT concat_ws(' ', kind, state, max_attempts, priority, queue, md5(args::text), md5(metadata::text), tags, unique_key, unique_states, attempt," +
			" CASE state WHEN 'scheduled' THEN scheduled_at::text ELSE (abs(extract(epoch FROM now() - scheduled_at)) < 60)::text END)" +
			" FROM @river_job ORDER BY id"
		err := e.db.read().query(t.Context(), func(scan scan) error {
			all = append(all, "")
			return scan(&all[len(all)-1])
		}, query)
		for _, table := range []string{"river_job", "claims", "entries"} {
			if _, deleting := e.db.read().exec(t.Context(), "DELETE FROM @"+table); deleting != nil {
				err = errors.Join(err, deleting)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := rows(func(ctx context.Context) error { _, err := e.Submit(ctx, b); return err })
	for name, mode := range map[string]pgx.QueryExecMode{"prepared": pgx.QueryExecModeCacheStatement, "simple protocol": pgx.QueryExecModeSimpleProtocol} {
		db := openStdlib(t, url, mode)
		got := rows(func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			tickets, err := e.SubmitTx(ctx, tx, b)
			if err != nil || tickets[6].Holder != b.Jobs[3].EntryID {
				t.Errorf("%+v, %v", tickets, err)
			}
			return tx.Commit()
		})
		if len(want) != len(jobs)-1 || !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func openStdlib(t *testing.T, url string, mode pgx.QueryExecMode) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = mode
	db := stdlib.OpenDB(*config)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// What is queued in a *sql.Tx wakes the workers, and is not there after a
// rollback.
func TestSQLTxOnPostgres(t *testing.T) {
	url := testDatabase(t)
	e, err := openForTest(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `LISTEN "saferunner.river_insert"`); err != nil {
		t.Fatal(err)
	}
	db := openStdlib(t, url, pgx.QueryExecModeCacheStatement)
	for _, commit := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		b := batchOf(engine.Job{Task: note, Key: fmt.Sprint(commit)})
		if _, err := e.SubmitTx(t.Context(), tx, b); err != nil {
			t.Fatal(err)
		}
		end := tx.Rollback
		if commit {
			end = tx.Commit
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		page, err := e.Journal().Query(t.Context(), journal.Query{})
		if err != nil || (len(page.Entries) > 0) != commit {
			t.Errorf("commit %v: %d entries, %v", commit, len(page.Entries), err)
		}
	}
	n, err := conn.WaitForNotification(t.Context())
	if err != nil || !strings.Contains(n.Payload, `"queue"`) {
		t.Errorf("notified of %+v, %v", n, err)
	}
}

func TestForeignSQLTx(t *testing.T) {
	e, err := openForTest(t.Context(), testDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	withTables := testDatabase(t)
	other, err := openForTest(t.Context(), withTables)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, url := range []string{testDatabase(t), withTables} {
		tx, err := openStdlib(t, url, pgx.QueryExecModeCacheStatement).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note, Key: "k"})); err == nil || !strings.Contains(err.Error(), "on another database than the engine's") {
			t.Errorf("got %v", err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if _, err := e.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note})); !errors.Is(err, sql.ErrTxDone) || !strings.Contains(err.Error(), "has ended") {
			t.Errorf("one that has ended: %v", err)
		}
	}
}

// River's driver for database/sql would bring lib/pq into the modules of every
// user.
func TestUsersDoNotGetLibPQ(t *testing.T) {
	sums, err := os.ReadFile("go.sum")
	if err != nil || bytes.Contains(sums, []byte("lib/pq")) {
		t.Errorf("go.sum has lib/pq, or cannot be read: %v", err)
	}
}
