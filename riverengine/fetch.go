package riverengine

import (
	"context"
	"sync"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// fetches are the jobs that this process has fetched and whose ends are not
// written, and the fetches that have no answer yet. An answer may be lost, or the
// database may commit a fetch long after this process has given it up: then
// jobs are running in the name of this process that it does not know, and nobody
// would ever take them for lost. The sweeper finds them.
type fetches struct {
	mu      sync.Mutex
	jobs    map[int64]time.Time // when their attempts began
	pending map[int]struct{}    // fetches without an answer
	last    int
}

// begin notes a fetch, and returns its number.
func (f *fetches) begin() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs, f.pending = map[int64]time.Time{}, map[int]struct{}{}
	}
	f.last++
	f.pending[f.last] = struct{}{}
	return f.last
}

// end notes the answer to a fetch, none if it has failed.
func (f *fetches) end(number int, rows []*rivertype.JobRow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pending, number)
	for _, row := range rows {
		var begun time.Time
		if row.AttemptedAt != nil {
			begun = *row.AttemptedAt
		}
		f.jobs[row.ID] = begun
	}
}

// drop notes attempts whose ends are written. A job that was fetched again by then
// stays.
func (f *fetches) drop(ended map[int64]time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for job, begun := range ended {
		if f.jobs[job].Equal(begun) {
			delete(f.jobs, job)
		}
	}
}

// JobGetAvailable fetches jobs once this process was seen lately: nobody may
// take for lost what it begins.
func (e executor) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	if err := e.engine.process.freshen(ctx); err != nil {
		return nil, err
	}
	f := &e.engine.fetches
	number := f.begin()
	got, err := e.Executor.JobGetAvailable(ctx, p)
	if err != nil {
		f.end(number, nil)
		return nil, err
	}
	f.end(number, got.Jobs)
	return got, nil
}
