package riverengine

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// session is a connection, a pool or a transaction of either database.
// Queries are written as Postgres has them, with @ before the names of our
// own tables and of River's.
type session interface {
	exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	query(ctx context.Context, each func(scan) error, query string, args ...any) error
}

// scan reads the columns of one row.
type scan func(dest ...any) error

type sqliteSession struct{ handle sqlHandle }

// sqlHandle is of database/sql, on either database.
type sqlHandle interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tables are called saferunner_entries and river_job, parameters ?1.
var sqliteNames = strings.NewReplacer("$1", "?1", "$2", "?2", "$3", "?3", "$4", "?4", "$5", "?5", "$6", "?6", "$7", "?7", "$8", "?8", "$9", "?9",
	"@river_", "river_", "@", "saferunner_")

func (s sqliteSession) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return sqlSession{s.handle, sqliteNames}.exec(ctx, query, args...)
}

func (s sqliteSession) query(ctx context.Context, each func(scan) error, query string, args ...any) error {
	return sqlSession{s.handle, sqliteNames}.query(ctx, each, query, args...)
}

// sqlSession has names as its database wants them.
type sqlSession struct {
	handle sqlHandle
	names  *strings.Replacer
}

func (s sqlSession) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := s.handle.ExecContext(ctx, s.names.Replace(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s sqlSession) query(ctx context.Context, each func(scan) error, query string, args ...any) (err error) {
	rows, err := s.handle.QueryContext(ctx, s.names.Replace(query), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

type postgresSession struct {
	handle interface {
		Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	}
	names *strings.Replacer // puts the schema before the name of a table
}

func (s postgresSession) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := s.handle.Exec(ctx, s.names.Replace(query), args...)
	return tag.RowsAffected(), explainPooler(err)
}

func (s postgresSession) query(ctx context.Context, each func(scan) error, query string, args ...any) error {
	rows, err := s.handle.Query(ctx, s.names.Replace(query), args...)
	if err != nil {
		return explainPooler(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return explainPooler(rows.Err())
}
