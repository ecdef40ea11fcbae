package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/database"
	"github.com/saferunner/saferunner/journal"
)

// closeJournal closes the journal after err, and says what it has lost.
func closeJournal(db *database.Database, err error) error {
	lost := db.Close()
	if n := db.Lost(); lost == nil && n > 0 { // it has said so before, to nobody
		lost = lostChanges(n)
	}
	return sayLost(err, lost)
}

// account is what a look into the journal after a run has shown. The zero
// value is none.
type account struct {
	read    bool
	lacking []string // the calls whose end is not there: "ab, which is done"
}

// accountFor compares what became of calls with what is written of them.
func accountFor(outcomes []saferunner.Outcome, written map[string]journal.Entry) account {
	a := account{read: true}
	for _, o := range outcomes {
		if o.Status.Final() && written[o.EntryID].Status != o.Status {
			a.lacking = append(a.lacking, fmt.Sprintf("%s, which is %s", o.Task, o.Status))
		}
	}
	return a
}

// lookUp looks up in the journal what became of the calls of a report.
func lookUp(ctx context.Context, j journal.Journal, report *saferunner.Report) account {
	entries, err := queryAll(ctx, j, journal.Query{Run: report.ID()})
	if err != nil {
		return account{}
	}
	return accountFor(report.Outcomes(), byID(entries))
}

func byID(entries []journal.Entry) map[string]journal.Entry {
	m := make(map[string]journal.Entry, len(entries))
	for _, e := range entries {
		m[e.ID] = e
	}
	return m
}

// closeRun closes the journal after a run that ended with err, and says what
// it lacks. A change that was lost is no loss where a later one of its call
// was written: each holds the call as a whole.
func closeRun(db *database.Database, r *saferunner.Runner, a account, err error) error {
	lost, n := db.Close(), max(db.Lost(), int(r.JournalFailures()))
	if lost == nil && n > 0 {
		lost = lostChanges(n)
	}
	switch {
	case !a.read || lost == nil || n == 0:
		return sayLost(err, lost)
	case len(a.lacking) == 0:
		return err
	}
	const shown = 3
	more := ""
	if n := len(a.lacking) - shown; n > 0 {
		more = fmt.Sprintf("; and %d more", n)
	}
	return sayLost(err, fmt.Errorf("the journal does not have the end of %s%s: %w", strings.Join(a.lacking[:min(shown, len(a.lacking))], "; "), more, lost))
}

// sayLost says on stderr what the journal has lost; it is the error where
// there was none: the calls themselves are done.
func sayLost(err, lost error) error {
	switch {
	case lost == nil:
		return err
	case err == nil:
		return exit(codeJournal, lost)
	default:
		fmt.Fprintln(os.Stderr, "saferunner:", lost)
		return err
	}
}

func lostChanges(n int) error {
	return fmt.Errorf("the journal has lost %s; look at the database, and the disk that it is on", count(n, "change"))
}
