package saferunner

import (
	"context"
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/snapshot"
)

type taskKey struct{ task, key string }

// keyHolder is an entry that holds a key. Its record is nil until it is
// written.
type keyHolder struct {
	id     string
	record *record
}

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

// settleKey ends the claim of a record that gives its key back, and reports
// whether the record still holds one.
func (j *memoryJournal) settleKey(r *record, s Status) (holds bool) {
	if !j.holdsKey(r) {
		return false
	}
	if s.keepsKey() {
		return true
	}
	delete(j.keys, taskKey{r.task(), r.key()})
	return false
}

func (j *memoryJournal) forgetKey(id string) {
	for tk, h := range j.keys {
		if h.id == id {
			delete(j.keys, tk)
		}
	}
}

// heldResult returns a copy of the result of the call that holds the key;
// false if there is none, or only an entry has it.
func (j *memoryJournal) heldResult(task, key string) (any, bool) {
	j.mu.Lock()
	h := j.keys[taskKey{task, key}]
	j.mu.Unlock()
	if h == nil || h.record == nil || h.record.run == nil {
		return nil, false
	}
	r := h.record
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	if r.status != StatusDone || r.exec.details == nil || r.exec.details.result == nil {
		return nil, false
	}
	kept := reflect.ValueOf(r.exec.details.result.value)
	dup, _, _ := snapshot.PlanOf(kept.Type()).Copy(kept)
	return dup.Interface(), true
}

// prune returns the record of what a pruned entry keeps.
func (r *record) prune() *record {
	e := r.render()
	return Put(Entry{ID: e.ID, Task: e.Task, Key: e.Key, Status: e.Status, Result: e.Result}).record
}

func (r *record) pruned() bool { return r.run == nil && r.exec.details.entry.At.IsZero() }
