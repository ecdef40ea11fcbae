package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/database"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/tasklist"
)

const execLong = `Run one command as a task, for scripts in any language. Its stdin, stdout, stderr
and exit code are those of this command. In record mode it is not run: it is written
down, and the exit code is 0.

The command goes to the journal as it stands, so keep secrets in its environment.`

const execExample = `  saferunner exec --run-id order.created --task sms.send -- ./send-sms +27821234567 "Thank you"`

type execOptions struct {
	runID, task string
	async       bool
}

func newExec(name *string) *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:     "exec --run-id RUN_ID --task TASK [--async] -- COMMAND [ARGUMENT...]",
		Short:   "Run or record one command",
		Long:    execLong,
		Example: execExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return errors.New("no command; write it after --")
			}
			return nil
		},
		RunE: coded(func(cmd *cobra.Command, args []string) error {
			if err := tasklist.CheckNames(o.runID, o.task); err != nil {
				return exit(codeUsage, err)
			}
			db, err := openJournal(cmd.Context(), *name)
			if err != nil {
				return err
			}
			recorded, err := o.run(cmd.Context(), db, args)
			if recorded { // said last: nobody may be there to read it
				fmt.Fprintf(os.Stderr, "saferunner: record mode: %s was recorded, not executed: %s\n", o.task, screen.Clean(effect.Quote(args)))
			}
			return err
		}),
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false) // what follows the command's name is the command's
	flags.StringVar(&o.runID, "run-id", "", "where the command is run, such as order.created (required)")
	flags.StringVar(&o.task, "task", "", "name of the task, such as sms.send (required)")
	flags.BoolVar(&o.async, "async", false, "make it an async call; it is waited for all the same")
	_ = cmd.MarkFlagRequired("run-id") // fails only for a flag that is not there
	_ = cmd.MarkFlagRequired("task")
	return cmd
}

// run runs the command and closes the database.
func (o execOptions) run(ctx context.Context, db *database.Database, argv []string) (recorded bool, err error) {
	signals := forwarded()
	defer signal.Stop(signals)

	runner, err := saferunner.New(saferunner.WithJournal(db.Journal()), saferunner.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return false, closeJournal(db, exit(codeUsage, err))
	}
	task := saferunner.Define(o.task, func(ctx context.Context, c effect.Command) error {
		return c.PassThrough(ctx, signals)
	})
	call := task.With(effect.Command{Exec: argv})
	if o.async {
		call = call.Async()
	}
	report, err := runner.Run(withoutCaller(ctx), o.runID, call)
	err = errors.Join(err, report.Wait(ctx))
	err = errors.Join(err, runner.Shutdown(ctx))
	return len(report.Recorded()) > 0, closeRun(db, runner, lookUp(ctx, db.Journal(), report), execError(err))
}

// execError is the exit code of the command, or why it was not executed. A
// command that has run has said itself what went wrong.
func execError(err error) error {
	if err == nil {
		return nil
	}
	if ended, ok := errors.AsType[*effect.ExitError](err); ok {
		if ended.Started {
			return exit(ended.Code, nil)
		}
		return exit(ended.Code, ended)
	}
	if errors.Is(err, saferunner.ErrMode) {
		return errMode()
	}
	return exit(codeFailed, err)
}

// forwarded returns the signals that go to the command instead of doing
// something to this process. On a terminal, Ctrl-C and the like reach the
// command by themselves: those that would end this process are caught, and
// Ctrl-Z stops both.
func forwarded() chan os.Signal {
	signals := make(chan os.Signal, 64)
	which := forwardable()
	if term.IsTerminal(int(os.Stdin.Fd())) {
		which = slices.DeleteFunc(which, func(sig os.Signal) bool { return slices.Contains(ofTerminal, sig) })
		notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGQUIT)
	}
	notify(signals, which...)
	return signals
}
