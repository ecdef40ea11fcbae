package riverengine

import (
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// A text that Postgres cannot keep is nobody's, and not that of an entry whose
// text is like it.
func TestQueryForUnkeptText(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		const like = "a\ufffdb"
		put := journal.Put(journal.Entry{ID: like, RunID: like, Run: like, Task: like, Status: like, At: time.Now()})
		if err := e.Journal().Write(t.Context(), put); err != nil {
			t.Fatal(err)
		}
		find := func(q journal.Query) int {
			page, err := e.Journal().Query(t.Context(), q)
			if err != nil {
				t.Errorf("%+v: %v", q, err)
			}
			return len(page.Entries)
		}
		for text, want := range map[string]int{like: 1, "a\xffb": 0, "a\x00b": 0} {
			status := journal.Status(text)
			for _, q := range []journal.Query{
				{ID: text}, {Run: text}, {Task: text}, {Statuses: []journal.Status{status}}, {Task: text, Statuses: []journal.Status{status}},
			} {
				if n := find(q); n != want {
					t.Errorf("%+v: %d entries, want %d", q, n, want)
				}
			}
			if n := find(journal.Query{Statuses: []journal.Status{status, like}}); n != 1 {
				t.Errorf("with one more status than %q: %d entries", text, n)
			}
			find(journal.Query{Cursor: journal.CursorAfter(text)})
			if done, err := e.Cancel(t.Context(), text); done || err != nil {
				t.Errorf("Cancel of %q: %v, %v", text, done, err)
			}
		}
		// A zero byte in a run ID is written as it is looked for.
		for text, want := range map[string]int{like: 1, "a\xffb": 0, "a\x00b": 1} {
			if n := find(journal.Query{RunID: text}); n != want {
				t.Errorf("run ID %q: %d entries, want %d", text, n, want)
			}
		}
	})
}
