package sqljournal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// The migrations, in the order of their names. One that has been released
// never changes.
//
//go:embed migrations/*.sql
var migrations embed.FS

// usableFrom is the version from which on a process can use what the newest
// migration has made: one before goes on and restarts beside it.
const usableFrom = 1

// Migrate makes the tables of the journal in db, or brings them up to date,
// as [Open] does, and does no more: it changes no setting of the connection
// or of the file, and waits for other processes as long as the connection's
// busy_timeout says.
func Migrate(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqljournal: connecting: %w", err)
	}
	if err := (&Journal{conn: conn}).migrate(ctx); err != nil {
		return errors.Join(fmt.Errorf("sqljournal: preparing the tables: %w", err), conn.Close())
	}
	return conn.Close()
}

// migrate brings the tables up to date, in one transaction. Where they are,
// it takes no lock, so that a journal that another process is writing to can
// be opened.
func (j *Journal) migrate(ctx context.Context) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	version, err := j.version(ctx)
	switch {
	case err == nil && version >= len(files):
		return j.usable(ctx, version, len(files))
	case j.options.readOnly && err == nil:
		return fmt.Errorf("the database has schema version %d, and this saferunner reads version %d: open it once to write", version, len(files))
	case j.options.readOnly:
		return fmt.Errorf("the database has no journal, or cannot be read: %w; opening it to write makes one", err)
	}
	return j.transact(func() error {
		const schema = "CREATE TABLE IF NOT EXISTS saferunner_schema (version INTEGER PRIMARY KEY, usable_from INTEGER)"
		if _, err := j.conn.ExecContext(ctx, schema); err != nil {
			return err
		}
		version, err := j.version(ctx)
		if err != nil {
			return err
		}
		if err := j.usable(ctx, version, len(files)); err != nil {
			return err
		}
		for i := version; i < len(files); i++ {
			if err := j.apply(ctx, files[i], i+1); err != nil {
				return fmt.Errorf("%s: %w", files[i], err)
			}
		}
		return nil
	})
}

// usable fails where a newer version has made what those that know this many
// migrations cannot use.
func (j *Journal) usable(ctx context.Context, version, known int) error {
	if version <= known {
		return nil
	}
	var from int
	const newest = "SELECT coalesce(usable_from, version) FROM saferunner_schema WHERE version = ?"
	if err := j.conn.QueryRowContext(ctx, newest, version).Scan(&from); err != nil || known >= from {
		return err
	}
	return fmt.Errorf("the database has schema version %d, written by a newer saferunner, and this one knows up to %d: upgrade it", version, known)
}

// version returns how many migrations the database has had.
func (j *Journal) version(ctx context.Context) (version int, err error) {
	const newest = "SELECT coalesce(max(version), 0) FROM saferunner_schema"
	err = j.conn.QueryRowContext(ctx, newest).Scan(&version)
	return version, err
}

func (j *Journal) apply(ctx context.Context, file string, version int) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := j.conn.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	_, err = j.conn.ExecContext(ctx, "INSERT INTO saferunner_schema (version, usable_from) VALUES (?, ?)", version, usableFrom)
	return err
}
