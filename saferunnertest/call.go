package saferunnertest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"time"
)

// call is a call, wanted or made, as the failure texts need it.
type call struct {
	id, runID, task, key, status string
	ended                        string        // the test that had ended, if its recorder was reached
	ctx                          string        // type of the ctx, if nobody owns the call and that stands for a request
	args                         reflect.Value // addressable
	redacted                     []string      // fields of args that are hidden besides the tagged ones, with dots
	async, bestEffort            bool
	after                        time.Duration
	at                           time.Time
	run, defined                 place // where Run and Define were called
	json                         func() string
	same                         func(got call) bool // whether got is this call, if this one is wanted
	sameArgs                     func(got call) bool
	origin                       any // for these functions
}

// place is a line of source.
type place struct {
	pkg  string // its import path
	file string
	line int
}

// String returns the place relative to the folder of the test, where that is shorter.
func (p place) String() string {
	if p.file == "" {
		return "an unknown place"
	}
	file := p.file
	if folder, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(folder, file); err == nil && len(relative) < len(file) {
			file = relative
		}
	}
	return file + ":" + strconv.Itoa(p.line)
}

// flags is what a call was made with, for a list of calls.
func (c call) flags() string {
	text := ""
	if c.async {
		text += ", async"
	}
	if w := c.when(); w != "at once" {
		text += ", " + w
	}
	if c.key != "" {
		text += fmt.Sprintf(", key %q", c.key)
	}
	if c.bestEffort {
		text += ", best effort"
	}
	return text
}

func (c call) when() string {
	switch {
	case c.after != 0:
		return "after " + c.after.String()
	case !c.at.IsZero():
		return "at " + c.at.Format(time.RFC3339Nano)
	}
	return "at once"
}

// sameTime reports whether got begins when c wants it, if c wants a time at all.
func (c call) sameTime(got call) bool {
	return c.after == 0 && c.at.IsZero() || c.after == got.after && c.at.Equal(got.at)
}
