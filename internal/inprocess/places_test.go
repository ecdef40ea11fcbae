package inprocess

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/saferunner/saferunner/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func (p *places) taken() (calls int, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.bytes
}

// Who waits is served in turn, so that what is small cannot starve what is
// large; what is more than there are places waits until it is alone.
func TestPlacesAreGivenInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxCalls: 10, maxBytes: 1000}
		if err := p.wait(t.Context(), 8, 100); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var served []int
		var wg sync.WaitGroup
		for _, n := range []int{5, 1, 25, 2} {
			wg.Go(func() {
				if err := p.wait(t.Context(), n, 0); err != nil {
					t.Error(err)
				}
				mu.Lock()
				served = append(served, n)
				mu.Unlock()
			})
			synctest.Wait()
		}
		for _, back := range []int{2, 1, 5, 5, 1, 25, 2} {
			p.give(back, 0)
			synctest.Wait()
		}
		wg.Wait()
		if !slices.Equal(served, []int{5, 1, 25, 2}) {
			t.Errorf("served in the order %v", served)
		}
	})
}

func TestPlacesAreBoundedInBytes(t *testing.T) {
	p := &places{maxCalls: 10, maxBytes: 1000}
	for range 2 {
		if !p.try(1, 400) {
			t.Fatal("no place for 400 of 1000 bytes")
		}
	}
	if p.try(1, 400) {
		t.Error("1200 of 1000 bytes are taken")
	}
	if !p.try(1, 200) {
		t.Error("no place for the last 200 bytes")
	}
	p.give(3, 1000)
	if !p.try(1, 5000) {
		t.Error("what is too large is not let in where nothing else is")
	}
	if calls, bytes := p.taken(); calls != 1 || bytes != 5000 {
		t.Errorf("%d calls, %d bytes are taken", calls, bytes)
	}
}

// A wait whose ctx ends takes nothing, and lets those behind it in.
func TestPlacesAfterAWaitThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{maxCalls: 4, maxBytes: 1000}
		if err := p.wait(t.Context(), 2, 0); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("cause")
		ctx, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := p.wait(ctx, 3, 0); !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if err := p.wait(t.Context(), 2, 0); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel(cause)
		wg.Wait()
		if calls, _ := p.taken(); calls != 4 {
			t.Errorf("%d calls have a place, want 4", calls)
		}
	})
}
