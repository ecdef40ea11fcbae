package sqljournal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// large is a change that holds about so many bytes.
func large(id string, bytes int) journal.Change {
	return journal.Put(journal.Entry{ID: id, Status: journal.StatusDone, Args: make([]byte, bytes)})
}

// The buffer is bounded by what the changes hold, and not by their number
// alone: one change at most goes beyond the bound.
func TestBufferIsBoundedByBytes(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		release := blocking(s)
		if err := j.Write(t.Context(), put("first", "done")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the writer has it
		const each = 5 << 20
		changes := make([]journal.Change, 250)
		for i := range changes {
			changes[i] = large(fmt.Sprint(i), each)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := j.Write(ctx, changes...)
		var taken int
		if err == nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Write of 250 changes of 5 MiB while nothing can be committed: %v; want the deadline", err)
		}
		if _, scanErr := fmt.Sscanf(err.Error(), "sqljournal: %d of 250 changes", &taken); scanErr != nil {
			t.Fatalf("Write: %v: %v", err, scanErr)
		}
		if held := taken * each; held < bufferBytes || held > bufferBytes+each {
			t.Errorf("%d changes of 5 MiB are held, which is %d MiB; want %d MiB and one change at most", taken, held>>20, bufferBytes>>20)
		}
		if _, err := j.Claim(ctx, "task", "k", "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Claim: %v, want the deadline", err)
		}
		waiting := make(chan error, 2)
		for _, id := range []string{"a", "b"} {
			go func() { waiting <- j.Write(t.Context(), put(id, "done")) }()
		}
		synctest.Wait()
		if len(waiting) != 0 {
			t.Error("a small change did not wait for room")
		}
		release()
		for range 2 {
			if err := <-waiting; err != nil {
				t.Errorf("Write once there is room: %v", err)
			}
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if got, want := len(strings.Fields(s.log())), 1+taken+2; got != want {
			t.Errorf("%d entries committed, want %d", got, want)
		}
		if j.buffer.bytes != 0 {
			t.Errorf("the buffer is empty, and counts %d bytes", j.buffer.bytes)
		}
	})
}

// A Write that waits for room when the journal is closed.
func TestWaitForBytesEndsWithTheJournal(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		release := blocking(s)
		if err := j.Write(t.Context(), large("huge", 2*bufferBytes)); err != nil { // there is room for one, however large
			t.Fatal(err)
		}
		waiting, closing := make(chan error), make(chan error)
		go func() { waiting <- j.Write(t.Context(), put("late", "done")) }()
		synctest.Wait()
		go func() { closing <- j.Close() }()
		if err := <-waiting; !errors.Is(err, ErrClosed) {
			t.Errorf("a Write that waits for room when Close is called: %v", err)
		}
		release()
		if err := <-closing; err != nil || s.log() != "huge" {
			t.Errorf("Close: %v; committed: %s", err, s.log())
		}
	})
}

// What is rendered for one commit is bounded, too.
func TestGroupIsBoundedByBytes(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		release := blocking(s)
		if err := j.Write(t.Context(), put("first", "done")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the writer has it
		for i := range 20 {
			if err := j.Write(t.Context(), large(fmt.Sprint(i), groupBytes/4)); err != nil {
				t.Fatal(err)
			}
		}
		release()
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if s.most < 2 || s.most > 4 {
			t.Errorf("at most %d changes of a quarter of a group were committed together, want 2 to 4", s.most)
		}
	})
}
