package sqljournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// statements are prepared once, on the journal's connection.
type statements struct {
	put, forget, release, appear, see *sql.Stmt
}

const putSQL = "INSERT INTO saferunner_entries (" + columns + `, process)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
	run_id = excluded.run_id, run = excluded.run, task = excluded.task, args = excluded.args,
	async = excluded.async, key = excluded.key, status = excluded.status, attempts = excluded.attempts,
	result = excluded.result, at = excluded.at, started_at = excluded.started_at,
	finished_at = excluded.finished_at, caller = excluded.caller, scope = excluded.scope, process = excluded.process`

func (j *Journal) prepare(ctx context.Context) (err error) {
	for _, s := range []struct {
		statement **sql.Stmt
		text      string
	}{
		{&j.statements.put, putSQL},
		{&j.statements.forget, "DELETE FROM saferunner_entries WHERE id = ?"},
		{&j.statements.release, "DELETE FROM saferunner_claims WHERE entry_id = ?"},
		{&j.statements.appear, appearSQL},
		{&j.statements.see, seeSQL},
	} {
		if *s.statement, err = j.conn.PrepareContext(ctx, s.text); err != nil {
			return err
		}
	}
	return nil
}

func (s statements) close() error {
	return errors.Join(s.put.Close(), s.forget.Close(), s.release.Close(), s.appear.Close(), s.see.Close())
}

// write writes the rows in order. It runs in a transaction.
func (s statements) write(rows []row) error {
	for _, r := range rows {
		if err := s.writeOne(r); err != nil {
			return fmt.Errorf("entry %s: %w", r.id, err)
		}
	}
	return nil
}

func (s statements) writeOne(r row) error {
	statement, values := s.put, r.values
	if r.forget {
		statement, values = s.forget, []any{r.id}
	}
	if _, err := statement.ExecContext(background, values...); err != nil {
		return err
	}
	if !r.release {
		return nil
	}
	_, err := s.release.ExecContext(background, r.id)
	return err
}
