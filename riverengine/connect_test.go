package riverengine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

func openErr(t *testing.T, url string) error {
	t.Helper()
	o, err := apply(nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := openServer(t.Context(), url, o)
	if err == nil {
		t.Fatal(errors.Join(errors.New("it was opened"), e.Close()))
	}
	if text := err.Error(); strings.Contains(text, "\n") || strings.Contains(text, "s3cret") {
		t.Errorf("not one line, or with the password: %s", text)
	}
	return err
}

// A server that is not there is named once, though it is tried with TLS and
// without.
func TestUnreachable(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://u:s3cret@127.0.0.1:1/none":                      "riverengine: Open: Postgres at 127.0.0.1:1 cannot be reached: ",
		"postgres://u:s3cret@127.0.0.1:1,127.0.0.1:2/none":          "Postgres at 127.0.0.1:1, 127.0.0.1:2 cannot be reached: ",
		"postgres://u:s3cret@host.invalid/none?sslmode=disable":     "Postgres at host.invalid:5432 cannot be reached: lookup host.invalid",
		"postgres://u:s3cret@127.0.0.1:port/none?sslmode=disable":   "riverengine: Open: the URL of Postgres: ",
		"postgres://u:s3cret@%zz/none?sslmode=disable&pool_size=no": "riverengine: Open: the URL of Postgres: ",
	} {
		if err := openErr(t, url); !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "refused") > 1 {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

// refusing is the address of a server without TLS that answers every client
// with this code.
func refusing(t *testing.T, code string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			refuse(conn, code)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func refuse(conn net.Conn, code string) {
	backend := pgproto3.NewBackend(conn, conn)
	message, err := backend.ReceiveStartupMessage()
	if err != nil {
		return
	}
	if _, tls := message.(*pgproto3.SSLRequest); tls {
		_, _ = conn.Write([]byte("N"))
		return
	}
	backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: "no " + code})
	_ = backend.Flush()
}

func TestRefused(t *testing.T) {
	for code, advice := range map[string]string{
		"28P01": ": check the password", "28000": ": check the user, and that pg_hba.conf lets it in",
		"3D000": ": create the database, or name another", "53300": "",
	} {
		at := refusing(t, code)
		err := openErr(t, "postgres://u:s3cret@"+at+"/app")
		want := fmt.Sprintf("riverengine: Open: Postgres at %s refused user u and database app: FATAL: no %s (SQLSTATE %s)%s", at, code, code, advice)
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if answer, ok := errors.AsType[*pgconn.PgError](err); !ok || answer.Code != code {
			t.Errorf("%v does not hold the answer", err)
		}
	}
}

// What Postgres itself says is passed on.
func TestMissingDatabase(t *testing.T) {
	url := postgresURL(t)
	base, query, _ := strings.Cut(url, "?")
	err := openErr(t, base[:strings.LastIndexByte(base, '/')]+"/no_such_database?"+query)
	if !strings.Contains(err.Error(), ` refused user `) || !strings.Contains(err.Error(), `database "no_such_database" does not exist (SQLSTATE 3D000): create the database`) {
		t.Errorf("got %v", err)
	}
}

func TestSmallPool(t *testing.T) {
	url := postgresURL(t)
	want := "the engine needs 3 connections, and its pool has 1 at most: raise pool_max_conns in the URL, or MaxConns of the pool"
	if err := openErr(t, url+"&pool_max_conns=1"); !strings.HasPrefix(err.Error(), "riverengine: Open: Postgres at ") || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Open: %v", err)
	}
	pool, err := pgxpool.New(context.Background(), url+"&pool_max_conns=1")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := NewPostgres(t.Context(), pool); err == nil || err.Error() != "riverengine: NewPostgres: "+want {
		t.Errorf("NewPostgres: %v", err)
	}
}
