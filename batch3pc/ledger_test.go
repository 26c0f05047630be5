package batch3pc_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// ledger is the App of the tests: it remembers what it reserved and applied, and fails when the
// machine calls it out of order.
type ledger struct {
	id          batch3pc.NodeID
	reserved    []batch3pc.Position // voted for and undecided, oldest first
	applied     []batch3pc.Position
	vetoed      func(id batch3pc.NodeID, b *batch3pc.Batch) bool // deterministic; nil: nothing is
	generations map[batch3pc.Position]uint32                     // of what was reserved: only the first of one may follow an entry that no App sees
	draining    bool                                             // answers "not now"
	dropped     int
	refuse      bool // Restore fails
	veto        []byte
}

func (l *ledger) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	if tail := l.tail(); b.ParentPosition() != tail && b.Generation == l.generations[tail] {
		panic(fmt.Sprintf("participant %d: vote on %d behind %d, its parent is %d", l.id, b.Seq, tail.Seq, b.Parent))
	}
	if !decided {
		if l.draining {
			return batch3pc.Vote{Reason: batch3pc.ReasonInfra}
		}
		if l.vetoed != nil && l.vetoed(l.id, b) {
			l.veto = append(l.veto[:0], make([]byte, (b.Count+3)/4)...)
			batch3pc.SetVeto(l.veto, 0, batch3pc.VetoTaker)
			return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: l.veto}
		}
	}
	l.reserved = append(l.reserved, b.Position())
	if l.generations == nil {
		l.generations = map[batch3pc.Position]uint32{{}: 1}
	}
	l.generations[b.Position()] = b.Generation
	return batch3pc.Vote{Yes: true}
}

func (l *ledger) Apply(b *batch3pc.Batch) {
	if len(l.reserved) == 0 || l.reserved[0] != b.Position() {
		panic(fmt.Sprintf("participant %d: batch %d applied, not the oldest reserved", l.id, b.Seq))
	}
	l.reserved = slices.Delete(l.reserved, 0, 1)
	l.applied = append(l.applied, b.Position())
}

func (l *ledger) Drop(b *batch3pc.Batch) {
	if len(l.reserved) == 0 || l.reserved[len(l.reserved)-1] != b.Position() {
		panic(fmt.Sprintf("participant %d: batch %d dropped, not the newest reserved", l.id, b.Seq))
	}
	l.reserved = l.reserved[:len(l.reserved)-1]
	l.dropped++
}

// AppendSnapshot is 20 bytes for each applied batch: its position and its generation.
func (l *ledger) AppendSnapshot(dst []byte) []byte {
	for _, at := range l.applied {
		dst = batch3pc.AppendTail(dst, at)
		dst = binary.LittleEndian.AppendUint32(dst, l.generations[at])
	}
	return dst
}

func (l *ledger) Restore(state []byte) error {
	if len(state)%20 != 0 || l.refuse {
		return errors.New("ledger: no snapshot of a ledger")
	}
	l.reserved, l.applied = l.reserved[:0], l.applied[:0]
	l.generations = map[batch3pc.Position]uint32{{}: 1}
	for ; len(state) > 0; state = state[20:] {
		at := batch3pc.TailAt(state, 0)
		l.applied = append(l.applied, at)
		l.generations[at] = binary.LittleEndian.Uint32(state[16:])
	}
	return nil
}

func (l *ledger) tail() batch3pc.Position {
	if n := len(l.reserved); n > 0 {
		return l.reserved[n-1]
	}
	if n := len(l.applied); n > 0 {
		return l.applied[n-1]
	}
	return batch3pc.Position{}
}
