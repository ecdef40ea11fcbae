package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/pgcluster"
	"github.com/saferunner/saferunner/saferunnertest"
)

var url string

func TestMain(m *testing.M) { os.Exit(withPostgres(m)) }

func withPostgres(m *testing.M) (code int) {
	if url = os.Getenv("SAFERUNNER_TEST_POSTGRES"); url == "" {
		cluster, err := pgcluster.Start(filepath.Join(os.TempDir(), fmt.Sprintf("saferunner-postgres-checkout-%d", os.Getpid())))
		switch {
		case errors.Is(err, exec.ErrNotFound):
			fmt.Fprintln(os.Stderr, "the tests need PostgreSQL: set SAFERUNNER_TEST_POSTGRES, or install its server:", err)
			return 1
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() {
			if err := cluster.Remove(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}()
		url = cluster.URL
	}
	return m.Run()
}

const tables = `
CREATE TABLE items (basket text NOT NULL, name text NOT NULL, price integer NOT NULL);
CREATE TABLE orders (basket text PRIMARY KEY, total integer NOT NULL);
CREATE TABLE redeemed (voucher text PRIMARY KEY);
INSERT INTO items VALUES ('small', 'cup', 7), ('small', 'tea', 20), ('dear', 'piano', 9000), ('broken', 'rebate', -1);
INSERT INTO redeemed VALUES ('used');`

// newDatabase returns the URL of a database with tables, and who can look into it.
func newDatabase(t *testing.T) (database string, look *sql.DB) {
	t.Helper()
	name := "checkout_" + strings.ToLower(strings.Map(letters, t.Name()))
	exec := func(db *sql.DB, statement string) {
		t.Helper()
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	admin := openDB(t, "pgx", url)
	exec(admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { exec(admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	i := strings.LastIndexByte(url, '/')
	_, query, _ := strings.Cut(url[i:], "?")
	database = url[:i] + "/" + name + "?" + query
	look = openDB(t, "pgx", database)
	exec(look, tables)
	return database, look
}

func letters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '_'
}

func openDB(t *testing.T, driver, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func wantOrders(t *testing.T, look *sql.DB, want string) {
	t.Helper()
	var got string
	err := look.QueryRowContext(t.Context(), "SELECT coalesce(string_agg(basket || ' ' || total, ', ' ORDER BY basket), '') FROM orders").Scan(&got)
	if err != nil || got != want {
		t.Errorf("the orders are %q, %v, want %q", got, err, want)
	}
}

type shopTest func(t *testing.T, rec *saferunnertest.Recorder, s shop, look *sql.DB)

// onEach runs a test in which nothing is sent, with each library and driver.
func onEach(t *testing.T, test shopTest) {
	onPostgres(t, test)
	t.Run("sqlite", func(t *testing.T) {
		db := openDB(t, "sqlite", filepath.Join(t.TempDir(), "shop.db")+"?_pragma=busy_timeout(10000)")
		if _, err := db.ExecContext(t.Context(), tables); err != nil {
			t.Fatal(err)
		}
		test(t, saferunnertest.New(t), sqlShop{db}, db)
	})
}

func onPostgres(t *testing.T, test shopTest) {
	for _, library := range []string{"sql", "libpq", "pgx", "gorm", "gorm on libpq"} {
		t.Run(library, func(t *testing.T) {
			database, look := newDatabase(t)
			if library == "gorm on libpq" {
				test(t, saferunnertest.New(t), gormShop{openDB(t, "postgres", database)}, look)
				return
			}
			s, closing, err := open(t.Context(), library, database)
			if err != nil {
				t.Fatal(err)
			}
			defer closing()
			test(t, saferunnertest.New(t), s, look)
		})
	}
}

func TestCommit(t *testing.T) {
	onEach(t, func(t *testing.T, rec *saferunnertest.Recorder, s shop, look *sql.DB) {
		if err := checkout(rec.Context(), s, "small", ""); err != nil {
			t.Fatal(err)
		}
		rec.Assert("item.sold", reserve.With(item{"cup", 7}).Async(), reserve.With(item{"tea", 20}).Async())
		rec.Assert("order.placed", sendReceipt.With(order{"small", 27}).Async().Key("small"), ring.With("small"))
		wantOrders(t, look, "small 27")
	})
}

func TestRollback(t *testing.T) {
	onEach(t, func(t *testing.T, rec *saferunnertest.Recorder, s shop, look *sql.DB) {
		if err := checkout(rec.Context(), s, "dear", "fresh"); err != errDeclined {
			t.Errorf("got %v", err)
		}
		rec.AssertNone()
		wantOrders(t, look, "")
	})
}

func TestPanic(t *testing.T) {
	onEach(t, func(t *testing.T, rec *saferunnertest.Recorder, s shop, look *sql.DB) {
		defer func() {
			if v := recover(); v != "a price below zero" {
				t.Errorf("recovered %v", v)
			}
			rec.AssertNone()
			wantOrders(t, look, "")
			if err := checkout(rec.Context(), s, "small", ""); err != nil {
				t.Errorf("after the panic: %v", err)
			}
		}()
		_ = checkout(rec.Context(), s, "broken", "")
	})
}

// A voucher that cannot be redeemed takes the savepoint back, and nothing else.
func TestNested(t *testing.T) {
	for voucher, total := range map[string]int{"fresh": 22, "used": 27} {
		t.Run(voucher, func(t *testing.T) {
			onEach(t, func(t *testing.T, rec *saferunnertest.Recorder, s shop, look *sql.DB) {
				if err := checkout(rec.Context(), s, "small", voucher); err != nil {
					t.Fatal(err)
				}
				var thanks []saferunner.Call
				if voucher == "fresh" {
					thanks = append(thanks, thank.With("fresh").Async())
				}
				rec.Assert("voucher.redeemed", thanks...)
				rec.AssertCount("item.sold", 2)
				rec.AssertCount("order.placed", 2)
				wantOrders(t, look, fmt.Sprintf("small %d", total))
			})
		})
	}
}

// An error of Postgres that nobody has looked at lets the commit fail, for
// certain.
func TestFailedTransaction(t *testing.T) {
	onPostgres(t, func(t *testing.T, rec *saferunnertest.Recorder, s shop, look *sql.DB) {
		err := s.inTx(rec.Context(), func(ctx context.Context, b books) error {
			for range 2 {
				_ = b.insert(ctx, order{Basket: "twice"})
			}
			_, err := saferunner.Run(ctx, "order.placed", ring.With("twice"))
			return err
		})
		if err == nil || errors.Is(err, engine.ErrInDoubt) {
			t.Errorf("got %v", err)
		}
		rec.AssertNone()
		wantOrders(t, look, "")
	})
}

// The program itself sends what it should.
func TestProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "checkout.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, library := range []string{"sql", "libpq", "pgx", "gorm"} {
		t.Run(library, func(t *testing.T) {
			database, look := newDatabase(t)
			start := func(args ...string) (string, error) {
				cmd := exec.Command(program, append([]string{library, database}, args...)...)
				cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
				out, err := cmd.Output()
				lines := strings.Split(strings.TrimSpace(string(out)), "\n")
				slices.Sort(lines)
				return strings.Join(lines, ", "), err
			}
			for _, tt := range []struct{ basket, voucher, want string }{
				{"dear", "fresh", ""},
				{"small", "fresh", "rang the bell for small, reserved cup, reserved tea, said thanks for fresh, sent a receipt over 22 for small"},
				{"small", "used", ""}, // is an order already
			} {
				if got, err := start(tt.basket, tt.voucher); got != tt.want || (err == nil) != (tt.want != "") {
					t.Errorf("%s: sent %q, %v, want %q", tt.basket, got, err, tt.want)
				}
			}
			wantOrders(t, look, "small 22")
		})
	}
}
