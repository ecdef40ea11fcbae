package sqljournal

import (
	"context"
	"errors"
	"fmt"
)

// Claim gives (task, key) to the entry unless another holds it, and returns
// the ID of the holder. When it returns nil as its error the claim is on
// disk; when it returns an error, nothing was claimed, unless the commit
// itself failed in a way that leaves this open. A claim costs one fsync.
func (j *Journal) Claim(ctx context.Context, task, key, entryID string) (holder string, err error) {
	if j.options.readOnly {
		return "", ErrReadOnly
	}
	var failure error
	err = j.perform(ctx, func() {
		failure = j.synced(func() error {
			return j.transact(func() (err error) {
				if err := ctx.Err(); err != nil {
					return err // it may have waited long for the lock
				}
				holder, err = j.claim(task, key, entryID)
				return err
			})
		})
	})
	if err := errors.Join(err, failure); err != nil {
		return "", fmt.Errorf("sqljournal: claiming key %q of task %s: %w", key, task, err)
	}
	return holder, nil
}

func (j *Journal) claim(task, key, entryID string) (holder string, err error) {
	_, err = j.conn.ExecContext(background,
		"INSERT INTO saferunner_claims (task, key, entry_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", task, key, entryID)
	if err != nil {
		return "", err
	}
	err = j.conn.QueryRowContext(background,
		"SELECT entry_id FROM saferunner_claims WHERE task = ? AND key = ?", task, key).Scan(&holder)
	return holder, err
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
