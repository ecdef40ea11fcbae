package snapshot

import (
	"sync"
	"sync/atomic"
	"testing"
)

type account struct {
	mu     sync.Mutex
	Status string
	Tags   []string
}

func TestCopyOfDataBesideALock(t *testing.T) {
	a := &account{Status: "new", Tags: []string{"x"}}
	a.mu.Lock()
	dup := copied(t, a, false)
	a.Status, a.Tags[0] = "paid", "y"
	if dup.Status != "new" || dup.Tags[0] != "x" {
		t.Errorf("a change shows: %v %v", dup.Status, dup.Tags)
	}
	if !dup.mu.TryLock() {
		t.Error("the copy is locked")
	}
	byValue := copied(t, []account{{Status: "new"}}, false)
	inMap := copied(t, map[string]*account{"a": a}, false)
	inAny := copied[any](t, a, false)
	if !byValue[0].mu.TryLock() || !inMap["a"].mu.TryLock() || !inAny.(*account).mu.TryLock() {
		t.Error("a copy is locked")
	}
}

func TestCopyOfEveryLock(t *testing.T) {
	type locks struct {
		RW   sync.RWMutex
		Once sync.Once
		WG   sync.WaitGroup
		Cond sync.Cond
		Pool sync.Pool
		P    *sync.Mutex
		L    sync.Locker
		Nil  *sync.Mutex
	}
	v := &locks{P: new(sync.Mutex), L: new(sync.RWMutex)}
	v.RW.Lock()
	v.Once.Do(func() {})
	v.WG.Add(1)
	v.P.Lock()
	v.Pool.New = func() any { return 1 }
	dup := copied(t, v, false)
	ran := false
	dup.Once.Do(func() { ran = true })
	dup.WG.Wait()
	if !dup.RW.TryLock() || !dup.P.TryLock() || !ran || dup.Pool.Get() != nil || dup.Nil != nil || dup.L == v.L || dup.P == v.P {
		t.Error("a lock of the copy is in use")
	}
	if m := copied(t, v.P, false); m == v.P || !m.TryLock() {
		t.Error("*sync.Mutex is not a new one")
	}
}

func TestCopyOfAtomics(t *testing.T) {
	type stats struct {
		Name string
		N    atomic.Int64
		B    atomic.Bool
		U    [2]atomic.Uint32
		P    atomic.Pointer[money]
		V    atomic.Value
		M    sync.Map
	}
	s := &stats{Name: "a"}
	s.N.Store(7)
	s.B.Store(true)
	s.U[1].Store(3)
	s.P.Store(&money{1, "EUR"})
	s.V.Store([]int{1})
	s.M.Store("k", []int{1})
	s.M.Store(1, &money{2, "USD"})
	dup := copied(t, s, false)
	byValue := copied(t, map[string][]*stats{"a": {s, s}}, false)["a"]
	if byValue[0] != byValue[1] {
		t.Error("one variable became two")
	}
	other := &stats{Name: "a"}
	if equal(s, other) {
		t.Error("atomics are not compared")
	}
	s.N.Store(8)
	s.B.Store(false)
	s.U[1].Store(4)
	s.P.Load().Cents = 9
	s.V.Load().([]int)[0] = 9
	k, _ := s.M.Load("k")
	k.([]int)[0] = 9
	s.M.Delete(1)
	for _, dup := range append(byValue, dup) {
		k, _ := dup.M.Load("k")
		m, _ := dup.M.Load(1)
		if dup.N.Load() != 7 || !dup.B.Load() || dup.U[1].Load() != 3 || *dup.P.Load() != (money{1, "EUR"}) || dup.V.Load().([]int)[0] != 1 ||
			k.([]int)[0] != 1 || *m.(*money) != (money{2, "USD"}) {
			t.Error("a change shows in the copy of an atomic")
		}
	}
}

func TestCopyWhileAtomicsAndLocksAreUsed(t *testing.T) {
	type stats struct {
		mu   sync.RWMutex
		Name string
		n    atomic.Int64
		p    atomic.Pointer[int]
		v    atomic.Value
		m    sync.Map
	}
	s := &stats{Name: "a"}
	s.p.Store(new(int))
	s.v.Store("x")
	stop := make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			s.mu.RLock()
			s.n.Add(1)
			s.p.Store(new(int))
			s.v.Store("y")
			s.m.Store(i%10, i)
			s.mu.RUnlock()
		}
	})
	for range 200 {
		dup, _ := copyOf([]any{s, []*stats{s}, map[string]*stats{"a": s}})
		if dup[0].(*stats).Name != "a" {
			t.Error("not copied")
		}
		equal(s, dup[0].(*stats))
	}
	close(stop)
	wg.Wait()
}
