package journaltest

import (
	"fmt"
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// Processes is one journal on disk that several processes have open. A test
// plays them all.
type Processes interface {
	// Open opens the journal as a process that lives until the test ends, and
	// does not judge.
	Open(t *testing.T) journal.Journal
	// Die makes the processes that have the journal open look dead. What they
	// write afterwards is written nevertheless.
	Die(t *testing.T)
	// Judge opens the journal as a process that may judge at once.
	Judge(t *testing.T) journal.Journal
}

// ExerciseDeath tests, as subtests of t, what a journal on disk does with the
// calls of processes that have died. It calls start for each of them.
func ExerciseDeath(t *testing.T, start func(t *testing.T) Processes) {
	for name, test := range map[string]func(*testing.T, Processes){
		"calls of a dead process":   testDeath,
		"many calls, many judges":   testJudgingTwice,
		"a process that comes back": testComeback,
		"claimed and not written":   testClaimOfTheDead,
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// lost is what becomes of a call when its process dies.
type lost struct {
	before, after journal.Status
	attempts      []journal.Attempt // before
	wantAttempts  int
}

func testDeath(t *testing.T, p Processes) {
	at := now()
	failed := journal.Attempt{Started: at, Finished: at.Add(time.Second), Error: "no answer"}
	begun := journal.Attempt{Started: at.Add(time.Minute)}
	cases := map[string]lost{
		"never began":            {journal.StatusQueued, journal.StatusCancelled, nil, 1},
		"between attempts":       {journal.StatusQueued, journal.StatusCancelled, []journal.Attempt{failed}, 2},
		"running":                {journal.StatusRunning, journal.StatusInterrupted, []journal.Attempt{begun}, 1},
		"running again":          {journal.StatusRunning, journal.StatusInterrupted, []journal.Attempt{failed, begun}, 2},
		"running, no attempt":    {journal.StatusRunning, journal.StatusInterrupted, nil, 1},
		"of a newer version":     {"halted", "halted", nil, 0},
		"done":                   {journal.StatusDone, journal.StatusDone, []journal.Attempt{failed}, 1},
		"interrupted before":     {journal.StatusInterrupted, journal.StatusInterrupted, []journal.Attempt{failed}, 1},
		"of one that is running": {journal.StatusRunning, journal.StatusRunning, []journal.Attempt{begun}, 1},
		"of one that has queued": {journal.StatusQueued, journal.StatusQueued, nil, 0},
	}
	dead := subject{t, p.Open(t), nil}
	entries := map[string]journal.Entry{}
	for name, c := range cases {
		e := keyed(c.before)
		e.Key, e.Attempts = name, c.attempts
		entries[name] = e
		dead.wantHolder(task, e.Key, e.ID, e.ID)
		dead.put(e)
	}
	dead.page(journal.Query{}) // it is on disk
	p.Die(t)
	alive := subject{t, p.Open(t), nil}
	for name, e := range entries {
		if c := cases[name]; c.before == c.after && !c.before.Final() {
			alive.put(e) // that process has it now
		}
	}
	alive.page(journal.Query{})

	judge := subject{t, p.Judge(t), nil}
	judge.waitFor(func() bool { // they need not end together
		for name, c := range cases {
			if e, _ := judge.get(entries[name].ID); c.before != c.after && e.Status == c.before {
				return false
			}
		}
		return true
	})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { wantAfterDeath(t, judge.within(t), entries[name], c) })
	}
}

func wantAfterDeath(t *testing.T, j subject, before journal.Entry, c lost) {
	e, _ := j.get(before.ID)
	if e.Status != c.after || len(e.Attempts) != c.wantAttempts {
		t.Errorf("it is %s with %d attempts, want %s with %d: %+v", e.Status, len(e.Attempts), c.after, c.wantAttempts, e.Attempts)
	}
	if c.before != c.after && (e.ErrorText() == "" || e.FinishedAt.IsZero()) {
		t.Errorf("it has ended at %v, and says %q", e.FinishedAt, e.ErrorText())
	}
	if c.after == journal.StatusInterrupted && len(e.Attempts) > 0 && e.Attempts[len(e.Attempts)-1].Finished.IsZero() {
		t.Error("its last attempt has not ended")
	}
	e.Status, e.Attempts, e.FinishedAt = before.Status, before.Attempts, before.FinishedAt
	wantEntry(t, e, before)
	if c.after.Final() && !c.after.KeepsKey() {
		j.wantHolder(task, before.Key, "another", "another")
	} else {
		j.wantHolder(task, before.Key, "another", before.ID)
	}
}

// testClaimOfTheDead has processes die between the claim of a key and the first
// write of its entry. Nothing was executed yet, and nobody could know the ID that
// holds the key: another call gets it. An entry keeps its key.
func testClaimOfTheDead(t *testing.T, p Processes) {
	const many = 600
	dead := subject{t, p.Open(t), nil}
	held := make([]journal.Entry, many)
	for i := range held {
		held[i] = keyed(journal.StatusDone)
		held[i].Key = fmt.Sprint("held ", i)
		dead.wantHolder(task, held[i].Key, held[i].ID, held[i].ID)
		id := newID()
		dead.wantHolder(task, fmt.Sprint("lost ", i), id, id)
	}
	held[0].Status = journal.StatusRunning
	dead.put(held...)
	dead.page(journal.Query{})
	p.Die(t)
	alive := subject{t, p.Open(t), nil}
	alive.wantHolder(task, "of one that lives", "living", "living")

	judge := subject{t, p.Judge(t), nil}
	judge.waitFor(func() bool {
		for i := range many {
			holder, err := judge.Claim(t.Context(), task, fmt.Sprint("lost ", i), "another")
			if err != nil {
				t.Fatal(err)
			}
			if holder != "another" {
				return false
			}
		}
		return true
	})
	judge.waitFor(func() bool {
		e, _ := judge.get(held[0].ID)
		return e.Status == journal.StatusInterrupted
	})
	p.Judge(t)
	judge.wantHolder(task, "of one that lives", "another", "living")
	for _, e := range held {
		judge.wantHolder(task, e.Key, "another", e.ID)
	}
}

// testJudgingTwice has many judges at work on many calls: each is judged once.
func testJudgingTwice(t *testing.T, p Processes) {
	const many = 600
	dead := subject{t, p.Open(t), nil}
	for i := range many {
		e := entry(journal.StatusRunning)
		if i%2 == 0 {
			e.Status = journal.StatusQueued
		}
		dead.put(e)
	}
	dead.page(journal.Query{})
	p.Die(t)
	judges := make([]subject, 3)
	for i := range judges {
		judges[i] = subject{t, p.Judge(t), nil}
	}
	unfinished := journal.Query{Statuses: []journal.Status{journal.StatusQueued, journal.StatusRunning}, Limit: 1}
	judges[0].waitFor(func() bool { return len(judges[0].page(unfinished).Entries) == 0 })
	first := judges[0].all(journal.Query{})
	for _, e := range first {
		if len(e.Attempts) != 1 {
			t.Fatalf("%s has %d attempts, want 1: %+v", e.ID, len(e.Attempts), e.Attempts)
		}
	}
	p.Judge(t)
	again := judges[0].all(journal.Query{})
	if fmt.Sprint(again) != fmt.Sprint(first) {
		t.Error("judged again, they have changed")
	}
}

// testComeback has a process go on that was taken for dead: what it writes is
// what has become of its calls, and it lives.
func testComeback(t *testing.T, p Processes) {
	stopped := subject{t, p.Open(t), nil}
	first, second := entry(journal.StatusRunning), entry(journal.StatusRunning)
	stopped.put(first)
	stopped.page(journal.Query{})
	p.Die(t)
	judge := subject{t, p.Judge(t), nil}
	judge.waitFor(func() bool {
		e, _ := judge.get(first.ID)
		return e.Status == journal.StatusInterrupted
	})
	first.Status = journal.StatusDone
	stopped.put(first, second)
	stopped.page(journal.Query{})

	other := subject{t, p.Judge(t), nil}
	for range 50 { // it may judge at once
		for _, want := range []journal.Entry{first, second} {
			if e, _ := other.get(want.ID); e.Status != want.Status {
				t.Fatalf("%s is %s, want %s", e.ID, e.Status, want.Status)
			}
		}
	}
}

// waitFor waits until something is so that a journal brings about by itself.
func (s subject) waitFor(condition func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("a minute later, the calls of dead processes have not been judged")
		}
	}
}
