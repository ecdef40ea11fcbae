package riverengine

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// judgedTogether is how many calls are looked up at once. Each is ended by itself,
// so that there is progress however far the database is.
const judgedTogether = 256

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// orphan is a call outside of River whose process is dead or has closed the
// engine.
type orphan struct {
	id, runID, task, process string
	status                   journal.Status
	attempts                 *string // as the database has them
}

// judge ends the calls outside of River of dead processes, takes these out, and
// frees the keys of what they have not written. This process could judge at last,
// by the database's clock. What fails is left for the next time.
func (p *process) judge(ctx context.Context, last int64) {
	n, err := judgedTogether, error(nil)
	for err == nil && n == judgedTogether {
		n, err = p.judgeSome(ctx, last)
	}
	if err == nil {
		err = p.judgeClaims(ctx, last)
	}
	if err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "saferunner: cannot look for the calls of dead processes", slog.Any("error", err))
	}
}

// judgeSome returns how many it has looked up, if there may be more.
func (p *process) judgeSome(ctx context.Context, last int64) (n int, err error) {
	orphans, now, gone, err := p.orphans(ctx, last)
	if err != nil || len(orphans) == 0 && !gone {
		return 0, err
	}
	for _, o := range orphans {
		var ended bool
		err = p.db.alone(ctx, true, func(s session) (err error) {
			ended, err = p.endOrphan(ctx, s, &o, now, last)
			return err
		})
		if err != nil {
			return 0, err
		}
		if ended {
			p.log.ErrorContext(ctx, "saferunner: call "+string(o.status)+": its process is gone",
				slog.String("run_id", o.runID), slog.String("task", o.task), slog.String("entry", o.id))
		}
	}
	if len(orphans) == judgedTogether {
		return judgedTogether, nil
	}
	return 0, p.db.alone(ctx, false, func(s session) error {
		_, err := s.exec(ctx, "DELETE FROM @processes WHERE seen NOT "+p.alive()+" AND "+p.judging(), last)
		return err
	})
}

// orphans returns calls to be judged, and whether there are dead processes. It
// takes no lock.
func (p *process) orphans(ctx context.Context, last int64) (all []orphan, now time.Time, gone bool, err error) {
	var ms int64
	err = p.db.alone(ctx, false, func(s session) error {
		all = all[:0]
		read := func(scan scan) error {
			var o orphan
			var status string
			err := scan(&o.id, &o.runID, &o.task, &o.process, &status, &o.attempts)
			o.status = journal.Status(status)
			all = append(all, o)
			return err
		}
		if err := s.query(ctx, read, "SELECT id, run_id, task, process, status, attempts FROM @entries WHERE process <> '' AND "+
			p.dead("process")+" AND "+p.judging()+" LIMIT "+strconv.Itoa(judgedTogether), last); err != nil {
			return err
		}
		return s.query(ctx, func(scan scan) error { return scan(&ms, &gone) },
			"SELECT "+p.db.clock()+", EXISTS (SELECT 1 FROM @processes WHERE seen NOT "+p.alive()+")")
	})
	return all, time.UnixMilli(ms), gone, err
}

// endOrphan ends a call, unless its process has come back and changed it, and
// gives its key back if that is due. It runs in a transaction.
func (p *process) endOrphan(ctx context.Context, s session, o *orphan, now time.Time, last int64) (ended bool, err error) {
	var attempts []journal.Attempt
	if o.attempts != nil {
		_ = json.Unmarshal([]byte(*o.attempts), &attempts) // the call ends even if they cannot be read
	}
	status, attempts := liveness.Verdict(o.status, attempts, now)
	encoded, err := json.Marshal(attempts)
	if err != nil {
		return false, err
	}
	n, err := s.exec(ctx, "UPDATE @entries SET status = $2, attempts = $3, finished_at = $4, process = ''"+
		" WHERE id = $5 AND process = $6 AND status = $7 AND coalesce(attempts, '') = $8 AND "+p.dead("process")+" AND "+p.judging(),
		last, string(status), string(encoded), nanoseconds(now), o.id, o.process, string(o.status), deref(o.attempts))
	if err != nil || n == 0 {
		return false, err
	}
	if givesKeyBack(status) {
		err = release(ctx, s, o.id)
	}
	if err == nil {
		o.status = status // only now: it is tried again where SQLite is locked
	}
	return true, err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
