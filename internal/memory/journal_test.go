package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/leaktest"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var task = &record.Task{Spec: engine.TaskSpec{Name: "some.task"}, Again: func(kept any) any { return kept }}

// arguments are those of calls that nobody executes.
type arguments struct{ record.Arguments }

func (arguments) Task() *record.Task                              { return task }
func (arguments) Shown() json.RawMessage                          { return json.RawMessage(`1`) }
func (arguments) Invoke(context.Context, gate.Pass) (any, error)  { panic("not executed here") }
func (a arguments) Copy() (dup record.Arguments, _ int64, _ bool) { return a, 0, false }

// newRun makes a run of n calls with arguments of so many bytes. Every third
// call is async, every second key comes again in the next run.
func newRun(n int, bytes int64, number int) *record.Run {
	r := &record.Run{}
	r.Init(make([]record.Call, n), make([]record.History, n))
	for i := range r.Calls {
		o := &record.Options{Async: i%3 == 2}
		if i%4 == 1 {
			o.Keyed, o.Key = true, fmt.Sprint(number/2, ".", i)
		}
		r.SetCall(i, arguments{}, bytes, o)
	}
	return r
}

// held is what a journal holds, counted one by one.
func (j *Journal) held() (calls int, bytes int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.runs[j.first:] {
		calls += len(r.Calls) - r.Dropped()
		bytes += r.Held()
	}
	for _, w := range j.entries.sorted {
		if !w.stub {
			calls++
			bytes += journal.Put(w.entry).Size()
		}
	}
	return calls, bytes
}

func (j *Journal) wantCounted(t *testing.T, after string) {
	t.Helper()
	calls, bytes := j.held()
	if calls != j.calls || bytes != j.bytes {
		t.Fatalf("after %s it holds %d calls of %d bytes, and counts %d of %d", after, calls, bytes, j.calls, j.bytes)
	}
	if (j.calls > j.maxEntries || j.bytes > j.maxBytes) && len(j.runs)-j.first > 1 {
		t.Fatalf("after %s it counts %d calls of %d bytes, of %d of %d, in %d runs", after, j.calls, j.bytes, j.maxEntries, j.maxBytes, len(j.runs)-j.first)
	}
}

// world is a journal with runs that go on.
type world struct {
	j    *Journal
	rand *rand.Rand
	live []*record.Run
	ids  []string
	n    int
}

func (w *world) text() string { return strings.Repeat("x", w.rand.IntN(300)) }

// begin puts a run in, whose sync calls end at once.
func (w *world) begin() {
	n := 1 + w.rand.IntN(9)
	if w.rand.IntN(20) == 0 {
		n = 200
	}
	w.n++
	r := newRun(n, int64(w.rand.IntN(2000)), w.n)
	waiter := &record.Waiter{}
	for i := range r.Calls {
		w.ids = append(w.ids, r.EntryID(i))
		if r.Key(i) != "" {
			if holder, err := w.j.ClaimRun(context.Background(), r, i); err != nil || holder != r.EntryID(i) {
				r.Settle(i, journal.StatusDuplicate)
				continue
			}
		}
		switch {
		case r.Calls[i].Options.Async:
			r.Settle(i, journal.StatusQueued)
			r.Queue(1, waiter)
		case w.rand.IntN(5) == 0:
			r.Fail(i, engine.Ending{Status: journal.StatusFailed, Error: w.text() + "!"})
		case w.rand.IntN(5) == 0:
			r.Answer(i, &record.Kept{Value: 1, Bytes: int64(w.rand.IntN(1000))})
			r.Settle(i, journal.StatusStubbed)
		default:
			r.Begin(i, 0)
		}
	}
	w.j.PutRun(r)
	for i := range r.Calls {
		if !r.Calls[i].Options.Async && r.Status(i) == journal.StatusRunning {
			e := w.ending(false)
			r.End(i, &e, w.kept())
			w.j.Grew(r)
		}
	}
	w.j.Grew(r)
	if r.Ended(1) {
		w.j.Ended(r, 0, n)
	}
	w.live = append(w.live, r)
}

func (w *world) kept() *record.Kept {
	if w.rand.IntN(2) == 0 {
		return nil
	}
	return &record.Kept{Value: 1, Bytes: int64(w.rand.IntN(5000))}
}

func (w *world) ending(again bool) engine.Ending {
	switch {
	case again && w.rand.IntN(3) > 0:
		return engine.Ending{Status: journal.StatusQueued, Counts: w.rand.IntN(2) == 0, Error: w.text() + "!", Stack: w.text()}
	case w.rand.IntN(2) == 0:
		return engine.Ending{Status: journal.StatusFailed, Counts: true, Error: w.text() + "!", Stack: w.text()}
	}
	return engine.Ending{Status: journal.StatusDone, Counts: true}
}

