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

	prev, next *Node
}

// claim takes the next item that nobody has claimed. It is one write to the line of memory that the workers share,
// without a look at it before, which would fetch it twice.
func (n *Node) claim() (i int, ok bool) {
	i = int(n.claimed.Add(1)) - 1
	return i, i < n.len
}

// started is how many items have been claimed; the counter itself runs past the end when workers race for the last item.
func (n *Node) started() int { return min(int(n.claimed.Load()), n.len) }

// chain is a doubly linked list of nodes. What is removed keeps no link to the rest, so that a worker
// busy with an old node does not hold the later ones in memory.
type chain struct{ head, tail *Node }

func (c *chain) push(n *Node) {
	n.prev = c.tail
	if c.tail == nil {
		c.head = n
	} else {
		c.tail.next = n
	}
	c.tail = n
}

func (c *chain) remove(n *Node) {
	if n.prev == nil {
		c.head = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		c.tail = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.prev, n.next = nil, nil
}
