package journal

import (
	"context"
	"errors"
	"time"
)

// Journal is where every call of every run is written down, recorded or executed.
// A runner has one in memory, unless it was given another.
//
// A Journal is safe for concurrent use. Package journal/journaltest tests what
// every implementation must do.
type Journal interface {
	// Write puts changes into the journal, in order. It may buffer them: once it
	// has returned nil, a later Query sees them, and they survive a clean exit.
	// It must not keep the slice. A runner calls it with a ctx that ends a second
	// after the ctx of its caller.
	Write(ctx context.Context, changes ...Change) error

	// Query returns one page of the entries that match q. A cursor that this
	// journal did not give out is an error.
	Query(ctx context.Context, q Query) (Page, error)

	// Prune deletes the entries of runs that began before the given time and
	// that have a final status, and returns how many. Of an entry that holds a
	// key it keeps ID, task, key, status and result; it empties such an entry
	// once, and counts it then.
	Prune(ctx context.Context, before time.Time) (int, error)

	// Claim gives the key of a task to the entry with this ID, unless another
	// entry holds it. It returns the ID of the holder, which is entryID if the
	// claim succeeded. It is atomic, also across processes that share the
	// journal. The entry may be written after its claim. A claim ends when its
	// holder is written with a final status that does not keep keys
	// ([Status.KeepsKey]), or is forgotten.
	Claim(ctx context.Context, task, key, entryID string) (holder string, err error)
}

// ErrKeysFull is returned by Claim of the in-memory journal when it holds 10,000
// keys. A call with a new key then fails, and does not execute.
var ErrKeysFull = errors.New("the in-memory journal holds as many keys as it can; use a journal on disk, such as journal/sqljournal")
