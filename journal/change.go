package journal

// Source is where a [Change] finds its call: a run, whose calls are numbered
// from 0. Only engines and runners implement it. It is safe for concurrent
// use.
type Source interface {
	EntryID(i int) string
	Status(i int) Status
	Entry(i int) Entry
}

// Change is one call as it stands: a new entry, or a newer state of one. It
// is a small value that refers to the call. Entry renders it, which costs
// the JSON encoding of the arguments, so a journal that buffers calls it off
// the caller's path. Nothing in a Change leads back to the call or to its
// secrets. Safe for concurrent use.
type Change struct {
	source Source
	at     int
	forget bool
}

// Of returns the Change that writes call i of s as it stands.
func Of(s Source, i int) Change { return Change{source: s, at: i} }

// Put returns the Change that writes e, replacing an entry with the same ID.
func Put(e Entry) Change { return Change{source: &fixed{e}} }

// Forget returns the Change that deletes the entry with this ID, if there is
// one, and ends its claim on a key.
func Forget(id string) Change { return Change{source: &fixed{Entry{ID: id}}, forget: true} }

// ID returns the ID of the entry.
func (c Change) ID() string { return c.source.EntryID(c.at) }

// Forgets reports whether the entry is to be deleted.
func (c Change) Forgets() bool { return c.forget }

// Status returns the status of the call now.
func (c Change) Status() Status { return c.source.Status(c.at) }

// Entry returns the call as it is now, which may be later than when the
// Change was made.
func (c Change) Entry() Entry { return c.source.Entry(c.at) }

// fixed is the Source of a single entry.
type fixed struct{ entry Entry }

func (f *fixed) EntryID(int) string { return f.entry.ID }
func (f *fixed) Status(int) Status  { return f.entry.Status }
func (f *fixed) Entry(int) Entry    { return f.entry }
