package riverengine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/pgcluster"
	"github.com/saferunner/saferunner/journal"
)

// pooledDatabase returns the URL of a database of the test's own behind a
// PgBouncer in transaction mode, and one that goes around that.
func pooledDatabase(t *testing.T) (pooled, direct string) {
	t.Helper()
	direct = testDatabase(t)
	config, err := pgx.ParseConfig(direct)
	if err != nil {
		t.Fatal(err)
	}
	target := fmt.Sprintf("host=%s port=%d user=%s", config.Host, config.Port, config.User)
	if config.Password != "" {
		target += " password=" + config.Password
	}
	pooler, err := pgcluster.StartPooler(clusterDir(testSchema(t)), target, 6)
	if errors.Is(err, exec.ErrNotFound) {
		t.Skipf("%s: needs PgBouncer: %v", t.Name(), err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pooler.Remove(); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", config.User, pooler.Addr, config.Database), direct
}

// Behind a pooler in transaction mode the engine opens, queues, works, cancels
// and stops, however many processes open it at once, and leaves no lock.
func TestPooler(t *testing.T) {
	for _, mode := range []string{"", "&default_query_exec_mode=exec", "&default_query_exec_mode=simple_protocol"} {
		t.Run(strings.TrimPrefix(mode, "&"), func(t *testing.T) {
			pooled, direct := pooledDatabase(t)
			errs := make(chan error, 10)
			engines := make(chan *Engine, cap(errs))
			for range cap(errs) {
				go func() {
					e, err := openForTest(t.Context(), pooled+mode)
					errs <- err
					engines <- e
				}()
			}
			var all []*Engine
			for range cap(errs) {
				if err := <-errs; err != nil {
					t.Error(err)
				}
				if e := <-engines; e != nil {
					all = append(all, e)
					t.Cleanup(func() {
						if err := e.Close(); err != nil {
							t.Error(err)
						}
					})
				}
			}
			if len(all) != cap(errs) {
				t.Fatalf("%d of %d have opened it", len(all), cap(errs))
			}
			noLocks(t, direct)
			throughPooler(t, all)
			noLocks(t, direct)
		})
	}
}

// throughPooler has calls queued by some, and worked and cancelled by others.
func throughPooler(t *testing.T, all []*Engine) {
	t.Helper()
	began, other := make(chan string, 100), engine.TaskSpec{Name: "note.wait", Timeout: time.Minute}
	for _, e := range all[:2] {
		works(t, e, func(ctx context.Context, d engine.Delivery) error {
			if d.Task.Name == note.Name {
				return nil
			}
			began <- d.EntryID
			<-ctx.Done()
			return ctx.Err()
		}, note, other)
	}
	var queued []engine.Job
	for i, e := range all {
		jobs := make([]engine.Job, 20)
		for k := range jobs {
			jobs[k] = engine.Job{Task: note, Key: fmt.Sprintf("%d.%d", i, k)}
		}
		queued = append(queued, submit(t, e, jobs...).Jobs...)
	}
	for i, j := range queued {
		becomes(t, all[i%len(all)], j.EntryID, journal.StatusDone)
	}
	running := submit(t, all[0], engine.Job{Task: other}).Jobs[0].EntryID
	if id := <-began; id != running {
		t.Errorf("%s has begun, want %s", id, running)
	}
	waiting := submit(t, all[0], engine.Job{Task: note, NotBefore: time.Now().Add(time.Hour)}).Jobs[0].EntryID
	for _, id := range []string{running, waiting} {
		if found, err := all[5].Cancel(t.Context(), id); err != nil || !found {
			t.Errorf("Cancel: %t, %v", found, err)
		}
		becomes(t, all[0], id, journal.StatusCancelled)
	}
	for _, e := range all[:2] {
		stop(t, e, 10*time.Second)
	}
}

// noLocks fails if a transaction or an advisory lock is left.
func noLocks(t *testing.T, direct string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var left int
	err = conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
		+ (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%')`).Scan(&left)
	if err != nil || left > 0 {
		t.Errorf("%d locks and transactions are left, %v", left, err)
	}
}

// Who prepares statements behind a pooler that keeps none learns what to do.
func TestPoolerPrepared(t *testing.T) {
	pooled, _ := pooledDatabase(t)
	const hint = "add default_query_exec_mode=cache_describe to the URL"
	var failures []error
	pool, err := pgxpool.New(t.Context(), pooled)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	opens := []func() (*Engine, error){
		func() (*Engine, error) { return NewPostgres(t.Context(), pool) },
		func() (*Engine, error) {
			return openForTest(t.Context(), pooled+"&default_query_exec_mode=cache_statement")
		},
	}
	for i := range 40 { // whichever connections it gets
		e, err := opens[i%2]()
		if err == nil {
			_, err = e.Submit(t.Context(), batchOf(engine.Job{Task: note, Key: "k"}))
			_ = e.Close() // which may fail as well
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	for _, err := range failures {
		if !strings.Contains(err.Error(), hint) {
			t.Errorf("without the hint: %v", err)
		}
	}
	if len(failures) == 0 {
		t.Error("all statements have been executed: the test shows nothing")
	}
}
