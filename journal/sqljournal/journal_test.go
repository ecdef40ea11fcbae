package sqljournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner/journal"
)

var errBusy = errors.New("database is locked")

func put(id string, status journal.Status) journal.Change {
	return journal.Put(journal.Entry{ID: id, Status: status})
}

// failing makes the next n of these statements fail.
func failing(statement string, n int) func(string) error {
	return func(query string) error {
		if query == statement && n > 0 {
			n--
			return errBusy
		}
		return nil
	}
}

func TestFailedGroupIsRetried(t *testing.T) {
	for _, statement := range []string{"BEGIN IMMEDIATE", putSQL, "COMMIT"} {
		inBubble(t, func(t *testing.T, s *stub, j *Journal) {
			s.answer = failing(statement, 2)
			if err := j.Write(t.Context(), put("a", "done"), put("b", "done")); err != nil {
				t.Error(err)
			}
			start := time.Now()
			if err := j.Flush(t.Context()); err != nil {
				t.Errorf("Flush: %v", err)
			}
			if waited := time.Since(start); waited != 125*time.Millisecond {
				t.Errorf("it took %v to try three times, want 125ms", waited)
			}
			if err := j.Close(); err != nil || j.Lost() != 0 {
				t.Errorf("Close: %v, %d lost", err, j.Lost())
			}
			if s.log() != "a b" {
				t.Errorf("committed: %s", s.log())
			}
		})
	}
}

func TestLostGroupIsReportedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		together, commits := make(chan struct{}), 0
		s.answer = func(query string) error {
			if query == "BEGIN IMMEDIATE" {
				<-together
			}
			if query == "COMMIT" {
				if commits++; 2 <= commits && commits <= 5 { // of the second group, with its retries
					return errBusy
				}
			}
			return nil
		}
		if err := j.Write(t.Context(), put("first", "done")); err != nil {
			t.Error(err)
		}
		synctest.Wait() // the writer has it
		if err := j.Write(t.Context(), put("a", "done"), put("b", "done")); err != nil {
			t.Error(err)
		}
		close(together)
		time.Sleep(time.Second)
		err := j.Write(t.Context(), put("c", "done"))
		if !errors.Is(err, errBusy) || !strings.Contains(err.Error(), "lost 2 of") {
			t.Errorf("the next Write: %v; want that 2 are lost, and why", err)
		}
		if err := j.Close(); err != nil || j.Lost() != 2 {
			t.Errorf("Close: %v, %d lost; want no error, since it was reported, and 2", err, j.Lost())
		}
		if s.log() != "first c" {
			t.Errorf("committed: %s, want what was written by the Write that reported the loss", s.log())
		}
	})
}

func TestEntryThatCannotBeEncodedIsLostAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		bad := journal.Entry{ID: "bad", Attempts: []journal.Attempt{{Started: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}}}
		if err := j.Write(t.Context(), put("a", "done"), journal.Put(bad), put("b", "done")); err != nil {
			t.Error(err)
		}
		if err := j.Close(); err == nil || !strings.Contains(err.Error(), "entry bad") || j.Lost() != 1 {
			t.Errorf("Close: %v, %d lost; want the ID, and 1", err, j.Lost())
		}
		if s.log() != "a b" {
			t.Errorf("committed: %s", s.log())
		}
	})
}

func TestZeroChangeIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		err := j.Write(t.Context(), put("a", "done"), journal.Change{})
		if err == nil || !strings.Contains(err.Error(), "change 2 of 2") {
			t.Errorf("Write of a zero Change: %v", err)
		}
		if err := j.Close(); err != nil || s.log() != "" {
			t.Errorf("Close: %v; committed: %s; want nothing", err, s.log())
		}
	})
}

// blocking stops the writer at its next transaction, until release is called.
func blocking(s *stub) (release func()) {
	blocked := make(chan struct{})
	s.answer = func(query string) error {
		if query == "BEGIN IMMEDIATE" {
			<-blocked
		}
		return nil
	}
	return func() { close(blocked) }
}

