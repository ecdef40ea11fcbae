package journal_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// An entry is JSON with fixed names.
func ExampleEntry_MarshalJSON() {
	entry := journal.Entry{
		ID: "1", RunID: "order.created", Task: "sms.send", Args: json.RawMessage(`{"to":"+27821234567"}`),
		Status: journal.StatusRecorded, At: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC),
	}
	text, err := json.Marshal(entry)
	fmt.Println(string(text), err)
	// Output: {"id":"1","run_id":"order.created","task_name":"sms.send","task_args":{"to":"+27821234567"},"is_async":false,"status":"recorded","at":"2026-01-02T15:04:05Z"} <nil>
}

// A call that is queued has not ended, and holds its key. One that failed has,
// and gave its key back.
func ExampleStatus() {
	for _, s := range []journal.Status{journal.StatusQueued, journal.StatusFailed, journal.StatusDone} {
		fmt.Println(s, s.Final(), s.KeepsKey())
	}
	// Output:
	// queued false true
	// failed true false
	// done true true
}