// goOn lets an async call of a run take a step.
func (w *world) goOn() {
	if len(w.live) == 0 {
		return
	}
	r := w.live[w.rand.IntN(len(w.live))]
	i := w.rand.IntN(len(r.Calls))
	if !r.Calls[i].Options.Async {
		return
	}
	tell := func() {
		w.j.Grew(r)
		if r.Tell(i, r.Status(i), nil, nil) {
			w.j.Ended(r, i, i+1)
		}
	}
	switch r.Status(i) {
	case journal.StatusQueued:
		if w.rand.IntN(6) == 0 {
			r.Cancel(i, engine.Ending{Status: journal.StatusCancelled, Error: w.text() + "!"})
			tell()
			return
		}
		r.Take(i, journal.StatusQueued, "")
	case journal.StatusRunning:
		if w.rand.IntN(6) == 0 {
			r.Interrupt(i, engine.Ending{Status: journal.StatusInterrupted, Error: "gone"})
			tell()
			return
		}
		e := w.ending(true)
		var kept *record.Kept
		if e.Status == journal.StatusDone {
			kept = w.kept()
		}
		r.Conclude(i, &e, kept)
		if w.j.Grew(r); e.Status.Final() {
			tell()
		}
	case journal.StatusInterrupted:
		e := w.ending(false)
		r.Conclude(i, &e, nil)
		w.j.Grew(r)
	}
}

func (w *world) id() string { return w.ids[w.rand.IntN(len(w.ids))] }

// write puts entries in, new ones and those of calls of runs.
func (w *world) write(t *testing.T) {
	id := fmt.Sprintf("%020d", w.rand.IntN(30))
	if w.rand.IntN(2) == 0 {
		id = w.id()
	}
	statuses := append(journal.FinalStatuses(), journal.StatusQueued, journal.StatusRunning)
	e := journal.Entry{ID: id, RunID: "r", Task: "some.task", Status: statuses[w.rand.IntN(len(statuses))], Args: json.RawMessage(`"` + w.text() + `"`), Key: w.text()}
	if err := w.j.Write(t.Context(), journal.Put(e)); err != nil {
		t.Fatal(err)
	}
}

// However calls come, go on, grow, are dropped and forgotten, what the journal
// counts is what it holds, and that stays within the bounds.
func TestCountsWhatItHolds(t *testing.T) {
	for seed := range uint64(60) {
		w := &world{j: New(50, 100<<10), rand: rand.New(rand.NewPCG(seed, 1))}
		w.begin()
		for range 400 {
			after := ""
			switch op := w.rand.IntN(100); {
			case op < 30:
				after = "a run"
				w.begin()
			case op < 80:
				after = "a step"
				w.goOn()
			case op < 94:
				after = "Write"
				w.write(t)
			case op < 96:
				after = "Forget"
				if err := w.j.Write(t.Context(), journal.Forget(w.id())); err != nil {
					t.Fatal(err)
				}
			case op < 97:
				after = "Prune"
				if _, err := w.j.Prune(t.Context(), time.Now()); err != nil {
					t.Fatal(err)
				}
			case op < 99:
				after = "ClearStatuses"
				w.j.ClearStatuses(journal.StatusStubbed, journal.StatusSkipped)
			default:
				after = "Clear"
				w.j.Clear()
			}
			w.j.wantCounted(t, after)
		}
		w.wantFound(t)
	}
}

// wantFound asks for every ID: the answer is that of a look at everything.
func (w *world) wantFound(t *testing.T) {
	t.Helper()
	all := map[string]journal.Entry{}
	for cursor := ""; ; {
		page, err := w.j.Query(t.Context(), journal.Query{Limit: journal.MaxPage, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			all[e.ID] = e
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for _, id := range append(w.ids, "", "no ID", strings.Repeat("z", 20), strings.Repeat("0", 20), strings.Repeat("u", 20)) {
		page, err := w.j.Query(t.Context(), journal.Query{ID: id, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		want, is := all[id]
		if id == "" {
			continue // any entry
		}
		if is != (len(page.Entries) == 1) || is && (page.Entries[0].ID != id || page.Entries[0].Status != want.Status) {
			t.Errorf("asked for %q it returns %v, it holds %v", id, page.Entries, want)
		}
	}
}

// What one Write costs does not depend on how much the journal holds, in
// whatever order entries come, change and are dropped.
func TestWriteIsNotLinear(t *testing.T) {
	const large = 100_000
	cost := func(size int, id func(i int) string) time.Duration {
		j := New(size, 1<<40)
		for i := range size {
			if err := j.Write(t.Context(), journal.Put(journal.Entry{ID: fmt.Sprintf("%020d", i), Status: journal.StatusDone})); err != nil {
				t.Fatal(err)
			}
		}
		best := time.Hour
		for range 5 {
			start := time.Now()
			for i := range 1000 {
				if err := j.Write(t.Context(), journal.Put(journal.Entry{ID: id(i), Status: journal.StatusDone})); err != nil {
					t.Fatal(err)
				}
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	for name, id := range map[string]func(i int) string{
		"the oldest anew": func(int) string { return fmt.Sprintf("%020d", 1) },
		"a new one":       func(i int) string { return fmt.Sprintf("%020d", large+i) },
	} {
		if few, many := cost(100, id), cost(large, id); many > 10*few {
			t.Errorf("%s: 1000 writes take %s with 100 entries, %s with %d", name, few, many, large)
		}
	}
}

func TestEntriesWrittenAgainAndAgainTakeNoMore(t *testing.T) {
	j := New(100, 1<<20)
	for i := range 10_000 {
		if err := j.Write(t.Context(), journal.Put(journal.Entry{ID: fmt.Sprint(i % 10), Status: journal.StatusDone})); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(j.entries.ended); n > 100 {
		t.Errorf("%d remembered for 10 entries", n)
	}
}
