package sqljournal

import (
	"crypto/rand"
	"database/sql"
	"os"
	"strings"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
)

// process is the row of this journal in saferunner_processes, by which others
// know that the calls it has queued or running may still end. The row is made
// by the first renewal or by the first such call, whichever is earlier, in the
// transaction that writes the call; it is renewed in turn with other work and by
// each claim, and taken out by Close. The writer alone uses it.
type process struct {
	id    string // of this journal: what a process has open twice, it closes twice
	host  string // for people
	watch liveness.Watch
	known bool // the row may be there
}

func newProcess(p liveness.Pace) process {
	host, _ := os.Hostname()
	return process{id: rand.Text(), host: host, watch: liveness.Watch{Pace: p}}
}

// clock is the database's, in milliseconds: what all processes go by.
const clock = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"

const (
	processSQL = "INSERT INTO saferunner_processes (id, host, pid, mode, seen) VALUES (?, ?, ?, ?, " + clock + ") ON CONFLICT (id) DO "
	appearSQL  = processSQL + "NOTHING"
	seeSQL     = processSQL + "UPDATE SET seen = excluded.seen"
)

// appear makes the row if it is not there. It runs in a transaction.
func (j *Journal) appear() error { return j.putProcess(j.statements.appear) }

// see renews the row, and returns the time that is in it now. It runs in a
// transaction.
func (j *Journal) see() (now time.Time, err error) {
	if err := j.putProcess(j.statements.see); err != nil {
		return now, err
	}
	var seen int64
	err = j.conn.QueryRowContext(background, "SELECT seen FROM saferunner_processes WHERE id = ?", j.process.id).Scan(&seen)
	return time.UnixMilli(seen), err
}

func (j *Journal) putProcess(statement *sql.Stmt) error {
	j.process.known = true
	_, err := statement.ExecContext(background, j.process.id, j.process.host, os.Getpid(), liveness.Mode())
	return err
}

// pollPause is how long a renewal waits for the write lock before it looks
// again. SQLite itself looks ten times a second only, and finds the lock taken
// for seconds while others write without a pause.
const pollPause = 10 * time.Millisecond

// renew says that this process lives, judges those that do not once it may,
// and returns when it is to be called again. It does not wait for the lock, so
// that other work can have its turn.
func (j *Journal) renew() (next time.Duration) {
	if _, err := j.conn.ExecContext(background, "PRAGMA busy_timeout = 0"); err != nil {
		return j.process.watch.Pace.Renew
	}
	defer func() { _, _ = j.conn.ExecContext(background, setBusyTimeout) }()
	n, err := j.renewOnce(j.judge)
	switch {
	case err != nil && busy(err):
		return pollPause
	case err != nil: // what cannot be judged does not make this process look dead
		_, _ = j.renewOnce(func(time.Time) (int, error) { return 0, nil })
	case n == judgedTogether:
		return 0
	}
	return j.process.watch.Pace.Renew
}

// busy reports whether another has the lock, by the words of SQLite.
func busy(err error) bool { return strings.Contains(err.Error(), "is locked") }

// renewOnce renews the row and judges in one transaction. It has the write
// lock, so nobody else judges meanwhile, and nobody is seen later than the time
// that is judged by. A renewal that is not committed was none.
func (j *Journal) renewOnce(judge func(now time.Time) (int, error)) (n int, err error) {
	var watch liveness.Watch
	err = j.transact(func() error {
		now, err := j.see()
		if err != nil {
			return err
		}
		watch = j.process.watch
		if watch.Renewed(now) {
			n, err = judge(now)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	j.process.watch = watch
	return n, nil
}

// disappear takes the row out. One that stays, since another process keeps the
// database locked, is found dead like any other.
func (j *Journal) disappear() {
	if j.process.known {
		_, _ = j.conn.ExecContext(background, "DELETE FROM saferunner_processes WHERE id = ?", j.process.id)
	}
}
