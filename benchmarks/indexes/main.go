// Command indexes measures what each index of the queue on Postgres costs an
// insert of 10,000 jobs: with all of them, and without each in turn. River's own
// that the engine drops is measured the other way round. It measures each once;
// benchmarks/run does so ten times.
//
//	indexes [-postgres URL]
//
// Without a URL it starts a throwaway cluster.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner/benchmarks/internal/throwaway"
	"github.com/saferunner/saferunner/riverengine"
)

func main() {
	flag.Duration("time", 0, "ignored: a pass takes as long as it takes")
	url := flag.String("postgres", os.Getenv("SAFERUNNER_TEST_POSTGRES"), "URL of a Postgres server")
	flag.Parse()
	if err := run(context.Background(), *url); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string) error {
	url, end, err := throwaway.Server(url)
	if err != nil {
		return err
	}
	defer end()
	if url, err = throwaway.Database(ctx, url, "indexes"); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	engine, err := riverengine.Open(ctx, url)
	if err != nil {
		return err
	}
	if err := engine.Close(); err != nil {
		return err
	}
	cases, err := variants(ctx, conn)
	if err != nil {
		return err
	}
	for _, v := range cases {
		if err := v.measure(ctx, conn); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

// variant is a set of indexes to insert with.
type variant struct{ name, before, after string }

// variants returns them in a new order each time, after one that warms up.
func variants(ctx context.Context, conn *pgx.Conn) ([]variant, error) {
	rows, err := conn.Query(ctx, `SELECT 'without-' || indexname, 'DROP INDEX saferunner.' || indexname, indexdef FROM pg_indexes
		WHERE schemaname = 'saferunner' AND tablename = 'river_job' AND indexname <> 'river_job_pkey'`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v variant, err error) {
		err = row.Scan(&v.name, &v.before, &v.after)
		return v, err
	})
	all = append(all, variant{"all", "SELECT", "SELECT"},
		variant{"with-river_job_kind", "CREATE INDEX river_job_kind ON saferunner.river_job (kind)", "DROP INDEX saferunner.river_job_kind"})
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return append([]variant{{"", "SELECT", "SELECT"}}, all...), err
}

const insert = `INSERT INTO saferunner.river_job (kind, args, max_attempts, metadata)
	SELECT 'order.created', jsonb_build_object('ID', g, 'Name', 'Ann Example', 'Mail', 'ann@example.com', 'Text', repeat('Thank you. ', 10)), 1,
		jsonb_build_object('entry', '1m89bw0dyaaaaa' || lpad(to_hex(g), 6, '0'), 'run_id', 'order.created',
			'call', '1m89bw0dyaaaaa' || lpad(to_hex(g / 100), 6, '0') || '|1795614910216140617|0|10000000000|/app/shop/shop.go:17')
	FROM generate_series(1, 10000) g`

func (v variant) measure(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "TRUNCATE saferunner.river_job"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, v.before); err != nil {
		return err
	}
	begin := time.Now()
	if _, err := conn.Exec(ctx, insert); err != nil {
		return err
	}
	if v.name != "" {
		fmt.Printf("BenchmarkIndex/%s\t1\t%d ns/op\n", v.name, time.Since(begin).Nanoseconds()/10_000)
	}
	_, err := conn.Exec(ctx, v.after)
	return err
}
