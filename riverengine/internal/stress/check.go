//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/saferunner/saferunner/journal"
)

// history is what the effects' file says: what the workers have written, and
// when the stress command has stopped or killed one of them.
type history struct {
	begins, ends, hooks map[string]int  // by task and number
	stopped             map[string]bool // at some time, or killed
	broken              []string        // rules
}

// read reads a file, in whose order all has happened.
func read(name string) (*history, error) {
	text, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	h := &history{begins: map[string]int{}, ends: map[string]int{}, hooks: map[string]int{}, stopped: map[string]bool{}}
	executing := map[string]map[string]bool{} // by call: the processes
	for line := range strings.Lines(string(text)) {
		what, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, call, _ := strings.Cut(rest, " ")
		if executing[call] == nil {
			executing[call] = map[string]bool{}
		}
		switch what {
		case "begin":
			h.begins[call]++
			for other := range executing[call] {
				if !h.stopped[other] {
					h.broken = append(h.broken, fmt.Sprintf("%s: process %s begins while %s executes it, which was not stopped", call, pid, other))
				}
			}
			executing[call][pid] = true
		case "end":
			h.ends[call]++
			delete(executing[call], pid)
		case "hook":
			h.hooks[call]++
		case "stopped":
			h.stopped[pid] = true
		case "killed":
			h.stopped[pid] = true
			for _, of := range executing {
				delete(of, pid)
			}
		}
	}
	return h, nil
}

// check compares the journal with what has happened, and returns what is wrong.
func check(entries []entry, h *history) (broken []string) {
	broken = h.broken
	wrong := func(e entry, format string, args ...any) {
		broken = append(broken, e.name()+" is "+string(e.Status)+": "+fmt.Sprintf(format, args...))
	}
	for _, e := range entries {
		begins, ends := h.begins[e.name()], h.ends[e.name()]
		retried := e.Task == "stress.again"
		switch {
		case !e.Status.Final():
			wrong(e, "it has not ended")
		case len(h.stopped) == 0 && (e.Status == journal.StatusInterrupted || len(e.Attempts) > 1):
			wrong(e, "it was taken for lost, and nobody was stopped or killed: %d attempts", len(e.Attempts))
		case begins > 1 && !retried:
			wrong(e, "it was executed %d times", begins)
		case e.Status == journal.StatusDone && ends == 0:
			wrong(e, "it was not executed")
		case retried && e.Status != journal.StatusDone:
			wrong(e, "it has attempts left: %s", e.ErrorText())
		case begins > len(e.Attempts):
			wrong(e, "it was executed %d times, and has %d attempts", begins, len(e.Attempts))
		case e.Task == "stress.bad" && (e.Status != journal.StatusFailed || h.hooks[e.name()] != 1):
			wrong(e, "OnFailure was called %d times", h.hooks[e.name()])
		}
	}
	return broken
}
