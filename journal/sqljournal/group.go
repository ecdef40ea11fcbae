package sqljournal

import "github.com/saferunner/saferunner/journal"

// collapse drops the changes that a later one in the group makes void. It
// changes the slice.
func collapse(group []journal.Change) []journal.Change {
	if len(group) < 2 {
		return group
	}
	place := make(map[string]int, len(group))
	kept := group[:0]
	for _, c := range group {
		i, seen := place[c.ID()]
		if seen && !ends(kept[i]) {
			kept[i] = c
			continue
		}
		place[c.ID()] = len(kept)
		kept = append(kept, c)
	}
	return kept
}

// ends reports whether the change does something that a later change of the
// same entry does not make void: it deletes the entry, or ends its claim.
func ends(c journal.Change) bool { return c.Forgets() || givesKeyBack(c.Status()) }

// givesKeyBack reports whether an entry with this status no longer has the
// key that it has claimed. One with a status that is not known here keeps it.
func givesKeyBack(s journal.Status) bool { return s.Final() && !s.KeepsKey() }
