package sim

import (
	"math/bits"
	"sync"
)

// seen is what one worker asks whether a state is new. Six of seven times that it is not, it was met a moment
// ago: by another order of the same few events. So the worker looks among the latest ones first, in memory that is near.
type seen struct {
	latest [1 << latestBits]uint64 // by their last bits
	all    *states
}

// latestBits makes it 256 KiB.
const latestBits = 15

// add puts h in and reports whether nobody has met it before.
func (s *seen) add(h uint64) bool {
	latest := &s.latest[h%(1<<latestBits)]
	if *latest == h {
		return false
	}
	*latest = h
	return s.all.add(h)
}

// states is a set of hashes that several workers share. Two states with one hash are taken for one:
// with a million states that happens once in tens of millions of searches. It is as large as what is in
// it needs, because looking here is mostly waiting for memory.
type states struct{ shards [1 << shardBits]shard }

// shardBits is so large that two workers hardly ever meet.
const shardBits = 6

// shard is the part of the set whose hashes begin with the same bits.
type shard struct {
	mutex sync.Mutex
	slots []uint64 // open addressing; 0: free
	count int
	_     [64]byte // the next one has cache lines of its own
}

func newStates() *states {
	s := new(states)
	for i := range s.shards {
		s.shards[i].slots = make([]uint64, 64)
	}
	return s
}

func (s *states) len() (n uint64) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mutex.Lock()
		n += uint64(shard.count)
		shard.mutex.Unlock()
	}
	return n
}

// add puts h in and reports whether it was not there. h is not 0.
func (s *states) add(h uint64) bool {
	shard := &s.shards[h>>(64-shardBits)]
	shard.mutex.Lock()
	defer shard.mutex.Unlock()
	if !shard.put(h) {
		return false
	}
	if shard.count++; shard.count > len(shard.slots)/2 {
		shard.grow()
	}
	return true
}

// put takes a slot for h, unless it has one.
func (s *shard) put(h uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := h << shardBits >> (64 - bits.Len64(mask)); ; i = (i + 1) & mask {
		switch s.slots[i] {
		case h:
			return false
		case 0:
			s.slots[i] = h
			return true
		}
	}
}

func (s *shard) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	for _, h := range old {
		if h != 0 {
			s.put(h)
		}
	}
}
