package record

import "time"

// Options say how a call is run. They are never changed, only replaced; nil
// stands for a plain sync call.
type Options struct {
	Async, BestEffort bool
	Keyed             bool // Key was given, if only an empty one
	Key               string
	After             time.Duration
	At                time.Time
}

// IsAsync reports whether the call is handed to the engine.
func (o *Options) IsAsync() bool { return o != nil && o.Async }

// IsBestEffort reports whether a failure of the call does not stop its list.
func (o *Options) IsBestEffort() bool { return o != nil && o.BestEffort }

// IdempotencyKey returns the call's key, empty for none.
func (o *Options) IdempotencyKey() string {
	if o == nil {
		return ""
	}
	return o.Key
}

// NotBefore returns when a call that is run now may begin; zero: at once.
func (o *Options) NotBefore(now time.Time) time.Time {
	switch {
	case o == nil:
		return time.Time{}
	case o.After > 0:
		return now.Add(o.After)
	default:
		return o.At
	}
}

// SameWay reports whether calls with these options are run as those with
// want; a time counts only if want has one.
func (o *Options) SameWay(want *Options) bool {
	if o == nil && want == nil {
		return true
	}
	var a, b Options
	if o != nil {
		a = *o
	}
	if want != nil {
		b = *want
	}
	return a.Async == b.Async && a.Key == b.Key && a.BestEffort == b.BestEffort &&
		(b.After == 0 && b.At.IsZero() || a.After == b.After && a.At.Equal(b.At))
}
