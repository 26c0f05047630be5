package capture

import (
	"encoding/binary"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// decoder reads the fields of the records in a block's payload. bad sticks: the values read after
// it mean nothing.
type decoder struct {
	in  []byte // what is left of the payload
	bad bool
}

func (d *decoder) byte() byte {
	if len(d.in) == 0 {
		d.bad = true
		return 0
	}
	b := d.in[0]
	d.in = d.in[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.in)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.in = d.in[n:]
	return v
}

// uvarintMax is uvarint for a field that holds at most limit.
func (d *decoder) uvarintMax(limit uint64) uint64 {
	v := d.uvarint()
	if v > limit {
		d.bad = true
	}
	return v
}

func (d *decoder) word() uint32 { return uint32(d.uvarintMax(1<<32 - 1)) }

func (d *decoder) shape(s *state) shape {
	i := d.byte()
	if i != literalShape {
		if int(i) >= s.shapeCount {
			d.bad = true
			return 0
		}
		return s.shapes[i]
	}
	if len(d.in) < 6 {
		d.bad = true
		return 0
	}
	sh := shape(binary.LittleEndian.Uint32(d.in)) | shape(binary.LittleEndian.Uint16(d.in[4:]))<<32
	d.in = d.in[6:]
	s.learn(sh)
	return sh
}

// record reads the next record into c and remembers it in s. It returns false if the payload is not
// a sequence of records.
func (d *decoder) record(s *state, c *codec.Command) bool {
	mask := d.byte()
	*c = codec.Command{Seq: s.nextSeq(), TimeNs: s.timeNs, Instrument: s.instrument}
	d.shape(s).put(c)
	if mask&hasInstrument != 0 {
		c.Instrument += uint32(unzigzag32(uint64(d.word())))
	}
	g := s.guess(c)
	c.Order = g.order + orderbook.OrderID(unzigzag(d.uvarint()))
	c.Ref, c.Price, c.Qty = g.ref, g.price, g.qty
	if mask&hasSeq != 0 {
		c.Seq += uint64(unzigzag(d.uvarint()))
	}
	if mask&hasRef != 0 {
		c.Ref += uint32(unzigzag32(uint64(d.word())))
	}
	if mask&hasTime != 0 {
		c.TimeNs += unzigzag(d.uvarint())
	}
	if mask&hasPrice != 0 {
		c.Price += orderbook.Price(unzigzag32(uint64(d.word())))
	}
	if mask&hasQty != 0 {
		c.Qty = orderbook.Qty(d.word())
	}
	if mask&hasOwner != 0 {
		c.Member = uint16(d.uvarintMax(1<<16 - 1))
		c.Client = d.word()
	} else {
		c.Member, c.Client = g.owner(s, c.Order)
	}
	c.PAN = g.pan(s, c.Client)
	if mask&hasRest != 0 {
		d.rest(s.version, c)
	}
	if d.bad {
		return false
	}
	s.update(c)
	return true
}

// rest reads the fields of the second mask.
func (d *decoder) rest(version uint16, c *codec.Command) {
	mask := byte(restVersionFirst)
	if version > versionFirst {
		mask = d.byte()
	}
	if mask == 0 || mask > hasTrigger|hasDisclosed|hasPAN {
		d.bad = true
	}
	if mask&hasTrigger != 0 {
		c.Trigger = orderbook.Price(unzigzag32(uint64(d.word())))
	}
	if mask&hasDisclosed != 0 {
		c.Disclosed = orderbook.Qty(d.word())
	}
	if mask&hasPAN != 0 {
		c.PAN = c.Client + uint32(unzigzag32(uint64(d.word())))
	}
}
