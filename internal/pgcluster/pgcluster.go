// Package pgcluster starts throwaway Postgres servers for tests, from the
// binaries that are on the machine.
package pgcluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Cluster is a server of its own.
type Cluster struct {
	URL  string
	dir  string
	port int
}

// Start makes a cluster below dir, which must not exist, and starts it. Its
// error is an exec.ErrNotFound where the machine has no server. Postgres does
// not run as root: there, it runs as the user postgres or nobody.
func Start(dir string) (*Cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, port: port, URL: fmt.Sprintf("postgres://saferunner@127.0.0.1:%d/postgres?sslmode=disable", port)}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := own(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	err = c.run("initdb", "-D", c.data(), "-U", "saferunner", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	if err == nil {
		err = c.Restart()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// Restart starts the server, after Stop.
func (c *Cluster) Restart() error {
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200", c.port)
	return c.run("pg_ctl", "start", "-w", "-D", c.data(), "-l", filepath.Join(c.dir, "log"), "-o", options)
}

// Stop stops the server at once, as a crash does.
func (c *Cluster) Stop() error {
	return c.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", c.data())
}

// Remove stops the server and deletes what it has.
func (c *Cluster) Remove() error { return errors.Join(c.Stop(), os.RemoveAll(c.dir)) }

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) run(program string, args ...string) error {
	path, err := find(program)
	if err != nil {
		return err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = c.dir
	unprivileged(cmd)
	var said strings.Builder
	if program != "pg_ctl" || args[0] != "start" { // the server would keep a pipe open
		cmd.Stdout, cmd.Stderr = &said, &said
	}
	if err := cmd.Run(); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
		return fmt.Errorf("%s: %w\n%s%s", program, err, said.String(), log)
	}
	return nil
}

// find looks on the path, and where Debian keeps its versions.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if err != nil || len(found) == 0 {
		return "", &exec.Error{Name: program, Err: exec.ErrNotFound}
	}
	best, newest := "", 0
	for _, path := range found {
		if n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))); n > newest {
			best, newest = path, n
		}
	}
	return best, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
