package sqljournal_test

import (
	"context"
	"log"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal/sqljournal"
)

// A main whose journal is a file. It imports the driver that it names, here
// modernc.org/sqlite.
func ExampleConnect() {
	ctx := context.Background()
	calls, err := sqljournal.Connect(ctx, "sqlite", "file:calls.db")
	if err != nil {
		log.Fatal(err)
	}
	runner, err := saferunner.New(saferunner.WithJournal(calls))
	if err != nil {
		log.Fatal(err)
	}

	// The program runs.

	if err := runner.Shutdown(ctx); err != nil {
		log.Print(err)
	}
	if err := calls.Close(); err != nil { // after the runner, which writes until its end
		log.Print(err)
	}
}
