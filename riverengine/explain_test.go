//go:build !race

package riverengine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// The databases of these tests have 200,000 calls that have ended and 200,000 that
// wait, in runs of 4, of 20 tasks, under 50 run IDs, and 200,000 claims of a process that
// is dead, of calls of both kinds, and 2,000 of another one, of calls that are nowhere. IDs are made as real ones.

func fillPostgres() []string {
	id := "substr(lpad(to_hex(1790000000000 + %[1]s / 4), 11, '0'), 3) || 'aaaaa' || lpad(to_hex(%[1]s + 1), 6, '0')"
	run := "substr(lpad(to_hex(1790000000000 + %[1]s / 4), 11, '0'), 3) || 'aaaaa' || lpad(to_hex(%[1]s / 4 * 4), 6, '0')"
	return []string{
		fmt.Sprintf(`INSERT INTO @entries (id, run_id, run, task, args, async, key, status, at, started_at, finished_at, caller, scope)
			SELECT `+id+`, 'ended.' || g %% 50, `+run+`, 'task.' || g %% 20, '{}', TRUE, '', CASE WHEN g %% 100 = 0 THEN 'failed' ELSE 'done' END, 1, 1, 1, '', ''
			FROM generate_series(0, 199999) g`, "g"),
		fmt.Sprintf(`INSERT INTO @river_job (kind, args, max_attempts, metadata)
			SELECT 'task.' || g %% 20, '{}', 1, jsonb_build_object('entry', `+id+`, 'run_id', 'queued.' || g %% 50, 'call', (`+run+`) || '|1|0|1|')
			FROM generate_series(0, 199999) g`, "(g + 200000)"),
		fmt.Sprintf(`INSERT INTO @claims (task, key, entry_id, process) SELECT 'card.charge', g, `+id+`, 'dead' FROM generate_series(0, 199999) g`, "g * 2"),
		"INSERT INTO @claims (task, key, entry_id, process) SELECT 'card.charge', 'lost ' || g, 'lost ' || g, 'early' FROM generate_series(1, 2000) g",
		"ANALYZE @entries", "ANALYZE @river_job", "VACUUM @river_job", "VACUUM ANALYZE @claims",
	}
}

func fillSQLite() []string {
	id := "printf('%%09s', substr(printf('%%011x', 1790000000000 + i / 4), 3)) || 'aaaaa' || printf('%%06x', i + 1)"
	run := "printf('%%09s', substr(printf('%%011x', 1790000000000 + i / 4), 3)) || 'aaaaa' || printf('%%06x', i / 4 * 4)"
	const numbers = "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	return []string{
		fmt.Sprintf(numbers+`INSERT INTO @entries (id, run_id, run, task, args, async, key, status, at, started_at, finished_at, caller, scope)
			SELECT `+id+`, iif(i < 200000, 'ended.', 'queued.') || (i %% 50), `+run+`, 'task.' || (i %% 20), '{}', TRUE, '',
			iif(i >= 200000, 'queued', iif(i %% 100, 'done', 'failed')), 1, 1, 1, '', '' FROM n`, 0, 399_999),
		fmt.Sprintf(numbers+`INSERT INTO river_job (kind, args, max_attempts, metadata)
			SELECT 'task.' || (i %% 20), jsonb('{}'), 1, jsonb_object('entry', `+id+`) FROM n`, 200_000, 399_999),
		fmt.Sprintf(numbers+`INSERT INTO @claims (task, key, entry_id, process) SELECT 'card.charge', i, `+id+`, 'dead' FROM n`, 0, 199_999),
		fmt.Sprintf(numbers+"INSERT INTO @claims (task, key, entry_id, process) SELECT 'card.charge', 'lost ' || i, 'lost ' || i, 'early' FROM n", 1, 2000),
		"ANALYZE",
	}
}

