package journal

// Query selects entries: those that match all fields that are set. The zero Query
// selects all entries. The order is that of their IDs, the greatest first, which is
// the newest.
type Query struct {
	ID          string   // the entry with this ID
	RunID       string   // entries under this run ID
	Run         string   // entries of this run
	Task        string   // entries of this task
	Statuses    []Status // entries with one of these statuses; empty: any
	OldestFirst bool     // the least ID first, instead of the greatest
	Limit       int      // entries a page: 100 if it is not positive, at most MaxPage
	Cursor      string   // Next of the page before; empty: the first page
}

// MaxPage is the largest number of entries that one [Query] returns.
const MaxPage = 1000

const defaultPage = 100

// PageSize returns how many entries a page of q holds at most. It is for
// implementations of [Journal].
func (q Query) PageSize() int {
	if q.Limit <= 0 {
		return defaultPage
	}
	return min(q.Limit, MaxPage)
}

// Page is the answer to a [Query].
type Page struct {
	Entries []Entry
	Next    string // Cursor of the next page; empty on the last one
	Dropped int    // how many entries the journal has dropped so far to stay within its bounds
}
