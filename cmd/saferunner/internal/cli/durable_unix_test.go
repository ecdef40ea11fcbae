//go:build unix

package cli_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const durableList = `
run_id: order.created
tasks:
  - {task: sms.send, exec: [sh, -c, "echo sms >> ran"]}
  - {task: crm.update, exec: [sh, -c, 'echo "crm ${ORDER} ${TOKEN}" >> ran; echo updated'], async: true, key: "order-${ORDER}"}
  - {task: broken, exec: [sh, -c, "echo oops ${TOKEN} >&2; exit 3"], async: true, retry: {max_attempts: 2, initial: 1ms}}
`

// awaitCalls waits until the journal says so of a run ID.
func (s *shell) awaitCalls(runID, want string) {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		got := statuses(s.calls(runID))
		if got == want {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("calls under %s: %s; want %s", runID, got, want)
		}
	}
}

func (s *shell) startWork(files ...string) *background {
	s.t.Helper()
	b := s.start(append([]string{"work"}, files...)...)
	b.await("saferunner: working ")
	return b
}

// Async calls are queued by one process and executed by another, which looks
// up what the first one does not have.
func TestDurable(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.write("list.yaml", durableList)
		r := s.must(0, "run", "--durable", "--var", "ORDER=42", "list.yaml")
		checkText(t, "stdout", squeeze(timeless(r.stdout)), "TASK STATUS TIME\nsms.send done T\ncrm.update queued\nbroken queued\n")
		checkContains(t, "stderr", r.stderr, "… crm.update  queued\n",
			"saferunner: 1 done, 2 queued; saferunner work executes what is queued, and saferunner calls order.created shows it\n")
		checkText(t, "what ran", s.read("ran"), "sms\n")
		s.checkCalls("order.created", "sms.send done, crm.update queued, broken queued")

		worker := *s
		worker.env = append(worker.env[:len(worker.env):len(worker.env)], "TOKEN=t0ken")
		b := worker.startWork("list.yaml")
		s.awaitCalls("order.created", "sms.send done, crm.update done, broken failed")
		b.signal(syscall.SIGTERM)
		checkContains(t, "stderr", b.end(0), "crm.update │ updated\n", "saferunner: stopped by SIGTERM; calls that execute are waited for\n")
		checkContains(t, "stdout", squeeze(timeless(b.stdout.String())), "✓ crm.update done T order.created\n",
			"… broken queued T order.created attempt 1 of 2: exit code 3: oops ${TOKEN}\n",
			"✗ broken failed T order.created exit code 3: oops ${TOKEN}\n")
		checkText(t, "what ran", s.read("ran"), "sms\ncrm 42 t0ken\n")
		entries := s.calls("order.created")
		checkContains(t, "arguments", arguments(t, entries[1]), "crm 42 ${TOKEN}")
		if broken := entries[2]; len(broken.Attempts) != 2 || broken.ErrorText() != "exit code 3: oops ${TOKEN}" {
			t.Errorf("attempts: %+v", broken.Attempts)
		}

		r = s.must(0, "run", "--durable", "--var", "ORDER=42", "list.yaml")
		checkContains(t, "stdout", squeeze(r.stdout), "crm.update duplicate\n")
	})
}

// A call waits for a worker whose files have its task, as long as it takes.
func TestWorkOtherTasks(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.write("first.yaml", "run_id: r\ntasks: [{task: first, exec: [true], async: true}]")
		s.write("second.yaml", "run_id: r\ntasks: [{task: second, exec: [true], async: true}]")
		s.must(0, "run", "--durable", "first.yaml")
		s.must(0, "run", "--durable", "second.yaml")
		b := s.startWork("second.yaml")
		s.awaitCalls("r", "first queued, second done")
		b.signal(os.Interrupt)
		b.end(0)
		b = s.startWork("second.yaml", "first.yaml")
		s.awaitCalls("r", "first done, second done")
		b.signal(os.Interrupt)
		b.end(0)
	})
}

func TestWait(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.write("list.yaml", "run_id: r\ntasks: [{task: ab, exec: [sh, -c, 'test ! -e bad'], async: true}, {task: cd, exec: [true], after: 1ms}]")
		b := s.startWork("list.yaml")
		r := s.must(0, "run", "--durable", "--wait", "list.yaml")
		checkText(t, "stdout", squeeze(timeless(r.stdout)), "TASK STATUS TIME\nab done T\ncd done T\n")
		s.write("bad", "")
		r = s.must(1, "run", "--durable", "--wait", "list.yaml")
		checkContains(t, "stderr", r.stderr, "saferunner: r: 1 of 2 calls failed: ab: exit code 1\n")
		b.signal(syscall.SIGTERM)
		b.end(0)

		waiting := s.start("run", "--durable", "--wait", "list.yaml")
		waiting.await("cd  queued")
		waiting.signal(os.Interrupt)
		checkContains(t, "stderr", waiting.end(130), "saferunner: r: stopped by interrupt; 2 queued\n")
	})
}

