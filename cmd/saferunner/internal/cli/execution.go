package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/progress"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/tasklist"
	"github.com/saferunner/saferunner/journal"
)

// execution is one run of a list.
type execution struct {
	list      *tasklist.List
	runner    *saferunner.Runner
	processes effect.Processes
	progress  *progress.Progress
	interrupt *interrupt
	stopped   *interruptError // what has stopped the run; nil if nothing has
	report    *saferunner.Report
	queues    bool  // async calls are for workers
	wait      bool  // for these too
	unwaited  error // why waiting for them has ended, if they have not
	account   account
}

// newExecution prepares a run on the journal or the engine that keep names.
func newExecution(keep saferunner.Option, list *tasklist.List) (*execution, error) {
	// What fails is shown in the progress and the table; no log beside them.
	silent := slog.New(slog.DiscardHandler)
	runner, err := saferunner.New(keep, saferunner.WithLogger(silent))
	if err != nil {
		return nil, exit(codeUsage, err)
	}
	names := make([]string, len(list.Tasks))
	for i, task := range list.Tasks {
		names[i] = task.Name
	}
	return &execution{list: list, runner: runner, progress: progress.New(screen.Of(os.Stderr), names)}, nil
}

// run runs the list and waits for its async calls, unless workers execute
// them and nobody asked to. Ctrl-C stops the commands that run, and lets no further one
// begin; a second one kills them.
func (e *execution) run() error {
	ctx := e.interrupt.ctx
	calls := make([]saferunner.Call, len(e.list.Tasks))
	for i, task := range e.list.Tasks {
		calls[i] = task.Call(e.task(i))
	}
	var err error
	e.report, err = e.runner.Run(withoutCaller(ctx), e.list.RunID, calls...)
	e.showQueued()
	if e.wait || !e.queues {
		e.unwaited = e.report.Wait(ctx)
		err = errors.Join(err, e.unwaited)
	}
	e.progress.Stop()

	// Interrupted commands end within their grace period.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*effect.Grace)
	defer cancel()
	err = errors.Join(err, e.runner.Shutdown(drain))
	e.stopped, _ = errors.AsType[*interruptError](context.Cause(ctx))
	return err
}

func (e *execution) showQueued() {
	for i, outcome := range e.report.Outcomes() {
		if e.queues && outcome.Status == journal.StatusQueued {
			e.progress.Queue(i)
		}
	}
}

// entries returns what the journal says of the calls, in the order of the
// list.
func (e *execution) entries(ctx context.Context, j journal.Journal) ([]journal.Entry, error) {
	found, err := queryAll(ctx, j, journal.Query{Run: e.report.ID()})
	written := byID(found)
	outcomes := e.report.Outcomes()
	if err == nil {
		e.account = accountFor(outcomes, written)
	}
	entries := make([]journal.Entry, len(outcomes))
	for i, outcome := range outcomes {
		entries[i] = e.entry(i, outcome, written)
	}
	return entries, err
}

// entry returns what was written of call i. Where the journal does not know
// it, or its end, it is what the report says.
func (e *execution) entry(i int, outcome saferunner.Outcome, written map[string]journal.Entry) journal.Entry {
	entry, ok := written[outcome.EntryID]
	if !ok {
		task := e.list.Tasks[i]
		entry = journal.Entry{
			ID: outcome.EntryID, RunID: e.report.RunID(), Run: e.report.ID(), Task: outcome.Task,
			Async: task.Async, Key: task.Key,
		}
	}
	if !ok || outcome.Status.Final() && !entry.Status.Final() {
		entry.Status = outcome.Status
		if !entry.StartedAt.IsZero() {
			entry.FinishedAt = entry.StartedAt.Add(outcome.Duration)
		}
		if outcome.Err != nil {
			entry.Attempts = []journal.Attempt{{Error: outcome.Err.Error()}}
		}
	}
	if n := len(entry.Attempts); n > 0 && e.stopped != nil && entry.Status == journal.StatusCancelled {
		entry.Attempts[n-1].Error = e.stopped.Error()
	}
	return entry
}

// task is what call i of the list executes.
func (e *execution) task(i int) func(context.Context, effect.Step) error {
	attempts := e.list.Tasks[i].Retry.Attempts()
	return func(ctx context.Context, step effect.Step) error {
		ctx, release := e.interrupt.join(ctx)
		defer release()
		if ctx.Err() != nil {
			return saferunner.Permanent(context.Cause(ctx))
		}
		info, _ := saferunner.Current(ctx)
		started := time.Now()
		e.progress.Begin(i)
		stdout, stderr := e.progress.Output(i), e.progress.Output(i)
		err := e.processes.Do(ctx, step, stdout, stderr)
		_ = stdout.Close() // shows what has no line end
		_ = stderr.Close()
		switch {
		case err == nil:
			e.progress.End(i, journal.StatusDone, time.Since(started), "")
		case e.interrupt.ctx.Err() == nil && e.list.Tasks[i].Async && info.Attempt < attempts:
			e.progress.Again(i, err)
		default:
			e.progress.End(i, journal.StatusFailed, time.Since(started), err.Error())
			err = saferunner.Permanent(err)
		}
		return err
	}
}
