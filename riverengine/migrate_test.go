package riverengine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// connectTo returns a connection that is closed after the test.
func connectTo(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// impatient has migrations give up soon, until restore is called.
func impatient(patience time.Duration) (restore func()) {
	before := migrationPatience
	migrationPatience = patience
	return func() { migrationPatience = before }
}

// A process that holds the lock of migrations is named, and in the way of
// nobody where the tables are up to date.
func TestMigrationLockHeld(t *testing.T) {
	defer impatient(300 * time.Millisecond)()
	url := testDatabase(t)
	holder := connectTo(t, url+"&application_name=holder")
	if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`has waited for server process %d (application "holder", user `, holder.PgConn().PID())
	if err := openErr(t, url); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "pg_terminate_backend") {
		t.Errorf("got %v, want %s", err, want)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	migrationPatience = time.Hour
	if _, err := openForTest(ctx, url); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("with a ctx that ends: %v, want %s", err, want)
	}
	if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_unlock_all()"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time with the lock
		e, err := openForTest(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
			t.Fatal(err)
		}
	}
}
