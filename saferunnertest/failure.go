package saferunnertest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/recorder"
	"github.com/saferunner/saferunner/internal/redact"
)

// mismatch is the text of a failed Assert: what differs, all that was
// recorded, and the assertion that would have held.
func (r *Recorder) mismatch(runID string, want, got []recorder.Call, pkg string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "saferunnertest: the calls under %q are not the ones wanted\n\n", runID)
	for _, line := range compare(want, got, pkg) {
		b.WriteString(line)
	}
	b.WriteString(r.recordedText(runID))
	b.WriteString(pasteText(runID, got, pkg))
	return b.String()
}

// countText is the text of a failed AssertCount or AssertTask.
func (r *Recorder) countText(runID, wanted string, have int, got []recorder.Call, pkg string) string {
	text := fmt.Sprintf("saferunnertest: wanted %s under %q, there are %d\n", wanted, runID, have)
	return text + r.recordedText(runID) + pasteText(runID, got, pkg)
}

// compare says call by call in what the lists differ.
func compare(want, got []recorder.Call, pkg string) []string {
	pairs := align(want, got)
	if slices.ContainsFunc(pairs, func(p pair) bool { return !p.equal }) {
		var lines []string
		for _, p := range pairs {
			lines = append(lines, p.text(want, got, pkg))
		}
		return lines
	}
	lines := []string{"The calls are the ones wanted, but not in this order:\n"}
	for i := range want {
		lines = append(lines, fmt.Sprintf("  %d  want %s, got %s\n", i+1, want[i].Task, got[i].Task))
	}
	return lines
}

// pair is a wanted call and the made call it is held against; -1 for none.
type pair struct {
	want, got int
	equal     bool
}

// align finds for each wanted call the one that was made: an equal one,
// else the nearest one of the same task.
func align(want, got []recorder.Call) []pair {
	taken := make([]bool, len(got))
	pairs := make([]pair, len(want))
	for i := range want {
		pairs[i] = pair{i, -1, false}
		if i < len(got) && !taken[i] && recorder.Same(got[i].Call, want[i].Call) {
			pairs[i], taken[i] = pair{i, i, true}, true
		}
	}
	for i := range want {
		for j := range got {
			if pairs[i].got < 0 && !taken[j] && recorder.Same(got[j].Call, want[i].Call) {
				pairs[i], taken[j] = pair{i, j, true}, true
			}
		}
	}
	for i := range want {
		if pairs[i].got >= 0 {
			continue
		}
		if j := nearest(want[i], got, taken); j >= 0 {
			pairs[i].got, taken[j] = j, true
		}
	}
	for j := range got {
		if !taken[j] {
			pairs = append(pairs, pair{-1, j, false})
		}
	}
	return pairs
}

// maxNearest bounds how many made calls a wanted one is held against.
const maxNearest = 20

// nearest returns the free call of the same task with the fewest differences,
// among the first ones.
func nearest(want recorder.Call, got []recorder.Call, taken []bool) int {
	best, fewest, tried := -1, 0, 0
	for j := 0; j < len(got) && tried < maxNearest; j++ {
		if taken[j] || got[j].Task != want.Task {
			continue
		}
		tried++
		if n := len(differences(want, got[j], "")); best < 0 || n < fewest {
			best, fewest = j, n
		}
	}
	return best
}

func (p pair) text(want, got []recorder.Call, pkg string) string {
	switch {
	case p.equal:
		return ""
	case p.got < 0:
		return fmt.Sprintf("call %d, %s: wanted, and not made\n", p.want+1, want[p.want].Task)
	case p.want < 0:
		return fmt.Sprintf("call %d, %s: made, and not wanted, at %s\n", p.got+1, got[p.got].Task, site(got[p.got]))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "call %d, %s, made at %s, differs:\n", p.got+1, got[p.got].Task, site(got[p.got]))
	for _, d := range differences(want[p.want], got[p.got], pkg) {
		name := d.path
		if name == "" {
			name = "(arguments)"
		}
		fmt.Fprintf(&b, "    %s\n        want %s\n        got  %s\n", name, indent(d.want), indent(d.got))
	}
	return b.String()
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n             ") }

// recordedText lists what was recorded under the run ID, or where else there
// is something.
func (r *Recorder) recordedText(runID string) string {
	all := r.rec.Calls(runID)
	if len(all) > 0 {
		r.show(all)
		return fmt.Sprintf("\nrecorded under %q:\n%s", runID, ledger(all, false))
	}
	counts := map[string]int{}
	for _, c := range r.rec.Calls("") {
		counts[c.RunID]++
	}
	if len(counts) == 0 {
		return "\nnothing was recorded in this test: was the code given rec.Context()?\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nnothing was recorded under %q; there is something under\n", runID)
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "    %q: %s\n", id, plural(counts[id], "call", "calls"))
	}
	return b.String()
}

const (
	maxArgs  = 100
	redacted = "[redacted]"
)

func shown(args any) []byte {
	plan, _, _ := redact.PlanOf(reflect.TypeOf(args))
	return plan.JSON(reflect.ValueOf(args))
}

// ledger lists calls, a line each, with their run IDs if they have several.
func ledger(calls []recorder.Call, runIDs bool) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i, c := range calls {
		args := []rune(string(shown(c.Args.Pointer())))
		if len(args) > maxArgs {
			args = append(args[:maxArgs], '…')
		}
		_, _ = fmt.Fprintf(w, "  %d\t", i+1)
		if runIDs {
			_, _ = fmt.Fprintf(w, "%s\t", c.RunID)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Task, c.Status+flags(c), site(c), string(args))
	}
	_ = w.Flush() // into memory
	return b.String()
}

func flags(c recorder.Call) string {
	text := ""
	if c.Async {
		text += ", async"
	}
	if w := when(c); w != "at once" {
		text += ", " + w
	}
	if c.Key != "" {
		text += fmt.Sprintf(", key %q", c.Key)
	}
	if c.BestEffort {
		text += ", best effort"
	}
	return text
}

// site is where the call's Run was, relative to the folder of the test where
// that is shorter.
func site(c recorder.Call) string {
	place := callsite.String(c.Caller)
	if folder, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(folder, place); err == nil && len(relative) < len(place) {
			return relative
		}
	}
	return place
}

// pasteText is the assertion that would have held.
func pasteText(runID string, got []recorder.Call, pkg string) string {
	var b strings.Builder
	b.WriteString("\nIf this is right, assert it with\n\n")
	if len(got) == 0 {
		fmt.Fprintf(&b, "\trec.Assert(%q)\n", runID)
		return b.String()
	}
	fmt.Fprintf(&b, "\trec.Assert(%q,\n", runID)
	for _, c := range got {
		fmt.Fprintf(&b, "\t\t%s,\n", strings.ReplaceAll(callSource(c, pkg), "\n", "\n\t\t"))
	}
	b.WriteString("\t)\n")
	if strings.Contains(b.String(), redacted) {
		b.WriteString("\nwith the real values of redacted fields, which are not shown.\n")
	}
	return b.String()
}
