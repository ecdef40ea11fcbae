package sqljournal

// collapse drops the changes that a later one in the group makes void. The
// later one takes the place of the first, so that entries keep the order in
// which they were first written. It changes the slice.
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
func ends(c journal.Change) bool { return c.Forgets() || !keepsKey(c.Status()) }

// keepsKey reports whether an entry with this status keeps the key that it
// has claimed.
func keepsKey(s journal.Status) bool {
	switch s {
	case journal.StatusQueued, journal.StatusRunning, journal.StatusDone, journal.StatusInterrupted:
		return true
	default:
		return false
	}
}
