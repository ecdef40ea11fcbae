package sqljournal

import (
	"testing"
	"testing/synctest"

	"github.com/saferunner/saferunner/journal"
)

// A call that has claimed a key is on disk when the Write that says that it is
// running returns. No other Write waits.
func TestCallWithAKeyIsWrittenBeforeItExecutes(t *testing.T) {
	for name, c := range map[string]struct {
		change journal.Change
		waits  bool
	}{
		"running":               {put("0", journal.StatusRunning), true},
		"queued":                {put("0", journal.StatusQueued), false},
		"done":                  {put("0", journal.StatusDone), false},
		"forgotten":             {journal.Forget("0"), false},
		"running without a key": {put("other", journal.StatusRunning), false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *stub, j *Journal) {
				wantHolderOfStub(t, j)
				free, full, wasFull := make(chan struct{}), false, false
				s.answer = func(query string) error {
					switch query {
					case "PRAGMA synchronous = FULL":
						full = true
					case "PRAGMA synchronous = NORMAL":
						full = false
					case "BEGIN IMMEDIATE":
						<-free
					case "COMMIT":
						wasFull = full
					}
					return nil
				}
				returned := make(chan error, 1)
				go func() { returned <- j.Write(t.Context(), c.change) }()
				synctest.Wait() // nothing can be committed
				if waits := len(returned) == 0; waits != c.waits {
					t.Errorf("Write waits: %t, want %t", waits, c.waits)
				}
				close(free)
				if err := <-returned; err != nil {
					t.Error(err)
				}
				if c.waits && s.log() != "key k 0" {
					t.Errorf("committed when Write returned: %s", s.log())
				}
				if err := j.Close(); err != nil {
					t.Error(err)
				}
				if wasFull != c.waits {
					t.Errorf("it was committed with synchronous=FULL: %t, want %t", wasFull, c.waits)
				}
			})
		})
	}
}

func wantHolderOfStub(t *testing.T, j *Journal) {
	t.Helper()
	if holder, err := j.Claim(t.Context(), "t", "k", "0"); err != nil || holder != "0" { // what the stub answers
		t.Fatalf("Claim: %s, %v", holder, err)
	}
}
