package tasklist

import (
	"errors"
	"strings"
	"testing"
)

var environment = map[string]string{"HOST": "example.com", "TOKEN": "t0ken", "EMPTY": "", "SPACE": "a b"}

func lookup(name string) (string, bool) {
	value, ok := environment[name]
	return value, ok
}

// task makes a file of one task with the given lines; the first stands at
// line 3, column 5.
func task(lines ...string) string {
	return "run_id: r\ntasks:\n  - " + strings.Join(lines, "\n    ") + "\n"
}

func TestErrors(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"empty file", "", "1:1: the file is empty; a file has run_id, and tasks with a list"},
		{"comment only", "# nothing\n", "1:1: the file is empty; a file has run_id, and tasks with a list"},
		{"only a document mark", "---\n", "1:1: the file is empty; a file has run_id, and tasks with a list"},
		{"no YAML", "run_id: \"x\ntasks:\n", "1:9: not YAML: could not find end character of double-quoted text; correct the syntax here"},
		{"tab", "run_id: x\ntasks:\n\t- task: a\n", "3:1: indent with spaces, not tabs"},
		{"tab in text", task("task: ab", "exec:", "- sh", "- cd /tmp &&\techo removing ./build\t./dist"), `6:7: a tab in text; write the text in double quotes, with \t`},
		{"tab in a run ID", "run_id: a\tb\ntasks: []\n", `1:9: a tab in text; write the text in double quotes, with \t`},
		{"tab in brackets", task("task: ab", "exec: [x, y\tz]"), `4:15: a tab in text; write the text in double quotes, with \t`},
		{"tab in a number", task("task: ab", "http: {url: 'http://a', json: 1\t2}"), `4:35: a tab in text; write the text in double quotes, with \t`},
		{"tab in a key", task("task: ab", "http: {url: 'http://a', json: {a\tb: 1}}"), `4:36: a tab in text; write the text in double quotes, with \t`},
		{"tab at the end of a line", task("task: ab", "exec:", "- x", "- 'y\t \n      z'"), "6:7: a tab at the end of a line in single quotes; remove it"},
		{"tab in double quotes", task("task: ab", "exec:", "- x", "- \"y\tz\""), `6:7: a tab in double quotes; write \t`},
		{"tab in double quotes in brackets", task("task: ab", "exec: [x, \"y\tz\"]"), `4:15: a tab in double quotes; write \t`},
		{"open bracket", "{\"run_id\": \"r\", \"tasks\": [", "1:26: not YAML: sequence end token ']' not found; correct the syntax here"},
		{"prose", "just text\n", "1:1: the file is text or a number; write a mapping, such as {run_id: order.created, tasks: [...]}"},
		{"a list", "- task: a\n", "1:1: the file is a list; write a mapping, such as {run_id: order.created, tasks: [...]}"},
		{"not UTF-8", "run_id: \xff\n", "1:1: the file is not UTF-8 text; save it as YAML or JSON in UTF-8"},
		{"two documents", task("task: ab", "exec: [x]") + "---\nrun_id: s\n", "6:1: a second document; keep one list in one file, without ---"},
		{"deep", "run_id: " + strings.Repeat("[", 200), "1:109: nested deeper than 100 levels; flatten it"},
		{"large", strings.Repeat("#", 1<<20+1), "1:1: the file is larger than 1048576 bytes; split the list"},

		{"no run_id", "tasks:\n  - task: ab\n    exec: [x]\n", "1:1: run_id is missing; name what this list is for, such as run_id: order.created"},
		{"empty run_id", "run_id: ''\ntasks: []", "1:9: run_id is empty; name what this list is for, such as order.created"},
		{"null run_id", "tasks:\n  - {task: ab, exec: [x]}\nrun_id:\n", "3:9: run_id is empty; write text"},
		{"long run_id", "run_id: " + strings.Repeat("x", 257), "1:9: run_id is longer than 256 bytes; shorten it"},
		{"run_id from the environment", "run_id: ${HOST}\n", "1:9: ${HOST} in run_id is not given; run_id is written to the journal, so pass --var HOST=VALUE"},
		{"no tasks", "run_id: r\n", "1:1: tasks is missing; list what to run, such as tasks: [{task: sms.send, exec: [./send-sms]}]"},
		{"empty tasks", "run_id: r\ntasks: []\n", "2:8: tasks is empty; write at least one element, such as [{task: sms.send, exec: [./send-sms]}]"},
		{"tasks is no list", "run_id: r\ntasks:\n  task: ab\n", "3:3: tasks is a mapping; write a list, such as [{task: sms.send, exec: [./send-sms]}]"},
		{"unknown key", "run_id: r\nname: x\n", `2:1: unknown key "name"; a file has run_id, and tasks with a list`},
		{"duplicate key", "run_id: r\nrun_id: s\n", `2:1: duplicate key "run_id" in the file, first given in line 1; remove one`},
		{"alias", "run_id: &x r\ntasks: *x\n", "1:9: run_id is an anchor, alias or tag, which are not supported; write text"},
		{"merge key", "<<: {a: b}\n", "1:1: a key of the file is an anchor, alias or tag, which are not supported; write a plain name"},

		{"task is text", "run_id: r\ntasks: [sms.send]\n", "2:9: a task is text or a number; write a mapping, such as {task: sms.send, exec: [./send-sms]}"},
		{"no task name", task("exec: [x]"), "3:5: task is missing; name the task, such as task: sms.send"},
		{"bad task name", task("task: 1st", "exec: [x]"), `3:11: bad task name "1st"; use 2 to 128 letters, digits and . _ - /, beginning with a letter`},
		{"short task name", task("task: a", "exec: [x]"), `3:11: bad task name "a"; use 2 to 128 letters, digits and . _ - /, beginning with a letter`},
		{"variable in a task name", task("task: sms.${HOST}", "exec: [x]"), `3:11: bad task name "sms.${HOST}"; use 2 to 128 letters, digits and . _ - /, beginning with a letter`},
		{"unknown key in a task", task("task: ab", "exce: [x]"), `4:5: unknown key "exce"; a task has task, exec, http, async, timeout, best_effort, after, key and retry`},
		{"duplicate key in a task", task("task: ab", "exec: [x]", "exec: [y]"), `5:5: duplicate key "exec" in a task, first given in line 4; remove one`},
		{"neither", task("task: ab"), `3:5: task "ab" does nothing; give it exec or http`},
		{"both", task("task: ab", "http: {url: 'http://a'}", "exec: [x]"), `5:5: task "ab" has both exec and http; keep one, or make two tasks`},

		{"exec is text", task("task: ab", "exec: echo hi"), `4:11: exec is text or a number; write a list, such as [sh, -c, "echo hello"]`},
		{"exec is empty", task("task: ab", "exec: []"), `4:11: exec is empty; write at least one element, such as [sh, -c, "echo hello"]`},
		{"empty command", task("task: ab", "exec: ['', x]"), `4:12: exec begins with an empty command; name the program, such as [sh, -c, "echo hello"]`},
		{"null argument", task("task: ab", "exec: [x, ~]"), "4:15: an argument of exec is empty; write text"},
		{"nested argument", task("task: ab", "exec: [x, [y]]"), "4:15: an argument of exec is a list; write text"},
		{"NUL", task("task: ab", `exec: [x, "\0"]`), "4:15: an argument of exec holds a NUL character; remove it"},
		{"unset variable", task("task: ab", "exec: [x, 'a${NONE}b']"), "4:15: ${NONE} is not set; export it, pass --var NONE=VALUE, or write $${NONE} to leave it to the command"},
		{"no variable", task("task: ab", "exec: [x, 'a${HOST:-x}b']"), `4:15: "${HOST:-x}" is not a variable; write ${NAME}, or $${HOST:-x} to leave it to the command`},
		{"open variable", task("task: ab", "exec: [x, 'a${HOST']"), `4:15: "${HOST" is not a variable; write ${NAME}, or $${HOST to leave it to the command`},

		{"bad duration", task("task: ab", "exec: [x]", "timeout: soon"), `5:14: timeout is "soon"; write a positive duration with its unit, such as 500ms, 5s or 1m30s`},
		{"duration without unit", task("task: ab", "exec: [x]", "timeout: 5"), `5:14: timeout is "5"; write a positive duration with its unit, such as 500ms, 5s or 1m30s`},
		{"negative duration", task("task: ab", "exec: [x]", "after: -5s"), `5:12: after is "-5s"; write a positive duration with its unit, such as 500ms, 5s or 1m30s`},
		{"duration is a list", task("task: ab", "exec: [x]", "after: [5s]"), "5:12: after is a list; write a positive duration with its unit, such as 500ms, 5s or 1m30s"},
		{"bad boolean", task("task: ab", "exec: [x]", "async: yes"), `5:12: async is "yes"; write true or false`},
		{"empty boolean", task("task: ab", "exec: [x]", "best_effort:"), `5:18: best_effort is empty; write true or false`},
		{"empty key", task("task: ab", "exec: [x]", "key: ''"), "5:10: key is empty; name what must happen only once, such as order-42, or remove it"},
		{"key from the environment", task("task: ab", "exec: [x]", "key: o-${TOKEN}"), "5:10: ${TOKEN} in key is not given; key is written to the journal, so pass --var TOKEN=VALUE"},
		{"after of a sync task", task("task: ab", "exec: [x]", "after: 5s", "async: false"), "5:5: after needs an async task; remove async: false"},
		{"retry of a sync task", task("task: ab", "exec: [x]", "retry: {max_attempts: 3}"), "5:5: retry needs an async task; add async: true"},
		{"retry is a number", task("task: ab", "exec: [x]", "retry: 3"), "5:12: retry is text or a number; write a mapping, such as {max_attempts: 3, initial: 1s, max: 30s}"},
		{"retry without max_attempts", task("task: ab", "exec: [x]", "retry: {initial: 1s}"), "5:12: max_attempts is missing; write how often to try at most, such as {max_attempts: 3, initial: 1s, max: 30s}"},
		{"no attempts", task("task: ab", "exec: [x]", "retry: {max_attempts: 0}"), `5:27: max_attempts is "0"; write a whole number from 1 to 1000`},
		{"max less than initial", task("task: ab", "exec: [x]", "async: true", "retry: {max_attempts: 3, initial: 5s, max: 1s}"), "6:48: max is less than initial; write how long to wait at most, 5s or more"},
		{"unknown key in retry", task("task: ab", "exec: [x]", "retry: {attempts: 3}"), `5:13: unknown key "attempts"; retry has max_attempts, initial and max`},

		{"no url", task("task: ab", "http: {method: GET}"), `4:11: url is missing; say where the request goes, such as {method: POST, url: "https://example.com/hook"}`},
		{"url without scheme", task("task: ab", "http: {url: example.com}"), `4:17: bad url "example.com"; write one such as https://example.com/hook`},
		{"url of another scheme", task("task: ab", "http:", "  url: ftp://example.com"), `5:12: bad url "ftp://example.com"; write one such as https://example.com/hook`},
		{"url that a variable breaks", task("task: ab", `http: {url: "http://${SPACE}/"}`), `4:17: bad url "http://${SPACE}/"; write one such as https://example.com/hook`},
		{"password in a url", task("task: ab", `http: {url: "http://u:s3cret@${HOST}/"}`), `4:17: the url holds a password that the journal would hold in clear; set it in the environment, and write ${NAME}`},
		{"bad method", task("task: ab", "http: {url: 'http://a', method: 'G T'}"), `4:37: bad method "G T"; write one such as GET, POST, PUT, PATCH or DELETE`},
		{"json and body", task("task: ab", "http: {url: 'http://a', json: 1, body: x}"), "4:38: http has both json and body; keep one"},
		{"unknown key in http", task("task: ab", "http: {uri: 'http://a'}"), `4:12: unknown key "uri"; http has method, url, headers, json and body`},
		{"bad header name", task("task: ab", "http: {url: 'http://a', headers: {'a b': c}}"), `4:39: bad header name "a b"; use letters, digits and -`},
		{"header twice", task("task: ab", "http: {url: 'http://a', headers: {Accept: c, accept: d}}"), `4:50: duplicate key "accept" in headers: case does not tell headers apart; remove one`},
		{"header of two lines", task("task: ab", `http: {url: 'http://a', headers: {Accept: "c\nd"}}`), `4:47: header "Accept" has more than one line; write it on one`},
		{"unset in a header", task("task: ab", "http: {url: 'http://a', headers: {Accept: '${NONE}'}}"), "4:47: ${NONE} is not set; export it, pass --var NONE=VALUE, or write $${NONE} to leave it to the command"},
		{"unset in json", task("task: ab", "http:", "  url: http://a", "  json: {a: [{b: '${NONE}'}]}"), "6:22: ${NONE} is not set; export it, pass --var NONE=VALUE, or write $${NONE} to leave it to the command"},
		{"unset in a key of json", task("task: ab", "http:", "  url: http://a", "  json: {'${NONE}': 1}"), "6:14: ${NONE} is not set; export it, pass --var NONE=VALUE, or write $${NONE} to leave it to the command"},
		{"duplicate key in json", task("task: ab", "http: {url: 'http://a', json: {a: 1, a: 2}}"), `4:42: duplicate key "a" in json, first given in line 4; remove one`},
		{"pair in a list of exec", task("{task: ab, exec: [x, b: c]}"), "3:26: a : in a list in brackets; quote the element if it is text, else write {name: value}"},
		{"quoted pair in exec", task("{task: ab, exec: [x, \"b\":c]}"), "3:26: a : in a list in brackets; quote the element if it is text, else write {name: value}"},
		{"text and pair in exec", task("{task: ab, exec: [x, \"b:c: d\", b:c: d]}"), "3:36: a : in a list in brackets; quote the element if it is text, else write {name: value}"},
		{"pair in json", task("task: ab", "http: {url: 'http://a', json: {l: [a: 1]}}"), "4:40: a : in a list in brackets; quote the element if it is text, else write {name: value}"},
		{"leading zero in json", task("task: ab", "http: {url: 'http://a', json: 017}"), "4:35: json holds 017, where the leading zero may be meant or not; quote it, or remove the zero"},
		{"leading zeros in json", task("task: ab", "http: {url: 'http://a', json: -01.5}"), "4:35: json holds -01.5, where the leading zero may be meant or not; quote it, or remove the zero"},
		{"infinity in json", task("task: ab", "http: {url: 'http://a', json: .inf}"), "4:35: json holds .inf; write a value that JSON has"},
		{"tag in json", task("task: ab", "http: {url: 'http://a', json: !!binary aGk=}"), "4:35: json holds an anchor, alias or tag, which are not supported; write a value that JSON has"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := Parse("list.yaml", []byte(test.file), Execute, nil, lookup)
			if list != nil || err == nil || err.Error() != "list.yaml:"+test.want {
				t.Errorf("got  %v\nwant list.yaml:%s", err, test.want)
			}
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("error is a %T, want an *Error", err)
			}
		})
	}
}
