package saferunner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/saferunner/saferunner/internal/gate"
)

// maxText is the limit of run IDs and keys, in bytes.
const maxText = 256

// check refuses a list before any of it executes. A list that is wrong by
// itself fails the test that it is run in, whatever the code under test does
// with the error.
func (r *Runner) check(ctx context.Context, receiver *Runner, tx any, caller uintptr, runID string, refused bool, calls []Call) error {
	if r.journal == nil {
		return errNilRunner("Run")
	}
	if err := checkList(runID, refused, calls); err != nil {
		err = fmt.Errorf("saferunner: run %q%w; nothing was executed", shorten(runID), err)
		r.noteRefused(err, runID, caller)
		return err
	}
	if tx != nil {
		if err := r.checkTx(receiver, tx, calls); err != nil {
			return fmt.Errorf("saferunner: run %q: %w; nothing was executed", runID, err)
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("saferunner: run %q: ctx has ended: %w; nothing was executed", runID, context.Cause(ctx))
	}
	return nil
}

// checkList looks at what a list is by itself. It is refused if the gate says
// so.
func checkList(runID string, refused bool, calls []Call) error {
	if refused {
		_, text := gate.Current()
		return fmt.Errorf(": %w, and is %q", ErrMode, text)
	}
	if err := checkText(runID); err != nil {
		return fmt.Errorf(": %w: %w", ErrRunID, err)
	}
	for i := range calls {
		if err := calls[i].check(); err != nil {
			return fmt.Errorf(", call %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *Call) check() error {
	if c.task == nil {
		return fmt.Errorf("%w: it is the zero Call, or With was called on a nil task; define the task before it is used", ErrNoTask)
	}
	o := c.options
	if o != nil && o.Keyed {
		if err := checkText(o.Key); err != nil {
			return fmt.Errorf("%s: %w: %w", c.name(), ErrKey, err)
		}
	}
	if c.task.Survives || c.task.Sound && !o.IsAsync() {
		return nil
	}
	return c.args.Check(o.IsAsync())
}

// checkText checks a run ID or a key.
func checkText(text string) error {
	switch {
	case text == "":
		return errors.New("it is empty")
	case len(text) > maxText:
		return fmt.Errorf("it has %d bytes; at most %d are allowed", len(text), maxText)
	case !utf8.ValidString(text):
		return errors.New("it is not valid UTF-8")
	case strings.IndexByte(text, 0) >= 0:
		return errors.New("it holds a NUL byte")
	}
	return nil
}

// shorten returns the beginning of a text that may be too long to show.
func shorten(text string) string {
	const limit = 40
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
