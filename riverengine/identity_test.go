package riverengine

import (
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Whose a transaction is is found out without harm to it, whatever its
// database.
func TestWhoseTransaction(t *testing.T) {
	url, otherURL, path := testDatabase(t), testDatabase(t), testFile(t)
	server, err := openForTest(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	file, otherFile := openTestFile(t, path), openTestFile(t, testFile(t))
	begin := func(db *sql.DB) any {
		t.Helper()
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback() })
		return tx
	}
	beginPgx := func(url string) any {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	same, err := openSQLite(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer same.Close()
	const mode = pgx.QueryExecModeCacheStatement
	for name, tt := range map[string]struct {
		tx           any
		server, file bool
	}{
		"the server's, by pgx":          {beginPgx(url), true, false},
		"the server's, by database/sql": {begin(openStdlib(t, url, mode)), true, false},
		"simple protocol":               {begin(openStdlib(t, url, pgx.QueryExecModeSimpleProtocol)), true, false},
		"another server's, by pgx":      {beginPgx(otherURL), false, false},
		"another server's":              {begin(openStdlib(t, otherURL, mode)), false, false},
		"the file's":                    {begin(same), false, true},
		"another engine's file":         {begin(otherFile.db.(*sqliteDB).db), false, false},
		"a file of the user's":          {begin(usersDB(t)), false, false},
		"no transaction":                {17, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				if ours, err := server.db.has(t.Context(), tt.tx); ours != tt.server || err != nil {
					t.Errorf("the engine on Postgres: %v, %v", ours, err)
				}
				if ours, err := file.db.has(t.Context(), tt.tx); ours != tt.file || err != nil {
					t.Errorf("the engine on SQLite: %v, %v", ours, err)
				}
			}
			switch tx := tt.tx.(type) {
			case *sql.Tx:
				_, err = tx.ExecContext(t.Context(), "SELECT 1")
			case pgx.Tx:
				_, err = tx.Exec(t.Context(), "SELECT 1")
			}
			if err != nil {
				t.Errorf("the transaction is harmed: %v", err)
			}
		})
	}
}

// The server was started again since the engine was opened.
func TestWhoseTransactionAfterARestart(t *testing.T) {
	url := testDatabase(t)
	e, err := openForTest(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	d := e.db.(*postgresDB)
	d.identity.own = "of a server that was stopped"
	tx, err := openStdlib(t, url, pgx.QueryExecModeCacheStatement).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if ours, err := d.has(t.Context(), tx); !ours || err != nil {
		t.Errorf("got %v, %v", ours, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.has(t.Context(), tx); err == nil || !ended(err) {
		t.Errorf("of one that has ended: %v", err)
	}
}
