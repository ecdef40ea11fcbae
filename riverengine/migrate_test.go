package riverengine

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// connectTo returns a connection that is closed after the test.
func connectTo(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
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

// Open goes on where another process was killed while it made the tables.
func TestMigrationInterrupted(t *testing.T) {
	url := testDatabase(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	d := &postgresDB{pool: pool, schema: "saferunner", names: strings.NewReplacer("@", "saferunner.")}
	m, _, err := d.migrator()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.migrateAlone(t.Context(), func(tx pgx.Tx) error { return d.begin(t.Context(), m, tx) }); err != nil {
			t.Fatal(err)
		}
	}
	e := openWith(t, url)
	submit(t, e, engine.Job{Task: note})
}

// A migration that waits for an open transaction does not hold up those that
// queue calls, and gives up in the end.
func TestMigrationStallsNobody(t *testing.T) {
	url := testDatabase(t)
	e, upgrade := openWith(t, url), openWith(t, url)
	conn := connectTo(t, url)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note})); err != nil {
		t.Fatal(err)
	}
	tries := make(chan struct{}, 1000)
	db := upgrade.db.(*postgresDB)
	lock := func(tx pgx.Tx) error {
		tries <- struct{}{}
		_, err := tx.Exec(context.Background(), "LOCK TABLE "+db.names.Replace("@river_job")+" IN SHARE ROW EXCLUSIVE MODE") // as CREATE TRIGGER does
		return err
	}
	done := make(chan error, 1)
	go func() { done <- db.migrateAlone(context.Background(), lock) }()
	var slowest time.Duration
	for range 3 {
		<-tries
		began := time.Now()
		submit(t, e, engine.Job{Task: note})
		slowest = max(slowest, time.Since(began))
	}
	if slowest > 5*time.Second {
		t.Errorf("a Run beside the migration took %s", slowest)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}

	defer impatient(300 * time.Millisecond)()
	if tx, err = conn.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note})); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("server process %d ", conn.PgConn().PID())
	if err := db.migrateAlone(t.Context(), lock); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("with a transaction that does not end: %v, want %s", err, want)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// grants returns the statements of the guide, for another role than its app.
func grants(t *testing.T, role string) string {
	t.Helper()
	guide, err := os.ReadFile("../docs/durable.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sql\n([^`]*GRANT USAGE ON SCHEMA.*?)```").FindSubmatch(guide)
	if block == nil {
		t.Fatal("docs/durable.md has no grants")
	}
	return regexp.MustCompile(`\bapp\b`).ReplaceAllString(string(block[1]), role)
}

// A role with the rights that the guide names, and no others, can do all but
// make the tables.
func TestAppRole(t *testing.T) {
	url, role := testDatabase(t), testSchema(t)
	admin := connectTo(t, url)
	run := func(query string) {
		t.Helper()
		if _, err := admin.Exec(context.Background(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	run("CREATE ROLE " + role)
	t.Cleanup(func() {
		admin := connectTo(t, url)
		if _, err := admin.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Error(err)
		}
	})
	asApp := url + "&role=" + role
	if err := openErr(t, asApp); !strings.Contains(err.Error(), "saferunner migrate") {
		t.Errorf("without tables: %v", err)
	}
	owner, err := openForTest(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Close(); err != nil {
		t.Error(err)
	}
	if err := openErr(t, asApp); !strings.Contains(err.Error(), "docs/durable.md") {
		t.Errorf("without rights: %v", err)
	}
	run("GRANT USAGE ON SCHEMA saferunner TO " + role + "; GRANT SELECT ON ALL TABLES IN SCHEMA saferunner TO " + role)
	if page, err := openWith(t, asApp, ReadOnly()).Journal().Query(t.Context(), journal.Query{}); err != nil || len(page.Entries) != 0 {
		t.Errorf("with the right to read: %v, %v", page.Entries, err)
	}
	want := "the role lacks rights on saferunner.claims, saferunner.entries, saferunner.river_job, saferunner.river_job_id_seq: give it"
	if err := openErr(t, asApp); !strings.Contains(err.Error(), want) {
		t.Errorf("with no more than that: %v, want %s", err, want)
	}
	run(grants(t, role))
	e := openWith(t, asApp)
	waits := submit(t, e, engine.Job{Task: note, Key: "k"}, engine.Job{Task: note, NotBefore: time.Now().Add(time.Hour)})
	works(t, e, nothing, note)
	becomes(t, e, waits.Jobs[0].EntryID, journal.StatusDone)
	if found, err := e.Cancel(t.Context(), waits.Jobs[1].EntryID); err != nil || !found {
		t.Errorf("Cancel: %t, %v", found, err)
	}
	becomes(t, e, waits.Jobs[1].EntryID, journal.StatusCancelled)
	if n, err := e.Journal().Prune(t.Context(), time.Now().Add(time.Hour)); err != nil || n == 0 {
		t.Errorf("Prune: %d, %v", n, err)
	}
	stop(t, e, 10*time.Second)
	if _, err := admin.Exec(t.Context(), "UPDATE saferunner.engine SET triggers = triggers - 1"); err != nil {
		t.Fatal(err)
	}
	if err := openErr(t, asApp); !strings.Contains(err.Error(), "saferunner migrate") {
		t.Errorf("with tables of an older version: %v", err)
	}
}
