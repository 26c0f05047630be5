//tezi:pure

package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/tezi-exchange/tezi/batch3pc"
)

// Membership is the body of RecordGeneration: an entry of the stream that is decided and says who the
// members are from there on (PROTOCOL.md 5.6).
type Membership struct {
	Generation batch3pc.Generation
	Parent     batch3pc.Position // what the entry follows, which was decided before it was proposed
	UnixNs     int64             // when the engine found it decided
	Why        string            // what led to it, for people; "" where a successor found it
}

// membershipHead is the size of what comes before the generation in the body.
const membershipHead = 24

// appendMembership appends the record body: u64 time, u64 parent seq, u64 parent chain, the generation as a
// State carries it, and the reason to the end.
func appendMembership(dst []byte, m *Membership) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint64(dst, uint64(m.UnixNs))
	dst = le.AppendUint64(dst, uint64(m.Parent.Seq))
	dst = le.AppendUint64(dst, uint64(m.Parent.Chain))
	dst = batch3pc.AppendGeneration(dst, &m.Generation)
	return append(dst, m.Why...)
}

// DecodeMembership reads the body of a RecordGeneration, whose generation is the one that the chain of its
// entry says.
func DecodeMembership(b []byte) (Membership, error) {
	if len(b) < membershipHead {
		return Membership{}, fmt.Errorf("%w: generation of %d bytes, want at least %d", ErrRecord, len(b), membershipHead)
	}
	le := binary.LittleEndian
	m := Membership{
		UnixNs: int64(le.Uint64(b)),
		Parent: batch3pc.Position{Seq: batch3pc.Seq(le.Uint64(b[8:])), Chain: batch3pc.Chain(le.Uint64(b[16:]))},
	}
	g, why, ok := batch3pc.DecodeGeneration(b[membershipHead:])
	if !ok {
		return Membership{}, fmt.Errorf("%w: no generation in %d bytes", ErrRecord, len(b))
	}
	m.Generation, m.Why = g, string(why)
	if entry := g.Entry(m.Parent); entry.Chain != g.At.Chain {
		return Membership{}, fmt.Errorf("%w: generation %d behind batch %d has chain %016x, want %016x",
			ErrRecord, g.Number, m.Parent.Seq, uint64(g.At.Chain), uint64(entry.Chain))
	}
	return m, nil
}

// Excludes reports whether a generation leaves out one whom the one before it, g, had for a member; the
// other way round, whether it lets one in.
func (m *Membership) Excludes(g *batch3pc.Generation, n batch3pc.NodeID) (out, in bool) {
	was, is := member(g, n), member(&m.Generation, n)
	return was && !is, is && !was
}

// member reports whether n has to vote in g.
func member(g *batch3pc.Generation, n batch3pc.NodeID) bool {
	e := g.Find(n)
	return e != nil && e.Member
}

// logOf is the name of the log that a generation knows of a participant.
func logOf(g *batch3pc.Generation, n batch3pc.NodeID) uint64 {
	if e := g.Find(n); e != nil {
		return e.Incarnation
	}
	return 0
}

// changed takes a change of the members onto the path: a step without trades.
func (r *Replica) changed(m Membership) error {
	g := &m.Generation
	before, n := r.before(m.Parent.Seq)
	if before.Seq != m.Parent.Seq || before.Chain != m.Parent.Chain || g.At.Seq <= r.seqSeen {
		return fmt.Errorf("%w: generation %d was opened by entry %d behind batch %d (chain %016x), the log is at batch %d",
			ErrReplay, g.Number, g.At.Seq, m.Parent.Seq, uint64(m.Parent.Chain), before.Seq)
	}
	r.seqSeen = g.At.Seq
	r.path = append(r.path[:n], Sealed{
		Seq: g.At.Seq, Chain: g.At.Chain, LastCommand: before.LastCommand, Parent: before.Seq, Generation: g.Number, opens: true,
	})
	if n := len(r.members); n > 0 {
		r.forgetHeld(&r.members[n-1].Generation, g)
	}
	r.members = append(r.members, m)
	return nil
}

// forgetHeld forgets what participants held in logs that a change has replaced.
func (r *Replica) forgetHeld(before, after *batch3pc.Generation) {
	for _, e := range after.Enrolled() {
		if logOf(before, e.Node) != e.Incarnation {
			r.held[e.Node] = 0
		}
	}
}

// found makes a record of a generation that is in force at the participants, and of which the log says
// nothing: its entry was decided, and the engine that proposed it died before it wrote that down. Nothing
// was proposed behind it then (rule G2), so that it follows something that the log holds.
func (r *Replica) found(g batch3pc.Generation, unixNs int64) (Membership, bool) {
	for i := len(r.path); i >= 0; i-- {
		parent := batch3pc.Position{Seq: r.settled.Seq, Chain: r.settled.Chain}
		if i > 0 {
			parent = batch3pc.Position{Seq: r.path[i-1].Seq, Chain: r.path[i-1].Chain}
		}
		if entry := g.Entry(parent); parent.Seq < g.At.Seq && entry.Chain == g.At.Chain {
			return Membership{Generation: g, Parent: parent, UnixNs: unixNs}, true
		}
	}
	return Membership{}, false
}
