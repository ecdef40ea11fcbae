package tasklist

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
)

func parse(t *testing.T, text string, given map[string]string) *List {
	t.Helper()
	list, err := Parse("list.yaml", []byte(text), Execute, given, lookup)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

const everything = `# All that a file can say.
run_id: order.created-${REGION}
tasks:
  - task: sms.send
    exec: [sh, -c, 'echo "$x" $$HOME ${HOST} ${REGION}', 007, 1.50, true, ""]
    timeout: 1m30s
    best_effort: true
    key: order-$$-${REGION}
  - task: crm/update
    http:
      method: put
      url: https://${HOST}/v1
      headers:
        authorization: Bearer ${TOKEN}
        X-Api-Key: s3cret
        accept: text/plain
      json:
        id: 42
        text: ${TOKEN} <&> ${REGION}
        rest: [1e5, 0x1F, 1_000, 1.50, -7, 12345678901234567890123, "1", ~, false, {}, []]
        ${REGION}: |
          two
          lines
    async: true
    after: 10s
    retry: {max_attempts: 3, initial: 100ms, max: 2s}
  - task: ping
    http: {url: "http://localhost:80", body: "${EMPTY}x"}
    after: 1s
  - {task: get, http: {url: "http://localhost"}, async: false}
`

func TestParse(t *testing.T) {
	got := parse(t, everything, map[string]string{"REGION": "eu-${HOST}"})
	want := &List{
		RunID: "order.created-eu-${HOST}",
		Tasks: []Task{{
			Name: "sms.send",
			Step: effect.Step{Exec: []string{
				"sh", "-c", `echo "$x" $$HOME ${HOST} eu-$${HOST}`, "007", "1.50", "true", "",
			}},
			Timeout:    90 * time.Second,
			BestEffort: true,
			Key:        "order-$-eu-${HOST}",
		}, {
			Name: "crm/update",
			Step: effect.Step{HTTP: &effect.Request{
				Method:      "PUT",
				URL:         "https://${HOST}/v1",
				Headers:     map[string]string{"Authorization": "Bearer ${TOKEN}", "Accept": "text/plain"},
				Credentials: map[string]string{"X-Api-Key": "s3cret"},
				JSON: json.RawMessage(`{"id":42,"text":"${TOKEN} <&> eu-$${HOST}",` +
					`"rest":[1e5,31,1000,1.50,-7,12345678901234567890123,"1",null,false,{},[]],` +
					`"eu-$${HOST}":"two\nlines\n"}`),
			}},
			Async: true,
			After: 10 * time.Second,
			Retry: Retry{3, 100 * time.Millisecond, 2 * time.Second},
		}, {
			Name:  "ping",
			Step:  effect.Step{HTTP: &effect.Request{Method: "POST", URL: "http://localhost:80", Body: "${EMPTY}x"}},
			Async: true, // after says so
			After: time.Second,
		}, {
			Name: "get",
			Step: effect.Step{HTTP: &effect.Request{Method: "GET", URL: "http://localhost"}},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", dump(t, got), dump(t, want))
	}
}

// A JSON file says the same as a YAML one.
func TestParseJSON(t *testing.T) {
	const text = "{\n\t\"run_id\": \"caf\\u00e9 \\ud83d\\ude00 \\/\",\n\t\"tasks\": [\n" +
		"\t\t{\"task\": \"sms.send\", \"exec\": [\"echo\", \"a\\tb\"], \"async\": true},\n" +
		"\t\t{\"task\": \"ping\", \"http\": {\"url\": \"http://a\", \"json\": {\"n\": 1e5, \"s\": \"1e5\", \"q\": \"\\\"\"}}}\n\t]\n}\n"
	got := parse(t, text, nil)
	want := &List{
		RunID: "café 😀 /",
		Tasks: []Task{
			{Name: "sms.send", Step: effect.Step{Exec: []string{"echo", "a\tb"}}, Async: true},
			{Name: "ping", Step: effect.Step{HTTP: &effect.Request{
				Method: "POST", URL: "http://a", JSON: json.RawMessage(`{"n":1e5,"s":"1e5","q":"\""}`),
			}}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", dump(t, got), dump(t, want))
	}
}

func TestNames(t *testing.T) {
	list := List{Tasks: []Task{{Name: "b"}, {Name: "a"}, {Name: "b"}}}
	if got := strings.Join(list.Names(), " "); got != "b a" {
		t.Errorf("Names: %s", got)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.yaml")
	if err := os.WriteFile(path, []byte(task("task: ab", "exec: [x]")), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := Load(path, Execute, nil, lookup); err != nil || list.Tasks[0].Name != "ab" {
		t.Errorf("Load: %v, %v", list, err)
	}
	_, err := Load(path+".none", Execute, nil, lookup)
	if !os.IsNotExist(err) && (err == nil || !strings.HasPrefix(err.Error(), "cannot read "+path+".none: ")) {
		t.Errorf("error %v of a file that is not there", err)
	}
}

func dump(t *testing.T, list *List) string {
	t.Helper()
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The parser takes a:b for a mapping in a list in brackets within braces.
func TestColons(t *testing.T) {
	list := parse(t, "run_id: r\ntasks:\n  - {task: ab, exec: [docker, 8080:80, é, ö:1:2, http://localhost:80/x y]}\n"+
		"  - {task: cd, http: {url: 'http://a', json: {l: [12:30, {a: 1}, \"x:y\"]}}}\n", nil)
	if got, want := list.Tasks[0].Step.Exec, []string{"docker", "8080:80", "é", "ö:1:2", "http://localhost:80/x y"}; !reflect.DeepEqual(got, want) {
		t.Errorf("exec %q, want %q", got, want)
	}
	if got, want := string(list.Tasks[1].Step.HTTP.JSON), `{"l":["12:30",{"a":1},"x:y"]}`; got != want {
		t.Errorf("json %s, want %s", got, want)
	}
}

// A tab separates, and is kept in single quotes and blocks.
func TestTabs(t *testing.T) {
	list := parse(t, "run_id:\tr\t# a\tcomment\ntasks:\n- task:\tab\t\n  exec:\t[x,\t'a\tb'\t, \"c\\td\"]\n"+
		"- task: cd\n  exec:\n  - 'x'\t\n  - |\t# a\tcomment\n    e\tf\n    \tg\n  - >-\n    h\ti\n", nil)
	got := [][]string{{list.RunID}, list.Tasks[0].Step.Exec, list.Tasks[1].Step.Exec}
	want := [][]string{{"r"}, {"x", "a\tb", "c\td"}, {"x", "e\tf\n\tg\n", "h\ti"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

// A file of Windows says the same.
func TestLineEnds(t *testing.T) {
	text := "run_id: r\ntasks:\n- task: ab\n  exec:\n  - x\n  - \"a\n    b\"\n  - 'a\n    b'\n  - |\n    c\n    d\n"
	got, want := parse(t, strings.ReplaceAll(text, "\n", "\r\n"), nil), parse(t, text, nil)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", dump(t, got), dump(t, want))
	}
}

func TestByteOrderMark(t *testing.T) {
	if list := parse(t, "\ufeffrun_id: r\ntasks: [{task: ab, exec: [x]}]\n", nil); list.RunID != "r" {
		t.Errorf("run ID %q", list.RunID)
	}
}

// Which variables must be set depends on where a task executes.
func TestPurpose(t *testing.T) {
	const async = "    async: true\n"
	for _, test := range []struct {
		name, file string
		purpose    Purpose
		ok         bool
	}{
		{"all here", task("task: ab", "exec: [x, '${NONE}']") + async, Execute, false},
		{"async, to be queued", task("task: ab", "exec: [x, '${NONE}']") + async, Queue, true},
		{"scheduled, to be queued", task("task: ab", "exec: [x, '${NONE}']", "after: 1s"), Queue, true},
		{"sync beside a queue", task("task: ab", "exec: [x, '${NONE}']", "async: false"), Queue, false},
		{"URL", task("task: ab", "http: {url: '${NONE}/x'}") + async, Queue, true},
		{"password of the environment", task("task: ab", "http: {url: 'http://u:${TOKEN}@x/'}"), Execute, true},
		{"bad URL", task("task: ab", "http: {url: '${HOST}/x'}") + async, Queue, false},
		{"a secret written out", task("task: ab", "http: {url: 'http://x', headers: {cookie: s3cret}}") + async, Queue, false},
		{"a secret of the environment", task("task: ab", "http: {url: 'http://x', headers: {cookie: '${NONE}'}}") + async, Queue, true},
		{"a secret that stays here", task("task: ab", "http: {url: 'http://x', headers: {cookie: s3cret}}"), Queue, true},
		{"key", task("task: ab", "exec: [x]", "key: '${NONE}'") + async, Queue, false},
		{"worker", task("task: ab", "exec: [x, '${NONE}']", "key: '${NONE}'"), Work, true},
		{"run ID of a worker", "run_id: r-${NONE}\ntasks: [{task: ab, exec: [x]}]", Work, true},
		{"no variable", task("task: ab", "exec: [x, '${']") + async, Work, false},
	} {
		if _, err := Parse("list.yaml", []byte(test.file), test.purpose, nil, lookup); (err == nil) != test.ok {
			t.Errorf("%s: error %v", test.name, err)
		}
	}
	list, err := Parse("list.yaml", []byte(task("task: ab", "exec: [x, '${NONE}$$']")+async), Queue, nil, lookup)
	if err != nil || list.Tasks[0].Step.Exec[1] != "${NONE}$$" {
		t.Errorf("what is queued: %+v, %v", list, err)
	}
}

// What a retry leaves out is up to the library, and fits what it says.
func TestWaits(t *testing.T) {
	for retry, want := range map[Retry][2]time.Duration{
		{MaxAttempts: 3}: {time.Second, time.Minute},
		{3, 100 * time.Millisecond, 2 * time.Second}: {100 * time.Millisecond, 2 * time.Second},
		{MaxAttempts: 3, Initial: time.Hour}:         {time.Hour, time.Hour},
		{MaxAttempts: 3, Max: time.Millisecond}:      {time.Millisecond, time.Millisecond},
		{MaxAttempts: 3, Max: time.Hour}:             {time.Second, time.Hour},
		{1000, 1, math.MaxInt64}:                     {1, math.MaxInt64},
	} {
		if first, last := retry.waits(); first != want[0] || last != want[1] {
			t.Errorf("%+v: waits %s to %s, want %s to %s", retry, first, last, want[0], want[1])
		}
		Task{Name: "waits.fit", Retry: retry}.Define(func(context.Context, effect.Step) error { return nil }) // panics if they do not
	}
}