// A worker that is told to stop lets its calls end, and stops them when it
// is told again.
func TestWorkStops(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.write("list.yaml", "run_id: r\ntasks: [{task: ab, exec: [sh, -c, 'echo up; while [ ! -e go ]; do sleep 0.05; done; echo end >> ran'], async: true}]")
		s.must(0, "run", "--durable", "list.yaml")
		b := s.startWork("list.yaml")
		b.await("│ up")
		s.must(0, "run", "--durable", "list.yaml")
		b.signal(syscall.SIGTERM)
		b.await("waited for")
		s.write("go", "")
		b.end(0)
		checkContains(t, "what ran", s.read("ran"), "end\n")

		if err := os.Remove(s.dir + "/go"); err != nil {
			t.Fatal(err)
		}
		s.must(0, "run", "--durable", "list.yaml")
		b = s.startWork("list.yaml")
		b.await("│ up")
		b.signal(syscall.SIGTERM)
		b.await("waited for")
		b.signal(syscall.SIGTERM)
		checkContains(t, "stderr", b.end(143), "saferunner: stopped by a second signal; calls that executed were stopped\n")
		checkContains(t, "calls", statuses(s.calls("r")), "ab interrupted")
	})
}

// A call that is stopped goes back into the queue if it has attempts left,
// else it is interrupted, and the worker says which.
func TestWorkStopsRetried(t *testing.T) {
	for attempts, want := range map[string]string{"3": "… ab queued", "2": "✗ ab interrupted"} {
		t.Run("attempt 2 of "+attempts, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *shell) {
				s.write("list.yaml", `run_id: r
tasks: [{task: ab, exec: [sh, -c, '[ -e failed ] || { touch failed; exit 1; }; echo up; sleep 600'], async: true, retry: {max_attempts: `+attempts+`, initial: 1ms}}]`)
				s.must(0, "run", "--durable", "list.yaml")
				b := s.startWork("list.yaml")
				b.await("│ up")
				b.signal(syscall.SIGTERM)
				b.await("waited for")
				b.signal(syscall.SIGTERM)
				b.end(143)
				checkContains(t, "stdout", squeeze(timeless(b.stdout.String())), want+" T r stopped before its end\n")
				_, status, _ := strings.Cut(want, " ")
				s.checkCalls("r", status)
			})
		})
	}
}

// A command that does not want to stop is killed before the engine has lost
// its patience with it.
func TestWorkStopsStubborn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.write("list.yaml", `run_id: r
tasks: [{task: ab, exec: [sh, -c, 'trap "" TERM; echo up; touch here; while [ -e here ]; do sleep 0.05; done'], async: true}]`)
		s.must(0, "run", "--durable", "list.yaml")
		b := s.startWork("list.yaml")
		b.await("│ up")
		b.signal(os.Interrupt)
		b.await("waited for")
		b.signal(os.Interrupt)
		stderr := b.end(130)
		checkContains(t, "stderr", stderr, "saferunner: stopped by a second signal; calls that executed were stopped\n")
		if strings.Contains(stderr, "riverengine") {
			t.Errorf("stderr: %s", stderr)
		}
		s.checkCalls("r", "ab interrupted")
	})
}

// A call whose worker was killed does not run again without a retry, and
// does with one.
func TestWorkerKilled(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		// What outlives its worker ends with the directory of the test.
		const hang = "echo up; touch here; while [ -e here ]; do sleep 0.05; done"
		s.write("list.yaml", `
run_id: r
tasks:
  - {task: once, exec: [sh, -c, 'echo once >> ran; `+hang+`'], async: true, timeout: 10s}
  - {task: again, exec: [sh, -c, 'echo again >> ran; [ -e killed ] && exit; `+hang+`'], async: true, timeout: 10s, retry: {max_attempts: 2, initial: 1ms}}
`)
		s.must(0, "run", "--durable", "list.yaml")
		b := s.startWork("list.yaml")
		b.await("│ up")
		b.await("│ up")
		b.signal(syscall.SIGKILL)
		b.end(-1)
		s.write("killed", "")
		s.checkCalls("r", "once running, again running")
		b = s.startWork("list.yaml")
		s.awaitCalls("r", "once interrupted, again done")
		b.signal(syscall.SIGTERM)
		b.end(0)
		ran := s.read("ran")
		if strings.Count(ran, "once") != 1 || strings.Count(ran, "again") != 2 {
			t.Errorf("what ran: %q", ran)
		}
	})
}
