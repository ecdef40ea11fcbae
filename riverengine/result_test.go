package riverengine

import (
	"context"
	"fmt"
	"testing"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// beyondJSONB is JSON that Postgres does not hold in a jsonb, or not as it is.
var beyondJSONB = []string{
	`"a\ud83db"`, `{"deep":["\uDE00\uD83D"]}`, `1e200000`, `[-1.5E-20000]`, `"a\u0000b"`, "\"\\\\ud83d\"", `{"b":1,"a":1.50,"a":2e1}`,
}

// The journal has a result as the call returned it, whatever it is, and the
// worker goes on.
func TestResults(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		results := append([]string{`"text"`, `null`, `0`, `{"void":null,"deep":{"void":null,"tag":"<é>"},"list":[null]}`}, beyondJSONB...)
		e := open()
		handles(t, e, func(_ context.Context, d engine.Delivery) engine.Ending { return withResult(results[d.Position]) }, note)
		jobs := make([]engine.Job, len(results))
		for i := range jobs {
			jobs[i].Task = note
		}
		b := submit(t, e, jobs...)
		for i, want := range results {
			if entry := becomes(t, e, b.Jobs[i].EntryID, journal.StatusDone); string(entry.Result) != want {
				t.Errorf("result %s, want %s", entry.Result, want)
			}
		}
	})
}

// An attempt shows its own error and stack, and none of the ones before it.
func TestAttemptsOfTheirOwn(t *testing.T) {
	ends := []engine.Ending{
		{Error: "first", Stack: "stack of the first"}, {Error: "second"}, {Stack: "stack of the third"}, {},
	}
	for i := range ends {
		ends[i].Status, ends[i].Counts = journal.StatusQueued, true
	}
	ends[len(ends)-1].Status = journal.StatusFailed
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		handles(t, e, func(_ context.Context, d engine.Delivery) engine.Ending { return ends[d.Attempt-1] }, note)
		entry := becomes(t, e, submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID, journal.StatusFailed)
		got := ""
		for _, a := range entry.Attempts {
			got += fmt.Sprintf("%q %q\n", a.Error, a.Stack)
		}
		if want := "\"first\" \"stack of the first\"\n\"second\" \"\"\n\"\" \"stack of the third\"\n\"\" \"\"\n"; got != want {
			t.Errorf("attempts\n%swant\n%s", got, want)
		}
	})
}
