package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/database"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/tasklist"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/journal"
	"github.com/spf13/cobra"
)

const runLong = `Run the list of tasks in a YAML or JSON file; - is standard input. The whole file is checked before
anything runs. Sync tasks run in order; the first one that fails, unless it is
best-effort, skips the rest. Async ones run beside them and are waited for at the end.

With --durable async tasks are queued in the database instead, where "saferunner work"
finds them, on this machine or another, and are not waited for without --wait.

Progress and what the commands print go to stderr, the table or the JSON to stdout.`

const runExample = `  saferunner run order-created.yaml
  saferunner run --record order-created.yaml
  make-list | saferunner run -
  saferunner run --durable --db postgres://app@db/app order-created.yaml
  saferunner run --record --force sms.send --var ORDER=42 order-created.yaml`

type runOptions struct {
	vars     []string
	record   bool
	force    []string
	forceAll bool
	json     bool
	durable  bool
	wait     bool
}

func newRun(db *string) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:     "run FILE",
		Short:   "Run or record a list of tasks",
		Long:    runLong,
		Example: runExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one FILE: saferunner run FILE")
			}
			return nil
		},
		ValidArgsFunction: completeLists,
		RunE: coded(func(cmd *cobra.Command, args []string) error {
			list, err := o.load(args[0])
			if err != nil {
				return err
			}
			if err := o.setMode(args[0], list); err != nil {
				return err
			}
			db, err := o.open(cmd.Context(), *db)
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), db, list)
		}),
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.vars, "var", nil, "value of a ${NAME} in the file, as NAME=VALUE (repeatable); it is written to the journal")
	flags.BoolVar(&o.record, "record", false, "record mode: write the calls down, and execute none of them")
	flags.StringArrayVar(&o.force, "force", nil, "in record mode, execute the calls of this task all the same (repeatable)")
	flags.BoolVar(&o.forceAll, "force-all", false, "in record mode, execute all calls all the same")
	flags.BoolVar(&o.durable, "durable", false, "queue async tasks in the database, for saferunner work")
	flags.BoolVar(&o.wait, "wait", false, "with --durable, wait until the queued calls have ended")
	flags.BoolVar(&o.json, "json", false, "print JSON instead of the table")
	return cmd
}

func completeLists(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

func (o runOptions) load(path string) (*tasklist.List, error) {
	if o.wait && !o.durable {
		return nil, exitf(codeUsage, "--wait is for --durable; without it run waits anyway")
	}
	given := map[string]string{}
	for _, text := range o.vars {
		name, value, ok := strings.Cut(text, "=")
		if !ok || !vars.ValidName(name) {
			return nil, exitf(codeUsage, "--var %q; write --var NAME=VALUE, with a name of letters, digits and _", text)
		}
		if strings.Contains(value, "\x00") || !utf8.ValidString(value) {
			return nil, exitf(codeUsage, "--var %s: the value is not valid UTF-8 text", name)
		}
		given[name] = value
	}
	purpose := tasklist.Execute
	if o.durable {
		purpose = tasklist.Queue
	}
	return loadList(path, purpose, given)
}

func loadList(path string, purpose tasklist.Purpose, given map[string]string) (*tasklist.List, error) {
	list, err := tasklist.Load(path, purpose, given, os.LookupEnv)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, exit(codeNotFound, err)
	case err != nil:
		return nil, exit(codeUsage, err)
	}
	return list, nil
}

func (o runOptions) open(ctx context.Context, flag string) (*database.Database, error) {
	if o.durable {
		return openEngine(ctx, flag, slog.New(slog.DiscardHandler))
	}
	return openJournal(ctx, flag)
}

// errMode is [saferunner.ErrMode] in the words of this program.
func errMode() error {
	return exitf(codeUsage, "SAFERUNNER_MODE must be live or record, or not set, and is %q; nothing was executed", os.Getenv("SAFERUNNER_MODE"))
}

// setMode tells the library what the flags say, before it is first used.
func (o runOptions) setMode(path string, list *tasklist.List) error {
	if o.record {
		if err := os.Setenv("SAFERUNNER_MODE", "record"); err != nil {
			return err
		}
	}
	names := o.force
	if o.forceAll {
		names = []string{"__all__"}
	}
	for _, name := range o.force {
		if !slices.Contains(list.Names(), name) {
			return exitf(codeUsage, "--force %s: no task of that name in %s; it has %s", name, path, strings.Join(list.Names(), ", "))
		}
	}
	if len(names) > 0 {
		if err := gate.ForceAtStart(names...); err != nil {
			return err
		}
	}
	// This is the first use, which says on stderr what is forced.
	if !saferunner.TestMode() && len(names) > 0 {
		return exitf(codeUsage, "--force and --force-all are for record mode, and this is live mode, where every call executes; add --record, or leave them out")
	}
	return nil
}

// run runs a list on the database, shows what became of it, and closes the
// database.
func (o runOptions) run(ctx context.Context, db *database.Database, list *tasklist.List) error {
	keep := saferunner.WithJournal(db.Journal())
	if o.durable {
		keep = db.Engine() // which has one
	}
	e, err := newExecution(keep, list)
	if err != nil {
		return closeJournal(db, err)
	}
	e.queues = o.durable && !saferunner.TestMode() // what is forced in record mode executes here
	e.wait = o.wait
	e.interrupt = catchInterrupt(ctx, e.processes.Kill)
	defer e.interrupt.stop() // a signal must not end this process before all is written down
	err = e.runAndShow(ctx, db.Journal(), o.json)
	return closeRun(db, e.runner, e.account, err)
}

func (e *execution) runAndShow(ctx context.Context, j journal.Journal, asJSON bool) error {
	err := e.run()
	switch {
	case errors.Is(err, saferunner.ErrMode):
		return errMode()
	case len(e.report.Outcomes()) == 0: // nothing was begun
		return errors.Join(e.interrupted(nil), err)
	}
	entries, err := e.entries(context.WithoutCancel(ctx), j)
	if err != nil {
		err = exitf(codeJournal, "the journal cannot be read, so this is what is known without it: %w", err)
	}
	return errors.Join(e.show(entries, asJSON), err)
}
