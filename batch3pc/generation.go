package batch3pc

import (
	"encoding/binary"
	"slices"
)

// CountGeneration is the Count of an entry of the stream that changes the member set. No App sees
// such an entry: it has no items, and Propose takes no such count.
const CountGeneration = ^uint32(0)

// IsGeneration reports whether b opens a generation. Its own generation is then the one that it
// opens, the next one after its parent's, and its payload names the configured participants.
func (b *Batch) IsGeneration() bool { return b.Count == CountGeneration }

// Enrolled is a configured participant as a generation names it.
type Enrolled struct {
	Node        NodeID
	Member      bool   // has to vote yes
	Incarnation uint64 // the identity of its log; 0: none is known
}

// Generation is a member set, in force from an entry of the stream on until the next such entry.
// The zero At stands for the beginning: the generation that the configuration names, and no entry.
type Generation struct {
	At     Position // the entry itself included
	Number uint32

	count    int
	enrolled [ParticipantsMax]Enrolled // ascending by node
}

// Enrolled is the configured set with its members, ascending by node; empty for a generation of
// which only the number is known. Read only.
func (g *Generation) Enrolled() []Enrolled { return g.enrolled[:g.count] }

// Find is the entry of node n, or nil.
func (g *Generation) Find(n NodeID) *Enrolled {
	for i := range g.count {
		if g.enrolled[i].Node == n {
			return &g.enrolled[i]
		}
	}
	return nil
}

// enroll puts a participant in its place. The caller knows that there is room and no double.
func (g *Generation) enroll(e Enrolled) {
	i := g.count
	for ; i > 0 && g.enrolled[i-1].Node > e.Node; i-- {
		g.enrolled[i] = g.enrolled[i-1]
	}
	g.enrolled[i] = e
	g.count++
}

// sameMembers reports whether two generations name the same participants, members and identities.
func (g *Generation) sameMembers(o *Generation) bool {
	return slices.Equal(g.Enrolled(), o.Enrolled())
}

// enrolledSize is the size of a participant in the payload of a generation: u8 node, u8 1 = member,
// six zeros, u64 incarnation, little endian.
const enrolledSize = 16

// generationHeadSize is what AppendGeneration puts before the payload: u64 seq, u64 chain, u32
// number, u32 participants.
const generationHeadSize = 24

// appendEnrolled appends the payload of the entry that opens g.
func appendEnrolled(dst []byte, g *Generation) []byte {
	for _, e := range g.Enrolled() {
		dst = append(dst, byte(e.Node), flags(e.Member), 0, 0, 0, 0, 0, 0)
		dst = binary.LittleEndian.AppendUint64(dst, e.Incarnation)
	}
	return dst
}

// decodeEnrolled reads the payload of a generation into g, as far as it is well-formed and in the
// one order that there is.
func decodeEnrolled(payload []byte, g *Generation) bool {
	if len(payload)%enrolledSize != 0 || len(payload) > enrolledSize*ParticipantsMax {
		return false
	}
	g.count = 0
	for ; len(payload) > 0; payload = payload[enrolledSize:] {
		before, zeros := NodeID(0), binary.LittleEndian.Uint64(payload)>>16
		if g.count > 0 {
			before = g.enrolled[g.count-1].Node
		}
		if NodeID(payload[0]) <= before || payload[1] > 1 || zeros != 0 {
			return false
		}
		g.enrolled[g.count] = Enrolled{NodeID(payload[0]), payload[1] == 1, binary.LittleEndian.Uint64(payload[8:])}
		g.count++
	}
	return true
}

// Entry is the batch that opens g behind parent: with g.At for its number, and g.Number for its generation.
// Its chain is that of g.At if g was opened there.
func (g *Generation) Entry(parent Position) Batch {
	b := Batch{
		Seq: g.At.Seq, Parent: parent.Seq, ParentChain: parent.Chain,
		Generation: g.Number, Count: CountGeneration, Payload: appendEnrolled(nil, g),
	}
	b.Seal()
	return b
}

// GenerationOf decodes an entry that opens a generation. It reports false if b is none, or is
// malformed.
func GenerationOf(b *Batch) (Generation, bool) {
	g := Generation{At: b.Position(), Number: b.Generation}
	ok := b.IsGeneration() && decodeEnrolled(b.Payload, &g) && g.count > 0
	return g, ok
}

// AppendGeneration appends g as a State and a snapshot carry it.
func AppendGeneration(dst []byte, g *Generation) []byte {
	dst = AppendTail(dst, g.At)
	dst = binary.LittleEndian.AppendUint32(dst, g.Number)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(g.count))
	return appendEnrolled(dst, g)
}

// DecodeGeneration reads the generation that src begins with and returns what follows it. It
// reports false if src begins with no well-formed one.
func DecodeGeneration(src []byte) (g Generation, rest []byte, ok bool) {
	if len(src) < generationHeadSize {
		return g, src, false
	}
	g.At = TailAt(src, 0)
	g.Number = binary.LittleEndian.Uint32(src[16:])
	n := binary.LittleEndian.Uint32(src[20:])
	if n > ParticipantsMax || len(src) < generationHeadSize+int(n)*enrolledSize {
		return g, src, false
	}
	end := generationHeadSize + int(n)*enrolledSize
	if !decodeEnrolled(src[generationHeadSize:end], &g) {
		return g, src, false
	}
	return g, src[end:], true
}
