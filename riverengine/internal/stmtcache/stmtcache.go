// Package stmtcache lets a database/sql driver keep the statements that it
// has prepared. SQLite's drivers in Go prepare each statement anew each time
// it is executed, which costs more than to execute a small one.
package stmtcache

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
)

// Connector opens connections that keep up to Size prepared statements each;
// when there are more, all are dropped. Statements that are executed while
// they are in use are prepared anew.
type Connector struct {
	Open func() (driver.Conn, error)
	Size int
}

// Connect implements driver.Connector.
func (c Connector) Connect(context.Context) (driver.Conn, error) {
	inner, err := c.Open()
	if err != nil {
		return nil, err
	}
	full, ok := inner.(fullConn)
	if !ok {
		return nil, errors.Join(errors.New("stmtcache: the driver lacks methods with a context"), inner.Close())
	}
	return &conn{fullConn: full, size: c.Size, statements: map[string]*statement{}}, nil
}

// Driver implements driver.Connector.
func (c Connector) Driver() driver.Driver { return nameless{c} }

type nameless struct{ c Connector }

func (n nameless) Open(string) (driver.Conn, error) { return n.c.Connect(context.Background()) }

// fullConn is what modern drivers offer.
type fullConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is used by one goroutine at a time, as database/sql sees to.
type conn struct {
	fullConn
	size       int
	statements map[string]*statement
}

type statement struct {
	driver.Stmt
	busy   bool // it is executing, or its rows are open
	cached bool
}

// take returns a statement that nobody uses.
func (c *conn) take(ctx context.Context, query string) (*statement, error) {
	s := c.statements[query]
	if s != nil && !s.busy {
		s.busy = true
		return s, nil
	}
	inner, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	fresh := &statement{Stmt: inner, busy: true}
	if s == nil {
		if len(c.statements) >= c.size {
			c.drop()
		}
		fresh.cached = true
		c.statements[query] = fresh
	}
	return fresh, nil
}

func (s *statement) release() error {
	s.busy = false
	if s.cached {
		return nil
	}
	return s.Close()
}

// drop forgets the statements. One in use is closed when it is released.
func (c *conn) drop() {
	for query, s := range c.statements {
		delete(c.statements, query)
		s.cached = false
		if !s.busy {
			_ = s.Close()
		}
	}
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return result, errors.Join(err, s.release())
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	inner, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	return &rows{inner, s}, nil
}

// Close implements driver.Conn.
func (c *conn) Close() error {
	c.drop()
	return c.fullConn.Close()
}

// rows give their statement back when they are closed.
type rows struct {
	driver.Rows
	statement *statement
}

func (r *rows) Close() error {
	if r.statement == nil {
		return nil
	}
	err := errors.Join(r.Rows.Close(), r.statement.release())
	r.statement = nil
	return err
}

// Next implements driver.Rows.
func (r *rows) Next(values []driver.Value) error {
	if r.statement == nil {
		return io.EOF
	}
	return r.Rows.Next(values)
}
