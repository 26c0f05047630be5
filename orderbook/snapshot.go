package orderbook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"
)

// A snapshot is the used part of an arena's memory as it is, little endian: so a restored arena goes on
// exactly as the first one would, down to the slots and numbers that it gives.
//
//	magic, version, flags, cap, counters, 0   80 bytes
//	books      76 bytes each
//	orders, cold, levels, branches            from the first to the last used
//	CRC32C of all of it
//
// The index and the trees of PANs are made anew.

const (
	snapshotMagic  = "TZBOOKS\x05" // its last byte is the version
	snapshotHeader = 80
	snapshotBook   = 76
)

// ErrSnapshot is wrapped by every error of RestoreArena.
var ErrSnapshot = errors.New("orderbook: damaged snapshot")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendState appends a snapshot of the arena with all its books to dst. It leaves everything as it is, the newest orders in
// no queue too: so equal commands give equal bytes, whoever has made a snapshot on the way.
func (a *Arena) AppendState(dst []byte) []byte {
	from, le := len(dst), binary.LittleEndian
	dst = append(dst, snapshotMagic...)
	dst = le.AppendUint64(dst, bit(a.numbered))
	for _, n := range []uint64{uint64(a.cap), uint64(a.live), a.arrivals, uint64(len(a.books))} {
		dst = le.AppendUint64(dst, n)
	}
	for _, n := range []uint32{a.freeSlot, a.freshSlot, a.freeLevel, a.freshLevel, a.freeBranch, a.freshBranch, 0, 0} {
		dst = le.AppendUint32(dst, n)
	}
	for _, b := range a.books {
		for _, l := range b.ladders() {
			for _, n := range []uint32{l.root, l.best, l.within} {
				dst = le.AppendUint32(dst, n)
			}
		}
		for _, n := range []uint32{uint32(b.last), b.queue, uint32(bit(b.collecting)<<1 | bit(b.hold)), b.sides[0].newest, b.sides[0].newestKey, b.sides[1].newest, b.sides[1].newestKey} {
			dst = le.AppendUint32(dst, n)
		}
	}
	for _, part := range a.used() {
		dst = append(dst, part...)
	}
	return le.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// used returns the memory that has ever been used, but for the index and the trees of PANs.
func (a *Arena) used() [4][]byte {
	return [4][]byte{
		bytesOf(a.orders[:a.freshSlot]), bytesOf(a.cold[:a.freshSlot]),
		bytesOf(a.levels[a.freshLevel+1 : a.nodes()]), bytesOf(a.branches[:a.freshBranch]),
	}
}

func bytesOf[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// RestoreArena returns an arena in the state of a snapshot, and its books in the order in which they were
// made. The snapshot is copied. An error wraps ErrSnapshot and says what is wrong. Any bytes may come: what is
// restored keeps all invariants of the package, and what is used on the way is in proportion to the snapshot,
// but for the address space of an arena for as many orders as it names. (Order numbers from outside that have been
// chosen so that their hashes agree make the index slow, here as by Add; so do prices in an auction that follow the hashes of the
// slots, the trees of PANs.)
func RestoreArena(snapshot []byte) (*Arena, []*Book, error) {
	le, n := binary.LittleEndian, len(snapshot)
	switch {
	case n < snapshotHeader+4:
		return nil, nil, fmt.Errorf("%w: %d bytes, want at least %d", ErrSnapshot, n, snapshotHeader+4)
	case string(snapshot[:8]) != snapshotMagic:
		return nil, nil, fmt.Errorf("%w: begins with %q, want %q", ErrSnapshot, snapshot[:8], snapshotMagic)
	case crc32.Checksum(snapshot[:n-4], castagnoli) != le.Uint32(snapshot[n-4:]):
		return nil, nil, fmt.Errorf("%w: another checksum", ErrSnapshot)
	}
	a, err := arenaOf(snapshot)
	if err != nil {
		return nil, nil, err
	}
	if err := a.restore(snapshot[snapshotHeader:n-4], le.Uint64(snapshot[40:])); err != nil {
		a.Close()
		return nil, nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return a, append([]*Book(nil), a.books...), nil
}

// arenaOf returns an arena with the counters in the header of a snapshot.
func arenaOf(snapshot []byte) (*Arena, error) {
	le := binary.LittleEndian
	word := func(i int) uint64 { return le.Uint64(snapshot[8+8*i:]) }
	if word(0) > 1 || word(8) != 0 {
		return nil, fmt.Errorf("%w: flags %#x and a reserved word %#x, want at most 1 and 0", ErrSnapshot, word(0), word(8))
	}
	numbered, limit := word(0) != 0, uint64(ordersLimit)
	if numbered {
		limit = numberedLimit
	}
	if word(1) < 1 || word(1) > limit {
		return nil, fmt.Errorf("%w: of an arena for %d orders, want 1 to %d", ErrSnapshot, word(1), limit)
	}
	a, err := newArena(int(word(1)), numbered)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	a.live, a.arrivals = int(word(2)), word(3)
	for i, field := range []*uint32{&a.freeSlot, &a.freshSlot, &a.freeLevel, &a.freshLevel, &a.freeBranch, &a.freshBranch} {
		*field = le.Uint32(snapshot[48+4*i:])
	}
	return a, nil
}

// restore reads the books and the used memory. Nothing follows a link before count has seen them all.
func (a *Arena) restore(from []byte, books uint64) error {
	if most := min(uint64(len(from)/snapshotBook), bookMax); books > most {
		return fmt.Errorf("%d books, there can be %d", books, most)
	}
	for range books {
		if flags := binary.LittleEndian.Uint32(from[4*14:]); flags > 3 {
			return fmt.Errorf("book %d: flags %#x, want at most 3", len(a.books)+1, flags)
		}
		NewBook(a).restore(from)
		from = from[snapshotBook:]
	}
	if err := a.fill(from); err != nil {
		return err
	}
	for _, b := range a.books {
		for _, l := range b.ladders() {
			if l.best != 0 && (l.best <= a.freshLevel || int(l.best) >= a.nodes()) {
				return fmt.Errorf("book %d: I8: the best level in slot %d, want %d to %d", b.number, l.best, a.freshLevel+1, a.nodes()-1)
			}
			l.bestKey = a.levels[l.best].key
		}
	}
	c, err := a.count()
	if err != nil {
		return err
	}
	a.room -= c.usedUp
	a.reindex()
	return c.numbers()
}

// ladders returns all the ladders of a book.
func (b *Book) ladders() [4]*ladder {
	return [4]*ladder{&b.sides[0], &b.sides[1], &b.stops[0], &b.stops[1]}
}

// restore reads the fields of a book.
func (b *Book) restore(from []byte) {
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(from[4*i:]) }
	for i, l := range b.ladders() {
		l.root, l.best, l.within = word(3*i), word(3*i+1), word(3*i+2)
	}
	for i := range b.sides {
		b.sides[i].newest, b.sides[i].newestKey = word(15+2*i), word(16+2*i)
	}
	b.last = Price(word(12))
	b.queue = word(13)
	b.setCollecting(word(14)&2 != 0)
	b.hold = word(14)&1 != 0
}

// fill copies the used memory.
func (a *Arena) fill(from []byte) error {
	for _, x := range [...]struct {
		what               string
		fresh, least, most int
	}{
		{"order", int(a.freshSlot), 1, len(a.cold)},
		{"level", int(a.freshLevel), a.cap + 1, a.nodes() - 1},
		{"branch", int(a.freshBranch), 1, a.branchesMax()},
	} {
		if x.fresh < x.least || x.fresh > x.most {
			return fmt.Errorf("I10: the next %s never used is %d, want %d to %d", x.what, x.fresh, x.least, x.most)
		}
	}
	for _, part := range a.used() {
		if len(from) < len(part) {
			return fmt.Errorf("%d bytes where %d were used", len(from), len(part))
		}
		copy(part, from)
		from = from[len(part):]
	}
	if len(from) != 0 {
		return fmt.Errorf("%d bytes too many", len(from))
	}
	return nil
}

// reindex makes the index and the trees of PANs from the orders.
func (a *Arena) reindex() {
	for s := uint32(1); s < a.freshSlot; s++ {
		o := &a.orders[s]
		if o.flags == 0 {
			continue
		}
		b := a.books[o.flags>>bookShift-1]
		if !a.numbered {
			a.enlist(hashOf(b.number, o.id), s)
		}
		if b.collecting && o.flags&isWaiting == 0 {
			a.own(s)
		}
	}
}
