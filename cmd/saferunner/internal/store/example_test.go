package store_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/journal"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "saferunner")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	calls, err := store.Open(ctx, filepath.Join(dir, "calls.db"))
	if err != nil {
		log.Fatal(err)
	}
	entry := journal.Entry{ID: "1", RunID: "order.created", Task: "sms.send", Status: journal.StatusRecorded}
	if err := calls.Write(ctx, journal.Put(entry)); err != nil {
		log.Fatal(err)
	}
	page, err := calls.Query(ctx, journal.Query{RunID: "order.created"})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range page.Entries {
		fmt.Println(e.Task, e.Status)
	}
	if err := calls.Close(); err != nil { // what was written is on its way to the file until now
		log.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	// Output: sms.send recorded
}
