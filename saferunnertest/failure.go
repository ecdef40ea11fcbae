package saferunnertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxCompared bounds what a failure says about the calls that differ. With it
// the whole text stays below 64 KB.
const maxCompared = 32 << 10

// mismatch is the text of a failed Assert: what differs, all that was
// recorded, and the assertion that would have held.
func (r *Recorder) mismatch(a assertion, want, got []call) string {
	before := r.files.written()
	var b strings.Builder
	fmt.Fprintf(&b, "saferunnertest: the calls under %q are not the ones wanted\n\n", cut(a.runID, maxColumn))
	b.WriteString(compare(want, got, a.at.pkg, &r.files))
	b.WriteString(r.recordedText(a.runID))
	b.WriteString(r.pasteText(a, got))
	b.WriteString(r.files.where(before))
	return b.String()
}

// countText is the text of a failed AssertCount or AssertTask.
func (r *Recorder) countText(a assertion, wanted string, have int, got []call) string {
	before := r.files.written()
	text := fmt.Sprintf("saferunnertest: wanted %s under %q, there are %d\n", wanted, cut(a.runID, maxColumn), have)
	text += r.recordedText(a.runID) + r.pasteText(a, got)
	return text + r.files.where(before)
}

// compare says call by call in what the lists differ.
func compare(want, got []call, pkg string, files *artifacts) string {
	pairs := align(want, got)
	if allEqual(pairs) {
		return reordered(pairs, got)
	}
	var b strings.Builder
	for i, p := range pairs {
		text := p.text(want, got, pkg, files)
		if b.Len()+len(text) > maxCompared {
			b.WriteString(cutLines(text, max(maxCompared-b.Len(), 0)))
			if more := len(pairs) - i - 1; more > 0 {
				fmt.Fprintf(&b, "… and %s\n", plural(more, "more call", "more calls"))
			}
			break
		}
		b.WriteString(text)
	}
	return b.String()
}

// cutLines returns the lines at the beginning of a text.
func cutLines(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = text[:limit]
	return text[:strings.LastIndexByte(text, '\n')+1] + "    …\n"
}

// maxRunIDs bounds how many other run IDs are told.
const maxRunIDs = 20

// recordedText lists what was recorded under the run ID, or where else there
// is something.
func (r *Recorder) recordedText(runID string) string {
	all := r.calls(runID)
	if len(all) > 0 {
		r.show(all)
		text := fmt.Sprintf("\nrecorded under %q:\n%s", cut(runID, maxColumn), ledger(all, false))
		if len(all) > maxRows {
			text += "  all in " + r.files.one("calls", wholeLedger(all)) + "\n"
		}
		return text + r.waitingText()
	}
	counts := map[string]int{}
	for _, c := range r.calls("") {
		counts[c.runID]++
	}
	if len(counts) == 0 {
		return r.nothingText()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nnothing was recorded under %q; there is something under\n", cut(runID, maxColumn))
	for i, id := range slices.Sorted(maps.Keys(counts)) {
		if i == maxRunIDs {
			fmt.Fprintf(&b, "    … and %d more\n", len(counts)-i)
			break
		}
		fmt.Fprintf(&b, "    %q: %s\n", cut(id, maxColumn), plural(counts[id], "call", "calls"))
	}
	return b.String() + r.waitingText()
}

// waitingText says which lists are not recorded yet, since they wait for a
// transaction; empty if none does.
func (r *Recorder) waitingText() string {
	var b strings.Builder
	for _, u := range r.rec.Undecided() {
		end := "Commit of the Defer"
		if u.By != "Defer" {
			end = "the end of the " + u.By
		}
		if u.Lists > 0 {
			fmt.Fprintf(&b, "\n%s for %s at %s: its calls are recorded then\n", plural(u.Lists, "list waits", "lists wait"), end, placeOf(u.Caller))
		}
	}
	return b.String()
}

// nothingText says what may be the reason why nothing was recorded.
func (r *Recorder) nothingText() string {
	if waiting := r.waitingText(); waiting != "" {
		return "\nnothing was recorded in this test yet\n" + waiting
	}
	unowned := core.Unowned(r.since)
	if unowned.Count == 0 {
		return "\nnothing was recorded in this test: was the code given rec.Context()?\n"
	}
	return fmt.Sprintf("\nnothing was recorded in this test, but %s made meanwhile without its ctx, and no test owns them; give this code rec.Context():\n%s",
		plural(unowned.Count, "call was", "calls were"), ledger(madeCalls(unowned.Calls), true))
}
