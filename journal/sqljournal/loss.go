package sqljournal

import (
	"fmt"
	"sync"
)

// loss counts the changes that could not be committed. The zero value is
// ready; safe for concurrent use.
type loss struct {
	mu         sync.Mutex
	total      int
	unreported int
	cause      error // of the latest
}

func (l *loss) add(n int, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total += n
	l.unreported += n
	l.cause = cause
}

// take returns an error for what was lost since it was last called.
func (l *loss) take() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unreported == 0 {
		return nil
	}
	err := fmt.Errorf("sqljournal: lost %d of the changes written before: %w", l.unreported, l.cause)
	l.unreported = 0
	return err
}

func (l *loss) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}
