package riverengine

import (
	"errors"

	"github.com/saferunner/saferunner"
)

// errOffline is what an engine says that Open made in a test binary.
var errOffline = errors.New("riverengine: in a test binary Open does not connect; tests of an engine itself use NewSQLite or NewPostgres")

// newOffline returns an engine without a database. takes says in which
// transactions one with it would take part.
func newOffline(o *options, takes func(tx any) error) (*Engine, error) {
	r, err := saferunner.New() // for its journal
	if err != nil {
		return nil, err
	}
	return &Engine{journal: r.Journal(), log: o.log, takes: takes}, nil
}

// errReadOnly is what an engine says that was opened with ReadOnly.
var errReadOnly = errors.New("riverengine: the engine was opened with ReadOnly: it reads the journal, and does nothing else")

// errClosed is what an engine says after Close.
var errClosed = errors.New("riverengine: the engine is closed: it takes no calls; open another")

// online says why the engine takes no calls.
func (e *Engine) online() error {
	switch {
	case e.db == nil:
		return errOffline
	case e.readOnly:
		return errReadOnly
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return errClosed
	}
	return nil
}
