package sqljournal

import (
	"database/sql"
	"errors"
)

// Option changes how a journal is opened.
type Option func(*options)

type options struct{ readOnly bool }

// ReadOnly opens the journal to look into it. It writes nothing: no tables,
// which must be there, no row for this process, no judgement on others. Write,
// Claim and Prune return [ErrReadOnly]. It sets query_only on the connection
// until it is closed.
func ReadOnly() Option { return func(o *options) { o.readOnly = true } }

// ErrReadOnly is returned by Write, Claim and Prune of a journal that was
// opened with [ReadOnly].
var ErrReadOnly = errors.New("sqljournal: the journal was opened to be read only: open it without ReadOnly to write to it")

// reset makes a connection as it was, before it goes back to its pool.
func (o options) reset(conn *sql.Conn) {
	if o.readOnly {
		_, _ = conn.ExecContext(background, "PRAGMA query_only = FALSE")
	}
}

func apply(opts []Option) (o options, err error) {
	for _, option := range opts {
		if option == nil {
			return o, errors.New("sqljournal: an option is nil")
		}
		option(&o)
	}
	return o, nil
}
