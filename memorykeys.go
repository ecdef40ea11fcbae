package saferunner

import (
	"context"
	"fmt"
)

// Claim implements Journal. When as many keys are held as the journal keeps,
// it returns ErrKeysFull.
func (j *memoryJournal) Claim(ctx context.Context, task, key, entryID string) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	tk := taskKey{task, key}
	if h := j.keys[tk]; h != nil {
		return h.id, nil
	}
	if j.maxEntries > 0 && len(j.keys) >= memoryKeys {
		return "", fmt.Errorf("claim key %q of %s: %w", key, task, ErrKeysFull)
	}
	if j.keys == nil {
		j.keys = map[taskKey]*keyHolder{}
	}
	j.keys[tk] = &keyHolder{id: entryID}
	return entryID, nil
}

func (j *memoryJournal) holderOf(r *record) *keyHolder {
	if len(j.keys) == 0 || r.key() == "" {
		return nil
	}
	if h := j.keys[taskKey{r.task(), r.key()}]; h != nil && h.id == r.id() {
		return h
	}
	return nil
}

func (j *memoryJournal) holdsKey(r *record) bool { return j.holderOf(r) != nil }

// adoptKey ties a key to the record of the entry that claimed it.
func (j *memoryJournal) adoptKey(r *record) {
	if h := j.holderOf(r); h != nil {
		h.record = r
	}
}

func (j *memoryJournal) releaseKey(r *record) {
	if j.holdsKey(r) && !r.currentStatus().keepsKey() {
		delete(j.keys, taskKey{r.task(), r.key()})
	}
}

// prune returns the record of what a pruned entry keeps.
func (r *record) prune() *record {
	e := r.render()
	return Put(Entry{ID: e.ID, Task: e.Task, Key: e.Key, Status: e.Status, Result: e.Result}).record
}

func (r *record) pruned() bool { return r.run == nil && r.exec.entry.At.IsZero() }
