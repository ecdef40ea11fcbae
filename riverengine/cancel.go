package riverengine

import (
	"context"
)

// Cancel takes out the job of an entry that has not begun, or cancels the
// ctx of its task, in whatever process it executes: at once on Postgres and
// within this process, within about a second by another on SQLite and
// behind a pooler.
func (e *Engine) Cancel(ctx context.Context, entryID string) (bool, error) {
	if err := e.online(); err != nil {
		return false, err
	}
	if !e.db.keeps(entryID) { // there is no such entry
		return false, nil
	}
	var job int64
	found := func(scan scan) error { return scan(&job) }
	err := e.db.read().query(ctx, found, e.db.unended(), entryID)
	if err != nil || job == 0 {
		return false, err
	}
	e.mu.RLock()
	c := e.client
	e.mu.RUnlock()
	if err := c.cancel(ctx, job); err != nil {
		return false, err
	}
	e.db.cancelled()
	return true, nil
}
