package cli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/saferunner/saferunner/internal/pgcluster"
)

// server is the Postgres of this test binary, which TestMain removes.
var server struct {
	once    sync.Once
	url     string
	cluster *pgcluster.Cluster
	err     error
}

// postgresURL returns the URL of a server, or skips the test.
func postgresURL(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("SAFERUNNER_TEST_POSTGRES"); url != "" {
		return url
	}
	server.once.Do(func() {
		dir := filepath.Join(os.TempDir(), fmt.Sprintf("saferunner-postgres-cli-%d", os.Getpid()))
		if server.cluster, server.err = pgcluster.Start(dir); server.err == nil {
			server.url = server.cluster.URL
		}
	})
	if errors.Is(server.err, exec.ErrNotFound) {
		t.Skipf("%s: needs PostgreSQL: set SAFERUNNER_TEST_POSTGRES, or install its server: %v", t.Name(), server.err)
	}
	if server.err != nil {
		t.Fatal(server.err)
	}
	return server.url
}

func removeServer() error {
	if server.cluster == nil {
		return nil
	}
	return server.cluster.Remove()
}

var databases atomic.Int64

// testDatabase returns the URL of an empty database.
func testDatabase(t *testing.T) string {
	t.Helper()
	url := postgresURL(t)
	name := fmt.Sprintf("saferunner_cli_%d_%d", os.Getpid(), databases.Add(1))
	execute(t, url, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, url, "DROP DATABASE "+name+" WITH (FORCE)") })
	i := strings.LastIndexByte(url, '/')
	_, query, _ := strings.Cut(url[i:], "?")
	return url[:i] + "/" + name + "?" + query
}

func execute(t *testing.T, url, query string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), query); err != nil {
		t.Fatal(err)
	}
}

// onBoth runs a test on SQLite and on Postgres.
func onBoth(t *testing.T, test func(t *testing.T, s *shell)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, live(t))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		s := live(t)
		s.set("SAFERUNNER_DB", testDatabase(t))
		test(t, s)
	})
}