func TestFullBufferMakesWriteWait(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		release := blocking(s)
		if err := j.Write(t.Context(), put("first", "done")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the writer has it
		changes := make([]journal.Change, bufferSize+10)
		for i := range changes {
			changes[i] = put(fmt.Sprint(i), "done")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := j.Write(ctx, changes...)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), fmt.Sprintf("%d of %d changes", bufferSize, len(changes))) {
			t.Errorf("Write to a full buffer: %v; want the deadline, and how many were written", err)
		}

		waiting := make(chan error)
		go func() { waiting <- j.Write(t.Context(), put("last", "done")) }()
		synctest.Wait()
		select {
		case err := <-waiting:
			t.Fatalf("Write did not wait for room: %v", err)
		default:
		}
		closing := make(chan error)
		go func() { closing <- j.Close() }()
		if err := <-waiting; !errors.Is(err, ErrClosed) {
			t.Errorf("a Write that waits for room when Close is called: %v", err)
		}
		if _, err := j.Query(t.Context(), journal.Query{}); !errors.Is(err, ErrClosed) {
			t.Errorf("a Query while Close waits for the writer: %v", err)
		}
		release()
		if err := <-closing; err != nil {
			t.Errorf("Close: %v", err)
		}
		want := bufferSize + 1 // first, and the buffer
		if got := len(strings.Fields(s.log())); got != want {
			t.Errorf("%d entries committed, want %d", got, want)
		}
	})
}

// live is a call that counts how often it is rendered.
type live struct{ rendered atomic.Int32 }

func (l *live) EntryID(int) string        { return "live" }
func (l *live) Size(int) int64            { return 0 }
func (l *live) Status(int) journal.Status { return journal.StatusRunning }
func (l *live) Entry(int) journal.Entry {
	l.rendered.Add(1)
	return journal.Entry{ID: "live", Status: journal.StatusRunning}
}

// An entry is rendered by the writer, once for all changes that are committed
// together.
func TestEntryIsRenderedWhenItIsCommitted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		release := blocking(s)
		if err := j.Write(t.Context(), put("first", "done")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the writer has it
		call := &live{}
		for range 5 {
			if err := j.Write(t.Context(), journal.Of(call, 0)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n := call.rendered.Load(); n != 0 {
			t.Errorf("rendered %d times by Write", n)
		}
		release()
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		if n := call.rendered.Load(); n != 1 || s.log() != "first live" {
			t.Errorf("rendered %d times, committed %q", n, s.log())
		}
	})
}

func TestGivenUpOperationDoesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		release := blocking(s)
		if err := j.Write(t.Context(), put("a", "done")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := j.Claim(ctx, "task", "k", "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Claim: %v, want the deadline", err)
		}
		if err := j.perform(ctx, func() { t.Error("an operation that was given up is done") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("perform: %v, want the deadline", err)
		}
		inTime, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := j.perform(inTime, func() { t.Error("an operation that was given up in the queue is done") })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("perform: %v, want the deadline", err)
		}
		release()
		if err := j.Close(); err != nil || s.log() != "a" {
			t.Errorf("Close: %v; committed: %q; want no claim", err, s.log())
		}
	})
}

// A claim that waits for another process's lock, beyond its deadline.
func TestClaimAfterItsDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stub, j *Journal) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s.answer = func(query string) error {
			if query == "BEGIN IMMEDIATE" {
				time.Sleep(2 * time.Minute)
			}
			return nil
		}
		if _, err := j.Claim(ctx, "task", "k", "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Claim: %v, want the deadline", err)
		}
		if err := j.Close(); err != nil || s.log() != "" {
			t.Errorf("Close: %v; committed: %q; want no claim", err, s.log())
		}
	})
}

func TestFailedOpenGivesTheConnectionBack(t *testing.T) {
	for _, statement := range []string{"PRAGMA busy_timeout = 5000", "BEGIN IMMEDIATE", "COMMIT"} {
		synctest.Test(t, func(t *testing.T) {
			db := sql.OpenDB(&stub{answer: failing(statement, 100)})
			defer func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}()
			if _, err := Open(t.Context(), db); !errors.Is(err, errBusy) {
				t.Errorf("Open where %s fails: %v", statement, err)
			}
			if n := db.Stats().InUse; n != 0 {
				t.Errorf("Open where %s fails: %d connections are still in use", statement, n)
			}
		})
	}
}

func TestCollapse(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes []journal.Change
		want    []string // ID and status, "gone" if it forgets
	}{
		{"nothing", nil, nil},
		{"different entries", []journal.Change{put("a", "done"), put("b", "done")}, []string{"a done", "b done"}},
		{"the last state",
			[]journal.Change{put("a", "queued"), put("b", "done"), put("a", "running"), put("a", "done")}, []string{"a done", "b done"}},
		{"a failure gives the key back, whatever follows",
			[]journal.Change{put("a", "failed"), put("a", "queued"), put("a", "running")}, []string{"a failed", "a running"}},
		{"forgotten", []journal.Change{put("a", "done"), journal.Forget("a")}, []string{"a gone"}},
		{"forgotten, then new", []journal.Change{journal.Forget("a"), put("b", "done"), put("a", "done")}, []string{"a gone", "b done", "a done"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range collapse(slices.Clone(test.changes)) {
				if c.Forgets() {
					got = append(got, c.ID()+" gone")
				} else {
					got = append(got, c.ID()+" "+string(c.Status()))
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
