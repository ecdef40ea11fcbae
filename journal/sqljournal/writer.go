package sqljournal

import (
	"context"
	"slices"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// What is committed together at most, besides one change that may go beyond
// the bytes.
const (
	groupSize  = 1024 // changes
	groupBytes = 4 << 20
)

// background is the context of the writer's own statements: what was
// accepted is written whatever becomes of the caller.
var background = context.Background()

// run is the writer: it alone uses the connection. In between it renews the
// row of this process.
func (j *Journal) run() {
	defer close(j.stopped)
	due := time.NewTimer(j.process.watch.Pace.Renew)
	defer due.Stop()
	if j.options.readOnly {
		due.Stop()
	}
	group := make([]journal.Change, 0, groupSize)
	for {
		select {
		case <-due.C:
			due.Reset(j.renew())
		case it, open := <-j.queue:
			if !open {
				j.disappear()
				return
			}
			j.do(it, group)
		}
	}
}

// do writes the group that begins with it, and performs the operation that
// ends it. The group's memory is used again.
func (j *Journal) do(it item, group []journal.Change) {
	bytes, synced, op := j.gather(it, &group)
	j.writeGroup(group, synced)
	clear(group)
	j.buffer.give(bytes)
	if op != nil && op.taken.CompareAndSwap(false, true) {
		op.do()
		close(op.done)
	}
}

// gather adds to the group the changes that wait, first one first, up to an
// operation. It returns the bytes that the buffer counts for them, whether one is
// to be on disk, and the operation.
func (j *Journal) gather(it item, group *[]journal.Change) (bytes int64, synced bool, op *operation) {
	for {
		if it.operation != nil {
			return bytes, synced, it.operation
		}
		*group = append(*group, it.change)
		bytes += it.bytes
		synced = synced || it.synced
		if len(*group) == groupSize || bytes >= groupBytes {
			return bytes, synced, nil
		}
		select {
		case next, open := <-j.queue:
			if !open {
				return bytes, synced, nil
			}
			it = next
		default:
			return bytes, synced, nil
		}
	}
}

// writeGroup commits the changes together, so that they are on disk if synced, or
// counts them as lost. Entries are rendered before the transaction, which keeps
// other processes waiting.
func (j *Journal) writeGroup(group []journal.Change, synced bool) {
	rows := make([]row, 0, len(group))
	for _, c := range collapse(group) {
		r, err := render(c, j.process.id)
		if err != nil {
			j.lost.add(1, err)
			continue
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return
	}
	commit := func() error { return retry(func() error { return j.commit(rows) }) }
	var err error
	if synced {
		err = j.synced(commit)
	} else {
		err = commit()
	}
	if err != nil {
		j.lost.add(len(rows), err)
	}
}

func (j *Journal) commit(rows []row) error {
	return j.transact(func() error {
		if slices.ContainsFunc(rows, func(r row) bool { return r.pending }) {
			if err := j.appear(); err != nil {
				return err
			}
		}
		return j.statements.write(rows)
	})
}

// transact runs do in a transaction that has the write lock from the start,
// so that it cannot fail halfway because another process is writing.
func (j *Journal) transact(do func() error) error {
	_, err := j.conn.ExecContext(background, "BEGIN IMMEDIATE")
	if err == nil {
		err = do()
	}
	if err == nil {
		_, err = j.conn.ExecContext(background, "COMMIT")
	}
	if err != nil {
		// This fails where SQLite has rolled back by itself, or never began.
		_, _ = j.conn.ExecContext(background, "ROLLBACK")
	}
	return err
}

// retry calls do until it succeeds, a few times, with growing pauses. Every
// error is tried again: which mean "busy" only the driver knows.
func retry(do func() error) error {
	err := do()
	for pause := 25 * time.Millisecond; err != nil && pause <= 400*time.Millisecond; pause *= 4 {
		time.Sleep(pause)
		err = do()
	}
	return err
}
