package store_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// quick is a pace for processes: the last one must be seen within Dead, even
// on a machine that is busy.
var quick = liveness.Pace{Renew: 200 * time.Millisecond, Dead: 3 * time.Second, Judge: 600 * time.Millisecond}

// startSleeper returns a process, outside of test mode, that is amid a sync
// call and has another one queued.
func startSleeper(t *testing.T, program, path, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, path, name, quick.Renew.String(), quick.Dead.String(), quick.Judge.String())
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if line := bufio.NewScanner(out); !line.Scan() {
		t.Fatalf("the process has said nothing: %v", line.Err())
	}
	return cmd
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // a second time does nothing
	_ = cmd.Wait()
}

// A process is killed amid a sync call while another is alive, which is not
// taken for dead. Then that one is killed too, and nobody is alive.
func TestProcessKilledAmidACall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sleeper.exe")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/sleeper").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	path := file(t)
	first, second := startSleeper(t, program, path, "first"), startSleeper(t, program, path, "second")
	reader, err := connectReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, reader)

	kill(first)
	waitForEnd(t, reader, "order.first")
	wantStatuses(t, reader, "order.second", journal.StatusQueued, journal.StatusRunning)

	kill(second)
	next, err := store.Open(liveness.WithPace(t.Context(), quick), path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, next)
	waitForEnd(t, reader, "order.second")
	for _, name := range []string{"first", "second"} {
		wantStatuses(t, reader, "order."+name, journal.StatusCancelled, journal.StatusInterrupted)
		if holder, err := next.Claim(t.Context(), "card.charge", name, "another"); err != nil || holder == "another" {
			t.Errorf("the interrupted call of %s has lost its key: %s, %v", name, holder, err)
		}
		if holder, err := next.Claim(t.Context(), "customer.remind", name, "another"); err != nil || holder != "another" {
			t.Errorf("the cancelled call of %s has kept its key: %s, %v", name, holder, err)
		}
	}
}

func under(t *testing.T, j journal.Journal, runID string) []journal.Entry {
	t.Helper()
	page, err := j.Query(t.Context(), journal.Query{RunID: runID, OldestFirst: true})
	if err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

func waitForEnd(t *testing.T, j journal.Journal, runID string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if !slices.ContainsFunc(under(t, j, runID), func(e journal.Entry) bool { return !e.Status.Final() }) {
			return
		}
	}
	t.Fatalf("a minute later, the calls of the dead process are %v", under(t, j, runID))
}

func wantStatuses(t *testing.T, j journal.Journal, runID string, want ...journal.Status) {
	t.Helper()
	var got []journal.Status
	for _, e := range under(t, j, runID) {
		got = append(got, e.Status)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the calls under %s are %v, want %v", runID, got, want)
	}
}
