package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/database"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/table"
	"github.com/saferunner/saferunner/journal"
	"github.com/spf13/cobra"
)

const callsLong = `Show the calls that were made or recorded under a run ID, oldest first.

With --json they are an array of entries, with their arguments and attempts.`

func newCalls(db *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "calls RUN_ID",
		Short:             "Show the calls under a run ID",
		Long:              callsLong,
		Args:              oneRunID,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: coded(func(cmd *cobra.Command, args []string) error {
			entries, err := callsUnder(cmd, *db, args[0])
			none := ""
			if errors.Is(err, errNoJournal) {
				none, err = ": "+err.Error(), nil
			}
			switch {
			case err != nil:
				return err
			case asJSON:
				err = writeJSON(os.Stdout, entries)
			case len(entries) > 0:
				err = writeCalls(screen.Of(os.Stdout), entries)
			}
			if err == nil && len(entries) == 0 {
				return exitf(codeNotFound, "no calls under %q%s", args[0], none)
			}
			return err
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func oneRunID(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("name one RUN_ID: saferunner calls RUN_ID")
	}
	return nil
}

func callsUnder(cmd *cobra.Command, db, runID string) ([]journal.Entry, error) {
	if runID == "" {
		return nil, exitf(codeUsage, "the run ID is empty")
	}
	opened, err := existingJournal(cmd.Context(), db, database.OpenRead)
	if errors.Is(err, errNoJournal) {
		return []journal.Entry{}, err
	}
	if err != nil {
		return nil, err
	}
	entries, err := queryAll(cmd.Context(), opened.Journal(), journal.Query{RunID: runID, OldestFirst: true})
	return entries, closeJournal(opened, err)
}

// writeJSON prints a value as JSON for people and programs; an empty list is
// one, and not null.
func writeJSON[T any](out io.Writer, value T) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func writeCalls(out screen.Screen, entries []journal.Entry) error {
	var rows [][]table.Cell
	for _, e := range entries {
		how := "sync"
		if e.Async {
			how = "async"
		}
		rows = append(rows, []table.Cell{
			{Text: e.At.Local().Format(time.DateTime), Style: screen.Dim},
			{Text: e.Task, Style: screen.Bold},
			{Text: how},
			statusCell(e.Status),
			{Text: took(e)},
			{Text: e.Key},
			{Text: arguments(e)},
			{Text: e.ErrorText(), Style: screen.Red},
		})
	}
	return table.Write(out, []string{"AT", "TASK", "HOW", "STATUS", "TIME", "KEY", "CALL", "ERROR"}, rows)
}

func statusCell(status journal.Status) table.Cell {
	_, style := screen.Symbol(status)
	return table.Cell{Text: string(status), Style: style}
}

// took shows how long a call has executed, empty if it has not.
func took(e journal.Entry) string {
	if e.StartedAt.IsZero() || e.FinishedAt.IsZero() {
		return ""
	}
	return screen.Duration(elapsed(e))
}

func elapsed(e journal.Entry) time.Duration {
	if e.StartedAt.IsZero() || e.FinishedAt.IsZero() {
		return 0
	}
	return e.FinishedAt.Sub(e.StartedAt)
}

// arguments shows what was called: the command or the request of a task of
// this command line, the JSON of any other.
func arguments(e journal.Entry) string {
	var step effect.Step
	if json.Unmarshal(e.Args, &step) == nil && (len(step.Exec) > 0 || step.HTTP != nil) {
		return step.String()
	}
	return string(e.Args)
}
