package tasklist

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

const (
	listExample = "{run_id: order.created, tasks: [...]}"
	taskExample = "{task: sms.send, exec: [./send-sms]}"
	execExample = `[sh, -c, "echo hello"]`
	taskKeys    = "task, exec, http, async, timeout, best_effort, after, key and retry"
)

func (f *file) list(root ast.Node) (*List, error) {
	fields, err := f.mapping(root, "the file", listExample)
	if err != nil {
		return nil, err
	}
	list := &List{}
	given := map[string]bool{}
	for _, field := range fields {
		given[field.name] = true
		switch field.name {
		case "run_id":
			list.RunID, err = f.runID(field.value)
		case "tasks":
			list.Tasks, err = f.tasks(field.value)
		default:
			err = f.errorAt(field.key, "unknown key %q; %s", field.name, layout)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case !given["run_id"]:
		return nil, f.errorAt(first(root), "run_id is missing; name what this list is for, such as run_id: order.created")
	case !given["tasks"]:
		return nil, f.errorAt(first(root), "tasks is missing; list what to run, such as tasks: [%s]", taskExample)
	}
	return list, nil
}

const maxRunID = 256

func (f *file) runID(node ast.Node) (string, error) {
	text, err := f.expanded(node, "run_id")
	switch {
	case err != nil:
		return "", err
	case text == "":
		return "", f.errorAt(first(node), "run_id is empty; name what this list is for, such as order.created")
	case len(text) > maxRunID:
		return "", f.errorAt(first(node), "run_id is longer than %d bytes; shorten it", maxRunID)
	}
	return text, nil
}

func (f *file) tasks(node ast.Node) ([]Task, error) {
	elements, err := f.sequence(node, "tasks", "["+taskExample+"]")
	if err != nil {
		return nil, err
	}
	tasks := make([]Task, len(elements))
	for i, element := range elements {
		if tasks[i], err = f.task(element); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

func (f *file) task(node ast.Node) (Task, error) {
	fields, err := f.mapping(node, "a task", taskExample)
	if err != nil {
		return Task{}, err
	}
	here := *f
	here.elsewhere = f.elsewhere || f.purpose == Queue && isAsync(fields)
	t := taskReader{file: &here, keys: map[string]*token.Token{}}
	for _, field := range fields {
		t.keys[field.name] = field.key
		if err := t.read(field); err != nil {
			return Task{}, err
		}
	}
	return t.task, t.check(first(node))
}

// isAsync reports whether a task with these fields is, once they are read.
func isAsync(fields []field) bool {
	return slices.ContainsFunc(fields, func(f field) bool {
		async, ok := f.value.(*ast.BoolNode)
		return f.name == "after" || f.name == "async" && ok && async.Value
	})
}

// taskReader reads one task.
type taskReader struct {
	*file
	task  Task
	async *bool                   // as written
	keys  map[string]*token.Token // that the task has
}

func (t *taskReader) read(field field) (err error) {
	task, value := &t.task, field.value
	switch field.name {
	case "task":
		task.Name, err = t.taskName(value)
	case "exec":
		task.Step.Exec, err = t.exec(value)
	case "http":
		task.Step.HTTP, err = t.request(value)
	case "async":
		task.Async, err = t.boolean(value, "async")
		t.async = &task.Async
	case "timeout":
		task.Timeout, err = t.duration(value, "timeout")
	case "best_effort":
		task.BestEffort, err = t.boolean(value, "best_effort")
	case "after":
		task.After, err = t.duration(value, "after")
	case "key":
		task.Key, err = t.key(value)
	case "retry":
		task.Retry, err = t.retry(value)
	default:
		err = t.errorAt(field.key, "unknown key %q; a task has %s", field.name, taskKeys)
	}
	return err
}

// check looks at what the fields of the task say together.
func (t *taskReader) check(at *token.Token) error {
	exec, http := t.keys["exec"], t.keys["http"]
	after, retry := t.keys["after"], t.keys["retry"]
	switch {
	case t.keys["task"] == nil:
		return t.errorAt(at, "task is missing; name the task, such as task: sms.send")
	case exec == nil && http == nil:
		return t.errorAt(at, "task %q does nothing; give it exec or http", t.task.Name)
	case exec != nil && http != nil:
		return t.errorAt(later(exec, http), "task %q has both exec and http; keep one, or make two tasks", t.task.Name)
	case after != nil && t.async != nil && !*t.async:
		return t.errorAt(after, "after needs an async task; remove async: false")
	case retry != nil && !t.task.Async && after == nil:
		return t.errorAt(retry, "retry needs an async task; add async: true")
	}
	t.task.Async = t.task.Async || after != nil
	return nil
}

func later(a, b *token.Token) *token.Token {
	if a.Position.Offset > b.Position.Offset {
		return a
	}
	return b
}

var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]{1,127}$`)

// CheckNames checks a run ID and a task's name that come from elsewhere.
func CheckNames(runID, task string) error {
	switch {
	case runID == "":
		return errors.New("the run ID is empty; name where the task is run, such as order.created")
	case len(runID) > maxRunID:
		return fmt.Errorf("the run ID is longer than %d bytes; shorten it", maxRunID)
	case !utf8.ValidString(runID):
		return errors.New("the run ID is not valid UTF-8")
	case !namePattern.MatchString(task):
		return fmt.Errorf("bad task name %q; %s", task, nameRule)
	}
	return nil
}

const nameRule = "use 2 to 128 letters, digits and . _ - /, beginning with a letter"

func (f *file) taskName(node ast.Node) (string, error) {
	name, err := f.raw(node, "task")
	if err != nil {
		return "", err
	}
	if !namePattern.MatchString(name) {
		return "", f.errorAt(first(node), "bad task name %s; %s", value(node), nameRule)
	}
	return name, nil
}

func (f *file) exec(node ast.Node) ([]string, error) {
	elements, err := f.sequence(node, "exec", execExample)
	if err != nil {
		return nil, err
	}
	argv := make([]string, len(elements))
	for i, element := range elements {
		if argv[i], err = f.text(element, "an argument of exec"); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(argv[0]) == "" {
		return nil, f.errorAt(first(elements[0]), "exec begins with an empty command; name the program, such as %s", execExample)
	}
	return argv, nil
}

func (f *file) key(node ast.Node) (string, error) {
	key, err := f.expanded(node, "key")
	if err == nil && key == "" {
		err = f.errorAt(first(node), "key is empty; name what must happen only once, such as order-42, or remove it")
	}
	return key, err
}

func (f *file) retry(node ast.Node) (Retry, error) {
	const example = "{max_attempts: 3, initial: 1s, max: 30s}"
	fields, err := f.mapping(node, "retry", example)
	if err != nil {
		return Retry{}, err
	}
	var retry Retry
	var longest ast.Node
	for _, field := range fields {
		switch field.name {
		case "max_attempts":
			retry.MaxAttempts, err = f.count(field.value, "max_attempts")
		case "initial":
			retry.Initial, err = f.duration(field.value, "initial")
		case "max":
			longest = field.value
			retry.Max, err = f.duration(field.value, "max")
		default:
			err = f.errorAt(field.key, "unknown key %q; retry has max_attempts, initial and max", field.name)
		}
		if err != nil {
			return Retry{}, err
		}
	}
	if retry.MaxAttempts == 0 {
		return Retry{}, f.errorAt(first(node), "max_attempts is missing; write how often to try at most, such as %s", example)
	}
	if longest != nil && retry.Max < retry.Initial {
		return Retry{}, f.errorAt(first(longest), "max is less than initial; write how long to wait at most, %s or more", retry.Initial)
	}
	return retry, nil
}
