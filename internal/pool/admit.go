package pool

// The functions of this file are called with the pool's lock held.

// enqueue makes the items of n available to the workers.
func (p *Pool) enqueue(n *node) {
	p.queue.push(n)
	p.admitted += n.len
}

// queued is how many items occupy the queue: admitted and not claimed.
func (p *Pool) queued() int {
	if p.queue.head == nil {
		return 0
	}
	return p.admitted - p.queue.head.started()
}

// excess is how many items must leave the queue before a list of this length fits; zero or less means that it fits.
// A list longer than the queue needs all of its places.
func (p *Pool) excess(length int) int {
	return p.queued() + min(length, p.places) - p.places
}

// admit moves the lists at the front of the line into the queue, as far as they fit. For the first one that does not,
// it leaves word at the head of the queue, so that exactly the claim that makes room comes back here.
func (p *Pool) admit() {
	for n := p.line.head; n != nil; n = p.line.head {
		if p.excess(n.len) > 0 {
			// Workers count a claim first and look for word then, so look again after leaving word.
			p.queue.head.notify.Store(int64(p.admitted + min(n.len, p.places) - p.places))
			if p.excess(n.len) > 0 {
				return
			}
		}
		p.line.remove(n)
		p.enqueue(n)
		if n.ready != nil {
			close(n.ready)
			n.ready = nil
		}
	}
	if head := p.queue.head; head != nil && head.notify.Load() != 0 {
		head.notify.Store(0)
	}
}

// claim takes the next item of the queue; a nil node means that there is none.
func (p *Pool) claim() (n *node, i int) {
	for n := p.queue.head; n != nil; n = p.queue.head {
		if i, ok := n.claim(); ok {
			return n, i
		}
		p.drop()
	}
	return nil, 0
}

// drop removes the lists that have nothing left to claim.
func (p *Pool) drop() {
	for n := p.queue.head; n != nil && n.started() == n.len; n = p.queue.head {
		p.queue.remove(n)
		p.admitted -= n.len
	}
}
