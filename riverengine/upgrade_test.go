package riverengine

import (
	"context"
	"testing"

	"github.com/saferunner/saferunner/engine"
)

// An upgrade keeps what others have built on the journal: their rights, and their
// views. It makes nothing anew, so that what refers to it goes on.
func TestUpgradeKeepsGrantsAndViews(t *testing.T) {
	url, name := testDatabase(t), testSchema(t)
	admin := connectTo(t, url)
	run := func(query string) {
		t.Helper()
		if _, err := admin.Exec(context.Background(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	open := func() *Engine {
		t.Helper()
		e, err := openForTest(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open()
	id := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	run("CREATE ROLE " + name)
	t.Cleanup(func() {
		if _, err := connectTo(t, url).Exec(context.Background(), "DROP OWNED BY "+name+"; DROP ROLE "+name); err != nil {
			t.Error(err)
		}
	})
	run("GRANT USAGE ON SCHEMA saferunner TO " + name)
	run("GRANT SELECT ON saferunner.calls TO " + name)
	run("CREATE VIEW public.report AS SELECT id, task, status FROM saferunner.calls")
	run("GRANT SELECT ON public.report TO " + name)
	before := builtOids(t, url)

	run("UPDATE saferunner.engine SET triggers = triggers - 1")
	e = open()
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	var triggers int
	if err := admin.QueryRow(t.Context(), "SELECT triggers FROM saferunner.engine").Scan(&triggers); err != nil || triggers != triggersVersion {
		t.Fatalf("the triggers have version %d after the upgrade, want %d: %v", triggers, triggersVersion, err)
	}
	run("SET ROLE " + name)
	for _, view := range []string{"saferunner.calls", "public.report"} {
		var status string
		if err := admin.QueryRow(t.Context(), "SELECT status FROM "+view+" WHERE id = $1", id).Scan(&status); err != nil || status != "queued" {
			t.Errorf("%s: %q, %v", view, status, err)
		}
	}
	after := builtOids(t, url)
	for object, oid := range before {
		if after[object] != oid {
			t.Errorf("%s has been dropped, or made anew", object)
		}
	}
}

// builtOids returns the identities of the schema's views, functions and triggers.
func builtOids(t *testing.T, url string) map[string]uint32 {
	t.Helper()
	rows, err := connectTo(t, url).Query(t.Context(), `
		SELECT 'view ' || relname, oid FROM pg_class WHERE relnamespace = 'saferunner'::regnamespace AND relkind = 'v'
		UNION ALL SELECT 'function ' || proname, oid FROM pg_proc WHERE pronamespace = 'saferunner'::regnamespace
		UNION ALL SELECT 'trigger ' || tgname, oid FROM pg_trigger WHERE tgrelid = 'saferunner.river_job'::regclass`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := make(map[string]uint32)
	for rows.Next() {
		var name string
		var oid uint32
		if err := rows.Scan(&name, &oid); err != nil {
			t.Fatal(err)
		}
		all[name] = oid
	}
	if err := rows.Err(); err != nil || len(all) == 0 {
		t.Fatalf("%d objects: %v", len(all), err)
	}
	return all
}
