package riverengine

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/saferunner/saferunner/journal/sqljournal"
)

// The migrations, in the order of their names; one that has been released
// never changes. The triggers are made anew whenever something has changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// triggersVersion counts the changes of the database: of the triggers, and of
// the tables and River's, with which they are made anew.
const triggersVersion = 6

// usableFrom is the oldest triggersVersion of the processes that can use what this
// one makes. It stays behind by at least what a minor version changes, so that
// the one before goes on and restarts beside this one.
const usableFrom = 6

// version of a database: of our tables, River's, and the triggers; and from
// which version of the triggers on a process can use it.
type version struct{ tables, river, triggers, usableFrom int }

func (v version) newerThan(w version) bool {
	return v.tables > w.tables || v.river > w.river || v.triggers > w.triggers
}

// readVersion reads what the tables were brought up to; all zero for none.
func readVersion(ctx context.Context, s session) (v version, err error) {
	err = s.query(ctx, func(scan scan) error { return scan(&v.tables, &v.river, &v.triggers, &v.usableFrom) },
		"SELECT tables, river, triggers, usable_from FROM @engine")
	return v, err
}

func writeVersion(ctx context.Context, s session, v version) error {
	if _, err := s.exec(ctx, "DELETE FROM @engine"); err != nil {
		return err
	}
	_, err := s.exec(ctx, "INSERT INTO @engine (tables, river, triggers, usable_from) VALUES ($1, $2, $3, $4)", v.tables, v.river, v.triggers, v.usableFrom)
	return err
}

const versionTable = "CREATE TABLE IF NOT EXISTS @engine (tables integer NOT NULL, river integer NOT NULL, triggers integer NOT NULL, usable_from integer NOT NULL)"

// latest returns the version that this code brings a database to.
func latest[TTx any](m *rivermigrate.Migrator[TTx], pattern string) (version, error) {
	files, err := fs.Glob(migrations, pattern)
	all := m.AllVersions()
	return version{len(files), all[len(all)-1].Version, triggersVersion, usableFrom}, err
}

// due reports whether there is something to migrate. What a newer version has
// made is used as it is, or not at all.
func due(has, wants version) (bool, error) {
	switch {
	case !has.newerThan(wants):
		return has != wants, nil
	case wants.triggers >= has.usableFrom:
		return false, nil
	}
	return false, fmt.Errorf("a newer riverengine has migrated the database: its tables have version %d, those of River %d, its triggers %d; this one knows %d, %d and %d,"+
		" and those that can use it know triggers of version %d: upgrade riverengine",
		has.tables, has.river, has.triggers, wants.tables, wants.river, wants.triggers, has.usableFrom)
}

// ErrNoTables is the error of [Open] with [ReadOnly] for a database that has no
// tables of the engine, since nothing has opened it without ReadOnly.
var ErrNoTables = errors.New("it has no tables of the engine: open it once without ReadOnly")

// readable says why the tables cannot be read as they are.
func readable(ctx context.Context, s session, wants version) error {
	has, err := readVersion(ctx, s)
	if err != nil {
		return err
	}
	older, err := due(has, wants)
	if err == nil && older {
		err = errors.New("its tables are of an older version: open it once without ReadOnly, which brings them up to date")
	}
	return err
}

// upToDate fails unless the tables are.
func (d *sqliteDB) upToDate(ctx context.Context) error {
	m, err := rivermigrate.New[*sql.Tx](riversqlite.New(d.db), nil)
	if err != nil {
		return err
	}
	wants, err := latest(m, "migrations/sqlite_0*.sql")
	if err != nil {
		return err
	}
	var tables int
	err = d.read().query(ctx, func(scan scan) error { return scan(&tables) }, "SELECT count(*) FROM sqlite_schema WHERE name = 'saferunner_engine'")
	if err == nil && tables == 0 {
		err = ErrNoTables
	}
	if err != nil {
		return err
	}
	return readable(ctx, d.read(), wants)
}

// migrate brings the tables up to date, in one transaction.
func (d *sqliteDB) migrate(ctx context.Context) error {
	m, err := rivermigrate.New[*sql.Tx](riversqlite.New(d.db), nil)
	if err != nil {
		return err
	}
	wants, err := latest(m, "migrations/sqlite_0*.sql")
	if err != nil {
		return err
	}
	if err := d.refuseForeign(ctx); err != nil {
		return err
	}
	if err := sqljournal.Migrate(ctx, d.db); err != nil {
		return err
	}
	return d.write(ctx, func(s session, tx any) error {
		if _, err := s.exec(ctx, versionTable); err != nil {
			return err
		}
		has, err := readVersion(ctx, s)
		if err != nil {
			return err
		}
		if ok, err := due(has, wants); err != nil || !ok {
			return err
		}
		//nolint:staticcheck // deprecated for the sake of Postgres; here one transaction keeps other processes out
		if _, err := m.MigrateTx(ctx, tx.(*sql.Tx), rivermigrate.DirectionUp, nil); err != nil {
			return err
		}
		if err := runFile(ctx, s, "migrations/sqlite_triggers.sql"); err != nil {
			return err
		}
		return writeVersion(ctx, s, wants)
	})
}

// refuseForeign leaves a database alone that another program keeps its River
// in: SQLite has no schemas to keep them apart.
func (d *sqliteDB) refuseForeign(ctx context.Context) error {
	var river, ours int
	err := d.read().query(ctx, func(scan scan) error { return scan(&river, &ours) },
		"SELECT count(*) FILTER (WHERE name = 'river_job'), count(*) FILTER (WHERE name = 'saferunner_engine') FROM sqlite_schema")
	if err == nil && river > 0 && ours == 0 {
		err = errors.New("the database holds the tables of another River: use a file of its own")
	}
	return err
}

func runFile(ctx context.Context, s session, file string) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := s.exec(ctx, string(text)); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
