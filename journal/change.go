package journal

// Source is a run, where a [Change] finds its call. The calls of a run are
// numbered from 0. Runners and engines implement Source; journals get it in a
// Change. A Source is safe for concurrent use.
type Source interface {
	// EntryID returns the ID of the entry of call i. It does not change.
	EntryID(i int) string
	// Status returns where call i stands now.
	Status(i int) Status
	// Entry renders the entry of call i as it is now.
	Entry(i int) Entry
	// Size returns about how many bytes of memory call i takes now.
	Size(i int) int64
}

// Change tells a [Journal] of one call: that its entry is new, is different or is
// to be deleted. It is a small value that refers to the call.
//
// [Change.Entry] renders the entry, which costs the JSON encoding of the arguments.
// A journal that buffers changes calls it off the path of the caller. Nothing in a
// Change or its entry leads to the values of redacted fields. A Change is safe for
// concurrent use.
type Change struct {
	source Source
	at     int
	forget bool
}

// Of returns the Change that writes call i of s.
func Of(s Source, i int) Change { return Change{source: s, at: i} }

// Put returns the Change that writes e. It replaces an entry with the same ID.
func Put(e Entry) Change { return Change{source: &fixed{e}} }

// Forget returns the Change that deletes the entry with this ID, if there is one,
// and frees the key that it holds.
func Forget(id string) Change { return Change{source: &fixed{Entry{ID: id}}, forget: true} }

// ID returns the ID of the entry.
func (c Change) ID() string { return c.source.EntryID(c.at) }

// Forgets reports whether the entry is to be deleted.
func (c Change) Forgets() bool { return c.forget }

// Status returns the status of the call now. It costs much less than Entry.
func (c Change) Status() Status { return c.source.Status(c.at) }

// Entry returns the entry of the call as it is now, which may be newer than the
// Change.
func (c Change) Entry() Entry { return c.source.Entry(c.at) }

// Size returns about how many bytes of memory the call takes now. It costs much less
// than Entry. A journal that buffers changes bounds what they hold by it.
func (c Change) Size() int64 { return c.source.Size(c.at) }

// fixed is the Source of a single entry.
type fixed struct{ entry Entry }

func (f *fixed) EntryID(int) string { return f.entry.ID }
func (f *fixed) Status(int) Status  { return f.entry.Status }
func (f *fixed) Entry(int) Entry    { return f.entry }

func (f *fixed) Size(int) int64 {
	const rest = 512 // what an entry takes beside its texts
	e := &f.entry
	bytes := rest + len(e.RunID) + len(e.Task) + len(e.Args) + len(e.Key) + len(e.Result) + len(e.Caller) + len(e.Scope)
	for _, a := range e.Attempts {
		bytes += len(a.Error) + len(a.Stack) + len(a.Worker)
	}
	return int64(bytes)
}
