package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/database"
	"github.com/saferunner/saferunner/journal"
	"github.com/spf13/cobra"
)

const clearLong = `Forget the calls that were recorded. The calls that executed stay in the journal.`

func newClear(db *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "clear",
		Short:             "Forget what was recorded",
		Long:              clearLong,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: coded(func(cmd *cobra.Command, _ []string) error {
			cleared, err := clearRecorded(cmd.Context(), *db)
			switch {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(os.Stdout, map[string]int{"cleared": cleared})
			default:
				_, err = fmt.Printf("%s cleared\n", count(cleared, "recorded call"))
				return err
			}
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func clearRecorded(ctx context.Context, db string) (int, error) {
	opened, err := existingJournal(ctx, db, database.Open)
	if errors.Is(err, errNoJournal) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	entries, err := queryAll(ctx, opened.Journal(), journal.Query{
		Statuses: []journal.Status{journal.StatusRecorded, journal.StatusStubbed},
	})
	if err == nil {
		changes := make([]journal.Change, len(entries))
		for i, e := range entries {
			changes[i] = journal.Forget(e.ID)
		}
		if err = opened.Journal().Write(ctx, changes...); err != nil {
			err = exit(codeJournal, err)
		}
	}
	return len(entries), closeJournal(opened, err)
}

// count says how many there are of something.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
