package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/journal"
)

const orderList = `
run_id: order.created
tasks:
  - task: crm.update
    exec: [sh, -c, "echo crm >> ran; echo updated"]
    async: true
  - task: sms.send
    exec: [sh, -c, "echo sms >> ran; echo sent >&2"]
  - task: receipt
    exec: [sh, -c, "echo receipt >> ran"]
`

var durations = regexp.MustCompile(`(<1ms|\d+ms|\d+(\.\d+)?s)(  |\n)`)

// timeless takes out of a text what is different each time.
func timeless(text string) string {
	return regexp.MustCompile(` +TIME`).ReplaceAllString(durations.ReplaceAllString(text, "T$3"), " TIME")
}

func TestRunLive(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", orderList)
	r := s.must(0, "run", "list.yaml")
	checkText(t, "stdout", squeeze(timeless(r.stdout)), ""+
		"TASK STATUS TIME\n"+
		"crm.update done T\n"+
		"sms.send done T\n"+
		"receipt done T\n")
	checkContains(t, "stderr", squeeze(r.stderr), "crm.update │ updated\n", "sms.send │ sent\n", "✓ receipt done ")
	if strings.Contains(r.stdout+r.stderr, "\x1b") {
		t.Errorf("escape sequences without a terminal:\n%s%s", r.stdout, r.stderr)
	}
	for _, name := range []string{"crm", "sms", "receipt"} {
		if strings.Count(s.read("ran"), name+"\n") != 1 {
			t.Errorf("%s did not run once: %q", name, s.read("ran"))
		}
	}
	entries := s.calls("order.created")
	if len(entries) != 3 || !entries[0].Async || entries[1].Async || arguments(t, entries[2]) != `{"exec":["sh","-c","echo receipt \u003e\u003e ran"]}` {
		t.Errorf("journal: %+v", entries)
	}
}

// A list may come on standard input.
func TestRunStdin(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.stdin = orderList
	s.must(0, "run", "-")
	s.checkCalls("order.created", "crm.update done, sms.send done, receipt done")
	checkContains(t, "stderr", s.must(2, "run", "--record", "--force", "none", "-").stderr, "--force none: no task of that name in -; it has ")
	s.stdin = "run_id: x\ntask: []\n"
	checkText(t, "stderr", s.must(2, "run", "-").stderr, "saferunner: stdin:2:1: unknown key \"task\"; a file has run_id, and tasks with a list\n")
	s.stdin = ""
	checkText(t, "stderr", s.must(2, "run", "-").stderr, "saferunner: stdin:1:1: the file is empty; a file has run_id, and tasks with a list\n")
	checkText(t, "stderr", s.must(2, "run", ".").stderr, "saferunner: cannot read .: is a directory\n")
}

var spaces = regexp.MustCompile(` +`)

func squeeze(text string) string { return spaces.ReplaceAllString(text, " ") }

// A process that a test starts is in record mode, and so is what it starts.
func TestRunByATestRecords(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.set("SAFERUNNER_MODE", "record") // what the environment of a test has
	s.write("list.yaml", orderList)
	r := s.must(0, "run", "list.yaml")
	checkText(t, "stdout", r.stdout, ""+
		"TASK        STATUS\n"+
		"crm.update  recorded\n"+
		"sms.send    recorded\n"+
		"receipt     recorded\n")
	checkText(t, "stderr", r.stderr, ""+
		"● crm.update  recorded\n"+
		"● sms.send    recorded\n"+
		"● receipt     recorded\n"+
		"saferunner: record mode: 3 recorded; see saferunner calls order.created\n")
	checkText(t, "what ran", s.read("ran"), "")
	s.checkCalls("order.created", "crm.update recorded, sms.send recorded, receipt recorded")
}

// The environment of this test itself has the marker.
func TestInheritedEnvironmentRecords(t *testing.T) {
	s := live(t)
	s.env = []string{"PATH=" + getenv(t, "PATH"), "SAFERUNNER_MODE=" + getenv(t, "SAFERUNNER_MODE"), "SAFERUNNER_DB=" + s.dir + "/j.db"}
	s.write("list.yaml", orderList)
	s.must(0, "run", "list.yaml")
	checkText(t, "what ran", s.read("ran"), "")
}

