//tezi:pure

package rounds

import (
	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/mutant"
)

// flight holds a coordinator's proposals from Propose until the machine needs their payloads no
// more: a ring of slots whose buffers are used again. Its cursors count proposals that stayed:
// freed <= decided <= tail, and decided or gated may be ahead of each other.
type flight struct {
	slots   []proposal
	freed   uint64 // the machine needs the payloads before it no more
	decided uint64 // outcomes before it are told
	gated   uint64 // the inputs of those before it are durable
	tail    uint64
	last    uint64 // number of the last proposal
}

// proposal is one batch on its way.
type proposal struct {
	no      uint64
	at      batch3pc.Position
	count   uint32
	payload []byte // the slot's buffer, lent to the machine
}

func newFlight(size int) flight { return flight{slots: make([]proposal, size)} }

func (f *flight) at(i uint64) *proposal { return &f.slots[i%uint64(len(f.slots))] }

func (f *flight) full() bool { return f.tail-f.freed == uint64(len(f.slots)) }

// free is the slot that take takes in; there is one unless the ring is full.
func (f *flight) free() *proposal { return f.at(f.tail) }

// take takes the free slot in for b and returns its number.
func (f *flight) take(b *batch3pc.Batch) uint64 {
	p := f.free()
	f.last++
	f.tail++
	p.no, p.at, p.count = f.last, b.Position(), b.Count
	return p.no
}

// gate moves the gate behind the proposals up to no. It returns the batch number of the last one, or
// 0 if the gate has not moved.
func (f *flight) gate(no uint64) (s batch3pc.Seq) {
	for f.gated < f.tail && (f.at(f.gated).no <= no || mutant.Is(mutant.GateOpensAll)) {
		s = f.at(f.gated).at.Seq
		f.gated++
	}
	return s
}

// release gives the slots back whose payloads the machine has released.
func (f *flight) release(s batch3pc.Seq) {
	for f.freed < f.decided && f.at(f.freed).at.Seq <= s {
		f.freed++
	}
}

// cut forgets what is not decided.
func (f *flight) cut() {
	f.tail = f.decided
	f.gated = min(f.gated, f.tail)
}
