package cli

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
)

const migrateLong = `Make the tables of the journal and of the queue in a database, or bring them up to date.
The other commands do so themselves, as long as they may: this one is for a database in
which only an administrator may. It may be repeated.`

func newMigrate(db *string) *cobra.Command {
	return &cobra.Command{
		Use:               "migrate",
		Short:             "Make or update the tables of a database",
		Long:              migrateLong,
		Example:           "  saferunner migrate --db postgres://admin@db/app",
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: coded(func(cmd *cobra.Command, _ []string) error {
			name, err := databaseName(*db)
			if err != nil {
				return err
			}
			opened, err := openEngine(cmd.Context(), *db, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			if err := closeJournal(opened, nil); err != nil {
				return err
			}
			_, err = fmt.Printf("%s has its tables, and is up to date\n", name)
			return err
		}),
	}
}
