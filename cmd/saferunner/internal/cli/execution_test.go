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
	err error
}

func (j reading) Write(context.Context, ...journal.Change) error { return nil }

func (j reading) Query(context.Context, journal.Query) (journal.Page, error) {
	return journal.Page{}, j.err
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
	e := &execution{list: listOf("stale", "later", "newer", "lost")}
	written := map[string]journal.Entry{
		"1": {ID: "1", Task: "stale", Status: journal.StatusRunning, StartedAt: time.Now(), Args: []byte("{}")},
		"2": {ID: "2", Task: "later", Status: journal.StatusDone},
		"3": {ID: "3", Task: "newer", Status: "adjourned"},
	}
	stale := e.entry(0, saferunner.Outcome{Task: "stale", EntryID: "1", Status: journal.StatusFailed, Err: errors.New("exit code 1"), Duration: time.Second}, written)
	if stale.Status != journal.StatusFailed || stale.ErrorText() != "exit code 1" || elapsed(stale) != time.Second || string(stale.Args) != "{}" {
		t.Errorf("stale: %+v", stale)
	}
	if later := e.entry(1, saferunner.Outcome{Task: "later", EntryID: "2", Status: journal.StatusQueued}, written); later.Status != journal.StatusDone {
		t.Errorf("later: %+v", later)
	}
	if newer := e.entry(2, saferunner.Outcome{Task: "newer", EntryID: "3", Status: journal.StatusQueued}, written); newer.Status != "adjourned" {
		t.Errorf("of a status that is not known here: %+v", newer)
	}
	if lost := e.entry(3, saferunner.Outcome{Task: "lost", EntryID: "4", Status: journal.StatusDone}, written); lost.Status != journal.StatusDone || lost.Task != "lost" || lost.ID != "4" {
		t.Errorf("lost: %+v", lost)
	}
}

func TestUnreadableJournal(t *testing.T) {
	gone := reading{err: errors.New("disk is gone")}
	e, err := newExecution(saferunner.WithJournal(gone), listOf("ab"))
	if err != nil {
		t.Fatal(err)
	}
	e.interrupt = catchInterrupt(t.Context(), func() {})
	defer e.interrupt.stop()
	code, message := classify(e.runAndShow(t.Context(), gone, false))
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
