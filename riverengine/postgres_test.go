package riverengine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/engine/enginetest"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/internal/pgcluster"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/journaltest"
)

// cluster is the one of this test binary.
var cluster struct {
	once sync.Once
	url  string
	stop func() error
	err  error
}

// postgresURL returns a URL of Postgres, or skips the test.
func postgresURL(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("SAFERUNNER_TEST_POSTGRES"); url != "" {
		return url
	}
	cluster.once.Do(func() {
		var c *pgcluster.Cluster
		if c, cluster.err = pgcluster.Start(clusterDir("shared")); cluster.err == nil {
			cluster.url, cluster.stop = c.URL, c.Remove
		}
	})
	if errors.Is(cluster.err, exec.ErrNotFound) {
		t.Skipf("%s: needs PostgreSQL: set SAFERUNNER_TEST_POSTGRES, or install its server: %v", t.Name(), cluster.err)
	}
	if cluster.err != nil {
		t.Fatal(cluster.err)
	}
	return cluster.url
}

// clusterDir is where the user that Postgres runs as can get: not in a
// directory of the test's.
func clusterDir(name string) string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("saferunner-postgres-%s-%d", name, os.Getpid()))
}

// openTestSchema returns an engine in a schema of its own.
func openTestSchema(t *testing.T, opts ...Option) *Engine {
	t.Helper()
	schema := testSchema(t)
	pool, err := pgxpool.New(t.Context(), postgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := pool.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		pool.Close()
	})
	e, err := NewPostgres(liveness.WithPace(t.Context(), judging), pool, append(opts, inSchema(schema))...)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, e)
	return e
}

// inSchema keeps tests apart.
func inSchema(name string) Option {
	return func(o *options) error {
		o.schema = name
		return nil
	}
}

func testSchema(*testing.T) string {
	return fmt.Sprintf("test_%d_%d", os.Getpid(), time.Now().UnixNano())
}

func TestPostgresConformance(t *testing.T) {
	defer chance(200 * time.Millisecond)()
	enginetest.Exercise(t, func(t *testing.T, workers int) engine.Engine {
		return openTestSchema(t, Concurrency(workers))
	})
}

func TestPostgresJournalConformance(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T) journal.Journal { return openTestSchema(t).Journal() })
}
