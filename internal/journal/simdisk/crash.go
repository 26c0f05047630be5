package simdisk

import (
	"maps"
	"path/filepath"
	"slices"
)

// pending is a thing that was done and is not durable.
type pending struct {
	order  uint64
	name   *nameOp
	node   *node
	sector int64 // -1: the size
}

// commit makes it durable.
func (p *pending) commit(names map[string]*node) {
	switch {
	case p.name != nil:
		if from := p.name.from; from == "" || names[from] == p.name.node { // what is renamed has to be there
			p.name.apply(names)
		}
	case p.sector < 0:
		p.node.durableSize = p.node.size
	default:
		p.node.durable = setSector(p.node.durable, p.sector, p.node.live[p.sector])
	}
}

// nodes returns everything that has a name now, or has one durably, or may have one after a crash.
func (d *Disk) nodes() []*node {
	seen := map[*node]bool{}
	var all []*node
	add := func(n *node) {
		if n != nil && !seen[n] {
			seen[n] = true
			all = append(all, n)
		}
	}
	for _, names := range []map[string]*node{d.live, d.durable} {
		for _, path := range slices.Sorted(maps.Keys(names)) {
			add(names[path])
		}
	}
	for i := range d.names {
		add(d.names[i].node)
	}
	return all
}

// pending returns what is not durable, in the order in which it was done.
func (d *Disk) pending() []pending {
	var all []pending
	for i := range d.names {
		all = append(all, pending{order: d.names[i].order, name: &d.names[i]})
	}
	for _, n := range d.nodes() {
		for i, order := range n.dirty {
			all = append(all, pending{order: order, node: n, sector: i})
		}
		if n.sizeOrder > 0 {
			all = append(all, pending{order: n.sizeOrder, node: n, sector: -1})
		}
	}
	slices.SortFunc(all, func(a, b pending) int { return int(a.order) - int(b.order) })
	return all
}

// Pending returns how many things are not durable: sectors, sizes and names. Crash numbers them.
func (d *Disk) Pending() int {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return len(d.pending())
}

// Crash cuts the power. Of the n things that are pending, in the order in which they were done last,
// those survive for which keep returns true; what is kept without what it needs (the sector of a file
// whose name or size is lost) is lost too. All handles and locks die, and the fault ends.
func (d *Disk) Crash(keep func(i, n int) bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	all := d.pending()
	for i := range all {
		if keep(i, len(all)) {
			all[i].commit(d.durable)
		}
	}
	nodes := d.nodes()
	for changed := true; changed; { // what is in a lost directory is lost
		changed = false
		for path := range d.durable {
			if above := filepath.Dir(path); d.durable[above] == nil {
				delete(d.durable, path)
				changed = true
			}
		}
	}
	d.live = maps.Clone(d.durable)
	d.names = nil
	for _, n := range nodes {
		n.restart()
	}
	d.die()
}

// restart forgets the live state for the durable one.
func (n *node) restart() {
	n.size = n.durableSize
	sectors := (n.size + sectorSize - 1) / sectorSize
	if int64(len(n.durable)) > sectors {
		n.durable = n.durable[:sectors]
	}
	if within := n.size % sectorSize; within != 0 { // a file that grows again does so with zeros
		if last := sectorAt(n.durable, sectors-1); last != nil {
			s := *last
			clear(s[within:])
			n.durable[sectors-1] = &s
		}
	}
	n.live = slices.Clone(n.durable)
	n.handles, n.freed = 0, true
	n.giveUp()
}

// Kill ends the process: handles and locks die, and what it wrote stays. The fault ends.
func (d *Disk) Kill() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, n := range d.nodes() {
		n.handles, n.freed = 0, true
	}
	d.die()
}

// die ends a life of the process. What has no name but was open is gone.
func (d *Disk) die() {
	d.used = 0
	for _, n := range d.live {
		if n.freed {
			n.freed = false
			d.used += n.size
		}
	}
	d.life++
	clear(d.locks)
	d.fault = nil
}

// Drop is the crash after which nothing is there that was not durable.
func Drop(int, int) bool { return false }

// Keep is the crash after which everything is there.
func Keep(int, int) bool { return true }

// First is the crash that keeps what was done first, k things, and tears the rest off.
func First(k int) func(i, n int) bool { return func(i, _ int) bool { return i < k } }

// Last is the crash that keeps what was done last, k things, and loses what was done before.
func Last(k int) func(i, n int) bool { return func(i, n int) bool { return i >= n-k } }

// Bits is the crash that keeps thing i if bit i of pattern is set.
func Bits(pattern uint64) func(i, n int) bool {
	return func(i, _ int) bool { return pattern>>(i%64)&1 == 1 }
}

// Some returns a crash that keeps each thing or not, by the seed of the disk.
func (d *Disk) Some() func(i, n int) bool {
	return func(int, int) bool { return d.random.IntN(2) == 0 }
}

// DiesAt returns a fault: the process dies at its n-th call (from 0) that changes something, which is
// not made. Afterwards, Kill or Crash.
func DiesAt(n int) func(Call) error {
	return func(c Call) error {
		if c.Op.Changes() {
			n--
		}
		if n < 0 {
			return ErrDead
		}
		return nil
	}
}

// Damage changes what the disk holds around offset of a file, durably and without a word: a bit that
// flips, a sector that is lost or went elsewhere. change gets the sector, and where in it offset is.
func (d *Disk) Damage(path string, offset int64, change func(sector []byte, at int)) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	n, err := d.at(OpWrite, path)
	if err != nil {
		return err
	}
	i := offset / sectorSize
	fresh := new(sector)
	if s := sectorAt(n.live, i); s != nil {
		*fresh = *s
	}
	change(fresh[:], int(offset%sectorSize))
	n.live, n.durable = setSector(n.live, i, fresh), setSector(n.durable, i, fresh)
	delete(n.dirty, i)
	return nil
}

// Flip is Damage by one bit.
func (d *Disk) Flip(path string, offset int64, bit int) error {
	return d.Damage(path, offset, func(s []byte, at int) { s[at] ^= 1 << (bit & 7) })
}
