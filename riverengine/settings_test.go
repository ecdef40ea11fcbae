package riverengine

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// openWith opens the database at url until the end of the test.
func openWith(t *testing.T, url string, opts ...Option) *Engine {
	t.Helper()
	o, err := apply(opts)
	if err != nil {
		t.Fatal(err)
	}
	e, err := openServer(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// The shorter of the user's lock_timeout and the engine's counts.
func TestLockTimeout(t *testing.T) {
	url := testDatabase(t)
	holder := openWith(t, url)
	tx, err := holder.db.(*postgresDB).pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := holder.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note, Key: "k"})); err != nil {
		t.Fatal(err)
	}
	for setting, tt := range map[string]struct{ patience, want time.Duration }{
		"lock_timeout=70":    {time.Hour, 70 * time.Millisecond},
		"lock_timeout=1h":    {80 * time.Millisecond, 80 * time.Millisecond},
		"lock_timeout=0":     {90 * time.Millisecond, 90 * time.Millisecond},
		"application_name=x": {100 * time.Millisecond, 100 * time.Millisecond},
	} {
		restore := patience(tt.patience)
		e := openWith(t, url+"&"+setting)
		_, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note, Key: "k"}))
		if err == nil || !strings.Contains(err.Error(), "for more than "+tt.want.String()+":") {
			t.Errorf("%s: %v, want it to wait for %s", setting, err, tt.want)
		}
		restore()
	}
}

// A role's limits on statements and transactions do not keep the engine from
// making its tables, which takes as long as it takes.
func TestMigrationHasTime(t *testing.T) {
	url := testDatabase(t)
	admin := connectTo(t, url)
	_, err := admin.Exec(t.Context(), `CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.8); END $$;
CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('CREATE SCHEMA', 'CREATE VIEW') EXECUTE FUNCTION slow()`)
	if err != nil {
		t.Fatal(err)
	}
	e := openWith(t, url+"&statement_timeout=500&idle_in_transaction_session_timeout=500")
	err = e.db.(*postgresDB).migrateAlone(t.Context(), func(tx pgx.Tx) error {
		time.Sleep(800 * time.Millisecond) // as a process does that gets no processor
		_, err := tx.Exec(t.Context(), "SELECT pg_sleep(0.8)")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	var timeout string
	err = e.db.read().query(t.Context(), func(scan scan) error { return scan(&timeout) }, "SHOW statement_timeout")
	if err != nil || timeout != "500ms" {
		t.Errorf("afterwards it is %s, %v", timeout, err)
	}
}

// Where transactions are serializable by default, those of the engine, and of
// River, are not: keys that many want at once are claimed by one of them, and
// workers do not get in each other's way.
func TestIsolation(t *testing.T) {
	for _, level := range []string{"serializable", "repeatable%20read"} {
		t.Run(level, func(t *testing.T) {
			url := testDatabase(t) + "&default_transaction_isolation=" + level
			var log logged
			logger := Logger(slog.New(slog.NewTextHandler(&log, nil)))
			engines := []*Engine{openWith(t, url, logger), openWith(t, url, logger)}
			for _, e := range engines {
				works(t, e, nothing, note)
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			holders := map[string]bool{}
			for i := range 8 {
				wg.Go(func() {
					for k := range 20 {
						tickets, err := engines[i%2].Submit(t.Context(), batchOf(engine.Job{Task: note, Key: fmt.Sprint(k)}, engine.Job{Task: note}))
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						if holders[tickets[1].ID] = true; tickets[0].Holder == "" {
							holders[tickets[0].ID] = true
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if len(holders) != 20+8*20 {
				t.Errorf("%d calls were queued, want 20 with keys and 160 without", len(holders))
			}
			for id := range holders {
				becomes(t, engines[0], id, journal.StatusDone)
			}
			later := submit(t, engines[0], engine.Job{Task: note, NotBefore: time.Now().Add(time.Hour)}).Jobs[0].EntryID
			if found, err := engines[1].Cancel(t.Context(), later); err != nil || !found {
				t.Errorf("Cancel: %t, %v", found, err)
			}
			for _, e := range engines {
				stop(t, e, 10*time.Second)
			}
			if text := log.String(); strings.Contains(text, "40001") {
				t.Errorf("statements were in each other's way:\n%s", text)
			}
		})
	}
}
