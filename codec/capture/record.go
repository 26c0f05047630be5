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
	hasRest                   // what follows is the second mask, of the fields that few orders have
)

// The second mask. In version 1 there is none: hasRest announces trigger and disclosed quantity, both.
const (
	hasTrigger   = 1 << iota // predicted: 0
	hasDisclosed             // 0
	hasPAN                   // the client's last

	restVersionFirst = hasTrigger | hasDisclosed
)

// slots bounds the memory of prices, and clientSlots that of PANs: instruments and clients share a
// slot when there are more. Powers of two.
const (
	slots       = 1024
	clientSlots = 4096
)

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
	version    uint16
	options    Options
	seq        uint64
	timeNs     int64
	instrument uint32
	ref        uint32
	shapes     [shapesMax]shape
	shapeCount int
	memory     [slots]memory
	pans       [clientSlots]uint32
}

func (s *state) reset() { *s = state{version: s.version, options: s.options} }

func (s *state) nextSeq() uint64 {
	if s.seq == 0 {
		return 0
	}
	return s.seq + 1
}

// owner is who gave an order its number, as far as the file's rule tells.
func (s *state) owner(id orderbook.OrderID) (uint16, uint32) {
	if s.options.Members == 0 || s.options.Clients == 0 {
		return 0, 0
	}
	return codec.Owner(id, s.options.Members, s.options.Clients)
}

// ofOrder reports whether a kind of command speaks of one order. The others are rare, and most lay
// something else over the bytes where an order has its fields.
func ofOrder(k codec.Kind) bool { return k >= codec.KindNew && k <= codec.KindReduce }

// guess is what is expected of the fields that commands about orders have in common with each other
// and not with the rest: of those everything is expected to be zero.
type guess struct {
	memory
	ref   uint32
	owned bool // member, client and PAN follow from what is known
}

// guess predicts c, whose kind and instrument are known. Version 1 expected an order of everything.
func (s *state) guess(c *codec.Command) guess {
	if s.version > versionFirst && !ofOrder(c.Kind) {
		return guess{}
	}
	return guess{s.memory[c.Instrument%slots], s.ref + 1, true}
}

func (g *guess) owner(s *state, id orderbook.OrderID) (uint16, uint32) {
	if !g.owned {
		return 0, 0
	}
	return s.owner(id)
}

func (g *guess) pan(s *state, client uint32) uint32 {
	if !g.owned {
		return 0
	}
	return s.pans[client%clientSlots]
}

// update remembers c. What is about no order only counts for the sequence: its other bytes are no
// prices. Version 1 knew definitions for such, and nothing else.
func (s *state) update(c *codec.Command) {
	s.seq, s.timeNs = c.Seq, c.TimeNs
	if c.Kind == codec.KindDefine || s.version > versionFirst && !ofOrder(c.Kind) {
		return
	}
	s.ref, s.instrument = c.Ref, c.Instrument
	s.memory[c.Instrument%slots] = memory{c.Order, c.Price, c.Qty}
	s.pans[c.Client%clientSlots] = c.PAN
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
	g := s.guess(c)
	mask := byte(0)
	if c.Instrument != s.instrument {
		mask |= hasInstrument
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Instrument-s.instrument)))
	}
	dst = binary.AppendUvarint(dst, zigzag(int64(c.Order-g.order)))
	if c.Seq != s.nextSeq() {
		mask |= hasSeq
		dst = binary.AppendUvarint(dst, zigzag(int64(c.Seq-s.nextSeq())))
	}
	if c.Ref != g.ref {
		mask |= hasRef
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Ref-g.ref)))
	}
	if c.TimeNs != s.timeNs {
		mask |= hasTime
		dst = binary.AppendUvarint(dst, zigzag(c.TimeNs-s.timeNs))
	}
	if c.Price != g.price {
		mask |= hasPrice
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Price-g.price)))
	}
	if c.Qty != g.qty {
		mask |= hasQty
		dst = binary.AppendUvarint(dst, uint64(c.Qty))
	}
	if member, client := g.owner(s, c.Order); member != c.Member || client != c.Client {
		mask |= hasOwner
		dst = binary.AppendUvarint(dst, uint64(c.Member))
		dst = binary.AppendUvarint(dst, uint64(c.Client))
	}
	if pan := g.pan(s, c.Client); c.Trigger != 0 || c.Disclosed != 0 || c.PAN != pan {
		mask |= hasRest
		dst = appendRest(dst, c, pan)
	}
	dst[maskAt] = mask
	s.update(c)
	return dst
}

// appendRest writes the second mask and its fields. Where PANs are numbered like clients, or clients
// have one each in the order of their numbers, the difference is small.
func appendRest(dst []byte, c *codec.Command, pan uint32) []byte {
	maskAt := len(dst)
	mask := byte(0)
	dst = append(dst, 0)
	if c.Trigger != 0 {
		mask |= hasTrigger
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.Trigger)))
	}
	if c.Disclosed != 0 {
		mask |= hasDisclosed
		dst = binary.AppendUvarint(dst, uint64(c.Disclosed))
	}
	if c.PAN != pan {
		mask |= hasPAN
		dst = binary.AppendUvarint(dst, zigzag32(int32(c.PAN-c.Client)))
	}
	dst[maskAt] = mask
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
