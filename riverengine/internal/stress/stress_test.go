//go:build unix

package main

import (
	"errors"
	"os/exec"
	"testing"

	"github.com/saferunner/saferunner/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestStress is the short form of the command.
func TestStress(t *testing.T) {
	program, err := build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"sqlite", "postgres"} {
		for name := range scenarios {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				err := run(program, t.TempDir(), kind, name, short, t.Logf)
				if errors.Is(err, exec.ErrNotFound) {
					t.Skipf("needs PostgreSQL's server: %v", err)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}
