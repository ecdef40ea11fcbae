package sqljournal

import (
	"context"
	"errors"
	"fmt"
)

// Claim gives (task, key) to the entry unless another holds it, and returns
// the ID of the holder. When it returns an error, nothing was claimed, unless the
// commit itself failed in a way that leaves this open. A claim survives the death
// of its process when Claim returns, and the failure of the machine once the Write
// that says that the call is running has returned: both together cost one fsync.
// If the process dies before that Write, the key is given back.
func (j *Journal) Claim(ctx context.Context, task, key, entryID string) (holder string, err error) {
	if j.options.readOnly {
		return "", ErrReadOnly
	}
	var failure error
	err = j.perform(ctx, func() {
		failure = j.transact(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err // it may have waited long for the lock
			}
			holder, err = j.claim(task, key, entryID)
			return err
		})
	})
	if err := errors.Join(err, failure); err != nil {
		return "", fmt.Errorf("sqljournal: claiming key %q of task %s: %w", key, task, err)
	}
	if holder == entryID {
		j.claimed.add(entryID)
	}
	return holder, nil
}

func (j *Journal) claim(task, key, entryID string) (holder string, err error) {
	_, err = j.conn.ExecContext(background,
		"INSERT INTO saferunner_claims (task, key, entry_id, process) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", task, key, entryID, j.process.id)
	if err != nil {
		return "", err
	}
	err = j.conn.QueryRowContext(background,
		"SELECT entry_id FROM saferunner_claims WHERE task = ? AND key = ?", task, key).Scan(&holder)
	if err != nil || holder != entryID {
		return holder, err
	}
	return holder, j.putProcess(j.statements.see) // so that there is time to write the entry
}

// synced runs do so that what it commits is on disk when it returns.
func (j *Journal) synced(do func() error) error {
	if _, err := j.conn.ExecContext(background, "PRAGMA synchronous = FULL"); err != nil {
		return err
	}
	err := do()
	// Left at FULL by a failure, commits are slower and no less right.
	_, _ = j.conn.ExecContext(background, "PRAGMA synchronous = NORMAL")
	return err
}
