//go:build unix

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// plan is how long what takes, at the real pace or a short one.
type plan struct {
	pace         liveness.Pace
	hook, outage time.Duration
	calls, waves int           // waves: of calls while a leader is ahead
	within       time.Duration // that a death is noticed
}

var (
	full = plan{pace: liveness.Standard, hook: 80 * time.Second, outage: 25 * time.Second, calls: 60, waves: 10, within: time.Minute}
	// River's leader is followed by another after 15 seconds at any pace.
	short = plan{
		pace: liveness.Pace{Renew: 500 * time.Millisecond, Dead: 5 * time.Second, Judge: 6 * time.Second},
		hook: 3 * time.Second, outage: 8 * time.Second, calls: 20, waves: 2, within: time.Minute,
	}
)

const patience = 3 * time.Minute

// scenarios are what may become of processes and of their database.
var scenarios = map[string]func(*lab, plan) error{
	"zombie": zombie, "outage": outage, "hook": slowHook, "ahead": leaderAhead, "kill": kill, "sync": killSync,
}

// queueBoth queues calls without and with attempts.
func (l *lab) queueBoth(n int, do time.Duration) error {
	return errors.Join(l.queue("stress.once", n, do), l.queue("stress.again", n, do))
}

func began(n int) func([]entry, *history) bool {
	return func(_ []entry, h *history) bool { return len(h.begins) >= n }
}

// finish waits for the end of all, ends the workers and checks.
func (l *lab) finish(workers ...*worker) error {
	took, err := l.until(patience, "every call to end", allFinal)
	if err != nil {
		return err
	}
	for _, w := range workers {
		if err := w.end(); err != nil {
			return err
		}
	}
	entries, err := l.entries()
	if err != nil {
		return err
	}
	h, err := read(l.effects())
	if err != nil {
		return err
	}
	begins := 0
	for _, n := range h.begins {
		begins += n
	}
	l.say("all ended after another %s: %s; executed %d times in all", took.Round(100*time.Millisecond), statuses(entries), begins)
	var broken []error
	for _, b := range check(entries, h) {
		broken = append(broken, errors.New(b))
	}
	return errors.Join(broken...)
}

// zombie stops a worker until another has taken its calls over, and lets it go on.
func zombie(l *lab, p plan) error {
	a, err := l.work()
	if err != nil {
		return err
	}
	if err := l.queueBoth(p.calls, time.Second); err != nil {
		return err
	}
	if _, err := l.until(patience, "calls to begin", began(p.calls/2)); err != nil {
		return err
	}
	b, err := l.work()
	if err != nil {
		return err
	}
	if err := a.stop(); err != nil {
		return err
	}
	took, err := l.until(patience, "the stopped process to be taken for dead", func(entries []entry, _ *history) bool {
		for _, e := range entries {
			if e.Status == journal.StatusInterrupted || len(e.Attempts) > 1 {
				return true
			}
		}
		return false
	})
	l.say("a stopped process was taken for dead after %s", took.Round(100*time.Millisecond))
	if err := errors.Join(err, a.goOn()); err != nil {
		return err
	}
	return l.finish(a, b)
}

// outage takes the database away while effects run, and has a process try to start
// all the time.
func outage(l *lab, p plan) error {
	a, err := l.work()
	if err != nil {
		return err
	}
	if err := l.queueBoth(p.calls, 2*time.Second); err != nil {
		return err
	}
	if _, err := l.until(patience, "calls to begin", began(p.calls/2)); err != nil {
		return err
	}
	back, err := l.takeAway(p.outage)
	if err != nil {
		return err
	}
	b, err := l.work()
	tries := 1
	for away := true; err == nil; {
		select {
		case <-b.gone:
			time.Sleep(100 * time.Millisecond)
			tries++
			b, err = l.work()
			continue
		default:
		}
		if !away {
			l.say("the database was away for %s; a process tried %d times to start meanwhile", p.outage, tries)
			return l.finish(a, b)
		}
		select {
		case err = <-back:
			away = false
		case <-b.gone:
		}
	}
	return err
}

