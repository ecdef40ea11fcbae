package riverengine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connectPatience bounds Open on Postgres, if ctx does not.
const connectPatience = 30 * time.Second

func openServer(ctx context.Context, dsn string, o *options) (*Engine, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("riverengine: Open: the URL of Postgres: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("riverengine: Open: %w", err)
	}
	patient, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	if err := pool.Ping(patient); err != nil {
		pool.Close()
		return nil, explainConnect(&config.ConnConfig.Config, err)
	}
	if pool, err = forPooler(patient, pool, config, dsn); err != nil {
		return nil, fmt.Errorf("riverengine: Open: Postgres at %s: %w", addresses(&config.ConnConfig.Config), err)
	}
	e, err := newPostgres(patient, pool, true, o)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("riverengine: Open: Postgres at %s: %w", addresses(&config.ConnConfig.Config), err)
	}
	return e, nil
}

// forPooler returns a pool that prepares no statements, if a pooler is in between
// and the URL does not say how they are to be executed.
func forPooler(ctx context.Context, pool *pgxpool.Pool, config *pgxpool.Config, dsn string) (*pgxpool.Pool, error) {
	pooled, err := behindPooler(ctx, pool)
	if err == nil && (!pooled || strings.Contains(dsn, "default_query_exec_mode")) {
		return pool, nil
	}
	pool.Close()
	if err != nil {
		return nil, err
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	return pgxpool.NewWithConfig(ctx, config)
}

// explainConnect says on one line why there is no connection. What a server
// answered counts more than that others were not there.
func explainConnect(config *pgconn.Config, err error) error {
	var refused *pgconn.PgError
	var causes []error
	for _, e := range attempts(err) {
		if answer, ok := errors.AsType[*pgconn.PgError](e); ok {
			refused = answer // with TLS first, then without
		}
		if dial, ok := errors.AsType[*net.OpError](e); ok {
			e = dial.Err
		}
		if !slices.ContainsFunc(causes, func(c error) bool { return c.Error() == e.Error() }) {
			causes = append(causes, e)
		}
	}
	if refused != nil {
		return fmt.Errorf("riverengine: Open: Postgres at %s refused user %s and database %s: %w%s", addresses(config), config.User, config.Database, refused, adviceOn(refused.Code))
	}
	return fmt.Errorf("riverengine: Open: %w", &unreachable{addresses(config), causes})
}

func adviceOn(code string) string {
	switch code {
	case "28P01":
		return ": check the password"
	case "28000":
		return ": check the user, and that pg_hba.conf lets it in"
	case "3D000":
		return ": create the database, or name another"
	case "08P01":
		return ": if it is a pooler that takes no such setting, set it by ALTER ROLE instead of in the URL"
	}
	return ""
}

// attempts returns why each address failed.
func attempts(err error) []error {
	type joined interface {
		error
		Unwrap() []error
	}
	if all, ok := errors.AsType[joined](err); ok {
		return all.Unwrap()
	}
	return []error{err}
}

// unreachable is a server that nothing was heard of.
type unreachable struct {
	at     string
	causes []error
}

func (u *unreachable) Error() string {
	causes := make([]string, len(u.causes))
	for i, c := range u.causes {
		causes[i] = c.Error()
	}
	return fmt.Sprintf("Postgres at %s cannot be reached: %s: is it running, and is the address right?", u.at, strings.Join(causes, ", "))
}

func (u *unreachable) Unwrap() []error { return u.causes }

// addresses returns those that a connection is tried at, each once.
func addresses(config *pgconn.Config) string {
	_, first := pgconn.NetworkAddress(config.Host, config.Port)
	all := []string{first}
	for _, f := range config.Fallbacks {
		if _, next := pgconn.NetworkAddress(f.Host, f.Port); !slices.Contains(all, next) {
			all = append(all, next)
		}
	}
	return strings.Join(all, ", ")
}
