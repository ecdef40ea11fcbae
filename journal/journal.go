package journal

import (
	"context"
	"errors"
	"time"
)

// Journal is where every call of every run is written down, recorded or
// executed. A runner uses one in memory unless it is given another.
//
// A Journal is safe for concurrent use. What every implementation must do is
// tested by package journal/journaltest.
type Journal interface {
	// Write puts changes into the journal, in order. It may buffer them: what
	// it returned nil for must be seen by a later Query and survive a clean
	// exit. It must not keep the slice.
	Write(ctx context.Context, changes ...Change) error

	// Query returns one page of the entries that match q. A cursor that this
	// journal did not give out is an error.
	Query(ctx context.Context, q Query) (Page, error)

	// Prune deletes the entries of runs that began before the given time, and
	// returns how many. It deletes only those with a final status. Of an entry
	// that holds a key, its ID, task, key, status and result stay: such an
	// entry is emptied of everything else, and counted once.
	Prune(ctx context.Context, before time.Time) (int, error)

	// Claim gives (task, key) to the entry with this ID unless another holds
	// it, and returns the ID of the holder: entryID itself if the claim
	// succeeded. It is atomic, also across processes that share the journal.
	// The entry may be written after its claim. A claim ends when its holder
	// is written with a status that gives keys back ([Status.KeepsKey]) or is
	// forgotten.
	Claim(ctx context.Context, task, key, entryID string) (holder string, err error)
}

// ErrKeysFull is the cause when a call with a key was not executed because
// the in-memory journal holds as many keys as it can: 10,000.
var ErrKeysFull = errors.New("the in-memory journal holds as many keys as it can; use a journal on disk, such as journal/sqljournal")
