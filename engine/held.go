package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// A participant never loses what it has made durable, so one that says less than that after it has connected
// again was started on an old copy of its disk. It has forgotten promises and votes, and counts for nothing as
// long as that log is there (PROTOCOL.md 5.10). What each of them holds is in the command log (RecordHeld),
// so that an engine knows it that has not seen it.

// heldSize is the size of an entry of RecordHeld: u64 node, u64 seq.
const heldSize = 16

// Held is an entry of the body of RecordHeld: what is decided and durable at a participant.
type Held struct {
	Node batch3pc.NodeID
	Seq  batch3pc.Seq
}

func appendHeld(dst []byte, h Held) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.Node))
	return binary.LittleEndian.AppendUint64(dst, uint64(h.Seq))
}

// DecodeHeld calls fn with each entry of the body of a RecordHeld.
func DecodeHeld(b []byte, fn func(Held)) error {
	if len(b)%heldSize != 0 {
		return fmt.Errorf("%w: what participants hold in %d bytes, want a multiple of %d", ErrRecord, len(b), heldSize)
	}
	for ; len(b) > 0; b = b[heldSize:] {
		le := binary.LittleEndian
		node := le.Uint64(b)
		if node == 0 || node > 255 {
			return fmt.Errorf("%w: participant %d holds something, want a node from 1 to 255", ErrRecord, node)
		}
		fn(Held{batch3pc.NodeID(node), batch3pc.Seq(le.Uint64(b[8:]))})
	}
	return nil
}

// noteHeld writes down what the participants hold, if that is more than the log says.
func (e *Engine) noteHeld() {
	if e.log == nil || e.replica != nil || e.awakeNs-e.heldNs < e.heldEveryNs {
		return
	}
	e.heldNs = e.awakeNs
	body := e.heldBody[:0]
	for i := range e.peers {
		if p := &e.peers[i]; p.seat.Counts && p.seat.Durable > p.held {
			p.held = p.seat.Durable
			body = appendHeld(body, Held{p.Node, p.held})
		}
	}
	if len(body) > 0 {
		e.heldBody = body
		e.mustPut(RecordHeld, body)
	}
}

// heldBy is the most that a participant is known to have made durable.
func (e *Engine) heldBy(p *peer) batch3pc.Seq {
	held := max(p.held, p.seat.Durable)
	if e.replica != nil {
		held = max(held, e.replica.held[p.Node])
	}
	return held
}

// compareDisk is shown the first State of a participant since it has connected: older ones are not on their way
// any more. Without durability nobody has promised anything.
func (e *Engine) compareDisk(p *peer, m *batch3pc.Message) {
	if m.Kind != batch3pc.KindState || p.compared || !e.cfg.Durable || m.Reason == batch3pc.ReasonInfra {
		return // with that reason it says itself that something is missing, and that it is being repaired
	}
	p.compared = true
	g := &e.generation
	if e.replica != nil && len(e.replica.members) > 0 {
		g = &e.replica.members[len(e.replica.members)-1].Generation
	}
	if known := g.Find(p.Node); known == nil || known.Incarnation != m.Incarnation {
		return // a log that nobody knows yet, or another one, which is refused as that
	}
	e.coord.Distrust(p.Node, m.Incarnation, m.PreCommitted < e.heldBy(p))
}
