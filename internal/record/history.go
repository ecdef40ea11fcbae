package record

import (
	"fmt"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// history is what became of a call that was more than written down. It is
// kept small, since a journal keeps many. [Run] says who may touch it.
type history struct {
	last attempt
	more *more // nil for most
}

// attempt is one execution, or the reason why there was none.
type attempt struct {
	started, finished time.Duration // since Run.At, plus one so that 0 means not known, or not yet
	text              *attemptText  // nil for one that succeeded in this process
}

type attemptText struct{ err, stack, worker string }

type more struct {
	earlier  []attempt // before the last, first one first
	result   Kept
	answered bool // by a stub or WhenRecorded
}

func (a attempt) empty() bool { return a == attempt{} }

// since turns a time into what an attempt keeps.
func (r *Run) since(t time.Time) time.Duration { return t.Sub(r.At) + 1 }

func (r *Run) when(since time.Duration) time.Time {
	if since == 0 {
		return time.Time{}
	}
	return r.At.Add(since - 1)
}

func (r *Run) attempt(a attempt) journal.Attempt {
	out := journal.Attempt{Started: r.when(a.started), Finished: r.when(a.finished)}
	if a.text != nil {
		out.Error, out.Stack, out.Worker = a.text.err, a.text.stack, a.text.worker
	}
	return out
}

// history returns that of call i. Where the run had no room for any, it is
// called with the lock held, or before the journal has seen the run.
func (r *Run) history(i int) *history {
	if r.histories == nil {
		r.histories = make([]history, len(r.Calls))
	}
	return &r.histories[i]
}

func (h *history) detail() *more {
	if h.more == nil {
		h.more = new(more)
	}
	return h.more
}

// open begins an attempt.
func (h *history) open(started time.Duration, worker string) {
	if !h.last.empty() {
		m := h.detail()
		m.earlier = append(m.earlier, h.last)
	}
	h.last = attempt{started: started}
	if worker != "" {
		h.last.text = &attemptText{worker: worker}
	}
}

// takeBack forgets the last attempt.
func (h *history) takeBack() {
	h.last = attempt{}
	if h.more == nil {
		return
	}
	if n := len(h.more.earlier); n > 0 {
		h.last, h.more.earlier = h.more.earlier[n-1], h.more.earlier[:n-1]
	}
}

// close ends the last attempt, with the reason why it failed.
func (h *history) close(finished time.Duration, err, stack string) {
	h.last.finished = finished
	worker := ""
	if h.last.text != nil {
		worker = h.last.text.worker
	}
	if h.last.text = nil; err != "" || stack != "" || worker != "" {
		h.last.text = &attemptText{err, stack, worker}
	}
}

// count is how many attempts there were.
func (h *history) count() int {
	n := 0
	if h.more != nil {
		n = len(h.more.earlier)
	}
	if !h.last.empty() {
		n++
	}
	return n
}

// ErrorText returns what err says, also where its methods panic. It is never
// empty for an error.
func ErrorText(err error) (text string) {
	if err == nil {
		return ""
	}
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("%T, whose Error method panics: %v", err, v)
		}
	}()
	if text = err.Error(); text == "" {
		text = fmt.Sprintf("%T without a text", err)
	}
	return text
}
