package cli_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

const asyncList = `
run_id: r
tasks:
  - {task: ab, exec: [touch, ab-ran], async: true}
  - {task: cd, exec: [touch, cd-ran]}
`

func TestMigrate(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		first := s.must(0, "migrate")
		checkContains(t, "stdout", first.stdout, " has its tables, and is up to date\n")
		if strings.Contains(first.stdout, "sslmode") {
			t.Errorf("stdout: %s", first.stdout)
		}
		s.must(0, "exec", "--run-id", "r", "--task", "ab", "--", "true")
		checkText(t, "stdout", s.must(0, "migrate").stdout, first.stdout)
		s.checkCalls("r", "ab done")
	})
}

// Every command works on both databases, whatever has made the tables.
func TestJournalOnBoth(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.must(3, "calls", "r")
		s.write("list.yaml", asyncList)
		s.must(0, "run", "list.yaml")
		s.must(0, "run", "--durable", "list.yaml")
		s.must(0, "run", "--record", "list.yaml")
		s.must(7, "exec", "--run-id", "r", "--task", "ef", "--", "sh", "-c", "exit 7")
		s.checkCalls("r", "ab done, cd done, ab queued, cd done, ab recorded, cd recorded, ef failed")
		checkText(t, "clear", s.must(0, "clear").stdout, "2 recorded calls cleared\n")
		s.checkCalls("r", "ab done, cd done, ab queued, cd done, ef failed")
	})
}

// In record mode nothing is queued and nothing is worked; what is forced
// executes at once.
func TestDurableRecordMode(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.write("list.yaml", asyncList)
		s.must(0, "run", "--durable", "list.yaml")
		s.set("SAFERUNNER_MODE", "record")
		r := s.must(0, "work", "list.yaml")
		checkText(t, "stderr", r.stderr, "saferunner: record mode: work executes nothing, and what is queued waits\n")
		checkContains(t, "stderr", s.must(0, "run", "--durable", "list.yaml").stderr, "record mode: 2 recorded")
		s.checkCalls("r", "ab queued, cd done, ab recorded, cd recorded")
		checkText(t, "what ran", s.read("ab-ran"), "")
		s.must(0, "run", "--durable", "--force", "ab", "list.yaml")
		s.checkCalls("r", "ab queued, cd done, ab recorded, cd recorded, ab done, cd recorded")
	})
	t.Run("another mode", func(t *testing.T) {
		s := live(t)
		s.write("list.yaml", asyncList)
		s.set("SAFERUNNER_MODE", "other")
		for _, args := range [][]string{{"work", "list.yaml"}, {"run", "--durable", "list.yaml"}} {
			checkText(t, "stderr", s.must(2, args...).stderr, "saferunner: SAFERUNNER_MODE must be live or record, or not set, and is \"other\"; nothing was executed\n")
		}
	})
}

func TestDatabaseErrors(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", asyncList)
	for _, test := range []struct {
		db   string
		code int
		want string
	}{
		{"mysql://root:s3cret@host/db", 2, "saferunner: mysql:// names no database that is supported; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE\n"},
		{"sqlite:", 2, "saferunner: the database has no name; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE\n"},
		{"postgres://u:s3cret@127.0.0.1:1/db", 4, "saferunner: journal postgres://u@127.0.0.1:1/db: Postgres at 127.0.0.1:1 cannot be reached: "},
		{"postgres://u:s3cret@%zz/db", 2, "saferunner: the URL of Postgres: cannot parse "},
		{"postgres://u:s3cret@host:port/db", 2, "saferunner: the URL of Postgres: cannot parse "},
		{"postgres:db", 2, "saferunner: postgres: names no database that is supported; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE\n"},
		{"file:x.db", 2, "saferunner: file: names no database that is supported; "},
		{"list.yaml/x.db", 4, "saferunner: journal list.yaml/x.db: "},
		{"list.yaml", 4, "saferunner: journal list.yaml: "},
		{":memory:", 2, "saferunner: :memory: would keep nothing; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE\n"},
		{"sqlite::memory:", 2, "saferunner: :memory: would keep nothing; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE\n"},
		{"sqlite:x.db?mode=ro", 2, "saferunner: x.db?mode=ro has parameters, which a file cannot have; write a file, sqlite:FILE or postgres://USER@HOST/DATABASE\n"},
		{"none/dir/x.db", 4, "saferunner: journal none/dir/x.db: there is no folder none/dir; correct the name, or make the folder\n"},
	} {
		for _, args := range [][]string{{"run", "--durable", "list.yaml"}, {"work", "list.yaml"}, {"migrate"}, {"calls", "r"}, {"run", "list.yaml"}} {
			if args[0] == "calls" && test.db == "list.yaml/x.db" {
				continue // there is none
			}
			r := s.must(test.code, append(args, "--db", test.db)...)
			if !strings.HasPrefix(r.stderr, test.want) || strings.Count(r.stderr, "\n") != 1 || strings.Contains(r.stderr, "s3cret") {
				t.Errorf("%v --db %s: stderr %q", args, test.db, r.stderr)
			}
		}
	}
	for _, name := range []string{"ab-ran", "cd-ran"} {
		if s.exists(name) {
			t.Errorf("%s", name)
		}
	}
}

