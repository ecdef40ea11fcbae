//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/internal/pgcluster"
	"github.com/saferunner/saferunner/journal"
)

// entry is one of the journal, with what the worker has put into its arguments.
type entry struct {
	journal.Entry
	n int
}

func (e entry) name() string { return fmt.Sprintf("%s %d", e.Task, e.n) }

// lab is a database with processes on it.
type lab struct {
	program, dir string
	pace         liveness.Pace
	dsn          string
	file         string             // of SQLite
	cluster      *pgcluster.Cluster // of Postgres
	running      []*worker
	queued       map[string]int // by task
	say          func(format string, args ...any)
}

// newLab makes a database of a kind, sqlite or postgres.
func newLab(program, dir, kind string, pace liveness.Pace, say func(string, ...any)) (*lab, error) {
	l := &lab{program: program, dir: dir, pace: pace, say: say, file: filepath.Join(dir, "calls.db"), queued: map[string]int{}}
	l.dsn = "sqlite:" + l.file
	if kind == "postgres" {
		var err error
		// In a folder that the user can reach whom Postgres runs as.
		if l.cluster, err = pgcluster.Start(filepath.Join(os.TempDir(), fmt.Sprintf("saferunner-stress-%d-%d", os.Getpid(), time.Now().UnixNano()))); err != nil {
			return nil, err
		}
		l.dsn = l.cluster.URL
	}
	return l, nil
}

// close kills what still runs.
func (l *lab) close() error {
	for _, w := range l.running {
		w.kill()
	}
	if l.cluster == nil {
		return nil
	}
	return l.cluster.Remove()
}

func (l *lab) effects() string { return filepath.Join(l.dir, "effects") }

func (l *lab) command(args ...string) *exec.Cmd {
	pace := []string{"-renew", l.pace.Renew.String(), "-dead", l.pace.Dead.String(), "-judge", l.pace.Judge.String()}
	cmd := exec.Command(l.program, append(pace, args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
	return cmd
}

// do has the worker do something that ends soon.
func (l *lab) do(args ...string) ([]byte, error) {
	cmd := l.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("worker %s: %w\n%s", args[0], err, stderr.String())
	}
	return out, nil
}

func (l *lab) queue(task string, n int, do time.Duration) error {
	first := l.queued[task]
	l.queued[task] += n
	_, err := l.do("queue", l.dsn, task, fmt.Sprint(first), fmt.Sprint(n), do.String())
	return err
}

// worker is a process.
type worker struct {
	*exec.Cmd
	lab  *lab
	gone chan struct{}
	err  error
	log  bytes.Buffer
}

// start starts a worker, which is one of those that close kills.
func (l *lab) start(env string, args ...string) (*worker, error) {
	w := &worker{Cmd: l.command(args...), lab: l, gone: make(chan struct{})}
	w.Stderr = &w.log
	if env != "" {
		w.Env = append(w.Env, env)
	}
	if err := w.Start(); err != nil {
		return nil, err
	}
	l.running = append(l.running, w)
	go func() {
		defer close(w.gone)
		w.err = w.Wait()
	}()
	return w, nil
}

func (l *lab) work() (*worker, error) { return l.start("", "work", l.dsn, l.effects()) }

// note writes into the effects' file what was done to a worker.
func (w *worker) note(what string) error {
	f, err := os.OpenFile(w.lab.effects(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s %d\n", what, w.Process.Pid)
	return errors.Join(err, f.Close())
}

// stop stops the worker as if the machine had been.
func (w *worker) stop() error {
	if err := w.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return w.note("stopped")
}

func (w *worker) goOn() error { return w.Process.Signal(syscall.SIGCONT) }

func (w *worker) kill() {
	_ = w.Process.Kill()
	<-w.gone
	_ = w.note("killed")
}

// end ends the worker as a deployment does.
func (w *worker) end() error {
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-w.gone
	if w.err != nil {
		return fmt.Errorf("worker: %w\n%s", w.err, w.log.String())
	}
	return nil
}

// entries returns the journal.
func (l *lab) entries() (all []entry, err error) {
	out, err := l.do("dump", l.dsn)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(out) {
		var e entry
		var args struct{ N int }
		if err := json.Unmarshal(line, &e.Entry); err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		if err := json.Unmarshal(e.Args, &args); err != nil {
			return nil, fmt.Errorf("arguments of %s: %w", line, err)
		}
		e.n = args.N
		all = append(all, e)
	}
	return all, nil
}

// until waits until the journal, or what has happened, is so.
func (l *lab) until(limit time.Duration, what string, so func([]entry, *history) bool) (took time.Duration, err error) {
	began := time.Now()
	for {
		entries, err := l.entries()
		if err != nil {
			return 0, err
		}
		h, err := read(l.effects())
		if err != nil {
			return 0, err
		}
		if so(entries, h) {
			return time.Since(began), nil
		}
		if time.Since(began) > limit {
			return 0, fmt.Errorf("waited %s for %s: the journal has %v", limit, what, statuses(entries))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func allFinal(entries []entry, _ *history) bool {
	return !slices.ContainsFunc(entries, func(e entry) bool { return !e.Status.Final() })
}

// statuses counts them.
func statuses(entries []entry) string {
	counts := map[string]int{}
	for _, e := range entries {
		counts[strings.TrimPrefix(e.Task, "stress.")+" "+string(e.Status)]++
	}
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
	}
	return strings.Join(parts, ", ")
}
