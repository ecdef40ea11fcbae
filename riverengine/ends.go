package riverengine

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// attempt is one that this process executes, or has executed and whose end is
// not written yet.
type attempt struct {
	entry   string
	number  int
	begun   time.Time
	rescues string // how often the job had been rescued before
	ended   bool   // from here on end does not change
	end     engine.Ending
}

// attemptSet holds the attempts of this process, by their jobs. There is more than one of
// a job if the first was so slow that it counts as lost.
type attemptSet struct {
	mu sync.Mutex
	of map[int64][]*attempt
}

func (all *attemptSet) begin(row *rivertype.JobRow, entry string) *attempt {
	a := &attempt{entry: entry, number: row.Attempt, rescues: rescues(row)}
	if row.AttemptedAt != nil {
		a.begun = *row.AttemptedAt
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.of == nil {
		all.of = map[int64][]*attempt{}
	}
	all.of[row.ID] = append(all.of[row.ID], a)
	return a
}

// finish says that River is about to write the end.
func (all *attemptSet) finish(a *attempt) {
	all.mu.Lock()
	a.ended = true
	all.mu.Unlock()
}

// ending returns the attempt whose end River wants to write with these
// metadata, nil if it is not known here.
func (all *attemptSet) ending(job int64, metadata []byte) *attempt {
	all.mu.Lock()
	defer all.mu.Unlock()
	var found []*attempt
	for _, a := range all.of[job] {
		if a.ended {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil
	}
	var said struct {
		Output struct {
			Attempt int `json:"attempt"`
		} `json:"output"`
	}
	if len(found) > 1 && json.Unmarshal(metadata, &said) == nil {
		if i := slices.IndexFunc(found, func(a *attempt) bool { return a.number == said.Output.Attempt }); i >= 0 {
			return found[i]
		}
	}
	return found[len(found)-1]
}

// forget removes an attempt, and those before it whose ends River has left out.
func (all *attemptSet) forget(job int64, a *attempt) {
	all.mu.Lock()
	defer all.mu.Unlock()
	rest := slices.DeleteFunc(all.of[job], func(b *attempt) bool { return b == a || b.ended && b.number < a.number })
	if all.of[job] = rest; len(rest) == 0 {
		delete(all.of, job)
	}
}

// jobs returns those that are executed.
func (all *attemptSet) jobs() []int64 {
	all.mu.Lock()
	defer all.mu.Unlock()
	return slices.Collect(maps.Keys(all.of))
}

// rescues returns River's count of how often a job was taken for lost.
func rescues(row *rivertype.JobRow) string {
	if !bytes.Contains(row.Metadata, []byte("river:rescue_count")) {
		return ""
	}
	var said struct {
		Count json.RawMessage `json:"river:rescue_count"`
	}
	_ = json.Unmarshal(row.Metadata, &said) // if it cannot be read, as if there were none
	return string(said.Count)
}

// owns reports whether the job, as it is after the end was written, still was
// at this attempt before.
func (a *attempt) owns(row *rivertype.JobRow) bool {
	return (row.AttemptedAt == nil || row.AttemptedAt.Equal(a.begun)) && rescues(row) == a.rescues
}

// status is what the triggers have made of the end.
func (a *attempt) status(row *rivertype.JobRow) journal.Status {
	switch {
	case a.end.Status.Final():
		return a.end.Status
	case row.FinalizedAt != nil:
		return journal.StatusCancelled
	}
	return journal.StatusQueued
}

// JobSetStateIfRunningMany writes the ends of attempts, and then tells who waits
// for that. River looks at job and state only, and would end an attempt that has
// taken the place of a lost one. So the ends are written in a transaction, which
// is taken back if a job turns out to be at another attempt; the others are
// written without that end. Where it can, the database completes jobs by itself.
func (e executor) JobSetStateIfRunningMany(ctx context.Context, p *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	of := make(map[int64]*attempt, len(p.ID))
	for i, job := range p.ID {
		of[job] = e.engine.attempts.ending(job, p.MetadataUpdates[i])
	}
	ended := begunOf(of)
	p, err := e.completeMost(ctx, p, of)
	if err != nil {
		return nil, err
	}
	if p == nil {
		e.engine.fetches.drop(ended)
		return nil, nil
	}
	jobs := p.ID
	for {
		rows, late, err := e.setAll(ctx, p, of)
		if err != nil {
			return nil, err
		}
		if len(late) == 0 {
			e.engine.fetches.drop(ended)
			e.engine.written(ctx, jobs, of, rows)
			return rows, nil
		}
		p = without(p, late)
	}
}

// begunOf returns when the attempts began whose ends are to be written.
func begunOf(of map[int64]*attempt) map[int64]time.Time {
	begun := make(map[int64]time.Time, len(of))
	for job, a := range of {
		if a != nil {
			begun[job] = a.begun
		}
	}
	return begun
}

// setAll writes all ends, or none if some come too late, and which.
func (e executor) setAll(ctx context.Context, p *riverdriver.JobSetStateIfRunningManyParams, of map[int64]*attempt) (rows []*rivertype.JobRow, late []int64, err error) {
	tx, err := e.Begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // no more than an error after a commit
	if rows, err = tx.JobSetStateIfRunningMany(ctx, p); err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		if a := of[row.ID]; a != nil && !a.owns(row) {
			late = append(late, row.ID)
		}
	}
	if len(late) > 0 {
		return nil, late, nil
	}
	return rows, nil, tx.Commit(ctx)
}

// written tells of the ends that are, and logs those that came too late. The
// ends were to be those of attempts at these jobs.
func (e *Engine) written(ctx context.Context, jobs []int64, of map[int64]*attempt, rows []*rivertype.JobRow) {
	for _, row := range rows {
		a := of[row.ID]
		if a == nil {
			e.tellUnread(ctx, row)
			continue
		}
		e.attempts.forget(row.ID, a)
		if delete(of, row.ID); a.end.Written != nil {
			a.end.Written(a.status(row))
		}
	}
	for _, job := range jobs {
		a := of[job]
		if a == nil {
			continue
		}
		e.attempts.forget(job, a)
		e.log.ErrorContext(ctx, "saferunner: the end of an attempt came too late, and is not in the journal: the call counts as lost, executes again, or was deleted",
			slog.String("entry", a.entry), slog.Int("attempt", a.number), slog.String("ended", string(a.end.Status)), slog.String("error", a.end.Error))
	}
}

// without returns the parameters without those of some jobs.
func without(p *riverdriver.JobSetStateIfRunningManyParams, jobs []int64) *riverdriver.JobSetStateIfRunningManyParams {
	rest := &riverdriver.JobSetStateIfRunningManyParams{Now: p.Now, Schema: p.Schema}
	left := make(map[int64]bool, len(jobs))
	for _, job := range jobs {
		left[job] = true
	}
	for i, job := range p.ID {
		if left[job] {
			continue
		}
		rest.ID = append(rest.ID, job)
		rest.Attempt = append(rest.Attempt, p.Attempt[i])
		rest.ErrData = append(rest.ErrData, p.ErrData[i])
		rest.FinalizedAt = append(rest.FinalizedAt, p.FinalizedAt[i])
		rest.MetadataDoMerge = append(rest.MetadataDoMerge, p.MetadataDoMerge[i])
		rest.MetadataUpdates = append(rest.MetadataUpdates, p.MetadataUpdates[i])
		rest.ScheduledAt = append(rest.ScheduledAt, p.ScheduledAt[i])
		rest.State = append(rest.State, p.State[i])
	}
	return rest
}
