package sqljournal

import (
	"sync"

	"github.com/saferunner/saferunner/journal"
)

// claimed are the entries that this journal has claimed keys for and that have
// not begun. The first write of one that begins is on disk before the call
// executes: a claim without an entry is one of a call that did not. It is safe
// for concurrent use.
type claimed struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

func (c *claimed) add(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil {
		c.ids = map[string]struct{}{}
	}
	c.ids[id] = struct{}{}
}

// begins reports whether a change says that one of these calls has begun. It
// forgets the call then, or when it has ended.
func (c *claimed) begins(change journal.Change) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) == 0 {
		return false
	}
	id := change.ID()
	if _, ok := c.ids[id]; !ok {
		return false
	}
	if change.Forgets() {
		delete(c.ids, id)
		return false
	}
	status := change.Status()
	if status != journal.StatusQueued {
		delete(c.ids, id)
	}
	return status == journal.StatusRunning
}
