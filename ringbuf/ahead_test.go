package ringbuf

import (
	"math/rand/v2"
	"testing"
)

// TestAheadAsksForFreeSlots lets a producer and a consumer wander, across 2^64, and watches for which slots' lines the producer
// asks: the consumer's would be taken from it, and each is asked for once a lap. Below limit a push needs no look.
func TestAheadAsksForFreeSlots(t *testing.T) {
	t.Run("8 bytes", aheadAsksForFreeSlots[uint64])
	t.Run("24 bytes", aheadAsksForFreeSlots[[3]uint64])
	t.Run("64 bytes", aheadAsksForFreeSlots[[8]uint64])
	t.Run("520 bytes", aheadAsksForFreeSlots[[65]uint64])
	t.Run("0 bytes", aheadAsksForFreeSlots[struct{}])
}

func aheadAsksForFreeSlots[T any](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, capacity := range []int{1, 2, 64, 1024} {
		s := newSlots[T](capacity)
		var p cursor
		begin := ^uint64(5000)
		p.begin(begin, begin)
		asked, most := uint64(0), begin // how many, and behind the last of them
		for range 20_000 {
			n := rng.Uint64N(min(s.size-(p.pos-p.cached), 70) + 1)
			from, k := s.next(&p, n)
			end, free := p.pos+n, p.cached+s.size
			switch {
			case k > s.size || int64(from-end) < 0 || int64(free-from-k) < 0 && k > 0:
				t.Fatalf("at %d with %d of %d slots, free up to %d: asks for %d from %d on", p.pos, n, s.size, free, k, from)
			case k > 0 && int64(from-most) < 0:
				t.Fatalf("asks for slot %d, and has asked for all below %d", from, most)
			case from&(s.size-1)+k > s.size:
				t.Fatalf("asks for %d slots from %d on, over the end of %d", k, from, s.size)
			case int64(p.limit-end) < 0 || int64(free-p.limit) < 0 || p.limit == end && free != end:
				t.Fatalf("at %d, free up to %d: a push need not look below %d", end, free, p.limit)
			}
			if k > 0 {
				asked, most = asked+k, from+k
			}
			p.pos += n
			p.cached += rng.Uint64N(p.pos - p.cached + 1)
		}
		if passed := p.pos - begin; capacity > 64 && asked < passed/2 {
			t.Errorf("%d slots: asked for %d of %d", capacity, asked, passed)
		}
	}
}

// TestLargeItemsAreNotAskedForOneByOne: see the comment of ahead.go.
func TestLargeItemsAreNotAskedForOneByOne(t *testing.T) {
	s := newSlots[[8]uint64](64)
	var p cursor
	if _, k := s.next(&p, 1); k != 0 {
		t.Errorf("asks for %d slots behind one of a line", k)
	}
	if _, k := s.next(&p, 2); k != 4 {
		t.Errorf("asks for %d slots of a line behind two, want 4", k)
	}
	small := newSlots[uint64](64)
	if _, k := small.next(&p, 1); k == 0 {
		t.Error("asks for no slots behind one of 8 bytes")
	}
}