func TestRecordAndForce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		ran  string
		want string
		says string
	}{
		"record":        {[]string{"--record"}, "", "crm.update recorded, sms.send recorded, receipt recorded", "3 recorded"},
		"force one":     {[]string{"--record", "--force", "sms.send"}, "sms\n", "crm.update recorded, sms.send done, receipt recorded", "lets through in test mode: sms.send"},
		"force async":   {[]string{"--record", "--force=crm.update"}, "crm\n", "crm.update done, sms.send recorded, receipt recorded", "2 recorded, 1 done"},
		"force several": {[]string{"--record", "--force", "sms.send", "--force", "receipt"}, "sms\nreceipt\n", "crm.update recorded, sms.send done, receipt done", "1 recorded, 2 done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := live(t)
			s.write("list.yaml", orderList)
			r := s.must(0, append([]string{"run", "list.yaml"}, test.args...)...)
			checkText(t, "what ran", s.read("ran"), test.ran)
			checkContains(t, "stderr", r.stderr, test.says)
			s.checkCalls("order.created", test.want)
		})
	}
	t.Run("force all", func(t *testing.T) {
		t.Parallel()
		s := live(t)
		s.write("list.yaml", orderList)
		r := s.must(0, "run", "list.yaml", "--record", "--force-all")
		checkContains(t, "stderr", r.stderr, "lets through in test mode: every task")
		s.checkCalls("order.created", "crm.update done, sms.send done, receipt done")
	})
}

func TestForceNeedsRecordModeAndATask(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", orderList)
	checkText(t, "stderr", s.must(2, "run", "--force-all", "list.yaml").stderr,
		"saferunner: --force and --force-all are for record mode, and this is live mode, where every call executes; add --record, or leave them out\n")
	checkText(t, "stderr", s.must(2, "run", "--record", "--force", "sms", "list.yaml").stderr,
		"saferunner: --force sms: no task of that name in list.yaml; it has crm.update, sms.send, receipt\n")
	checkText(t, "what ran", s.read("ran"), "")
}

// A command that is forced inherits the mode, and not the force.
func TestForceIsNotInherited(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("outer.yaml", `
run_id: outer
tasks:
  - task: outer.task
    exec: ["`+binary+`", run, inner.yaml]
`)
	s.write("inner.yaml", `
run_id: inner
tasks:
  - task: outer.task
    exec: [touch, ran]
`)
	s.must(0, "run", "--record", "--force", "outer.task", "outer.yaml")
	s.checkCalls("outer", "outer.task done")
	s.checkCalls("inner", "outer.task recorded")
}

