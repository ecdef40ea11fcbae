//go:build !race

package riverengine

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A look for calls in other queues reads a row of each queue, and not what
// waits in it.
func TestGatherByIndex(t *testing.T) {
	fill := func(t *testing.T, s session, statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := s.exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("postgres", func(t *testing.T) {
		e := openTestSchema(t)
		s := e.db.read()
		fill(t, s, `INSERT INTO @river_job (kind, args, max_attempts, queue, metadata)
			SELECT 'task.' || g % 20, '{}', 1, 'queue' || g % 5, jsonb_build_object('entry', 'q' || g) FROM generate_series(1, 200000) g`,
			`INSERT INTO @river_job (kind, args, max_attempts, queue, state, finalized_at, attempted_at)
			SELECT 'task.' || g % 20, '{}', 1, 'queue' || g % 5, 'completed', now(), now() FROM generate_series(1, 200000) g`, "VACUUM ANALYZE @river_job")
		for query, args := range map[string][]any{queuesOfWaiting: nil, strayOfKind: {"other", "task.7"}} {
			var plan []string
			err := s.query(t.Context(), func(scan scan) error {
				plan = append(plan, "")
				return scan(&plan[len(plan)-1])
			}, "EXPLAIN (ANALYZE, BUFFERS) "+query, args...)
			text, buffers := strings.Join(plan, "\n"), 0
			if found := pages.FindStringSubmatch(text); found != nil { // of the whole plan
				hit, _ := strconv.Atoi(found[1])
				read, _ := strconv.Atoi(found[2])
				buffers = hit + read
			}
			if err != nil || buffers == 0 || buffers > 100 || strings.Contains(text, "Seq Scan") {
				t.Errorf("reads %d pages, want 100 at most: %v\n%s", buffers, err, text)
			}
		}
	})
	t.Run("sqlite", func(t *testing.T) {
		s := openTestFile(t, testFile(t)).db.read()
		fill(t, s, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO @river_job (kind, args, max_attempts, queue)
			SELECT 'task.' || (i % 20), jsonb('{}'), 1, 'queue' || (i % 5) FROM n`, "ANALYZE")
		for query, args := range map[string][]any{queuesOfWaiting: nil, strayOfKind: {"other", "task.7"}} {
			var plan []string
			err := s.query(t.Context(), func(scan scan) error {
				var id, parent, unused int
				plan = append(plan, "")
				return scan(&id, &parent, &unused, &plan[len(plan)-1])
			}, "EXPLAIN QUERY PLAN "+query, args...)
			text := strings.Join(plan, "\n")
			if err != nil || strings.Contains(text, "TEMP B-TREE") || !strings.Contains(text, "SEARCH") || regexp.MustCompile(`SCAN (river_job|j)\b`).MatchString(text) {
				t.Errorf("%v\n%s", err, text)
			}
		}
	})
}

// pages are those that a plan of Postgres has read.
var pages = regexp.MustCompile(`Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?`)