// asked are the statements that are asked often, or of which somebody waits for the answer.
func asked(t *testing.T, e *Engine) map[string]statement {
	t.Helper()
	all := map[string]statement{
		"Cancel": {e.db.unended(), []any{runOf(50_000)}}, "Cancel of what waits": {e.db.unended(), []any{runOf(250_000)}},
		"lost": {e.lostQuery(), []any{0, 0, 100}},
	}
	now := time.Now().Add(-time.Minute).UnixMilli()
	p := &process{db: e.db, pace: liveness.Pace{Renew: time.Hour, Dead: time.Hour}} // it may judge for long
	all["dead claimants"] = statement{p.claimants(), []any{now}}
	all["claims that have an entry"] = statement{p.keepClaims(), []any{now, "dead"}}
	all["claims of nothing"] = statement{p.freeClaims(), []any{now, "early"}}
	bad := []journal.Status{journal.StatusFailed, journal.StatusInterrupted}
	pending := []journal.Status{journal.StatusQueued, journal.StatusRunning}
	for name, q := range map[string]journal.Query{
		"all": {}, "ID": {ID: runOf(50_000)}, "run": {Run: runOf(50_000)}, "run that waits": {Run: runOf(250_000)},
		"look of Wait": {Run: runOf(250_000), Statuses: pending, Limit: 1}, "look of Wait, ended": {Run: runOf(50_000), Statuses: pending, Limit: 1},
		"run ID": {RunID: "ended.7"}, "run ID that waits": {RunID: "queued.7"}, "unknown run ID": {RunID: "none"},
		"task": {Task: "task.7"}, "unknown task": {Task: "none"}, "failed": {Statuses: bad}, "failed of a task": {Task: "task.0", Statuses: bad},
		"queued": {Statuses: pending[:1]}, "running": {Statuses: pending[1:]}, "pending": {Statuses: pending},
		"recorded": {Statuses: []journal.Status{journal.StatusRecorded}}, "cancelled": {Statuses: []journal.Status{journal.StatusCancelled}},
		"unknown status": {Statuses: []journal.Status{"none"}},
	} {
		for _, q.OldestFirst = range []bool{false, true} {
			for _, q.Cursor = range []string{"", journal.CursorAfter(runOf(130_000)), journal.CursorAfter(runOf(330_000))} {
				query, args, err := selection(q, e.db)
				if err != nil {
					t.Fatal(err)
				}
				all[fmt.Sprintf("%s, oldest first %t, after %q", name, q.OldestFirst, q.Cursor)] = statement{query, args}
			}
		}
	}
	return all
}

// runOf returns the ID of the run of call i.
func runOf(i int) string {
	return fmt.Sprintf("%011x", 1790000000000+i/4)[2:] + "aaaaa" + fmt.Sprintf("%06x", i/4*4)
}

type statement struct {
	query string
	args  []any
}

// Every question is answered by an index, and reads no more than a few thousand
// rows for a page; of two filters the second is checked row by row.
func TestPostgresReadsByIndex(t *testing.T) {
	e := openTestSchema(t)
	s := e.db.read()
	for _, statement := range fillPostgres() {
		if _, err := s.exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for name, asks := range asked(t, e) {
		var text string
		err := s.query(t.Context(), func(scan scan) error { return scan(&text) }, "EXPLAIN (ANALYZE, FORMAT JSON) "+asks.query, asks.args...)
		var plans []struct{ Plan node }
		if err == nil {
			err = json.Unmarshal([]byte(text), &plans)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, asks.query)
			continue
		}
		most := 6000.0
		if strings.HasPrefix(name, "failed of a task") {
			most = 20_000 // all of the task, in two steps
		}
		if reads := plans[0].Plan.reads(); reads > most {
			t.Errorf("%s: reads %.0f rows\n%s\n%s", name, reads, asks.query, text)
		}
	}
}

// node is one of a plan of Postgres.
type node struct {
	Type    string  `json:"Node Type"`
	Rows    float64 `json:"Actual Rows"`
	Removed float64 `json:"Rows Removed by Filter"`
	Loops   float64 `json:"Actual Loops"`
	Plans   []node
}

// reads returns how many rows are read from tables and indexes.
func (n node) reads() (sum float64) {
	if strings.HasSuffix(n.Type, "Scan") {
		sum = (n.Rows + n.Removed) * n.Loops
	}
	for _, p := range n.Plans {
		sum += p.reads()
	}
	return sum
}

func TestSQLiteReadsByIndex(t *testing.T) {
	e := openTestFile(t, testFile(t))
	s := e.db.read()
	for _, statement := range fillSQLite() {
		if _, err := s.exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for name, asks := range asked(t, e) {
		var plan []string
		err := s.query(t.Context(), func(scan scan) error {
			var id, parent, unused int
			plan = append(plan, "")
			return scan(&id, &parent, &unused, &plan[len(plan)-1])
		}, "EXPLAIN QUERY PLAN "+asks.query, asks.args...)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, asks.query)
			continue
		}
		for _, step := range plan {
			if (strings.HasPrefix(step, "SCAN saferunner_entries") || strings.HasPrefix(step, "SCAN saferunner_claims")) && !strings.Contains(step, "USING") || strings.HasPrefix(step, "SCAN river_job") {
				t.Errorf("%s\n%s\n\t%s", name, asks.query, strings.Join(plan, "\n\t"))
			}
		}
	}
}
