package record

import (
	"math"
	"reflect"

	"github.com/saferunner/saferunner/journal"
)

var (
	runBytes  = int64(reflect.TypeFor[shortLive]().Size())
	callBytes = int64(reflect.TypeFor[Call]().Size() + reflect.TypeFor[history]().Size())
)

// SetArguments gives call i arguments of its own, which hold so many bytes.
func (r *Run) SetArguments(i int, args Arguments, bytes int64) {
	r.Calls[i].Args, r.Calls[i].bytes = args, uint32(min(bytes, math.MaxUint32))
}

// CallBytes is about how much memory a call takes that has not ended.
func (r *Run) CallBytes(i int) int64 { return callBytes + int64(r.Calls[i].bytes) }

// Size is about how much memory the run takes, without what has become of its
// calls.
func (r *Run) Size() int64 {
	bytes := runBytes + int64(len(r.Calls))*callBytes
	for i := range r.Calls {
		bytes += int64(r.Calls[i].bytes)
	}
	return bytes
}

var (
	attemptBytes = int64(reflect.TypeFor[attempt]().Size() + reflect.TypeFor[attemptText]().Size())
	moreBytes    = int64(reflect.TypeFor[more]().Size())
)

// bytes is about how much memory a history takes besides itself. Of attempts
// it counts those that have failed: there is nothing else to the others.
func (h *history) bytes() (bytes int64) {
	count := func(a attempt) {
		if a.text != nil && a.text.err != "" {
			bytes += attemptBytes + int64(len(a.text.err)+len(a.text.stack)+len(a.text.worker))
		}
	}
	count(h.last)
	if h.more == nil {
		return bytes
	}
	for _, a := range h.more.earlier {
		count(a)
	}
	if h.more.result.Value != nil {
		bytes += moreBytes + h.more.result.Bytes
	}
	return bytes
}

// Held is about how much memory the run takes now, with what has become of its
// calls.
func (r *Run) Held() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	bytes := r.Size()
	for i := range r.histories {
		if r.Calls[i].Options.IsAsync() || statuses[r.code(i)].Final() { // see Run
			bytes += r.histories[i].bytes()
		}
	}
	return bytes
}

// Dropped returns how many calls the journal has dropped.
func (r *Run) Dropped() (n int) {
	for i := range r.Calls {
		if r.Calls[i].status.Load()&droppedBit != 0 {
			n++
		}
	}
	return n
}

// Keep tells the run that a journal wants to drop it, and reports whether
// it cannot yet, since not all of it has ended. From then on Tell and Finish
// say so.
func (r *Run) Keep() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = !r.finished || r.left > 0
	return r.kept
}

// Live reports whether not all of the run has ended.
func (r *Run) Live() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.finished || r.left > 0
}

// Drop hides call i from the journal and, if it has ended, forgets its
// arguments and its result. It reports whether the call was to be seen.
func (r *Run) Drop(i int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.Calls[i]
	ended := statuses[r.code(i)].Final()
	seen := c.status.Or(droppedBit)&droppedBit == 0
	if !ended {
		return seen
	}
	if _, gone := c.Args.(dropped); !gone {
		c.Args, c.bytes = dropped{task: c.Args.Task()}, 0
	}
	if r.histories != nil && r.histories[i].more != nil {
		r.histories[i].more.result = Kept{}
	}
	return seen
}

// Seen reports whether call i is to be seen in the journal: its list has
// come to it, and the journal has not dropped it.
func (r *Run) Seen(i int) bool {
	return r.Calls[i].status.Load()&droppedBit == 0 && r.code(i) != none
}

var _ journal.Source = (*Run)(nil)
