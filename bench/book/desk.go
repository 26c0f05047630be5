package book

import (
	"github.com/tezi-exchange/tezi/bench/workload"
	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
	"github.com/tezi-exchange/tezi/ringbuf"
)

const (
	ringSlots   = 4096 // 128 KB: a part of the second-level cache, as in an engine
	publishEach = 64
	fillsMax    = 16_384 // of one message
)

// Desk takes messages to the books of one arena and reports what comes of them.
type Desk struct {
	Reports uint64 // published so far

	arena *orderbook.Arena
	books []*orderbook.Book
	own   bool
	fills []orderbook.Fill
	ring  *ringbuf.SPSC[Report]
	slots *[publishEach]Report // claimed; the ring is a multiple of that, so it has them in one piece
	used  uint32               // of them
}

// NewDesk opens books empty books for ordersMax orders in all. With own, the numbers of the orders are the
// arena's: messages must carry those that it gives, see Number.
func NewDesk(ordersMax, books int, own bool) *Desk {
	d := &Desk{own: own, ring: ringbuf.NewSPSC[Report](ringSlots), fills: make([]orderbook.Fill, 0, fillsMax)}
	if own {
		d.arena = orderbook.NewNumberedArena(ordersMax)
	} else {
		d.arena = orderbook.NewArena(ordersMax)
	}
	for range books {
		d.books = append(d.books, orderbook.NewBook(d.arena))
	}
	d.slots = (*[publishEach]Report)(d.ring.Claim(publishEach))
	return d
}

// Close gives the memory of the books back.
func (d *Desk) Close() { d.arena.Close() }

// Live returns how many orders rest.
func (d *Desk) Live() int { return d.arena.Live() }

// Do takes one message to a book. What few messages need stands elsewhere, so that the usual ones put little on the stack.
func (d *Desk) Do(b *orderbook.Book, m *workload.Message) {
	switch m.Kind {
	case codec.KindNew:
		id := m.ID
		if d.own {
			id = d.arena.NextID()
		}
		r, done := b.AddPassive(id, m.Side, m.TIF, m.Price, m.Qty, 0)
		switch {
		case !done:
			d.enter(b, m, id)
		case r.Resting != 0:
			d.slot().set(m.ID, 0, m.Price, m.Qty, r.Slot, what{kind: Accepted, side: m.Side})
			d.told()
		default:
			d.outcome(m, nil, r)
		}
	case codec.KindModify:
		var terms orderbook.Terms
		terms.TIF, terms.Price, terms.Qty = m.TIF, m.Price, m.Qty
		fills, r := b.Modify(m.ID, &terms, d.fills)
		if r.Resting == 0 || len(fills) != 0 {
			d.outcome(m, fills, r)
			return
		}
		d.slot().set(m.ID, 0, m.Price, m.Qty, r.Slot, what{kind: Accepted, side: m.Side})
		d.told()
	default:
		r := b.Cancel(m.ID)
		kind := Cancelled
		if r.Reject != orderbook.Accepted {
			kind = Rejected
		}
		d.slot().set(m.ID, 0, 0, r.Cancelled, r.Slot, what{kind: kind, reject: r.Reject})
		d.told()
	}
}

// enter takes a new order to a book that the book does not take as a passive one.
func (d *Desk) enter(b *orderbook.Book, m *workload.Message, id orderbook.OrderID) {
	var o orderbook.Order // field by field, see Report.set
	o.ID, o.Side, o.TIF, o.Price, o.Qty = id, m.Side, m.TIF, m.Price, m.Qty
	fills, r := b.Add(&o, d.fills)
	d.outcome(m, fills, r)
}

// outcome tells whatever has become of a new order or a modify.
func (d *Desk) outcome(m *workload.Message, fills []orderbook.Fill, r orderbook.Result) {
	if r.Reject != orderbook.Accepted {
		d.slot().set(m.ID, 0, 0, 0, 0, what{kind: Rejected, side: m.Side, reject: r.Reject})
		d.told()
		return
	}
	d.slot().set(m.ID, 0, m.Price, m.Qty, r.Slot, what{kind: Accepted, side: m.Side})
	d.told()
	for i := range fills {
		f := &fills[i]
		d.slot().set(m.ID, f.Maker, f.Price, f.Qty, f.MakerSlot, what{kind: Traded})
		d.told()
	}
	if r.Cancelled != 0 {
		d.slot().set(m.ID, 0, 0, r.Cancelled, 0, what{kind: Cancelled, cause: r.Cause})
		d.told()
	}
}

// slot returns where the next report goes, which told then counts.
func (d *Desk) slot() *Report { return &d.slots[d.used%publishEach] }

func (d *Desk) told() {
	if d.used++; d.used == publishEach {
		d.publish()
	}
}

// publish hands over what is filled. The other side of the ring is this goroutine too: it takes everything
// without a look, so that one core is measured.
func (d *Desk) publish() {
	d.ring.Publish(int(d.used))
	d.ring.Release(len(d.ring.Peek(int(d.used))))
	d.Reports += uint64(d.used)
	d.slots, d.used = (*[publishEach]Report)(d.ring.Claim(publishEach)), 0
}

// Number gives the orders of messages, which are for one empty book, the numbers that a Desk with numbers of
// its own gives them.
func Number(ordersMax int, messages []workload.Message) []workload.Message {
	d := NewDesk(ordersMax, 1, true)
	defer d.Close()
	numbered := append([]workload.Message(nil), messages...)
	numbers := make(map[orderbook.OrderID]orderbook.OrderID, len(messages)/2)
	for i := range numbered {
		m := &numbered[i]
		if m.Kind == codec.KindNew {
			numbers[m.ID] = d.arena.NextID()
		}
		m.ID = numbers[m.ID]
		d.Do(d.books[0], m)
	}
	return numbered
}
