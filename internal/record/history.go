package record

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// History is what became of a call that was more than written down. It is
// kept small, since a journal keeps many. [Run] says who may touch it.
type History struct {
	started, finished time.Duration // of the last attempt
	more              *more         // nil for most
	mu                sync.Mutex    // of the call
}

type more struct {
	text    attemptText // of the last attempt
	earlier []attempt   // before the last, first one first, of which the oldest may be forgotten
	gone    int         // that are forgotten
	result  *Kept       // nil for none
}

// What is kept of the attempts before the last: a call may have many.
const (
	maxEarlier     = 100
	maxEarlierText = 64 << 10
)

// forget drops the oldest attempts that are not kept.
func (m *more) forget() {
	first, text := len(m.earlier), 0
	for first > 0 && len(m.earlier)-first < maxEarlier {
		if text += m.earlier[first-1].len(); text > maxEarlierText {
			break
		}
		first--
	}
	m.gone += first
	m.earlier = slices.Delete(m.earlier, 0, first)
}

// attempt is one execution, or the reason why there was none.
type attempt struct {
	started, finished time.Duration // since Run.At, plus Beginning so that 0 means not known, or not yet
	attemptText
}

// attemptText is empty for one that succeeded in this process.
type attemptText struct{ err, stack, worker string }

func (t attemptText) len() int { return len(t.err) + len(t.stack) + len(t.worker) }

// Beginning is when the run began, as an attempt keeps it.
const Beginning time.Duration = 1

// since turns a time into what an attempt keeps.
func (r *Run) since(t time.Time) time.Duration { return t.Sub(r.At) + Beginning }

// elapsed is since of now. It reads one clock instead of two.
func (r *Run) elapsed() time.Duration { return time.Since(r.At) + Beginning }

func (r *Run) when(since time.Duration) time.Time {
	if since == 0 {
		return time.Time{}
	}
	return r.At.Add(since - Beginning)
}

func (r *Run) attempt(a attempt) journal.Attempt {
	return journal.Attempt{
		Started: r.when(a.started), Finished: r.when(a.finished), Error: a.err, Stack: a.stack, Worker: a.worker,
	}
}

// history returns that of call i. Where the run had no room for any, it is
// called with the lock held.
func (r *Run) history(i int) *History {
	if r.histories == nil {
		r.histories = make([]History, len(r.Calls))
	}
	return &r.histories[i]
}

func (h *History) detail() *more {
	if h.more == nil {
		h.more = new(more)
	}
	return h.more
}

// last returns the last attempt, a zero one if there was none.
func (h *History) last() attempt {
	a := attempt{started: h.started, finished: h.finished}
	if h.more != nil {
		a.attemptText = h.more.text
	}
	return a
}

func (h *History) empty() bool {
	return h.started == 0 && (h.more == nil || h.more.text == attemptText{})
}

// say sets the text of the last attempt.
func (h *History) say(err, stack, worker string) {
	if h.more != nil || err != "" || stack != "" || worker != "" {
		h.detail().text = attemptText{err, stack, worker}
	}
}

// worker is who executes the last attempt.
func (h *History) worker() string {
	if h.more == nil {
		return ""
	}
	return h.more.text.worker
}

// open begins an attempt.
func (h *History) open(started time.Duration, worker string) {
	if !h.empty() {
		m := h.detail()
		m.earlier = append(m.earlier, h.last())
		m.forget()
	}
	h.started, h.finished = started, 0
	h.say("", "", worker)
}

// takeBack forgets the last attempt.
func (h *History) takeBack() {
	var before attempt
	if h.more != nil && len(h.more.earlier) > 0 {
		n := len(h.more.earlier) - 1
		before, h.more.earlier = h.more.earlier[n], h.more.earlier[:n]
	}
	h.started, h.finished = before.started, before.finished
	h.say(before.err, before.stack, before.worker)
}

// close ends the last attempt, with the reason why it failed.
func (h *History) close(finished time.Duration, err, stack string) {
	h.finished = finished
	h.say(err, stack, h.worker())
}

// count is how many attempts there were.
func (h *History) count() int {
	n := 0
	if h.more != nil {
		n = h.more.gone + len(h.more.earlier)
	}
	if !h.empty() {
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
