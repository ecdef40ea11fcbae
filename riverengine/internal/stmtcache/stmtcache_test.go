package stmtcache_test

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"testing"

	"modernc.org/sqlite"

	"github.com/saferunner/saferunner/riverengine/internal/stmtcache"
)

func open(t *testing.T, size int) *sql.DB {
	t.Helper()
	dsn := "file:" + filepath.Join(t.TempDir(), "test.db")
	db := sql.OpenDB(stmtcache.Connector{Open: func() (driver.Conn, error) { return (&sqlite.Driver{}).Open(dsn) }, Size: size})
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Exec("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2), (3)"); err != nil {
		t.Fatal(err)
	}
	return db
}

// A statement whose rows are open is not disturbed by the same one inside.
func TestNested(t *testing.T) {
	for _, size := range []int{1, 10} {
		db := open(t, size)
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		const query = "SELECT n FROM t ORDER BY n"
		outer, err := tx.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for outer.Next() {
			var n, first int
			if err := outer.Scan(&n); err != nil {
				t.Fatal(err)
			}
			if err := tx.QueryRow(query).Scan(&first); err != nil || first != 1 {
				t.Errorf("inside: %d, %v", first, err)
			}
			got = append(got, n)
		}
		if err := outer.Close(); err != nil {
			t.Error(err)
		}
		if err := tx.Commit(); err != nil || fmt.Sprint(got) != "[1 2 3]" {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

// Statements see what has changed since they were prepared, and errors leave
// them usable.
func TestAgain(t *testing.T) {
	db := open(t, 2)
	for i := range 5 {
		if _, err := db.Exec("INSERT INTO t VALUES (?)", i); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("INSERT INTO nowhere VALUES (?)", i); err == nil {
			t.Error("no error for a table that does not exist")
		}
		var n int
		if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 4+i {
			t.Errorf("%d rows, %v", n, err)
		}
	}
	if _, err := db.Exec("ALTER TABLE t ADD COLUMN m INTEGER DEFAULT 7"); err != nil {
		t.Fatal(err)
	}
	var n, m int
	if err := db.QueryRow("SELECT * FROM t LIMIT 1").Scan(&n, &m); err != nil || m != 7 {
		t.Errorf("got %d, %v", m, err)
	}
}
