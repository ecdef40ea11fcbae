package pgcluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Pooler is a PgBouncer of its own.
type Pooler struct {
	Addr string // host and port
	dir  string
	cmd  *exec.Cmd
}

// StartPooler starts a PgBouncer in transaction mode below dir, which must not
// exist, before the server that target names as libpq does, with its user. It
// keeps this many connections to each database. Its error is an
// exec.ErrNotFound where the machine has none.
func StartPooler(dir, target string, connections int) (*Pooler, error) {
	program, err := findPooler()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	settings := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n* = %s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"+
		"default_pool_size = %d\nmax_client_conn = 500\nlogfile = %s\n", target, port, connections, filepath.Join(dir, "log"))
	err = errors.Join(own(dir), os.WriteFile(settings, []byte(text), 0o644))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p := &Pooler{Addr: fmt.Sprintf("127.0.0.1:%d", port), dir: dir, cmd: exec.Command(program, "-q", settings)}
	unprivileged(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := p.listens(); err != nil {
		return nil, errors.Join(err, p.Remove())
	}
	return p, nil
}

// listens waits until the pooler does.
func (p *Pooler) listens() error {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.Addr)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			return fmt.Errorf("pgbouncer: %w\n%s", err, strings.TrimSpace(string(log)))
		}
	}
}

// Remove stops the pooler and deletes what it has.
func (p *Pooler) Remove() error {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	return os.RemoveAll(p.dir)
}

// findPooler looks on the path, and where Debian keeps what only root needs.
func findPooler() (string, error) {
	for _, program := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(program); err == nil {
			return path, nil
		}
	}
	return "", &exec.Error{Name: "pgbouncer", Err: exec.ErrNotFound}
}
