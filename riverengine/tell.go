package riverengine

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// Tell is for the runner. It names the function that is told of calls which
// the engine has ended itself. The engine logs them as well.
func (e *Engine) Tell(told func(context.Context, engine.Delivery, engine.Ending)) {
	e.told.Store(&told)
}

func (e *Engine) tell(ctx context.Context, d engine.Delivery, end engine.Ending) {
	e.log.ErrorContext(ctx, "saferunner: async call "+string(end.Status),
		slog.String("run_id", d.RunID), slog.String("task", d.Task.Name), slog.String("entry", d.EntryID), slog.String("error", end.Error))
	if told := e.told.Load(); told != nil && *told != nil {
		(*told)(ctx, d, end)
	}
}

// tellOf tells of a job that has ended, if it is a call's. What cannot be read of
// it is left out.
func (e *Engine) tellOf(ctx context.Context, row *rivertype.JobRow, end engine.Ending) {
	if d, _ := e.delivery(row, row.EncodedArgs); d.EntryID != "" {
		e.tell(ctx, d, end)
	}
}

// tellUnread tells of a job that River could not read, if it has ended.
func (e *Engine) tellUnread(ctx context.Context, row *rivertype.JobRow) {
	if row.FinalizedAt == nil || row.State == rivertype.JobStateCompleted || len(row.Errors) == 0 {
		return
	}
	e.tellOf(ctx, row, engine.Ending{Status: journal.StatusFailed, Counts: true, Error: row.Errors[len(row.Errors)-1].Error})
}

// tellLost tells of the calls that have ended because their process is gone.
func (e executor) tellLost(ctx context.Context, p *riverdriver.JobRescueManyParams) {
	said := map[int64]time.Time{}
	get := &riverdriver.JobGetByIDManyParams{Schema: p.Schema}
	for i, job := range p.ID {
		if p.FinalizedAt[i] != nil {
			said[job] = saidAt(p.Error[i])
			get.ID = append(get.ID, job)
		}
	}
	if len(said) == 0 {
		return
	}
	rows, err := e.JobGetByIDMany(ctx, get)
	if err != nil {
		e.engine.log.ErrorContext(ctx, "saferunner: async calls interrupted: the journal has them, and cannot be read", slog.Any("error", err))
	}
	for _, row := range rows {
		if last := len(row.Errors) - 1; last >= 0 && row.Errors[last].At.Equal(said[row.ID]) { // else it has ended otherwise meanwhile
			e.engine.tellOf(ctx, row, engine.Ending{
				Status: journal.StatusInterrupted, Counts: true,
				Error: lostText + ": look whether it took effect, and run it again by hand if not",
			})
		}
	}
}

// saidAt returns the time of River's record of an attempt.
func saidAt(record []byte) time.Time {
	var a rivertype.AttemptError
	_ = json.Unmarshal(record, &a) // River has made it
	return a.At
}

// JobCancel tells of a call that was cancelled before it began, or between two
// attempts. The end of one that executes is its attempt's.
func (e executor) JobCancel(ctx context.Context, p *riverdriver.JobCancelParams) (*rivertype.JobRow, error) {
	row, err := e.Executor.JobCancel(ctx, p)
	if err != nil || row.State != rivertype.JobStateCancelled {
		return row, err
	}
	var said struct {
		At time.Time `json:"cancel_attempted_at"`
	}
	_ = json.Unmarshal(row.Metadata, &said) // if it cannot be read, somebody else's
	if said.At.Equal(p.CancelAttemptedAt) { // else it had ended before
		e.engine.tellOf(ctx, row, engine.Ending{Status: journal.StatusCancelled, Error: "it was cancelled"})
	}
	return row, nil
}
