package capture

import (
	"encoding/binary"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The mask of a record: a bit is set if the field is not what the state predicts, and then its
// value follows. The order number always follows: behind the instrument, on which its prediction
// depends.
const (
	hasSeq        = 1 << iota // predicted: one more than before; 0 behind 0
	hasRef                    // one more than before
	hasInstrument             // as before
	hasTime                   // as before
	hasPrice                  // the instrument's last
	hasQty                    // the instrument's last
	hasOwner                  // codec.Owner
	hasRest                   // trigger and disclosed quantity: 0
)

// slots bounds the memory of prices: instruments share a slot when there are more. A power of two.
const slots = 1024

// shapesMax bounds the shapes of a block that have an index; literalShape precedes one without.
const (
	shapesMax    = 64
	literalShape = 0xff
)

// shape is the six one-byte fields of a command in one word: a block has few different ones.
type shape uint64

func shapeOf(c *codec.Command) shape {
	return shape(c.Kind) | shape(c.Side)<<8 | shape(c.TIF)<<16 | shape(c.Flags)<<24 | shape(c.AccountOf)<<32 | shape(c.AlgoOf)<<40
}

func (s shape) put(c *codec.Command) {
	c.Kind, c.Side, c.TIF = codec.Kind(s), orderbook.Side(s>>8), orderbook.TimeInForce(s>>16)
	c.Flags, c.AccountOf, c.AlgoOf = codec.Flags(s>>24), uint8(s>>32), uint8(s>>40)
}

// memory is what was last seen of an instrument.
type memory struct {
	order orderbook.OrderID
	price orderbook.Price
	qty   orderbook.Qty
}

// state predicts the next record. Writer and reader keep the same one; it starts anew with every
// block, so that a block stands for itself.
type state struct {
	options    Options
	seq        uint64
	timeNs     int64
	instrument uint32
	ref        uint32
	shapes     [shapesMax]shape
	shapeCount int
	memory     [slots]memory
}

func (s *state) reset() {
	o := s.options
	*s = state{options: o}
}

func (s *state) nextSeq() uint64 {
	if s.seq == 0 {
		return 0
	}
	return s.seq + 1
}

func (s *state) owner(id orderbook.OrderID) (uint16, uint32) {
	if s.options.Members == 0 || s.options.Clients == 0 {
		return 0, 0
	}
	return codec.Owner(id, s.options.Members, s.options.Clients)
}

// update remembers c. A definition only counts for the sequence: its other bytes are no prices.
func (s *state) update(c *codec.Command) {
	s.seq, s.timeNs = c.Seq, c.TimeNs
	if c.Kind == codec.KindDefine {
		return
	}
	s.ref, s.instrument = c.Ref, c.Instrument
	s.memory[c.Instrument%slots] = memory{c.Order, c.Price, c.Qty}
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func zigzag32(v int32) uint64   { return uint64(uint32(v)<<1 ^ uint32(v>>31)) }
func unzigzag32(u uint64) int32 { return int32(uint32(u)>>1) ^ -int32(u&1) }

// append writes c behind dst and remembers it. Differences wrap around, so every value of every
// field survives.
func (s *state) append(dst []byte, c *codec.Command) []byte {
	maskAt := len(dst)
	dst = s.appendShape(append(dst, 0), shapeOf(c))
	m := &s.memory[c.Instrument%slots]
	mask := byte(0)
	if c.Instrument != s.instrument {
		mask |= hasInstrument
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Instrument-s.instrument)))
	}
	dst = binary.AppendUvarint(dst, zigzag(int64(c.Order-m.order)))
	if c.Seq != s.nextSeq() {
		mask |= hasSeq
		dst = binary.AppendUvarint(dst, zigzag(int64(c.Seq-s.nextSeq())))
	}
	if c.Ref != s.ref+1 {
		mask |= hasRef
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Ref-s.ref-1)))
	}
	if c.TimeNs != s.timeNs {
		mask |= hasTime
		dst = binary.AppendUvarint(dst, zigzag(c.TimeNs-s.timeNs))
	}
	if c.Price != m.price {
		mask |= hasPrice
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Price-m.price)))
	}
	if c.Qty != m.qty {
		mask |= hasQty
		dst = binary.AppendUvarint(dst, uint64(c.Qty))
	}
	if member, client := s.owner(c.Order); member != c.Member || client != c.Client {
		mask |= hasOwner
		dst = binary.AppendUvarint(dst, uint64(c.Member))
		dst = binary.AppendUvarint(dst, uint64(c.Client))
	}
	if c.Trigger != 0 || c.Disclosed != 0 {
		mask |= hasRest
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Trigger)))
		dst = binary.AppendUvarint(dst, uint64(c.Disclosed))
	}
	dst[maskAt] = mask
	s.update(c)
	return dst
}

// appendShape writes the index of a known shape, or the shape itself and learns it.
func (s *state) appendShape(dst []byte, sh shape) []byte {
	for i, known := range s.shapes[:s.shapeCount] {
		if known == sh {
			return append(dst, byte(i))
		}
	}
	s.learn(sh)
	return append(dst, literalShape, byte(sh), byte(sh>>8), byte(sh>>16), byte(sh>>24), byte(sh>>32), byte(sh>>40))
}

func (s *state) learn(sh shape) {
	if s.shapeCount < shapesMax {
		s.shapes[s.shapeCount] = sh
		s.shapeCount++
	}
}
