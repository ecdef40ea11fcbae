package riverengine

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What becomes of calls and rows is the same on every database and by every
// driver.
func TestInTx(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "intx.exe")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/intx").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := os.ReadFile("testdata/intx.golden")
	if err != nil {
		t.Fatal(err)
	}
	for driver, dsn := range map[string]func(*testing.T) string{
		"sqlite": func(t *testing.T) string { return "sqlite:" + testFile(t) },
		"pgx":    testDatabase,
		"stdlib": testDatabase,
	} {
		t.Run(driver, func(t *testing.T) {
			cmd := exec.Command(program, dsn(t), driver, "sqlite:"+testFile(t))
			cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") }), "SAFERUNNER_MODE=live")
			out, err := cmd.Output()
			if err != nil || string(out) != string(want) {
				t.Errorf("%v, got\n%s\nwant\n%s", err, out, want)
			}
		})
	}
}