// takeAway makes the database away for a while, and says when it is back and
// a process has started into it.
func (l *lab) takeAway(d time.Duration) (back chan error, err error) {
	back = make(chan error, 1)
	if l.cluster == nil {
		locked, err := l.start("", "lock", l.file, d.String())
		if err != nil {
			return nil, err
		}
		go func() {
			<-locked.gone
			back <- locked.err
		}()
		return back, nil
	}
	if err := l.cluster.Stop(); err != nil {
		return nil, err
	}
	go func() {
		time.Sleep(d)
		err := l.cluster.Restart()
		time.Sleep(2 * time.Second)
		back <- err
	}()
	return back, nil
}

// slowHook has OnFailure take long.
func slowHook(l *lab, p plan) error {
	args := []string{"-hook", p.hook.String(), "work", l.dsn, l.effects()}
	a, err := l.start("", args...)
	if err != nil {
		return err
	}
	b, err := l.start("", args...)
	if err != nil {
		return err
	}
	const calls = 10 // of which a process tells all at once
	if err := l.queue("stress.bad", calls, 100*time.Millisecond); err != nil {
		return err
	}
	if _, err := l.until(patience, "the hooks to be called", func(_ []entry, h *history) bool { return len(h.hooks) == calls }); err != nil {
		return err
	}
	time.Sleep(p.hook + p.hook/4)
	l.say("%d failed calls, whose OnFailure takes %s", calls, p.hook)
	return l.finish(a, b)
}

// leaderAhead has a leader judge whose clock is ahead, and another process execute.
func leaderAhead(l *lab, p plan) error {
	leader, err := l.start(aheadVariable+"=15", "idle", l.dsn)
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // it becomes the leader
	a, err := l.work()
	if err != nil {
		return err
	}
	for range p.waves { // it looks for lost calls twice a minute
		if err := l.queueBoth(p.calls, 4*time.Second); err != nil {
			return err
		}
		time.Sleep(8 * time.Second)
	}
	l.say("calls of 4s, a Timeout of 5s, a leader that is 15s ahead")
	return l.finish(leader, a)
}

// kill kills a worker amid calls of which each may take an hour.
func kill(l *lab, p plan) error {
	a, err := l.work()
	if err != nil {
		return err
	}
	if err := l.queue("stress.long", 5, 10*time.Minute); err != nil {
		return err
	}
	if _, err := l.until(patience, "calls to begin", began(5)); err != nil {
		return err
	}
	b, err := l.work()
	if err != nil {
		return err
	}
	a.kill()
	took, err := l.until(p.within, "the calls to be interrupted", allInterrupted)
	if err != nil {
		return err
	}
	l.say("calls with a Timeout of an hour were found lost %s after kill -9", took.Round(100*time.Millisecond))
	return l.finish(b)
}

// killSync kills a process amid a sync call.
func killSync(l *lab, p plan) error {
	a, err := l.start("", "sync", l.dsn, l.effects())
	if err != nil {
		return err
	}
	b, err := l.work() // after the tables were made, or beside that
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	if _, err := l.until(patience, "the call to begin", began(1)); err != nil {
		return err
	}
	a.kill()
	took, err := l.until(p.within, "the sync call to be interrupted", allInterrupted)
	if err != nil {
		return err
	}
	l.say("a sync call was found lost %s after kill -9", took.Round(100*time.Millisecond))
	return l.finish(b)
}

func allInterrupted(entries []entry, _ *history) bool {
	for _, e := range entries {
		if e.Status != journal.StatusInterrupted {
			return false
		}
	}
	return len(entries) > 0
}

// run makes a database and runs a scenario on it.
func run(program, dir, kind, name string, p plan, say func(string, ...any)) (err error) {
	l, err := newLab(program, dir, kind, p.pace, func(format string, args ...any) {
		say("%-8s %-8s %s", kind, name, fmt.Sprintf(format, args...))
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if _, err := l.do("open", l.dsn); err != nil { // makes the tables
		return err
	}
	return scenarios[name](l, p)
}
