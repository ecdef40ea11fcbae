package record

import (
	"math"
	"reflect"
	"weak"

	"github.com/saferunner/saferunner/journal"
)

var (
	callBytes = int64(reflect.TypeFor[Call]().Size() + reflect.TypeFor[History]().Size())
	runBytes  = int64(reflect.TypeFor[Run]().Size()) + 3*callBytes // with the room that a short run has, and its report
)

// SetCall sets how call i is run, and with what, which takes so many bytes.
func (r *Run) SetCall(i int, args Arguments, bytes int64, o *Options) {
	c := &r.Calls[i]
	c.Args, c.Options, c.bytes = args, o, uint32(min(bytes, math.MaxUint32))
	r.Keyed = r.Keyed || o != nil && o.Key != ""
}

// SetArguments sets what the call is run with, which takes so many bytes.
func (c *Call) SetArguments(args Arguments, bytes int64) {
	c.Args, c.bytes = args, uint32(min(bytes, math.MaxUint32))
}

// CallBytes is about how much memory a call takes that has not ended.
func (r *Run) CallBytes(i int) int64 { return callBytes + int64(r.Calls[i].bytes) }

// RestBytes is about how much memory the run takes beside n of its calls,
// without arguments: calls that have not ended keep it alive.
func (r *Run) RestBytes(n int) int64 { return runBytes + int64(len(r.Calls)-n)*callBytes }

// Size is about how much memory call i takes now, with what has become of it.
func (r *Run) Size(i int) int64 { return r.CallBytes(i) + r.become(i) }

// Bytes is about how much memory the run takes, without what has become of its
// calls.
func (r *Run) Bytes() int64 {
	bytes := runBytes + int64(len(r.Calls))*callBytes
	for i := range r.Calls {
		bytes += int64(r.Calls[i].bytes)
	}
	return bytes
}

var (
	attemptBytes = int64(reflect.TypeFor[attempt]().Size())
	moreBytes    = int64(reflect.TypeFor[more]().Size())
)

// bytes is about how much memory a history takes besides itself. Of attempts
// it counts those that have failed: there is nothing else to the others.
func (h *History) bytes() (bytes int64) {
	if h.more == nil {
		return 0
	}
	count := func(t attemptText) {
		if t.err != "" {
			bytes += attemptBytes + int64(t.len())
		}
	}
	count(h.more.text)
	for _, a := range h.more.earlier {
		count(a.attemptText)
	}
	if h.more.result != nil {
		bytes += moreBytes + h.more.result.Bytes
	}
	return bytes
}

// Growth returns by how many bytes the run has grown since it was asked
// before.
func (r *Run) Growth() int64 {
	if r.growth.Load() == 0 {
		return 0
	}
	return r.growth.Swap(0)
}

// Held is about how much memory the run takes now, with what has become of its
// calls.
func (r *Run) Held() int64 {
	bytes := r.Bytes()
	for i := range r.Calls {
		bytes += r.become(i)
	}
	return bytes
}

// become is the memory that what has become of call i takes.
func (r *Run) become(i int) int64 {
	defer r.lock(i).Unlock()
	if r.histories == nil || !r.Calls[i].Options.IsAsync() && !statuses[r.code(i)].Final() { // see Run
		return 0
	}
	return r.histories[i].bytes()
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
// it cannot yet, since not all of it has ended. From then on Tell and Ended
// say so, and what the tasks have returned is held by the run's Report alone.
func (r *Run) Keep() bool {
	if !r.Live() || r.going.Or(keptBit)&countBits == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.waiter; w != nil && w.instead == (weak.Pointer[Waiter]{}) {
		r.waiter = &Waiter{done: w.done, instead: weak.Make(w)}
	}
	return true
}

// Live reports whether not all of the run has ended.
func (r *Run) Live() bool { return r.going.Load()&countBits > 0 }

// Drop hides call i from the journal and, if it has ended, forgets its
// arguments, its result and why it failed. It reports whether the call was to be
// seen.
func (r *Run) Drop(i int) bool {
	defer r.lock(i).Unlock()
	c := &r.Calls[i]
	ended := statuses[r.code(i)].Final()
	seen := c.status.Or(droppedBit)&droppedBit == 0
	if !ended {
		return seen
	}
	if _, gone := c.Args.(dropped); !gone {
		c.Args = dropped{task: c.Args.Task()}
	}
	if r.histories != nil {
		r.histories[i].more = nil
	}
	return seen
}

// Seen reports whether call i is to be seen in the journal: its list has
// come to it, and the journal has not dropped it.
func (r *Run) Seen(i int) bool {
	return r.Calls[i].status.Load()&droppedBit == 0 && r.code(i) != none
}

var _ journal.Source = (*Run)(nil)
