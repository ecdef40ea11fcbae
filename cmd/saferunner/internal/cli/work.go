package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/database"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/progress"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
	"github.com/spf13/cobra"
)

const workLong = `Execute the calls that "saferunner run --durable" has queued in the database: those of
the async tasks in these files. Calls of other tasks wait for a worker that has them.
Each ${NAME} of the environment is looked up here.

It goes on until Ctrl-C or SIGTERM, then takes no further call and waits for those that
execute; a second signal stops these as well. A line for each call goes to stdout, what
the commands print to stderr.`

const workExample = `  saferunner work order-created.yaml
  saferunner work --db postgres://app@db/app lists/*.yaml`

func newWork(db *string) *cobra.Command {
	return &cobra.Command{
		Use:               "work FILE...",
		Short:             "Execute queued calls",
		Long:              workLong,
		Example:           workExample,
		Args:              atLeastOneFile,
		ValidArgsFunction: completeLists,
		RunE: coded(func(cmd *cobra.Command, args []string) error {
			set, err := loadWork(args)
			if err == nil {
				err = checkMode()
			}
			if err != nil {
				return err
			}
			if saferunner.TestMode() {
				fmt.Fprintln(os.Stderr, "saferunner: record mode: work executes nothing, and what is queued waits")
				return nil
			}
			name, err := databaseName(*db)
			if err != nil {
				return err
			}
			opened, err := openEngine(cmd.Context(), *db, newWorkLog(os.Stderr))
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "saferunner: working %s in %s\n", strings.Join(set.names(), ", "), name)
			return closeJournal(opened, newWorker(set).work(cmd.Context(), opened))
		}),
	}
}

func atLeastOneFile(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("name the files whose async tasks it executes: saferunner work FILE")
	}
	return nil
}

// worker executes queued calls.
type worker struct {
	set       *workSet
	processes effect.Processes
	printed   *progress.Progress // of the commands
	lines     lines
}

func newWorker(set *workSet) *worker {
	stderr := screen.Of(os.Stderr)
	stderr.Live = false // there is nothing to redraw
	return &worker{set: set, printed: progress.New(stderr, set.names()), lines: newLines(screen.Of(os.Stdout), set.names())}
}

// patience is what commands have to stop in after a second signal, before
// they are killed: less than the engine waits for their calls.
const patience = 3 * time.Second

// work works until a signal comes, and until what executes then has ended.
func (w *worker) work(ctx context.Context, db *database.Database) error {
	drain, hurry := context.WithCancelCause(context.WithoutCancel(ctx))
	defer hurry(nil)
	interrupt := catchInterrupt(ctx, func() {
		hurry(errors.New("stopped by a second signal"))
		time.AfterFunc(patience, w.processes.Kill)
	})
	defer interrupt.stop()

	runner, err := saferunner.New(db.Engine(), saferunner.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return exit(codeUsage, err)
	}
	tasks := make([]saferunner.Named, len(w.set.tasks))
	for i, task := range w.set.tasks {
		tasks[i] = task.Define(w.task(i))
	}
	if err := runner.Start(ctx, tasks...); err != nil {
		return exit(codeJournal, errors.Join(err, runner.Shutdown(drain)))
	}
	<-interrupt.ctx.Done()
	fmt.Fprintf(os.Stderr, "saferunner: %v; calls that execute are waited for\n", context.Cause(interrupt.ctx))
	err = runner.Shutdown(drain)
	if stopped, ok := errors.AsType[*interruptError](context.Cause(interrupt.ctx)); ok && drain.Err() != nil {
		return exitf(stopped.code(), "stopped by a second signal; calls that executed were stopped")
	}
	return err
}

// task is what executes the calls of task i.
func (w *worker) task(i int) func(context.Context, effect.Step) error {
	attempts := w.set.tasks[i].Retry.Attempts()
	return func(ctx context.Context, step effect.Step) error {
		info, _ := saferunner.Current(ctx)
		line := w.lines.begin(info)
		stdout, stderr := w.printed.Output(i), w.printed.Output(i)
		err := w.processes.Do(ctx, step, stdout, stderr)
		_ = stdout.Close() // shows what has no line end
		_ = stderr.Close()
		switch {
		case err == nil:
			line.end(journal.StatusDone, "")
		case errors.Is(context.Cause(ctx), engine.ErrCancelled):
			err = errors.New("cancelled before its end")
			line.end(journal.StatusFailed, err.Error())
		case errors.Is(ctx.Err(), context.Canceled):
			err = errors.New("stopped before its end")
			stopped := journal.StatusInterrupted
			if info.Attempt < attempts {
				stopped = journal.StatusQueued
			}
			line.end(stopped, err.Error())
		case info.Attempt < attempts:
			line.end(journal.StatusQueued, fmt.Sprintf("attempt %d of %d: %v", info.Attempt, attempts, err))
		default:
			line.end(journal.StatusFailed, err.Error())
		}
		return err
	}
}
