package sqljournal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/saferunner/saferunner/internal/leaktest"
	"github.com/saferunner/saferunner/internal/liveness"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// stub is a database that executes nothing: it notes what commits, and asks
// a test what to answer. The tests with SQLite are where the driver is.
type stub struct {
	answer func(query string) error // to every statement

	mu        sync.Mutex
	pending   []string // IDs put or forgotten, and keys claimed, in this transaction
	committed []string
	most      int // that one transaction has committed
}

func (s *stub) exec(query string, args []driver.Value) error {
	if err := s.answer(query); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case query == "BEGIN IMMEDIATE":
		s.pending = nil
	case query == "COMMIT":
		s.committed = append(s.committed, s.pending...)
		s.most = max(s.most, len(s.pending))
	case query == putSQL:
		s.pending = append(s.pending, args[0].(string))
	case strings.HasPrefix(query, "DELETE FROM saferunner_entries"):
		s.pending = append(s.pending, "-"+args[0].(string))
	case strings.HasPrefix(query, "INSERT INTO saferunner_claims"):
		s.pending = append(s.pending, "key "+args[1].(string))
	}
	return nil
}

func (s *stub) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.committed, " ")
}

// The driver: one type a method set that database/sql wants.
type (
	stubConn struct{ *stub }
	stubStmt struct {
		*stub
		query string
	}
	stubRows struct{ read bool }
)

func (s *stub) Connect(context.Context) (driver.Conn, error) { return stubConn{s}, nil }
func (s *stub) Driver() driver.Driver                        { return nil }
func (c stubConn) Prepare(query string) (driver.Stmt, error) { return stubStmt{c.stub, query}, nil }
func (c stubConn) Begin() (driver.Tx, error)                 { panic("the journal begins by statement") }
func (c stubConn) Close() error                              { return nil }
func (s stubStmt) Close() error                              { return nil }
func (s stubStmt) NumInput() int                             { return -1 }
func (s stubStmt) Query([]driver.Value) (driver.Rows, error) {
	return &stubRows{}, s.exec(s.query, nil)
}
func (s stubStmt) Exec(a []driver.Value) (driver.Result, error) {
	return driver.RowsAffected(0), s.exec(s.query, a)
}

// A result is one zero: the schema version, and a holder.
func (r *stubRows) Columns() []string { return []string{"zero"} }
func (r *stubRows) Close() error      { return nil }
func (r *stubRows) Next(values []driver.Value) error {
	if r.read {
		return io.EOF
	}
	r.read, values[0] = true, int64(0)
	return nil
}

// inBubble runs test with a journal in a stub, where time is not real. The
// test closes the journal.
func inBubble(t *testing.T, test func(t *testing.T, s *stub, j *Journal)) {
	t.Helper()
	inBubbleWith(t, liveness.Standard, func(string) error { return nil }, test)
}

func inBubbleWith(t *testing.T, p liveness.Pace, answer func(string) error, test func(t *testing.T, s *stub, j *Journal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stub{answer: answer}
		db := sql.OpenDB(s)
		defer func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}()
		j, err := Open(liveness.WithPace(t.Context(), p), db)
		if err != nil {
			t.Fatal(err)
		}
		test(t, s, j)
	})
}
