package orderbook

import "math/bits"

// panCounts tells whether an auction may hold an order of some PAN at all, so that an order that comes
// in looks for its own orders on the other side only if there may be one. Different PANs can share a
// count: then it looks in vain.
type panCounts struct {
	counts []uint32 // a power of two of them
}

// at returns the count for the book and side in flags, and pan.
func (p *panCounts) at(flags uint32, pan PAN) *uint32 {
	hi, lo := bits.Mul64(uint64(pan)<<32|uint64(flags&^0xff|flags&isSell), 0xd6e8feb86659fd93)
	return &p.counts[(hi^lo)>>20&uint64(len(p.counts)-1)]
}

func (p *panCounts) add(o *order) {
	if o.pan != 0 {
		*p.at(o.flags, o.pan)++
	}
}

func (p *panCounts) drop(o *order) {
	if o.pan != 0 {
		*p.at(o.flags, o.pan)--
	}
}

// some reports whether there may be orders of pan in the book and side of flags.
func (p *panCounts) some(flags uint32, pan PAN) bool { return *p.at(flags, pan) != 0 }
