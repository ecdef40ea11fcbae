package riverengine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

const crashCalls = 2000

// rounds is how often the crash tests run, all at once.
func rounds() int {
	n, err := strconv.Atoi(os.Getenv("SAFERUNNER_TEST_CRASHES"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// builtCalls is the program, once it has been built.
var builtCalls string

var buildCalls = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "saferunner-calls")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "calls.exe")
	builtCalls = program
	out, err := exec.Command("go", "build", "-o", program, "./testdata/calls").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

// callsProgram returns a command outside of test mode.
func callsProgram(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := buildCalls()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
	return cmd
}

// program is a worker that a test may kill.
type program struct {
	*exec.Cmd
	stderr *bytes.Buffer
}

func startWorker(t *testing.T, dsn, file string) *program {
	t.Helper()
	p := &program{callsProgram(t, dsn, "work", file), &bytes.Buffer{}}
	p.Stderr = p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *program) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

// stop ends the worker as a deployment does.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("worker: %v\n%s", err, p.stderr)
	}
}

func TestCrashOnSQLite(t *testing.T) {
	t.Parallel()
	for range rounds() {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			path := testFile(t)
			testCrash(t, "sqlite:"+path, 1, openTestFile(t, path))
		})
	}
}

func TestCrashOnPostgres(t *testing.T) {
	t.Parallel()
	for range rounds() {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			url := testDatabase(t)
			e, err := openForTest(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
			testCrash(t, url, 2, e)
		})
	}
}

// openForTest is Open that connects in a test binary.
func openForTest(ctx context.Context, url string) (*Engine, error) {
	o, err := apply(nil)
	if err != nil {
		return nil, err
	}
	return openServer(liveness.WithPace(ctx, judging), url, o)
}

// testDatabase returns the URL of a database of the test's own.
func testDatabase(t *testing.T) string {
	t.Helper()
	url, name := postgresURL(t), testSchema(t)
	run := func(query string) {
		t.Helper()
		conn, err := pgx.Connect(context.Background(), url)
		if err == nil {
			_, err = conn.Exec(context.Background(), query)
			_ = conn.Close(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE DATABASE " + name)
	t.Cleanup(func() { run("DROP DATABASE " + name + " WITH (FORCE)") })
	i := strings.LastIndexByte(url, '/')
	_, query, _ := strings.Cut(url[i:], "?")
	return url[:i] + "/" + name + "?" + query
}

// testCrash queues calls, kills a worker in the midst of them and starts
// another.
func testCrash(t *testing.T, dsn string, workers int, e *Engine) {
	if out, err := callsProgram(t, dsn, "queue", strconv.Itoa(crashCalls)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "effects")
	running := make([]*program, workers)
	for i := range running {
		running[i] = startWorker(t, dsn, file)
	}
	waitFor(t, 30*time.Second, "the workers to be in the midst", func() bool { return len(effects(t, file)) > crashCalls/4 })
	running[0].kill()
	killed := time.Now()
	running[0] = startWorker(t, dsn, file)
	defer func() {
		for _, p := range running {
			p.kill()
		}
	}()
	waitFor(t, 90*time.Second, "every call to end", func() bool {
		page, err := e.Journal().Query(t.Context(), journal.Query{
			Statuses: []journal.Status{journal.StatusQueued, journal.StatusRunning}, Limit: 1,
		})
		return err == nil && len(page.Entries) == 0
	})
	t.Logf("all final %s after the crash", time.Since(killed).Round(time.Millisecond))
	for _, p := range running {
		p.stop(t)
	}
	running = nil
	checkCrash(t, e, effects(t, file))
}

func waitFor(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", limit, what)
		}
	}
}

// effects counts the lines that the tasks have written.
func effects(t *testing.T, file string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	count := map[string]int{}
	for line := range strings.Lines(string(text)) {
		count[strings.TrimSpace(line)]++
	}
	return count
}

// checkCrash compares the journal with what happened.
func checkCrash(t *testing.T, e *Engine, happened map[string]int) {
	t.Helper()
	statuses := map[journal.Status]int{}
	q := journal.Query{RunID: "crash", Limit: journal.MaxPage}
	for {
		page, err := e.Journal().Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range page.Entries {
			statuses[entry.Status]++
			checkCall(t, entry, happened)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	t.Logf("journal: %v, effects: %d", statuses, len(happened))
	if n := statuses[journal.StatusDone] + statuses[journal.StatusInterrupted]; n != crashCalls {
		t.Errorf("%d calls are done or interrupted, want %d", n, crashCalls)
	}
	if statuses[journal.StatusInterrupted] == 0 {
		t.Error("no call was interrupted: the crash has not hit any")
	}
}

func checkCall(t *testing.T, entry journal.Entry, happened map[string]int) {
	t.Helper()
	task := strings.TrimPrefix(entry.Task, "write.")
	times := happened[task+" "+string(entry.Args)]
	switch {
	case task == "once" && times > 1:
		t.Errorf("call %s, without a retry, was executed %d times", entry.Args, times)
	case entry.Status == journal.StatusDone && times == 0:
		t.Errorf("call %s of %s is done, and was not executed", entry.Args, entry.Task)
	case task == "again" && entry.Status != journal.StatusDone:
		t.Errorf("call %s, with retries, is %s", entry.Args, entry.Status)
	case task == "again" && times > len(entry.Attempts):
		t.Errorf("call %s was executed %d times, and has attempts %+v", entry.Args, times, entry.Attempts)
	}
}
