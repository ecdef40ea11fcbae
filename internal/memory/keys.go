package memory

import (
	"context"
	"fmt"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

type taskKey struct{ task, key string }

// holder is the entry that holds a key: a call of a run, or one that was or
// will be written.
type holder struct {
	id  string
	run *record.Run // nil for an entry
	at  int
}

// Claim implements [journal.Journal]. When as many keys are held as the
// journal keeps, it returns [journal.ErrKeysFull].
func (j *Journal) Claim(ctx context.Context, task, key, entryID string) (string, error) {
	return j.claim(ctx, task, key, holder{id: entryID})
}

// ClaimRun is Claim for call i of a run.
func (j *Journal) ClaimRun(ctx context.Context, r *record.Run, i int) (string, error) {
	return j.claim(ctx, r.Task(i).Spec.Name, r.Key(i), holder{r.EntryID(i), r, i})
}

func (j *Journal) claim(ctx context.Context, task, key string, by holder) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	tk := taskKey{task, key}
	if h, ok := j.keys[tk]; ok && h.id != by.id && !j.hasGivenBack(h) {
		return h.id, nil
	}
	if _, ok := j.keys[tk]; !ok && j.keysFull() {
		return "", fmt.Errorf("claim key %q of %s: %w", key, task, journal.ErrKeysFull)
	}
	if j.keys == nil {
		j.keys = map[taskKey]holder{}
	}
	j.keys[tk] = by
	return by.id, nil
}

func (j *Journal) keysFull() bool {
	if j.maxEntries == 0 || len(j.keys) < MaxKeys {
		return false
	}
	for tk, h := range j.keys {
		if j.hasGivenBack(h) {
			delete(j.keys, tk)
		}
	}
	return len(j.keys) >= MaxKeys
}

// hasGivenBack reports whether the call that holds a key has ended in a way
// that gives it back. An entry gives it back when it is written.
func (j *Journal) hasGivenBack(h holder) bool {
	if h.run == nil {
		return false
	}
	s := h.run.Status(h.at)
	return s.Final() && !s.KeepsKey()
}

func (j *Journal) holds(task, key, id string) bool {
	return j.keys[taskKey{task, key}].id == id
}

// HeldResult returns a copy of the result of the call that holds the key;
// false if there is none, or only an entry has it.
func (j *Journal) HeldResult(task, key string) (any, bool) {
	j.mu.Lock()
	h := j.keys[taskKey{task, key}]
	j.mu.Unlock()
	if h.run == nil {
		return nil, false
	}
	value, ok := h.run.Kept(h.at)
	if !ok {
		return nil, false
	}
	return h.run.Task(h.at).Again(value), true
}
