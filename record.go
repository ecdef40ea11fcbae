package saferunner

import "sync"

type record struct { id string; entry *Entry; mu sync.Mutex }
func (r *record) currentStatus() Status { return r.entry.Status }
func (r *record) render() Entry { return *r.entry }