func TestFailureStopsTheList(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", `
run_id: r
tasks:
  - {task: tolerated, exec: [sh, -c, "exit 4"], best_effort: true}
  - {task: beside, exec: [sh, -c, "echo beside >> ran"], async: true}
  - {task: bad, exec: [sh, -c, "echo first >&2; echo last words >&2; exit 3"]}
  - {task: never, exec: [sh, -c, "echo never >> ran"]}
`)
	r := s.must(1, "run", "list.yaml")
	checkText(t, "stdout", squeeze(timeless(r.stdout)), ""+
		"TASK STATUS TIME ERROR\n"+
		"tolerated failed T exit code 4\n"+
		"beside done T\n"+
		"bad failed T exit code 3: last words\n"+
		"never skipped\n")
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	checkText(t, "last line", lines[len(lines)-1], "saferunner: r: 1 of 4 calls failed: bad: exit code 3: last words")
	checkText(t, "what ran", s.read("ran"), "beside\n")
}

func TestFailedAsyncCall(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", `
run_id: r
tasks:
  - {task: bad, exec: [sh, -c, "exit 3"], async: true}
  - {task: good, exec: ["true"]}
`)
	r := s.must(1, "run", "list.yaml")
	checkContains(t, "stderr", r.stderr, "saferunner: r: 1 of 2 calls failed: bad: exit code 3\n")
	s.write("list.yaml", strings.Replace(s.read("list.yaml"), "async: true", "async: true, best_effort: true", 1))
	s.must(0, "run", "list.yaml")
	s.checkCalls("r", "bad failed, good done, bad failed, good done")
}

func TestRetryTimeoutAndAfter(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", `
run_id: r
tasks:
  - task: flaky
    exec: [sh, -c, "echo x >> tries; echo try >&2; test $(wc -l < tries) -ge 3"]
    async: true
    retry: {max_attempts: 3, initial: 1ms}
  - {task: slow, exec: [sleep, 60], timeout: 50ms, best_effort: true}
  - {task: later, exec: ["true"], after: 20ms}
`)
	s.must(0, "run", "list.yaml")
	entries := s.calls("r")
	checkText(t, "statuses", statuses(entries), "flaky done, slow failed, later done")
	if n := len(entries[0].Attempts); n != 3 || entries[0].Attempts[1].Error != "exit code 1: try" {
		t.Errorf("attempts: %+v", entries[0].Attempts)
	}
	checkContains(t, "error", entries[1].ErrorText(), "timed out after ")
	if !entries[2].Async {
		t.Error("a call with after is not async")
	}
}

// Values of the environment reach the request, and neither the journal nor
// what is printed; those of --var reach both.
func TestHTTP(t *testing.T) {
	t.Parallel()
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests = append(requests, fmt.Sprintf("%s %s %s|%s|%s", r.Method, r.URL, body, r.Header.Get("Authorization"), r.Header.Get("X-Api-Key")))
		if r.URL.Path == "/bad" {
			http.Error(w, "no: "+r.Header.Get("Authorization"), http.StatusForbidden)
		}
	}))
	defer server.Close()
	s := live(t)
	s.set("TOKEN", "t0ps3cret")
	s.set("BASE", server.URL)
	s.write("list.yaml", `
run_id: r-${ID}
tasks:
  - task: crm.update
    http:
      method: put
      url: ${BASE}/orders/${ID}
      headers: {Authorization: "Bearer ${TOKEN}", X-Api-Key: wr1tten0ut}
      json: {id: 42, id_text: "${ID}", token: "${TOKEN}"}
  - task: bad
    http: {url: "${BASE}/bad", headers: {Authorization: "${TOKEN}"}}
`)
	r := s.must(1, "run", "--var", "ID=4$2", "list.yaml")
	checkContains(t, "stderr", r.stderr, "bad: status 403 Forbidden: no: ${TOKEN}\n")
	checkText(t, "requests", strings.Join(requests, "\n"), ""+
		`PUT /orders/4$2 {"id":42,"id_text":"4$2","token":"t0ps3cret"}|Bearer t0ps3cret|wr1tten0ut`+"\n"+
		`GET /bad |t0ps3cret|`)
	journal := s.must(0, "calls", "r-4$2", "--json").stdout
	for _, secret := range []string{"t0ps3cret", "wr1tten0ut"} {
		if strings.Contains(journal+r.stdout+r.stderr+s.read("journal.db")+s.read("journal.db-wal"), secret) {
			t.Errorf("%s is in the journal or was printed:\n%s", secret, journal)
		}
	}
	checkContains(t, "journal", journal, `"Authorization": "Bearer ${TOKEN}"`, `"id_text": "4$2"`)
}

func TestJSONOutput(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.json", `{"run_id": "r", "tasks": [{"task": "sms.send", "exec": ["echo", "<&>"], "key": "k"}]}`)
	r := s.must(0, "run", "--json", "list.json")
	var got struct {
		Run, RunID string
		Entries    []journal.Entry
	}
	decodeStrictly(t, strings.Replace(r.stdout, `"run_id"`, `"RunID"`, 1), &got)
	if got.Run == "" || got.RunID != "r" || len(got.Entries) != 1 {
		t.Fatalf("stdout: %s", r.stdout)
	}
	e := got.Entries[0]
	if e.Run != got.Run || e.RunID != "r" || e.Status != journal.StatusDone || e.Key != "k" || len(e.Attempts) != 1 {
		t.Errorf("entry: %+v", e)
	}
	checkContains(t, "stderr", r.stderr, "sms.send │ <&>\n")
	checkContains(t, "stdout", r.stdout, `"task_name": "sms.send"`, `"is_async": false`)
}

func decodeStrictly(t *testing.T, text string, into any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// Nothing runs before the whole file has been checked.
func TestBadFile(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", "run_id: r\ntasks:\n  - {task: ab, exec: [touch, ran]}\n  - {task: ab, exec: [touch, '${NOT_SET}']}\n")
	r := s.must(2, "run", "list.yaml")
	checkText(t, "stderr", r.stderr, "saferunner: list.yaml:4:30: ${NOT_SET} is not set; export it, pass --var NOT_SET=VALUE, or write $${NOT_SET} to leave it to the command\n")
	checkText(t, "stdout", r.stdout, "")
	checkText(t, "stderr", s.must(3, "run", "none.yaml").stderr, "saferunner: cannot read none.yaml: no such file or directory\n")
	checkText(t, "stderr", s.must(2, "run", ".").stderr, "saferunner: cannot read .: is a directory\n")
	if s.read("ran") != "" {
		t.Error("a task of a bad file was run")
	}
}

// A key is held across processes.
func TestDuplicateKey(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", "run_id: r\ntasks:\n  - {task: charge, exec: [sh, -c, 'echo x >> ran'], key: 'order-${ID}'}\n")
	s.must(0, "run", "--var", "ID=1", "list.yaml")
	r := s.must(0, "run", "--var", "ID=1", "list.yaml")
	checkContains(t, "stdout", r.stdout, "charge  duplicate\n")
	s.must(0, "run", "--var", "ID=2", "list.yaml")
	checkText(t, "what ran", s.read("ran"), "x\nx\n")
}

func TestUnknownMode(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.set("SAFERUNNER_MODE", "banana")
	s.write("list.yaml", orderList)
	const want = "saferunner: SAFERUNNER_MODE must be live or record, or not set, and is \"banana\"; nothing was executed\n"
	checkText(t, "stderr of run", s.must(2, "run", "list.yaml").stderr, want)
	checkText(t, "stderr of run", s.must(2, "run", "--force-all", "list.yaml").stderr, want)
	checkText(t, "stderr of exec", s.must(2, "exec", "--run-id", "r", "--task", "ab", "--", "touch", "ran").stderr, want)
	checkText(t, "what ran", s.read("ran"), "")
}
