package pool_test

import (
	"context"
	"fmt"

	"github.com/saferunner/saferunner/internal/pool"
)

// squares is a list whose items have a slot each, so that they need no lock.
type squares []int

func (s squares) Len() int { return len(s) }
func (s squares) Do(i int) { s[i] = i * i }

func Example() {
	ctx := context.Background()
	p := pool.New(8)
	list := make(squares, 5)
	p.Submit(list)
	if err := p.Wait(ctx); err != nil {
		fmt.Println("still running:", err)
		return
	}
	fmt.Println(list)
	// Output: [0 1 4 9 16]
}
