package cli

import (
	"os"
	"strings"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/tasklist"
)

// workSet is the async tasks of some files, each name once.
type workSet struct {
	tasks []tasklist.Task
	files []string // where each was found first
}

// loadWork reads the files. Tasks of one name may differ in their arguments,
// which come with the calls, and in nothing else.
func loadWork(paths []string) (*workSet, error) {
	var set workSet
	for _, path := range paths {
		list, err := loadList(path, tasklist.Work, nil)
		if err != nil {
			return nil, err
		}
		for _, task := range list.Tasks {
			if err := set.add(path, task); err != nil {
				return nil, err
			}
		}
	}
	if len(set.tasks) == 0 {
		return nil, exitf(codeUsage, "no async task in %s; sync ones execute where they are run", strings.Join(paths, ", "))
	}
	return &set, nil
}

func (s *workSet) add(path string, task tasklist.Task) error {
	if !task.Async {
		return nil
	}
	for i, other := range s.tasks {
		if other.Name == task.Name {
			if what := difference(other, task); what != "" {
				return exitf(codeUsage, "%s: task %s has another %s than in %s; make them the same, or rename one", path, task.Name, what, s.files[i])
			}
			return nil
		}
	}
	s.tasks, s.files = append(s.tasks, task), append(s.files, path)
	return nil
}

// difference names what two tasks of one name must agree in, and do not.
func difference(a, b tasklist.Task) string {
	switch {
	case command(a.Step) != command(b.Step):
		return "command"
	case a.Timeout != b.Timeout:
		return "timeout"
	case a.Retry != b.Retry:
		return "retry"
	default:
		return ""
	}
}

// command is the program that a step runs; none for a request.
func command(s effect.Step) string {
	if s.HTTP != nil {
		return ""
	}
	return s.Exec[0]
}

func (s *workSet) names() []string {
	names := make([]string, len(s.tasks))
	for i, task := range s.tasks {
		names[i] = task.Name
	}
	return names
}

// checkMode fails for a SAFERUNNER_MODE that is none.
func checkMode() error {
	if mode, set := os.LookupEnv("SAFERUNNER_MODE"); set && mode != "live" && mode != "record" {
		return errMode()
	}
	return nil
}
