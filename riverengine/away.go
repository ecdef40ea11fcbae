package riverengine

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river/riverdriver"
)

// reprieve is how long after the database was away no call counts as lost:
// what executed meanwhile has ended, and its process still tries to say so.
var reprieve = 20 * time.Second

// heard notes whether the database has answered what a worker asks all the
// time.
func (e *Engine) heard(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		e.away.Store(time.Now().UnixNano())
	}
}

// wasAway reports whether it has failed to lately.
func (e *Engine) wasAway() bool {
	return time.Since(moment(e.away.Load())) < reprieve
}

func (e executor) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	jobs, err := e.Executor.JobGetAvailable(ctx, p)
	e.engine.heard(err)
	return jobs, err
}
