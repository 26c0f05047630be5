package ringbuf

import "unsafe"

// A slot that the producer fills was last read by the consumer's core, so the store waits until the cache line
// is the producer's again. The stores of a core become visible in their order, so at one item or a few at a time only two or
// three lines are on their way together, and the producer waits for a round trip between the cores every few items.
// Therefore it asks for the lines of the slots that it will fill next, while it fills others: PREFETCHW. The consumer has
// released them, and reads them no more.
//
// An item of a line, one at a time, is left alone: with its line there the producer only gets to the store of tail
// sooner, which the two cores then fight for. docs/RINGS.md has the figures.

// lineSize is a cache line, in bytes.
const lineSize = 64

// aheadMin is how much memory is asked for at least, behind the slots that are claimed. Half of it is asked for at a time.
const aheadMin = 4 * lineSize

// ahead asks for the lines behind the n slots that the producer has got: as many as these, if that is more than aheadMin.
// It says by p.limit when to call it again.
func (s *slots[T]) ahead(p *cursor, n uint64) {
	var t T
	if from, k := s.next(p, n); k > 0 {
		own(unsafe.Pointer(s.at(from)), int((k*uint64(unsafe.Sizeof(t))+lineSize-1)/lineSize))
	}
}

// next is the run of slots that ahead asks for: free, not asked for in this lap, and contiguous. What then lies behind the
// end of the memory is left out, once a lap.
func (s *slots[T]) next(p *cursor, n uint64) (from, k uint64) {
	var t T
	size := uint64(max(unsafe.Sizeof(t), 1))
	from = p.pos + n
	free := p.cached + s.size - from
	if n <= 1 && size > lineSize/2 {
		p.limit = from + free
		return from, 0
	}
	p.limit = from + min(max(aheadMin/2/size, 1), free)
	upto := from + min(max(aheadMin/size, n), free)
	if int64(p.asked-from) > 0 {
		from = p.asked
	}
	if int64(upto-from) <= 0 {
		return from, 0
	}
	p.asked = upto
	return from, s.fit(from, upto-from)
}
