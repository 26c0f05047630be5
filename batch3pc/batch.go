package batch3pc

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Seq numbers batches. 0 is the empty prefix. A Seq is never used again (rule S6): after an abort
// the sequence goes on above it, so the live batches of a stream may have gaps and each names its
// parent.
type Seq uint64

// Chain is the hash of a batch over its whole history: equal chain, equal history. The chain of
// the empty prefix is 0.
type Chain uint64

// Position names a prefix of the stream by its last batch. Two logs that hold the same Position
// hold the same batches up to it. The zero Position is the empty prefix.
type Position struct {
	Seq   Seq
	Chain Chain
}

// Batch is one unit of decision.
type Batch struct {
	Seq         Seq
	Parent      Seq   // the last live batch before this one
	ParentChain Chain // its chain
	Generation  uint32
	Count       uint32 // items (trades) in the payload; the bits of a veto index them
	Digest      uint64 // xxhash64 of Payload
	Chain       Chain  // hash of the fields above
	Payload     []byte // opaque to the protocol
}

// Seal fills Digest and Chain from the other fields.
func (b *Batch) Seal() {
	b.Digest = xxhash.Sum64(b.Payload)
	b.Chain = b.nextChain()
}

// Intact reports whether Digest and Chain fit the other fields.
func (b *Batch) Intact() bool {
	return xxhash.Sum64(b.Payload) == b.Digest && b.nextChain() == b.Chain
}

// Position is the prefix that ends with b.
func (b *Batch) Position() Position { return Position{b.Seq, b.Chain} }

// ParentPosition is the prefix that b extends.
func (b *Batch) ParentPosition() Position { return Position{b.Parent, b.ParentChain} }

func (b *Batch) nextChain() Chain {
	var h [40]byte
	binary.LittleEndian.PutUint64(h[0:], uint64(b.ParentChain))
	binary.LittleEndian.PutUint64(h[8:], uint64(b.Parent))
	binary.LittleEndian.PutUint64(h[16:], uint64(b.Seq))
	binary.LittleEndian.PutUint32(h[24:], b.Generation)
	binary.LittleEndian.PutUint32(h[28:], b.Count)
	binary.LittleEndian.PutUint64(h[32:], b.Digest)
	return Chain(xxhash.Sum64(h[:]))
}
