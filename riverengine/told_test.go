package riverengine

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// endsProgram returns what runs testdata/ends outside of test mode, and
// returns what it printed, sorted.
func endsProgram(t *testing.T) func(args ...string) []string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ends.exe")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/ends").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return func(args ...string) []string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		slices.Sort(lines)
		return lines
	}
}

// onBothByName runs a test with the name of a database of either kind.
func onBothByName(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+testFile(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, testDatabase(t)) })
}

const nilPointer = "runtime error: invalid memory address or nil pointer dereference"

// OnFailure is told of a call once its end is in the journal, with a ctx that
// goes on, also if the methods of the task's error panic. It is not told of a call
// that goes back into the queue.
func TestOnFailureComesAfterTheEnd(t *testing.T) {
	run := endsProgram(t)
	onBothByName(t, func(t *testing.T, dsn string) {
		want := []string{
			"end.cancelled cancelled journal cancelled attempt 0 of 0 error  trace t1 live true true",
			"end.cancelled cancelled journal cancelled attempt 1 of 1 error context canceled trace t1 live true true",
			"end.cut interrupted journal interrupted attempt 1 of 1 error context canceled trace t1 live true true",
			"end.nil failed journal failed attempt 1 of 1 error *fs.PathError, whose Error method panics: " + nilPointer + " trace t1 live true true",
			"end.nilwrapped failed journal failed attempt 1 of 1 error upload: %!v(PANIC=Error method: " + nilPointer + ") trace t1 live true true",
			"end.panicking failed journal failed attempt 2 of 2 error main.panics, whose Error method panics: in Error trace t1 live true true",
			"end.permanent failed journal failed attempt 1 of 1 error no such card trace t1 live true true",
			"end.slow failed journal failed attempt 1 of 1 error context deadline exceeded trace t1 live true true",
		}
		if got := run(dsn); !slices.Equal(got, want) {
			t.Errorf("OnFailure was told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// The process that finds the call of a dead one tells OnFailure of it.
func TestOnFailureOfLostCall(t *testing.T) {
	run := endsProgram(t)
	onBothByName(t, func(t *testing.T, dsn string) {
		run(dsn, "queue")
		e, err := openForTest(t.Context(), dsn)
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			e, err = openTestFile(t, path), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		strand(t, e)
		want := "end.found interrupted journal interrupted attempt 1 of 1 error " + lostText + " trace t1 live true true"
		if got := run(dsn, "1"); !slices.Equal(got, []string{want}) {
			t.Errorf("OnFailure was told %q, want %q", got, want)
		}
	})
}

// The engine tells of each call that it ends without a handler, once, and logs it.
func TestTell(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		type told struct {
			entry  string
			status journal.Status
		}
		var log logged
		e, heard := open(Logger(log.logger())), make(chan told, 20)
		e.Tell(func(ctx context.Context, d engine.Delivery, end engine.Ending) {
			entry := entryOf(t, e, d.EntryID)
			if entry.Status != end.Status || d.RunID != entry.RunID || d.Task.Name != entry.Task || end.Error == "" {
				t.Errorf("told of %+v and %+v, the journal has %+v", d, end, entry)
			}
			heard <- told{d.EntryID, end.Status}
		})
		lost := submit(t, e, engine.Job{Task: quick}).Jobs[0].EntryID
		strand(t, e)
		cancelled := submit(t, e, engine.Job{Task: note, NotBefore: time.Now().Add(time.Hour)}).Jobs[0].EntryID
		for range 2 {
			if _, err := e.Cancel(t.Context(), cancelled); err != nil {
				t.Fatal(err)
			}
		}
		bad := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
		if _, err := e.db.read().exec(t.Context(), "UPDATE @river_job SET metadata = "+spoiltCall(e)+" WHERE metadata->>'entry' = $1", bad); err != nil {
			t.Fatal(err)
		}
		works(t, e, nothing, note)
		got := map[told]int{}
		for range 3 {
			select {
			case h := <-heard:
				got[h]++
			case <-time.After(30 * time.Second):
				t.Fatalf("told of %v", got)
			}
		}
		want := map[told]int{{lost, journal.StatusInterrupted}: 1, {cancelled, journal.StatusCancelled}: 1, {bad, journal.StatusFailed}: 1}
		if len(heard) > 0 || !maps.Equal(got, want) {
			t.Errorf("told of %v, want %v", got, want)
		}
		for h := range want {
			if text := log.String(); !strings.Contains(text, "async call "+string(h.status)) || strings.Count(text, "entry="+h.entry) != 1 {
				t.Errorf("the log says of %v: %s", h, text)
			}
		}
	})
}

// spoiltCall is what no worker can read.
func spoiltCall(e *Engine) string {
	if _, ok := e.db.(*sqliteDB); ok {
		return `jsonb_set(metadata, '$.call', '?')`
	}
	return `jsonb_set(metadata, '{call}', '"?"')`
}
