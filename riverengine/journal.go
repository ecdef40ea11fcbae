package riverengine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// Journal is the [journal.Journal] in the engine's database. It is safe
// for concurrent use. Write commits before it returns. On Postgres the keys
// of a queued call's arguments may come in another order.
type Journal struct {
	db      database
	process *process // that its calls name while they may be lost; nil if it writes nothing
}

var _ journal.Journal = (*Journal)(nil)

const columns = "id, run_id, run, task, args, async, key, status, attempts, result, at, started_at, finished_at, caller, scope"

const putEntry = "INSERT INTO @entries (" + columns + `, process)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (id) DO UPDATE SET
	run_id = excluded.run_id, run = excluded.run, task = excluded.task, args = excluded.args,
	async = excluded.async, key = excluded.key, status = excluded.status, attempts = excluded.attempts,
	result = excluded.result, at = excluded.at, started_at = excluded.started_at,
	finished_at = excluded.finished_at, caller = excluded.caller, scope = excluded.scope, process = excluded.process`

// Write puts changes into the journal in one transaction.
func (j *Journal) Write(ctx context.Context, changes ...journal.Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(changes) == 0 {
		return nil
	}
	err := j.db.write(ctx, func(s session, _ any) error { return writeChanges(ctx, s, j.process, changes) })
	if err != nil {
		return fmt.Errorf("riverengine: writing %d changes: %w", len(changes), err)
	}
	return nil
}

func writeChanges(ctx context.Context, s session, p *process, changes []journal.Change) error {
	for i, c := range changes {
		if c == (journal.Change{}) {
			return fmt.Errorf("change %d of %d is the zero Change: make it with Put or Forget", i+1, len(changes))
		}
		if err := writeChange(ctx, s, p, c); err != nil {
			return fmt.Errorf("entry %s: %w", c.ID(), err)
		}
	}
	return nil
}

func writeChange(ctx context.Context, s session, p *process, c journal.Change) error {
	if c.Forgets() {
		if _, err := s.exec(ctx, "DELETE FROM @entries WHERE id = $1", c.ID()); err != nil {
			return err
		}
		return release(ctx, s, c.ID())
	}
	e := c.Entry()
	process := ""
	if liveness.Pending(e.Status) {
		process = p.id
		if err := p.freshenIn(ctx, s); err != nil {
			return err
		}
	}
	if err := put(ctx, s, e, process); err != nil {
		return err
	}
	if e.Key != "" && givesKeyBack(e.Status) {
		return release(ctx, s, e.ID)
	}
	return nil
}

// put writes an entry that names this process, or none: that of a job, or of
// what has ended.
func put(ctx context.Context, s session, e journal.Entry, process string) error {
	var attempts any
	if len(e.Attempts) > 0 {
		encoded, err := json.Marshal(e.Attempts)
		if err != nil {
			return err
		}
		attempts = string(encoded)
	}
	_, err := s.exec(ctx, putEntry, e.ID, plain(e.RunID), e.Run, e.Task, text(e.Args), e.Async, plain(e.Key), string(e.Status), attempts,
		text(e.Result), nanoseconds(e.At), nanoseconds(e.StartedAt), nanoseconds(e.FinishedAt), plain(e.Caller), plain(e.Scope), process)
	return err
}

// givesKeyBack reports whether an entry with this status no longer has the
// key that it has claimed. One with a status that is not known here keeps it.
func givesKeyBack(s journal.Status) bool { return s.Final() && !s.KeepsKey() }

func release(ctx context.Context, s session, id string) error {
	_, err := s.exec(ctx, "DELETE FROM @claims WHERE entry_id = $1", id)
	return err
}

// Claim gives (task, key) to the entry unless another holds it. It waits for
// a transaction that claims the same key to end. If the process dies before it
// writes the entry, the key is given back when the death is noticed.
func (j *Journal) Claim(ctx context.Context, task, key, entryID string) (holder string, err error) {
	err = j.db.write(ctx, func(s session, _ any) error {
		if holder, err = claim(ctx, s, j.process.id, task, key, entryID); err != nil || holder != entryID {
			return err
		}
		return j.process.freshenIn(ctx, s)
	})
	if err != nil {
		return "", fmt.Errorf("riverengine: claiming key %q of task %s: %w", key, task, err)
	}
	return holder, nil
}

// claimTries bounds claim: a transaction of the user's that sees no changes of
// others may never learn who holds a key.
const claimTries = 100

// claim claims a key for this process, which may die before it writes the entry;
// for none if the same transaction writes that.
func claim(ctx context.Context, s session, process, task, key, entryID string) (holder string, err error) {
	for range claimTries {
		_, err = s.exec(ctx, "INSERT INTO @claims (task, key, entry_id, process) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", task, plain(key), entryID, process)
		if err != nil {
			return "", err
		}
		found := func(scan scan) error { return scan(&holder) }
		err = s.query(ctx, found, "SELECT entry_id FROM @claims WHERE task = $1 AND key = $2", task, plain(key))
		if err != nil || holder != "" { // else it was given back between the two
			return holder, err
		}
	}
	return "", fmt.Errorf("the key was given back %d times while it was claimed: try again, in a transaction that is READ COMMITTED", claimTries)
}

// claimAll claims the keys of a batch, and returns the holders of those that
// others have. Keys are taken in one order everywhere, so that two batches
// cannot wait for each other.
func claimAll(ctx context.Context, s session, jobs []engine.Job) (holders map[int]string, err error) {
	var keyed []int
	for i := range jobs {
		if jobs[i].Key != "" {
			keyed = append(keyed, i)
		}
	}
	slices.SortStableFunc(keyed, func(a, b int) int {
		return cmp.Or(strings.Compare(jobs[a].Task.Name, jobs[b].Task.Name), strings.Compare(jobs[a].Key, jobs[b].Key))
	})
	for _, i := range keyed {
		holder, err := claim(ctx, s, "", jobs[i].Task.Name, jobs[i].Key, jobs[i].EntryID)
		if err != nil {
			return nil, fmt.Errorf("claiming key %q of task %s: %w", jobs[i].Key, jobs[i].Task.Name, err)
		}
		if holder != jobs[i].EntryID {
			if holders == nil {
				holders = map[int]string{}
			}
			holders[i] = holder
		}
	}
	return holders, nil
}

// plain is text without what Postgres cannot keep.
func plain(s string) string {
	if !strings.Contains(s, "\x00") {
		return s
	}
	return strings.ReplaceAll(s, "\x00", "\ufffd")
}

// text is JSON as a column holds it. Postgres takes nothing but UTF-8.
func text(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

// The times that fit into 64 bits of nanoseconds.
var firstMoment, lastMoment = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

// nanoseconds returns 0 for the zero time, and the nearest that it can for
// one that is too far away.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Before(firstMoment):
		return math.MinInt64
	case t.After(lastMoment):
		return math.MaxInt64
	}
	return t.UnixNano()
}

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
