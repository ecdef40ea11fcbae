package journal

import (
	"fmt"
	"strings"
)

// cursorMark begins every cursor, so that a mistyped one is not taken for a
// position.
const cursorMark = "after:"

// CursorAfter returns the Cursor of the page that follows the entry with this
// ID, for implementations of [Journal].
func CursorAfter(id string) string { return cursorMark + id }

// After returns the ID after which the page of q begins: the page holds
// smaller IDs only, or with OldestFirst greater ones only. It is empty for
// the first page. After fails for a cursor that [CursorAfter] did not make.
// It is for implementations of [Journal].
func (q Query) After() (id string, err error) {
	if q.Cursor == "" {
		return "", nil
	}
	id, ok := strings.CutPrefix(q.Cursor, cursorMark)
	if !ok || id == "" {
		return "", fmt.Errorf("%q is no cursor: use the Next of the page before", q.Cursor)
	}
	return id, nil
}
