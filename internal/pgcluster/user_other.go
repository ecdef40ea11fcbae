//go:build !unix

package pgcluster

import "os/exec"

func own(string) error       { return nil }
func unprivileged(*exec.Cmd) {}
