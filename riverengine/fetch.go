package riverengine

import (
	"context"
	"sync"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// fetches are the jobs that this process has fetched and that have not ended,
// and the queues of which it does not know what it has fetched, since the
// database's answer was lost. Those jobs are running, in the name of this
// process, and nobody else would ever take them for lost.
type fetches struct {
	mu     sync.Mutex
	jobs   map[int64]struct{}
	unsure map[string]time.Time // since when
}

// doubt notes that the answer for a queue was lost.
func (f *fetches) doubt(queue string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unsure == nil {
		f.unsure = map[string]time.Time{}
	}
	f.unsure[queue] = time.Now()
}

func (f *fetches) doubts(queue string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, unsure := f.unsure[queue]
	return unsure
}

// add notes jobs that were fetched.
func (f *fetches) add(rows []*rivertype.JobRow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = map[int64]struct{}{}
	}
	for _, row := range rows {
		f.jobs[row.ID] = struct{}{}
	}
}

// drop notes jobs that have ended.
func (f *fetches) drop(jobs []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, job := range jobs {
		delete(f.jobs, job)
	}
}

// missed returns those of the jobs that are running in the name of this process
// that it does not know. A fetch whose answer was lost may commit later: the
// queue is not sure before it has been looked at for that long.
func (f *fetches) missed(queue string, running []int64, most int, long time.Duration) (jobs []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, job := range running {
		if _, known := f.jobs[job]; known {
			continue
		}
		if len(jobs) == most {
			return jobs // the rest the next time
		}
		jobs = append(jobs, job)
	}
	if time.Since(f.unsure[queue]) > long {
		delete(f.unsure, queue)
	}
	return jobs
}

// JobGetAvailable fetches jobs once this process was seen lately: nobody may
// take for lost what it begins.
func (e executor) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	if err := e.engine.process.freshen(ctx); err != nil {
		return nil, err
	}
	f := &e.engine.fetches
	if f.doubts(p.Queue) {
		if rows, err := e.missed(ctx, p); err != nil || len(rows) > 0 {
			return &riverdriver.JobGetAvailableResult{Jobs: rows}, err
		}
	}
	got, err := e.Executor.JobGetAvailable(ctx, p)
	if err != nil {
		f.doubt(p.Queue)
		return nil, err
	}
	f.add(got.Jobs)
	return got, nil
}

// missed returns the jobs of a queue that were fetched by this process without
// its knowing.
func (e executor) missed(ctx context.Context, p *riverdriver.JobGetAvailableParams) ([]*rivertype.JobRow, error) {
	var running []int64
	read := func(scan scan) error {
		var job int64
		err := scan(&job)
		running = append(running, job)
		return err
	}
	db := e.engine.db
	err := db.read().query(ctx, read, "SELECT id FROM @river_job WHERE state = 'running' AND queue = $1 AND "+db.attemptedBy()+" = $2", p.Queue, p.ClientID)
	if err != nil {
		return nil, err
	}
	jobs := e.engine.fetches.missed(p.Queue, running, p.MaxToLock, e.engine.process.pace.Dead)
	if len(jobs) == 0 {
		return nil, nil
	}
	rows, err := e.JobGetByIDMany(ctx, &riverdriver.JobGetByIDManyParams{ID: jobs, Schema: p.Schema})
	if err != nil {
		e.engine.fetches.doubt(p.Queue)
		return nil, err
	}
	e.engine.fetches.add(rows)
	return rows, nil
}
