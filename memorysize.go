package saferunner

import "unsafe"

// observe returns the status of the record, and by how many bytes it has grown
// since it was observed last, beyond its fixed ones.
func (r *record) observe() (s journal.Status, grown int64) {
	if r.run == nil {
		return r.exec.details.entry.Status, r.grown()
	}
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	return r.status, r.grown()
}

// grown notes what the details and texts of the record hold, and returns by
// how much that is more than before.
func (r *record) grown() int64 {
	x := r.exec
	if x == nil || x.details == nil && !x.texts() {
		return 0
	}
	d := x.detail()
	before := d.counted
	d.counted = x.size()
	return d.counted - before
}

// counted is what has been counted for the record.
func (r *record) counted() int64 {
	if r.run != nil {
		r.run.mu.Lock()
		defer r.run.mu.Unlock()
	}
	bytes := r.fixedBytes()
	if r.exec != nil && r.exec.details != nil {
		bytes += r.exec.details.counted
	}
	return bytes
}

// fixedBytes is what a record costs, executed or not, before it has details.
func (r *record) fixedBytes() int64 {
	const fixed = int64(unsafe.Sizeof(singleRun{}) + unsafe.Sizeof(execution{}) + 4*idLength)
	if r.run == nil {
		return fixed
	}
	return fixed + r.call.bound.size() + int64(r.size)
}

// size is about how many bytes the details and texts hold.
func (x *execution) size() int64 {
	bytes := int64(len(x.attempts)) * int64(unsafe.Sizeof(attempt{}))
	for _, a := range x.attempts {
		if a.text != nil {
			bytes += int64(unsafe.Sizeof(*a.text)) + int64(len(a.text.err)+len(a.text.stack)+len(a.text.worker))
		}
	}
	d := x.details
	if d == nil {
		return bytes
	}
	bytes += int64(unsafe.Sizeof(*d)) + int64(len(d.args))
	if r := d.result; r != nil {
		bytes += int64(unsafe.Sizeof(*r)) + r.size + int64(len(r.text))
	}
	if e := d.entry; e != nil {
		bytes += int64(unsafe.Sizeof(*e)) + int64(len(e.Args)+len(e.Result))
	}
	return bytes
}

// texts reports whether an attempt left more than its times.
func (x *execution) texts() bool {
	return len(x.attempts) > 1 || len(x.attempts) == 1 && x.attempts[0].text != nil
}
