package sim

import (
	"encoding/binary"
	"errors"

	"github.com/tezi-exchange/tezi/batch3pc"
	"github.com/tezi-exchange/tezi/internal/check"
)

// ledger is the App of a simulated participant: it remembers what it reserved and applied, reports
// it to the Watch, and complains when it is called out of order (I5).
type ledger struct {
	id       batch3pc.NodeID
	watch    *check.Watch
	reserved []batch3pc.Position // voted for and undecided, oldest first
	last     batch3pc.Position   // applied
	applied  int
	digest   uint64
	vetoes   int  // batches refused in a thousand, always the same ones
	padding  int  // bytes that a snapshot is longer than it has to be
	draining bool // answers "not now"
	veto     [1]byte
}

// reset is what a crash leaves of it.
func (l *ledger) reset() {
	l.reserved, l.last, l.applied, l.digest, l.draining = l.reserved[:0], batch3pc.Position{}, 0, 0, false
}

func (l *ledger) copyFrom(o *ledger, watch *check.Watch) {
	reserved := append(l.reserved[:0], o.reserved...)
	*l = *o
	l.reserved, l.watch = reserved, watch
}

func (l *ledger) tail() batch3pc.Position {
	if n := len(l.reserved); n > 0 {
		return l.reserved[n-1]
	}
	return l.last
}

// Vote reserves, unless the batch is one of those that this participant vetoes.
func (l *ledger) Vote(b *batch3pc.Batch, decided bool) batch3pc.Vote {
	// Between the batches that it sees there may be entries that open a generation.
	if tail := l.tail(); b.Parent < tail.Seq || b.Parent == tail.Seq && b.ParentPosition() != tail {
		l.watch.Fail("I5", "participant %d votes on %d behind %d, its parent is %d", l.id, b.Seq, l.tail().Seq, b.Parent)
	}
	if !decided {
		if l.draining {
			return batch3pc.Vote{Reason: batch3pc.ReasonInfra}
		}
		if l.vetoes > 0 && int(mix(uint64(b.Chain)+uint64(l.id))%1000) < l.vetoes {
			l.veto[0] = batch3pc.VetoTaker
			return batch3pc.Vote{Reason: batch3pc.ReasonVeto, Veto: l.veto[:]}
		}
	}
	l.reserved = append(l.reserved, b.Position())
	return batch3pc.Vote{Yes: true}
}

// Apply turns the oldest reservation into fact. The digest is over what is in the payloads.
func (l *ledger) Apply(b *batch3pc.Batch) {
	at := b.Position()
	if len(l.reserved) == 0 || l.reserved[0] != at {
		l.watch.Fail("I5", "participant %d applies %d, which is not its oldest reservation", l.id, at.Seq)
		return
	}
	copy(l.reserved, l.reserved[1:])
	l.reserved = l.reserved[:len(l.reserved)-1]
	l.last = at
	l.applied++
	l.digest = mix(l.digest + binary.LittleEndian.Uint64(b.Payload))
	l.watch.Applied(l.id, l.applied, at, l.digest)
}

// ledgerImageSize is the size of a snapshot without the padding: last applied position, how many, digest.
const ledgerImageSize = 32

// AppendSnapshot appends the applied state.
func (l *ledger) AppendSnapshot(dst []byte) []byte {
	dst = batch3pc.AppendTail(dst, l.last)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(l.applied))
	dst = binary.LittleEndian.AppendUint64(dst, l.digest)
	return append(dst, make([]byte, l.padding)...)
}

// Restore takes the applied state of another participant, or of the log.
func (l *ledger) Restore(state []byte) error {
	if len(state) != ledgerImageSize+l.padding {
		return errors.New("sim: no snapshot of a ledger")
	}
	l.reserved, l.last = l.reserved[:0], batch3pc.TailAt(state, 0)
	l.applied, l.digest = int(binary.LittleEndian.Uint64(state[16:])), binary.LittleEndian.Uint64(state[24:])
	l.watch.Restored(l.id, l.applied, l.last, l.digest)
	return nil
}

// Drop undoes the newest reservation.
func (l *ledger) Drop(b *batch3pc.Batch) {
	n := len(l.reserved)
	if n == 0 || l.reserved[n-1] != b.Position() {
		l.watch.Fail("I5", "participant %d drops %d, which is not its newest reservation", l.id, b.Seq)
		return
	}
	l.reserved = l.reserved[:n-1]
	l.watch.Dropped()
}
