package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/table"
	"github.com/saferunner/saferunner/journal"
)

// show prints what became of the calls, and returns the error that the exit
// code comes from.
func (e *execution) show(entries []journal.Entry, asJSON bool) error {
	out := screen.Of(os.Stdout)
	for i, entry := range entries {
		if entry.Status.Final() || !e.queues {
			e.progress.End(i, entry.Status, elapsed(entry), entry.ErrorText())
		}
	}
	// On a terminal the table takes the place of the progress.
	if asJSON || !out.Live {
		e.progress.Print()
	} else {
		fmt.Fprintln(os.Stderr)
	}
	var err error
	if asJSON {
		err = writeJSON(out, runJSON{e.report.ID(), e.report.RunID(), entries})
	} else {
		err = writeRun(out, entries)
	}
	return errors.Join(err, e.verdict(entries))
}

type runJSON struct {
	Run     string          `json:"run"`
	RunID   string          `json:"run_id"`
	Entries []journal.Entry `json:"entries"`
}

func writeRun(out screen.Screen, entries []journal.Entry) error {
	var rows [][]table.Cell
	for _, entry := range entries {
		rows = append(rows, []table.Cell{
			{Text: entry.Task, Style: screen.Bold},
			statusCell(entry.Status),
			{Text: took(entry)},
			{Text: entry.ErrorText(), Style: screen.Red},
		})
	}
	return table.Write(out, []string{"TASK", "STATUS", "TIME", "ERROR"}, rows)
}

// verdict says on stderr how the run went, and returns the error if it did
// not go well.
func (e *execution) verdict(entries []journal.Entry) error {
	var failed []string
	counts := map[journal.Status]int{}
	for i, entry := range entries {
		counts[entry.Status]++
		if bad(entry.Status) && !e.list.Tasks[i].BestEffort {
			failed = append(failed, fmt.Sprintf("%s: %s", entry.Task, screen.Clean(entry.ErrorText())))
		}
	}
	if err := e.interrupted(counts); err != nil {
		return err
	}
	if len(failed) > 0 {
		return exitf(codeFailed, "%s: %d of %s failed: %s", e.list.RunID, len(failed), count(len(entries), "call"), failed[0])
	}
	if queued := counts[journal.StatusQueued] + counts[journal.StatusRunning]; e.queues && queued > 0 {
		if e.unwaited != nil {
			return exitf(codeJournal, "%s: %s; they go on, but cannot be waited for: %w", e.list.RunID, summary(counts), e.unwaited)
		}
		fmt.Fprintf(os.Stderr, "saferunner: %s; saferunner work executes what is queued, and saferunner calls %s shows it\n",
			summary(counts), effect.Quote([]string{e.list.RunID}))
	}
	if counts[journal.StatusRecorded] > 0 {
		fmt.Fprintf(os.Stderr, "saferunner: record mode: %s; see saferunner calls %s\n", summary(counts), effect.Quote([]string{e.list.RunID}))
	}
	return nil
}

// interrupted returns the error of a run that a signal has stopped, with what
// had become of its calls; nil if none has.
func (e *execution) interrupted(counts map[journal.Status]int) error {
	switch {
	case e.stopped == nil:
		return nil
	case len(counts) == 0:
		return exitf(e.stopped.code(), "%s: %v; nothing was executed", e.list.RunID, e.stopped)
	default:
		return exitf(e.stopped.code(), "%s: %v; %s", e.list.RunID, e.stopped, summary(counts))
	}
}

// bad reports whether a call should have executed and did not, or failed.
func bad(s journal.Status) bool {
	switch s {
	case journal.StatusFailed, journal.StatusInterrupted, journal.StatusCancelled:
		return true
	default:
		return false
	}
}

// summary counts the calls by what became of them.
func summary(counts map[journal.Status]int) string {
	var parts []string
	for _, status := range []journal.Status{
		journal.StatusRecorded, journal.StatusDone, journal.StatusQueued, journal.StatusRunning, journal.StatusFailed, journal.StatusDuplicate,
		journal.StatusSkipped, journal.StatusCancelled, journal.StatusInterrupted,
	} {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}
