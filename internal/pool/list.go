package pool

import "sync/atomic"

// List is what enters the pool as one node: its items are started in order, claimed one by one by the workers.
//
// Len is called once, when the list is submitted. Do is called once for every index from 0 to Len()-1,
// from several goroutines at a time.
type List interface {
	Len() int
	Do(i int)
}

// Node is a submitted list, in the queue until its last item is claimed.
type Node struct {
	list    List
	len     int
	claimed atomic.Int64 // items claimed so far

	next *Node
}

// claim takes the next item that nobody has claimed. It is one write to the line of memory that the workers share,
// without a look at it before, which would fetch it twice.
func (n *Node) claim() (i int, ok bool) {
	i = int(n.claimed.Add(1)) - 1
	return i, i < n.len
}