func TestDurableUsage(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", asyncList)
	s.write("sync.yaml", "run_id: r\ntasks: [{task: ab, exec: [true]}]")
	s.write("program.yaml", "run_id: r\ntasks: [{task: ab, exec: [rm, x], async: true}]")
	s.write("request.yaml", "run_id: r\ntasks: [{task: ab, http: {url: 'http://x'}, async: true}]")
	s.write("slower.yaml", "run_id: r\ntasks: [{task: ab, exec: [touch, x], async: true, timeout: 1s}]")
	s.write("retry.yaml", "run_id: r\ntasks: [{task: ab, exec: [touch, x], async: true, retry: {max_attempts: 2}}]")
	s.write("secret.yaml", "run_id: r\ntasks: [{task: ab, http: {url: 'http://x', headers: {cookie: s3cret}}, async: true}]")
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"work", 2, "name the files whose async tasks it executes: saferunner work FILE; see saferunner --help"},
		{"migrate x", 2, `migrate takes no arguments, and was given "x"; see saferunner --help`},
		{"calls", 2, "name one RUN_ID: saferunner calls RUN_ID; see saferunner --help"},
		{"work none.yaml", 3, "cannot read none.yaml: no such file or directory"},
		{"work sync.yaml", 2, "no async task in sync.yaml; sync ones execute where they are run"},
		{"work list.yaml program.yaml", 2, "program.yaml: task ab has another command than in list.yaml; make them the same, or rename one"},
		{"work list.yaml request.yaml", 2, "request.yaml: task ab has another command than in list.yaml; make them the same, or rename one"},
		{"work list.yaml slower.yaml", 2, "slower.yaml: task ab has another timeout than in list.yaml; make them the same, or rename one"},
		{"work list.yaml retry.yaml", 2, "retry.yaml: task ab has another retry than in list.yaml; make them the same, or rename one"},
		{"run --wait list.yaml", 2, "--wait is for --durable; without it run waits anyway"},
		{"run --durable secret.yaml", 2, `secret.yaml:2:62: header "cookie" is a secret that the database would hold in clear; set it in the worker's environment, and write ${NAME}`},
	} {
		checkText(t, "stderr of "+test.args, s.must(test.code, strings.Fields(test.args)...).stderr, "saferunner: "+test.want+"\n")
	}
	if s.exists("journal.db") {
		t.Error("a database was made")
	}
	checkContains(t, "help", s.must(0).stdout, "work ", "migrate ")
	checkContains(t, "completion", s.must(0, "__complete", "work", "").stdout, "yaml\nyml\njson\n:8\n")
	checkContains(t, "completion", s.must(0, "__complete", "run", "--").stdout, "--durable", "--wait")
}

// Who may not make tables is told who should.
func TestNoRights(t *testing.T) {
	t.Parallel()
	s := live(t)
	url := testDatabase(t)
	s.must(0, "migrate", "--db", url)
	role := fmt.Sprintf("saferunner_cli_%d", os.Getpid())
	execute(t, url, "CREATE ROLE "+role+" LOGIN PASSWORD 'saferunner'")
	t.Cleanup(func() { execute(t, url, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	denied := regexp.MustCompile("//[^@]*@").ReplaceAllString(url, "//"+role+":saferunner@")
	for _, args := range [][]string{{"migrate"}, {"calls", "r"}} {
		r := s.must(4, append(args, "--db", denied)...)
		checkContains(t, "stderr", r.stderr, "permission denied for ", "; let an administrator run saferunner migrate, and grant this user rights in the schema saferunner\n")
		if strings.Count(r.stderr, "saferunner migrate") != 1 {
			t.Errorf("%v: the advice stands twice: %s", args, r.stderr)
		}
	}
	s.write("list.yaml", asyncList)
	execute(t, url, "GRANT USAGE ON SCHEMA saferunner TO "+role+"; GRANT ALL ON ALL TABLES IN SCHEMA saferunner TO "+role+
		"; GRANT ALL ON ALL SEQUENCES IN SCHEMA saferunner TO "+role)
	checkContains(t, "stdout", s.must(0, "run", "--durable", "list.yaml", "--db", denied).stdout, "queued")
}
