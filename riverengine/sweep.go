package riverengine

import (
	"context"
	"log/slog"
	"time"
)

// sweepPause is between two looks of a sweeper.
var sweepPause = 15 * time.Second

// sweeping sweeps until ctx ends.
func (e *Engine) sweeping(ctx context.Context) {
	var s sweeper
	for {
		select {
		case <-time.After(sweepPause):
		case <-ctx.Done():
			return
		}
		if err := s.look(ctx, e); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "saferunner: cannot look for calls that were fetched without an answer", slog.Any("error", err))
		}
	}
}

// sweeper puts jobs back into the queue that are running in the name of this
// process without its knowing. Such a job was unknown at two looks, in the same
// attempt, and all fetches that had no answer at the first have one at the second:
// so none of them brings the job. It belongs to one goroutine.
type sweeper struct {
	unknown map[int64]string // at the last look: when their attempts began
	pending []int            // fetches without an answer then
}

func (s *sweeper) look(ctx context.Context, e *Engine) error {
	running := map[int64]string{}
	db := e.db
	err := db.read().query(ctx, func(scan scan) error {
		var job int64
		var begun string
		err := scan(&job, &begun)
		running[job] = begun
		return err
	}, "SELECT id, CAST(attempted_at AS text) FROM @river_job WHERE state = 'running' AND "+db.attemptedBy()+" = $1", e.name)
	if err != nil {
		return err
	}
	for job, begun := range s.missed(&e.fetches, running) {
		n, err := db.read().exec(ctx, db.putBack(), job, begun)
		if err != nil {
			return err
		}
		if n > 0 {
			e.log.WarnContext(ctx, "saferunner: a job that was fetched without an answer of the database is back in the queue", slog.Int64("job", job))
		}
	}
	return nil
}

// missed returns the jobs to put back, of those that are running.
func (s *sweeper) missed(f *fetches, running map[int64]string) map[int64]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, number := range s.pending {
		if _, still := f.pending[number]; still {
			return nil
		}
	}
	last := s.unknown
	s.unknown, s.pending = map[int64]string{}, s.pending[:0]
	for number := range f.pending {
		s.pending = append(s.pending, number)
	}
	missed := map[int64]string{}
	for job, begun := range running {
		if _, known := f.jobs[job]; known {
			continue
		}
		s.unknown[job] = begun
		if last[job] == begun {
			missed[job] = begun
		}
	}
	return missed
}
