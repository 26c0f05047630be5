package codec

// Packer packs the trades of a payload while they still come, in steps so small that who takes one between two commands
// keeps the next hardly waiting: 1,000 trades in one piece take 6 µs, a step some 0.1. Its bytes are those of AppendPayload.
type Packer struct {
	packed []byte // whole blocks, and the one that is being written
	done   int    // trades in whole blocks
	begun  bool   // block is being written
	block  block
}

// NewPacker returns a Packer that allocates nothing for up to so many trades.
func NewPacker(trades int) *Packer {
	return &Packer{packed: make([]byte, 0, trades/CompactBlockMax*compactBlockSizeMax+laneBytes)}
}

// Reset forgets what is packed.
func (p *Packer) Reset() { p.packed, p.done, p.begun = p.packed[:0], 0, false }

// Step packs a little more of a payload's trades, as far as they fill whole blocks, and reports whether there was something
// to pack. From Reset on the trades may only become more.
func (p *Packer) Step(trades []Trade) bool {
	if len(trades)-p.done < CompactBlockMax {
		return false
	}
	of := trades[p.done : p.done+CompactBlockMax]
	if !p.begun {
		p.packed, p.begun = p.block.begin(p.packed, of), true
		return true
	}
	p.packed = p.block.next(p.packed, of)
	if p.block.column == compactColumns {
		p.done, p.begun = p.done+CompactBlockMax, false
	}
	return true
}

// AppendPayload appends the encoding of a payload of whose trades the steps since Reset have packed a part.
func (p *Packer) AppendPayload(dst []byte, of *Payload) []byte {
	for p.begun {
		p.Step(of.Trades)
	}
	dst = append(appendPayloadHead(dst, of), p.packed...)
	return AppendCompact(dst, of.Trades[p.done:])
}
