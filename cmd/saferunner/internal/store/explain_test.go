//go:build !race

package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/sqljournal"
	"modernc.org/sqlite"
)

// explainer is a driver that asks SQLite how it will answer each statement.
type explainer struct {
	dsn string

	mu    sync.Mutex
	plans map[string][]string // of statements about our tables
}

func (e *explainer) Driver() driver.Driver { return nil }

func (e *explainer) Connect(context.Context) (driver.Conn, error) {
	conn, err := (&sqlite.Driver{}).Open(e.dsn)
	if err != nil {
		return nil, err
	}
	return explained{conn, e}, nil
}

// explained is a connection of modernc's driver.
type explained struct {
	driver.Conn
	explainer *explainer
}

func (c explained) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.explain(query, nil)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c explained) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.explain(query, args)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c explained) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.explain(query, args)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c explained) explain(query string, args []driver.NamedValue) {
	if !strings.Contains(query, "saferunner_") || strings.HasPrefix(query, "CREATE") {
		return
	}
	if args == nil {
		for i := range strings.Count(query, "?") {
			args = append(args, driver.NamedValue{Ordinal: i + 1})
		}
	}
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+query, args)
	if err != nil {
		return // the tables are not there yet
	}
	var plan []string
	for values := make([]driver.Value, 4); rows.Next(values) == nil; {
		plan = append(plan, fmt.Sprint(values[3]))
	}
	_ = rows.Close()
	c.explainer.mu.Lock()
	defer c.explainer.mu.Unlock()
	c.explainer.plans[query] = plan
}

// fillSQL makes entries, of which half are queued and half have ended. SQLite
// takes minutes for so many under the race detector.
const fillSQL = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO saferunner_entries (id, run_id, run, task, async, key, status, at, started_at, finished_at, caller, scope, process)
SELECT printf('%020d', i), 'order.' || (i % 50), 'run' || (i / 3), 'task.' || (i % 20), TRUE, '',
	iif(i % 2, 'queued', iif(i % 20, 'done', 'failed')), i, 0, 0, '', '', iif(i % 2, 'p', '') FROM n`

// claimSQL makes claims of a process that is dead, of entries that are there.
const claimSQL = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO saferunner_claims (task, key, entry_id, process) SELECT 'card.charge', i, printf('%020d', i * 2), 'dead' FROM n`

// Every question that the journal asks is answered by an index, in the order
// that is wanted.
func TestEveryStatementUsesAnIndex(t *testing.T) {
	path := file(t)
	closeNow(t, open(t, path))
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for fill, rows := range map[string]int{fillSQL: 400_000, claimSQL: 20_000} {
		if _, err := db.Exec(fill, rows); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("ANALYZE"); err != nil {
		t.Fatal(err)
	}
	closeNow(t, db)

	e := &explainer{dsn: path, plans: map[string][]string{}}
	watched := sql.OpenDB(e)
	defer closeNow(t, watched)
	j, err := sqljournal.Open(liveness.WithPace(t.Context(), judging), watched)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, j)
	askEverything(t, j)
	eventually(t, "it has judged", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		for query := range e.plans { // the last one
			if strings.HasPrefix(query, "DELETE FROM saferunner_claims WHERE (task, key)") {
				return true
			}
		}
		return false
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	for query, plan := range e.plans {
		for _, step := range plan {
			scans := strings.HasPrefix(step, "SCAN saferunner_") && !strings.Contains(step, "USING") && !strings.HasPrefix(step, "SCAN saferunner_processes")
			if scans || strings.Contains(step, "TEMP B-TREE FOR ORDER BY") {
				t.Errorf("%s\n\t%s", query, strings.Join(plan, "\n\t"))
			}
		}
	}
}

func askEverything(t *testing.T, j *sqljournal.Journal) {
	t.Helper()
	some := []journal.Status{journal.StatusFailed, journal.StatusInterrupted}
	for _, q := range []journal.Query{
		{}, {ID: "x"}, {Run: "00000000000000000531"}, {Run: "00000000000000000531", Statuses: some}, {RunID: "order.7"}, {Task: "task.7"}, {Task: "unknown"}, {RunID: "order.7", Task: "task.7"},
		{Statuses: []journal.Status{journal.StatusRunning}}, {Statuses: some}, {Task: "task.7", Statuses: some}, {RunID: "order.7", Statuses: some},
		{Statuses: []journal.Status{journal.StatusQueued}}, {Statuses: []journal.Status{journal.StatusCancelled}},
	} {
		for _, cursor := range []string{"", journal.CursorAfter(fmt.Sprintf("%020d", 300_000))} {
			for _, q.OldestFirst = range []bool{false, true} {
				q.Cursor = cursor
				if _, err := j.Query(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if _, err := j.Claim(t.Context(), "task.7", "k", "x"); err != nil {
		t.Fatal(err)
	}
	write(t, j, entry("x"))
	if err := j.Write(t.Context(), journal.Forget("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Prune(t.Context(), time.Unix(0, 1000)); err != nil {
		t.Fatal(err)
	}
}
