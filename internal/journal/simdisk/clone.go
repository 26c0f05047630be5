package simdisk

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Clone returns a disk in the same state, with everything that is pending, on another computer: with
// no open files, no locks and no fault. From one state, several crashes can be tried.
func (d *Disk) Clone() *Disk {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	c := &Disk{source: d.source, capacity: d.capacity, used: d.used, order: d.order, locks: map[string]*lock{}}
	c.random = rand.New(&c.source)
	nodes := map[*node]*node{nil: nil}
	for _, n := range d.nodes() {
		nodes[n] = n.clone()
	}
	c.live, c.durable = map[string]*node{}, map[string]*node{}
	for path, n := range d.live {
		c.live[path] = nodes[n]
	}
	for path, n := range d.durable {
		c.durable[path] = nodes[n]
	}
	c.names = slices.Clone(d.names)
	for i := range c.names {
		c.names[i].node = nodes[c.names[i].node]
	}
	return c
}

// clone copies what may still change: sectors that are not pending never do.
func (n *node) clone() *node {
	c := *n
	c.handles = 0
	c.live, c.durable, c.dirty = slices.Clone(n.live), slices.Clone(n.durable), maps.Clone(n.dirty)
	for i := range n.dirty {
		s := *n.live[i]
		c.live[i] = &s
	}
	return &c
}
