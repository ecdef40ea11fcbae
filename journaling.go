package saferunner

import (
	"context"
	"log/slog"
)

// write puts calls of one run, at least one, into the journal. A failure is
// logged, with the first call, and counted; it does not change what became of
// the calls.
func (r *Runner) write(ctx context.Context, records []record) {
	if r.memory != nil {
		r.memory.writeRun(records)
		return
	}
	changes := make([]journal.Change, len(records))
	for i := range records {
		changes[i].record = &records[i]
	}
	r.writeChanges(ctx, changes...)
}

func (r *Runner) writeChanges(ctx context.Context, changes ...journal.Change) {
	if err := r.journal.Write(context.WithoutCancel(ctx), changes...); err != nil {
		r.journalFailure.Add(1)
		first := changes[0].record
		r.log().LogAttrs(ctx, slog.LevelError, "saferunner: journal failed", slog.Int("changes", len(changes)),
			slog.String("run_id", first.runID()), slog.String("task", first.task()), slog.String("entry", first.id()), slog.Any("error", err))
	}
}

// Journal returns the journal that the runner writes to.
func (r *Runner) Journal() journal.Journal { return r.journal }

// JournalFailures returns how many writes the journal has failed. The calls
// went on; each failure was logged.
func (r *Runner) JournalFailures() uint64 { return r.journalFailure.Load() }

// heldResult is a copy of the result of the call that holds the key of rec,
// nil if it is not known.
func (r *Runner) heldResult(ctx context.Context, holder string, rec *record) any {
	def := rec.call.bound.definition()
	if def.result == nil {
		return nil
	}
	if r.memory != nil {
		if result, ok := r.memory.heldResult(rec.task(), rec.key()); ok {
			return result
		}
	}
	page, err := r.journal.Query(ctx, journal.Query{ID: holder})
	if err != nil || len(page.Entries) == 0 || page.Entries[0].Status != journal.StatusDone {
		return nil
	}
	result, err := def.result(page.Entries[0].Result)
	if err != nil {
		return nil
	}
	return result
}
