package tasklist

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
)

// FuzzTaskFile: no file makes Parse panic. One that it refuses gets an error
// with a place; one that it takes can be planned: its tasks can be defined,
// their arguments are JSON, and every variable in them has a value.
func FuzzTaskFile(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte(`{"run_id": "r", "tasks": [{"task": "ab", "exec": ["x", "${HOST}"]}]}`))
	f.Add([]byte(task("task: ab", "http: {url: 'http://a', json: {a: [1, .5, ~]}}", "async: true")))
	f.Add([]byte("a: &b !c {? d : *e}\n--- |\n f"))
	given := map[string]string{"REGION": "eu$${HOST}"}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Parse("list.yaml", data, Execute, given, lookup)
		if err != nil {
			place, ok := errors.AsType[*Error](err)
			if !ok || list != nil || place.Line < 1 || place.Column < 1 || place.Text == "" {
				t.Fatalf("error without a place: %#v", err)
			}
			return
		}
		if list.RunID == "" || len(list.Tasks) == 0 {
			t.Fatalf("an incomplete list: %+v", list)
		}
		for _, task := range list.Tasks {
			plan(t, task)
		}
	})
}

func plan(t *testing.T, task Task) {
	t.Helper()
	_ = task.Call(func(context.Context, effect.Step) error { return nil }) // panics if the task cannot be defined
	arguments, err := json.Marshal(task.Step)
	if err != nil || !utf8.Valid(arguments) {
		t.Fatalf("%s: arguments are no JSON: %q, %v", task.Name, arguments, err)
	}
	texts := task.Step.Exec
	if request := task.Step.HTTP; request != nil {
		texts = []string{request.URL, request.Body, string(request.JSON)}
		for _, value := range request.Headers {
			texts = append(texts, value)
		}
	}
	if len(texts) == 0 {
		t.Fatalf("%s does nothing", task.Name)
	}
	for _, text := range texts {
		if _, err := vars.Expand(text, lookup); err != nil {
			t.Fatalf("%s: %q: %v", task.Name, text, err)
		}
	}
}
