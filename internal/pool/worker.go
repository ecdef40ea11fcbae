package pool

// Workers start one another: whoever adds items starts one worker, and each worker, when it gets its first item, starts
// the next one if items are left. So at any time, while items are queued and the limit is not reached, exactly one
// worker is on its way, and short work does not wake more goroutines than it can feed.

// runWorker runs items until none is left. Leaving is deferred, since an item may end the goroutine.
func (p *Pool) runWorker() {
	defer p.leave()
	n, i := p.next(true)
	for n != nil {
		list, last := n.list, n.len-1
		for list.Do(i); i < last; list.Do(i) {
			var ok bool
			if i, ok = n.claim(); !ok {
				break
			}
		}
		n, i = p.next(false)
	}
}

// next claims an item from whatever list is first; a nil node means that there is none.
func (p *Pool) next(first bool) (n *Node, i int) {
	p.mu.Lock()
	defer p.unlock()
	if first {
		p.starting = false
	}
	for p.drop(); p.head != nil; p.drop() {
		if i, ok := p.head.claim(); ok {
			return p.head, i
		}
	}
	return nil, 0
}

// leave takes a worker off the count, after its last item or a Goexit.
func (p *Pool) leave() {
	p.mu.Lock()
	p.drop() // the list of an item that ended the goroutine may have been the last
	p.running--
	p.unlock()
}

// unlock ends every change of the pool's state: it starts a worker if one is due, and tells those in Wait when
// nothing is left.
func (p *Pool) unlock() {
	queued := p.admitted
	if p.head != nil {
		queued -= min(int(p.head.claimed.Load()), p.head.len)
	}
	start := !p.starting && p.running < p.workers && queued > 0
	if start {
		p.starting = true
		p.running++
	}
	if p.running == 0 && p.idle != nil {
		close(p.idle)
		p.idle = nil
	}
	p.mu.Unlock()
	if start {
		go p.work()
	}
}
