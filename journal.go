package saferunner

import (
	"context"
	"time"
)

// Journal is where every call of every run is written down, recorded or
// executed. [New] uses an in-memory one unless [WithJournal] names another.
//
// A Journal is safe for concurrent use. What every implementation must do is
// tested by journal/journaltest.
type Journal interface {
	// Write puts changes into the journal, in order. It may buffer them: what
	// it returned nil for must be seen by a later Query and survive a clean
	// exit. It must not keep the slice.
	Write(ctx context.Context, changes ...Change) error

	// Query returns one page of the entries that match q.
	Query(ctx context.Context, q Query) (Page, error)

	// Prune deletes entries that were written before the given time and
	// returns how many. It never deletes queued, running or held entries. Of
	// an entry that holds a key, its ID, task, key, status and result stay:
	// such an entry is emptied of everything else, and counted once.
	Prune(ctx context.Context, before time.Time) (int, error)

	// Claim gives (task, key) to the entry with this ID unless another holds
	// it, and returns the ID of the holder: entryID itself if the claim
	// succeeded. It is atomic, also across processes that share the journal.
	// The entry may be written after its claim. A claim ends when its holder
	// is written with a status that gives keys back (failed, skipped,
	// cancelled) or is forgotten.
	Claim(ctx context.Context, task, key, entryID string) (holder string, err error)
}

// Change is one call as it stands: a new entry, or a newer state of one. It
// is a small value that refers to the call. Entry renders it, which costs
// the JSON encoding of the arguments, so a journal that buffers calls it off
// the caller's path. Safe for concurrent use.
type Change struct {
	record *record
	forget bool
}

// Put returns the Change that writes e, replacing an entry with the same ID.
func Put(e Entry) Change {
	return Change{record: &record{exec: &execution{details: &details{entry: &e}}}}
}

// Forget returns the Change that deletes the entry with this ID, if there is
// one, and ends its claim on a key.
func Forget(id string) Change { return Change{record: Put(Entry{ID: id}).record, forget: true} }

// ID returns the ID of the entry.
func (c Change) ID() string { return c.record.id() }

// Forgets reports whether the entry is to be deleted.
func (c Change) Forgets() bool { return c.forget }

// Status returns the status of the call now.
func (c Change) Status() Status { return c.record.currentStatus() }

// Entry returns the call as it is now, which may be later than when the
// Change was made.
func (c Change) Entry() Entry { return c.record.render() }

// Query selects entries. The zero value selects all, newest first.
type Query struct {
	ID          string   // the entry with this ID
	RunID       string   // entries under this run ID
	Run         string   // entries of this run
	Task        string   // entries of this task
	Statuses    []Status // entries with one of these statuses; empty: any
	OldestFirst bool     // in the order in which they were written, instead of newest first
	Limit       int      // entries a page: 100 if it is not positive, at most MaxPage
	Cursor      string   // Next of the page before; empty: the first page
}

// MaxPage is the largest number of entries that one [Query] returns.
const MaxPage = 1000

const defaultPage = 100

// PageSize returns the number of entries that a page of q holds at most,
// for implementations of [Journal].
func (q Query) PageSize() int {
	if q.Limit <= 0 {
		return defaultPage
	}
	return min(q.Limit, MaxPage)
}

// Page is one answer to a [Query].
type Page struct {
	Entries []Entry
	Next    string // Cursor of the page that follows; empty at the end
	Dropped int    // how many entries the journal has dropped to stay within its bound
}
