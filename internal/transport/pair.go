package transport

import "github.com/tezi-exchange/tezi/ringbuf"

// Pair connects two goroutines of this process: what a publishes is what b reads, in the same
// memory, and the other way round. The ring from a to b has at least outCap bytes, the one from b to a
// inCap. The ring to a rings bellA when there is something for a, the ring to b bellB. Both links start
// with an EventUp. When one of them is closed, the other reads what was published before, then
// EventDown, and nothing ever again.
func Pair(outCap, inCap int, bellA, bellB *ringbuf.Bell) (a, b *Link) {
	if bellA == nil || bellB == nil {
		panic("transport: a pair needs two bells")
	}
	ab, ba := ringbuf.NewFrames(outCap), ringbuf.NewFrames(inCap)
	a = pairEnd(ba, ab, bellB)
	b = pairEnd(ab, ba, bellA)
	bellA.Ring()
	bellB.Ring()
	return a, b
}

// pairEnd makes one end, with its Up already in the ring in which the other end will write.
func pairEnd(in, out *ringbuf.Frames, peer *ringbuf.Bell) *Link {
	in.Claim(1)[0] = byte(EventUp)
	in.Publish(1)
	l := &Link{in: in, out: out, wake: peer}
	l.live.Store(1)
	l.sessions.Store(1)
	l.close = func() {
		in.Close()
		out.Close()
		peer.Ring()
	}
	return l
}
