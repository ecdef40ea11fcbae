//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// aheadVariable says by how many seconds the clock of a worker is ahead.
const aheadVariable = "SAFERUNNER_STRESS_AHEAD"

// ahead is put beside package time.
const ahead = `package time

import "syscall"

var stressAhead = func() (seconds int64) {
	text, _ := syscall.Getenv("` + aheadVariable + `")
	for _, c := range text {
		seconds = seconds*10 + int64(c-'0')
	}
	return seconds
}()
`

// build builds the worker into a directory, with a package time whose wall clock
// can be ahead. That of the machine, which SQLite goes by, stays.
func build(dir string) (program string, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	// Go replaces no file of a toolchain in the module cache, under its name there.
	link := filepath.Join(dir, "goroot")
	if err := os.Symlink(strings.TrimSpace(string(root)), link); err != nil {
		return "", err
	}
	folder := filepath.Join(link, "src", "time")
	source, err := os.ReadFile(filepath.Join(folder, "time.go"))
	if err != nil {
		return "", err
	}
	const clock = "sec, nsec, mono := runtimeNow()\n"
	if !strings.Contains(string(source), clock) {
		return "", fmt.Errorf("package time of this Go does not read the clock by %q: say here how it does", clock)
	}
	changed := strings.ReplaceAll(string(source), clock, clock+"\tsec += stressAhead\n")
	replace := map[string]string{
		filepath.Join(folder, "time.go"):         filepath.Join(dir, "time.go"),
		filepath.Join(folder, "stress_ahead.go"): filepath.Join(dir, "ahead.go"),
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{"time.go": changed, "ahead.go": ahead, "overlay.json": string(overlay)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	program = filepath.Join(dir, "worker")
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program,
		"github.com/saferunner/saferunner/riverengine/internal/stress/worker")
	cmd.Env = append(os.Environ(), "GOROOT="+link, "GOTOOLCHAIN=local")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
}
