// Package throwaway has databases on Postgres for programs that measure.
package throwaway

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner/internal/pgcluster"
)

// Server returns the URL of a server, that one if it is not empty, and what ends
// it, if it was started for this.
func Server(url string) (string, func(), error) {
	if url != "" {
		return url, func() {}, nil
	}
	cluster, err := pgcluster.Start(filepath.Join(os.TempDir(), fmt.Sprintf("saferunner-postgres-bench-%d", os.Getpid())))
	if err != nil {
		return "", nil, err
	}
	return cluster.URL, func() { _ = cluster.Remove() }, nil
}

// Database makes the database bench_NAME on a server, in place of one that there is,
// and returns its URL. Nothing else there is touched.
func Database(ctx context.Context, url, name string) (string, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return "", err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{"DROP DATABASE IF EXISTS bench_" + name, "CREATE DATABASE bench_" + name} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return "", err
		}
	}
	password := ""
	if config.Password != "" {
		password = ":" + config.Password
	}
	return fmt.Sprintf("postgres://%s%s@%s:%d/bench_%s?sslmode=disable", config.User, password, config.Host, config.Port, name), nil
}
