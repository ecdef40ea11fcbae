package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/pgcluster"
	"github.com/saferunner/saferunner/journal"
)

// In a test nothing is sent, and no database is needed.
func TestRecords(t *testing.T) {
	if err := run(t.Context(), "postgres://nobody@127.0.0.1:1/none"); err != nil {
		t.Fatal(err)
	}
	calls, err := saferunner.Calls(t.Context(), "order.created")
	if err != nil || len(calls) != 1 || calls[0].Status != journal.StatusRecorded {
		t.Errorf("got %v, %v", calls, err)
	}
}

// Whatever goes wrong after Start, the runner is shut down before the
// database is closed.
func TestShutsDownOnErrors(t *testing.T) {
	t.Cleanup(func() { saferunner.SetDefault(nil) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, "sqlite:none.db"); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if _, err := saferunner.Run(t.Context(), "order.created"); !errors.Is(err, saferunner.ErrShutdown) {
		t.Errorf("the runner is still open: %v", err)
	}
}

func TestSQLite(t *testing.T) {
	testProgram(t, "sqlite:"+filepath.Join(t.TempDir(), "orders.db"))
}

func TestPostgres(t *testing.T) {
	url := os.Getenv("SAFERUNNER_TEST_POSTGRES")
	if url == "" {
		cluster, err := pgcluster.Start(filepath.Join(os.TempDir(), fmt.Sprintf("saferunner-postgres-example-%d", os.Getpid())))
		if errors.Is(err, exec.ErrNotFound) {
			t.Skipf("%s: needs PostgreSQL: set SAFERUNNER_TEST_POSTGRES, or install its server: %v", t.Name(), err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := cluster.Remove(); err != nil {
				t.Error(err)
			}
		})
		url = cluster.URL
	}
	testProgram(t, url)
}

// testProgram starts the program twice. The key sees to it that the receipt is
// sent once.
func testProgram(t *testing.T, database string) {
	program := filepath.Join(t.TempDir(), "durable.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var sent string
	start := func() {
		cmd := exec.Command(program, database)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
		var problems strings.Builder
		cmd.Stderr = &problems
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, problems.String())
		}
		sent += string(out)
	}
	start()
	start()
	if want := "sent the receipt of order 17 to ann@example.com\n"; sent != want {
		t.Errorf("got %q, want %q", sent, want)
	}
}
