// Package liveness says which processes are dead, and who may judge so.
//
// Each process that executes keeps a row in its database and renews it by the
// database's clock. One whose row was not renewed for a while is dead: its
// calls will not end by themselves. Nobody's own clock matters.
//
// After an outage of the database, a pause of the machine or a step of its
// clock, all rows look old at once, and whoever wakes up first must not take
// the others for dead. So only a process judges that has seen a quiet time
// itself: its own row was renewed without a gap for longer than the others
// need to be seen.
package liveness

import (
	"context"
	"time"
)

// Pace is how often a process is seen, and what follows from it.
type Pace struct {
	Renew time.Duration // between two renewals of a row
	Dead  time.Duration // a process that was not seen for so long is dead
	Judge time.Duration // a process may judge after renewals without a gap for so long
}

// Standard is the Pace of all but tests. A process that dies is found within 20
// seconds by one that may judge, and within 30 by one that starts then.
var Standard = Pace{Renew: 5 * time.Second, Dead: 15 * time.Second, Judge: 20 * time.Second}

type paceKey struct{}

// WithPace returns a ctx under which journals are opened with this Pace, for
// tests that cannot wait.
func WithPace(ctx context.Context, p Pace) context.Context {
	return context.WithValue(ctx, paceKey{}, p)
}

// PaceOf returns the Pace of ctx, or Standard.
func PaceOf(ctx context.Context) Pace {
	if p, ok := ctx.Value(paceKey{}).(Pace); ok {
		return p
	}
	return Standard
}

// Gap is the longest time between two renewals that is none. Within it, a
// process that lives was seen less than Dead ago, even if its own renewal was
// due when the outage began that held up both.
func (p Pace) Gap() time.Duration { return p.Renew + p.Renew/2 }

// Alive returns between which times a process was last seen that lives. A row
// from the future was written before the clock was set back. If that was by less
// than the time between two renewals, its process may live, and whoever judges may
// have noticed nothing. So it counts as alive until Dead after the clock has
// passed it, unless it is more than Dead ahead. No step that brings
// a row there goes unnoticed by a process that renews in time.
func (p Pace) Alive(now time.Time) (from, to time.Time) { return now.Add(-p.Dead), now.Add(p.Dead) }

// Watch knows how long the own row of a process has been renewed without a
// gap. It is not safe for concurrent use. The zero value, with a Pace, has seen
// nothing yet.
type Watch struct {
	Pace        Pace
	since, last time.Time // of this series of renewals: the first, the latest
}

// Since returns when the present series of renewals began, by the database's
// clock.
func (w *Watch) Since() time.Time { return w.since }

// Renewed notes a renewal at a time of the database's clock, which must be the
// time now in the row, and reports whether the process may judge by that time.
func (w *Watch) Renewed(now time.Time) (mayJudge bool) {
	passed := now.Sub(w.last)
	if w.since.IsZero() || passed < 0 || passed > w.Pace.Gap() {
		w.since = now
	}
	w.last = now
	return now.Sub(w.since) >= w.Pace.Judge
}
