package saferunnertest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What Main says and exits with, of suites in processes of their own.
func TestMainReports(t *testing.T) {
	if _, err := os.ReadFile("testdata/suite/suite_test.go"); err != nil { // so that the test cache sees it
		t.Fatal(err)
	}
	suite := filepath.Join(t.TempDir(), "suite.exe")
	if out, err := exec.Command("go", "test", "-c", "-o", suite, "./testdata/suite").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for run, tt := range map[string]struct {
		fails bool
		env   string
		want  []string
		not   []string
	}{
		"TestSuite": {
			env: "FORCE_RUN_SIDE_EFFECTS=suite.missing",
			want: []string{
				"1 call was recorded that no recorder owned", "suite_test.go:", "unowned.run",
				`FORCE_RUN_SIDE_EFFECTS names "suite.missing"`, "saferunner: FORCE_RUN_SIDE_EFFECTS lets through in test mode: suite.missing",
			},
			not: []string{"mine.run", "was recorded, not executed"},
		},
		"TestOutlived": {
			want: []string{
				"5 calls were recorded that no recorder owned", "by.ctx", "by.default", "by.timer", "by.service",
				`recorded, key "k", after the end of TestOutlived/first`, "recorded, async, after 1h0m0s, after the end of TestOutlived/first",
			},
		},
		"TestRefused$": {
			fails: true,
			want:  []string{"PASS", "a list was refused that no recorder owned, at ", "suite_test.go:", "bad run ID: it is empty"},
		},
		"TestRefusedAfterTheEnd": {
			fails: true,
			want:  []string{"a list was refused that no recorder owned", "after the end of TestRefusedAfterTheEnd/first", "bad key: it is empty"},
		},
		"TestNoFaultOfTheList": {not: []string{"refused"}},
		"TestFails": {
			fails: true,
			want:  []string{"no message in the outbox", "1 call was recorded that no recorder owned; nothing executed", "unowned.run", "suite_test.go:"},
		},
	} {
		t.Run(run, func(t *testing.T) {
			command := exec.Command(suite, "-test.run=^"+run)
			command.Env = append(os.Environ(), tt.env)
			out, err := command.CombinedOutput()
			text := string(out)
			if _, exited := err.(*exec.ExitError); exited != tt.fails || err != nil && !exited {
				t.Errorf("it ends with %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
			for _, not := range append(tt.not, "executed ") {
				if strings.Contains(text, not) {
					t.Errorf("%q is in\n%s", not, text)
				}
			}
		})
	}
}
