package riverengine

import (
	"context"
	"log/slog"
)

// unworked finds the tasks whose calls no process works: their names may be
// misspelt, or the process that knows them not started. It belongs to the
// goroutine that gathers, which looks every gatherPause.
type unworked struct {
	first  map[string]int64 // by kind, the first job that waited at the last look
	logged map[string]bool  // kinds
}

// waitingKinds jumps from one kind to the next, in an index.
const waitingKinds = `WITH RECURSIVE kinds(kind) AS (
    SELECT min(kind) FROM @river_job WHERE attempted_at IS NULL
    UNION ALL
    SELECT (SELECT min(j.kind) FROM @river_job j WHERE j.attempted_at IS NULL AND j.kind > k.kind) FROM kinds k WHERE k.kind IS NOT NULL
)
SELECT kind FROM kinds WHERE kind IS NOT NULL`

// look logs, once, each task that this process does not know, whose first call
// waits since the last look, and of which no call executes.
func (u *unworked) look(ctx context.Context, e *Engine, known map[string]string) error {
	others, err := column(ctx, e, waitingKinds)
	if err != nil {
		return err
	}
	first := map[string]int64{}
	for _, kind := range others {
		if _, own := known[kind]; own || u.logged[kind] {
			continue
		}
		var job int64
		var task string
		err := e.db.read().query(ctx, func(scan scan) error { return scan(&job, &task) },
			"SELECT id, coalesce(metadata ->> 'task', kind) FROM @river_job WHERE kind = $1 AND attempted_at IS NULL AND state = 'available' ORDER BY "+e.db.byEntry()+" LIMIT 1", kind)
		if err != nil {
			return err
		}
		if job == 0 { // its time has not come
			continue
		}
		first[kind] = job
		if u.first[kind] != job {
			continue
		}
		if worked, err := executes(ctx, e, kind); err != nil || worked {
			if err != nil {
				return err
			}
			continue
		}
		u.logged[kind] = true
		e.log.WarnContext(ctx, "saferunner: calls of a task wait, and no process has worked one for a minute: start one that names the task to Start, or look whether those that do are busy",
			slog.String("task", task))
	}
	u.first = first
	return nil
}

func (d *postgresDB) byEntry() string { return `(metadata ->> 'entry') COLLATE "C"` }
func (d *sqliteDB) byEntry() string   { return "id" }

// executes reports whether a call of this kind does.
func executes(ctx context.Context, e *Engine, kind string) (is bool, err error) {
	err = e.db.read().query(ctx, func(scan scan) error { return scan(&is) },
		"SELECT EXISTS (SELECT 1 FROM @river_job WHERE state = 'running' AND kind = $1)", kind)
	return is, err
}

// column returns the first column of a query.
func column(ctx context.Context, e *Engine, query string) (values []string, err error) {
	err = e.db.read().query(ctx, func(scan scan) error {
		var v string
		err := scan(&v)
		values = append(values, v)
		return err
	}, query)
	return values, err
}
