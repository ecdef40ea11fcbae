package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/tasklist"
	"github.com/saferunner/saferunner/journal"
)

// reading is a journal of which a test says what it reads.
type reading struct {
	journal.Journal
	page journal.Page
	err  error
}

func (j reading) Write(context.Context, ...journal.Change) error { return nil }

func (j reading) Query(context.Context, journal.Query) (journal.Page, error) {
	return j.page, j.err
}

func listOf(names ...string) *tasklist.List {
	list := &tasklist.List{RunID: "r"}
	for _, name := range names {
		list.Tasks = append(list.Tasks, tasklist.Task{Name: name, Step: effect.Step{Exec: []string{"true"}}})
	}
	return list
}

// A row that the journal did not get to bring up to date does not hide what
// Run has said.
func TestStaleEntries(t *testing.T) {
	started := time.Now()
	e := &execution{list: listOf("stale", "later", "lost"), report: &saferunner.Report{}}
	outcomes := []saferunner.Outcome{
		{Task: "stale", EntryID: "1", Status: journal.StatusFailed, Err: errors.New("exit code 1"), Duration: time.Second},
		{Task: "later", EntryID: "2", Status: journal.StatusQueued},
		{Task: "lost", EntryID: "3", Status: journal.StatusDone},
	}
	entries, err := e.entriesOf(t.Context(), reading{page: journal.Page{Entries: []journal.Entry{
		{ID: "1", Task: "stale", Status: journal.StatusRunning, StartedAt: started, Args: []byte("{}")},
		{ID: "2", Task: "later", Status: journal.StatusDone},
	}}}, outcomes)
	if err != nil {
		t.Fatal(err)
	}
	stale := entries[0]
	if stale.Status != journal.StatusFailed || stale.ErrorText() != "exit code 1" || elapsed(stale) != time.Second || string(stale.Args) != "{}" {
		t.Errorf("stale: %+v", stale)
	}
	if entries[1].Status != journal.StatusDone || entries[2].Status != journal.StatusDone {
		t.Errorf("later: %+v\nlost: %+v", entries[1], entries[2])
	}
}

func TestUnreadableJournal(t *testing.T) {
	broken := reading{err: errors.New("disk is gone")}
	e, err := newExecution(saferunner.WithJournal(broken), listOf("ab"))
	if err != nil {
		t.Fatal(err)
	}
	e.interrupt = catchInterrupt(t.Context(), func() {})
	defer e.interrupt.stop()
	code, message := classify(e.runAndShow(t.Context(), broken, false))
	if code != codeJournal || !strings.HasPrefix(message, "the journal cannot be read, so this is what is known without it: ") || !strings.Contains(message, "disk is gone") {
		t.Errorf("exit code %d, %s", code, message)
	}
}

// That the database goes away does not make a failure of what is queued
// there.
func TestEndOfWaiting(t *testing.T) {
	e := &execution{list: listOf("ab"), queues: true, wait: true, unwaited: errors.New("connection lost")}
	code, message := classify(e.verdict([]journal.Entry{{Task: "ab", Status: journal.StatusRunning}}))
	if want := "r: 1 running; they go on, but cannot be waited for: connection lost"; code != codeJournal || message != want {
		t.Errorf("exit code %d, %s", code, message)
	}
}
